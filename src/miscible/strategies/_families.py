"""Families of tasks that are one quantity under different conditions: nearly copies, trivial sources of each other."""

from __future__ import annotations

import numpy as np

from ._sources import alike_groups

__all__ = ["families_together", "one_a_family"]


def families_together(alike: np.ndarray, families: np.ndarray, most: int) -> np.ndarray:
    """``(n,)`` groups of tasks, counted from 0: a family each, or several that resemble each other.

    Parameters
    ----------
    alike
        ``(n, n)`` of `likeness`.
    families
        ``(n,)`` names.
    most
        Groups.
    """
    same = families[:, None] == families
    return alike_groups(np.where(same, 1.0, 0.99 * alike), min(most, len(np.unique(families))))


def one_a_family(
    designs: np.ndarray, families: np.ndarray, judged: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """Designs with one task left of every family, by chance one of those that are judged if it has any.

    Parameters
    ----------
    designs
        ``(n_networks, n_tasks)`` bool.
    families
        ``(n_tasks,)`` names.
    judged
        ``(n_tasks,)`` bool, whose losses are of interest.
    rng
        Where chance comes from.
    """
    order = np.where(designs, rng.random(designs.shape) + judged, -1.0)
    result = np.zeros_like(designs)
    for name in np.unique(families):
        own = np.flatnonzero(families == name)
        there = np.flatnonzero(designs[:, own].any(axis=1))
        result[there, own[order[np.ix_(there, own)].argmax(axis=1)]] = True
    return result
