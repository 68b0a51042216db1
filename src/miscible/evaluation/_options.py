"""What a score function may look at beside labels and predictions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

__all__ = ["ScoreFunction", "ScoreOptions"]


@dataclass(frozen=True, slots=True)
class ScoreOptions:
    """Settings shared by all score functions; each reads only what concerns it.

    Parameters
    ----------
    weights
        ``(n,)`` positive sample weights.
    scale
        Variance that R2 divides by.
    budget
        Share of the rows that can be looked at.
    threshold
        Probability from which a row counts as class 1; one for all, or ``(n,)``.
    """

    weights: np.ndarray
    scale: float = 1.0
    budget: float = 0.1
    threshold: float | np.ndarray = 0.5


ScoreFunction = Callable[[np.ndarray, np.ndarray, ScoreOptions], float]
"""(labels, predictions, options) -> score in its natural form; NaN where it is undefined."""
