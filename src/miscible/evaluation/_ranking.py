"""Picking the rows that look best, without letting row order decide a tie."""

from __future__ import annotations

import math

import numpy as np

__all__ = ["n_picks", "top_share"]


def n_picks(n_rows: int, budget: float) -> int:
    """Rows that a budget pays for: ``budget`` x ``n_rows`` rounded up, at least one."""
    return min(n_rows, max(1, math.ceil(budget * n_rows - 1e-9)))


def top_share(values: np.ndarray, picks: int) -> np.ndarray:
    """How far each row belongs to the ``picks`` highest, ``(n,)`` in [0, 1], summing to ``picks``.

    Rows tied at the cut share the remaining places evenly, which is their expected membership under
    random tie-breaking. The result therefore depends neither on chance nor on the order of the rows.
    """
    cut = np.partition(values, len(values) - picks)[len(values) - picks]
    above, tied = values > cut, values == cut
    return above + tied * ((picks - above.sum()) / tied.sum())
