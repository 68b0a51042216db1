"""Atomic fractions to statistics over element properties, for the whole table at once."""

from __future__ import annotations

import numpy as np

from ..chemistry import ELEMENTS, element_data
from ._alloy import ALLOY_DESCRIPTORS, alloy_descriptors

__all__ = ["STATISTICS", "composition_features", "composition_names", "element_statistics"]

STATISTICS = ("mean", "range", "deviation", "minimum", "maximum", "mode")
_CHUNK = 1024
_TIE = 1e-9


def composition_names() -> tuple[str, ...]:
    """Column names of `composition_features`."""
    fractions = tuple(f"fraction {symbol}" for symbol in ELEMENTS)
    statistics = tuple(f"{statistic} {name}" for statistic in STATISTICS for name in element_data().names)
    return fractions + statistics + ALLOY_DESCRIPTORS


def composition_features(fractions: np.ndarray) -> np.ndarray:
    """Fractions, element statistics and alloy descriptors side by side.

    Parameters
    ----------
    fractions
        ``(n, n_elements)`` atomic fractions that sum to 1.

    Returns
    -------
    ``(n, len(composition_names()))`` float32, NaN where no element of a row has the fact.
    """
    n_statistics = len(STATISTICS) * len(element_data().names)
    edges = np.cumsum([len(ELEMENTS), n_statistics, len(ALLOY_DESCRIPTORS)])
    features = np.empty((len(fractions), edges[-1]), dtype=np.float32)
    features[:, : edges[0]] = fractions
    for start in range(0, len(fractions), _CHUNK):
        rows = slice(start, start + _CHUNK)
        features[rows, edges[0] : edges[1]] = element_statistics(fractions[rows], element_data().values)
        features[rows, edges[1] :] = alloy_descriptors(fractions[rows])
    return features


def element_statistics(fractions: np.ndarray, values: np.ndarray) -> np.ndarray:
    """The six statistics of Ward et al., npj Comput. Mater. 2, 16028 (2016), over the elements of each row.

    With fractions f and property values v of the elements present: mean = sum f v; range = max v - min v;
    deviation = sum f |v - mean|; minimum; maximum; mode = v of the most abundant element, the smallest such v
    where several are equally abundant. An element without the fact is left out and the fractions of the
    others are normalised again; NaN where none is left.

    Parameters
    ----------
    fractions
        ``(n, n_elements)``.
    values
        ``(n_elements, n_properties)`` with NaN for unknown facts.

    Returns
    -------
    ``(n, 6 * n_properties)``, all properties of the first statistic first.
    """
    elements, weights = _present(fractions)
    facts = values[elements]
    known = np.isfinite(facts) & (weights > 0)[:, :, None]
    share = np.where(known, weights[:, :, None], 0.0)
    total = share.sum(axis=1)
    share /= np.where(total > 0, total, np.nan)[:, None, :]
    safe = np.where(known, facts, 0.0)
    mean = (share * safe).sum(axis=1)
    deviation = (share * np.abs(safe - mean[:, None, :])).sum(axis=1)
    minimum = np.where(known, facts, np.inf).min(axis=1, initial=np.inf)
    maximum = np.where(known, facts, -np.inf).max(axis=1, initial=-np.inf)
    largest = share.max(axis=1, initial=0.0)
    leading = known & (share >= largest[:, None, :] * (1 - _TIE))
    mode = np.where(leading, facts, np.inf).min(axis=1, initial=np.inf)
    statistics = np.stack([mean, maximum - minimum, deviation, minimum, maximum, mode], axis=1)
    statistics = np.where((total > 0)[:, None, :], statistics, np.nan)
    return statistics.reshape(len(fractions), -1)


def _present(fractions: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Elements present in each row, padded: positions and fractions, both ``(n, most elements in a row)``."""
    rows, columns = np.nonzero(fractions > 0)
    counts = np.bincount(rows, minlength=len(fractions))
    place = np.arange(len(rows)) - np.repeat(np.cumsum(counts) - counts, counts)
    width = int(counts.max(initial=0))
    elements = np.zeros((len(fractions), width), dtype=np.int64)
    weights = np.zeros((len(fractions), width))
    elements[rows, place] = columns
    weights[rows, place] = fractions[rows, columns]
    return elements, weights
