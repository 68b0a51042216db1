"""A few sources a step, each with a chance that grows with its ratio."""

from __future__ import annotations

import numpy as np

__all__ = ["draw_sources", "inclusion_chances"]


def inclusion_chances(ratios: np.ndarray, n_drawn: int) -> np.ndarray:
    """``(n,)`` chance of every source to be among ``n_drawn``: in proportion to its ratio, and 1 at most.

    Parameters
    ----------
    ratios
        ``(n,)``; a source with ratio 0 is never drawn.
    n_drawn
        How many; where there are fewer, all of them.
    """
    chances = np.zeros(len(ratios))
    open_ = ratios > 0
    left = min(n_drawn, int(open_.sum()))
    while left and open_.any():
        share = left * ratios / ratios[open_].sum()
        full = open_ & (share >= 1.0)
        if not full.any():
            chances[open_] = share[open_]
            break
        chances[full] = 1.0
        left -= int(full.sum())
        open_ &= ~full
    return chances


def draw_sources(chances: np.ndarray, n_steps: int, rng: np.random.Generator) -> np.ndarray:
    """``(n_steps, n_drawn)`` distinct sources with given chances: systematic sampling in random order.

    Parameters
    ----------
    chances
        ``(n,)`` that add up to the number to draw, a whole one.
    n_steps
        Draws.
    rng
        Where from.
    """
    n_drawn = round(float(chances.sum()))
    order = rng.random((n_steps, len(chances))).argsort(axis=1)
    reached = np.cumsum(chances[order], axis=1)
    points = rng.random((n_steps, 1)) + np.arange(n_drawn)
    place = (reached[:, None, :] <= points[:, :, None]).sum(axis=2)
    return np.take_along_axis(order, np.minimum(place, len(chances) - 1), axis=1)
