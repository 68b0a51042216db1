"""What a row looks like before anything is fitted."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

__all__ = ["HASHED", "Features"]

HASHED = "morgan "
"""How names of hashed counts begin; such a column stands for many substructures at once."""


@dataclass(frozen=True)
class Features:
    """Inputs of every row, computed row by row.

    Parameters
    ----------
    numeric
        ``(n_rows, n_numeric)`` float32, NaN where unknown, never infinite.
    names
        One per numeric column.
    categories
        Column name -> ``(n_rows,)`` object array of text, None where missing.
    """

    numeric: np.ndarray
    names: tuple[str, ...]
    categories: dict[str, np.ndarray] = field(default_factory=dict)

    @property
    def n_rows(self) -> int:
        """Number of rows."""
        return len(self.numeric)

    def take(self, rows: np.ndarray) -> Features:
        """The same features of these rows, by position or mask."""
        return Features(self.numeric[rows], self.names, {c: v[rows] for c, v in self.categories.items()})
