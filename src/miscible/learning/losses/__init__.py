"""Losses of pairs, their gradients, and what raw outputs mean."""

from ._pairs import BINARY, REGRESSION, output_activation, pair_code, pair_gradients, pair_losses

__all__ = ["BINARY", "REGRESSION", "output_activation", "pair_code", "pair_gradients", "pair_losses"]
