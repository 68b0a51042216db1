"""Order-independent names of compositions, to group equal materials."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from ._elements import ELEMENTS

__all__ = ["chemical_systems", "composition_keys"]

_ALPHABETICAL = np.array(sorted(range(len(ELEMENTS)), key=ELEMENTS.__getitem__))
_SYMBOLS = [ELEMENTS[i] for i in _ALPHABETICAL]
_TIE_GUARD = 1e-6
"""In units of the last decimal: ties such as 0.03125 go up whatever the order of summation was."""


def composition_keys(fractions: np.ndarray, decimals: int = 4) -> np.ndarray:
    """Normalised formulas in alphabetical order, such as ``Al0.25Ni0.75``.

    Parameters
    ----------
    fractions
        ``(n, n_elements)`` atomic fractions in the order of `ELEMENTS`.
    decimals
        Fractions are rounded to this many decimals; elements that round to zero are left out.

    Returns
    -------
    ``(n,)`` strings; empty where the row is NaN.
    """
    steps = np.floor(np.nan_to_num(fractions) * 10**decimals + 0.5 + _TIE_GUARD).astype(np.int64)[
        :, _ALPHABETICAL
    ]
    rows, columns = np.nonzero(steps)
    amounts = steps[rows, columns]
    texts = {
        a: f"{a / 10**decimals:.{decimals}f}".rstrip("0").rstrip(".") for a in np.unique(amounts).tolist()
    }
    parts = [_SYMBOLS[c] + texts[a] for c, a in zip(columns.tolist(), amounts.tolist(), strict=True)]
    return _join(parts, rows, len(fractions), "")


def chemical_systems(fractions: np.ndarray) -> np.ndarray:
    """Elements present in alphabetical order, such as ``Al-Ni``; empty where the row is NaN.

    Parameters
    ----------
    fractions
        ``(n, n_elements)`` atomic fractions in the order of `ELEMENTS`.
    """
    rows, columns = np.nonzero(np.nan_to_num(fractions)[:, _ALPHABETICAL] > 0)
    return _join([_SYMBOLS[c] for c in columns.tolist()], rows, len(fractions), "-")


def _join(parts: list[str], rows: np.ndarray, n_rows: int, between: str) -> np.ndarray:
    """Join the parts of each row; ``rows`` is sorted."""
    stops = np.searchsorted(rows, np.arange(n_rows + 1)).tolist()
    joined = [between.join(parts[a:b]) for a, b in pairwise(stops)]
    return np.array(joined, dtype=np.str_)
