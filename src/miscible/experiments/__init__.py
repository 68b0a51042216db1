"""Whole studies about the method itself: the truth of simulated tables, experiments, reproductions."""
