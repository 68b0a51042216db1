"""Which properties were measured on the same rows, and how they correlate there."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.sparse
from scipy.stats import rankdata

from ..table import Kind, Table
from ._finding import Finding

__all__ = ["FEWEST_SHARED", "Overlap", "measure_overlap", "overlap_findings"]

FEWEST_SHARED = 10
SPARSE_BELOW = 0.1
EXACT_BUDGET = 20_000_000
"""Work (shared labels, plus a fixed cost a pair) up to which ranks are taken anew for every pair."""
PAIR_COST = 2_000


@dataclass(frozen=True, eq=False)
class Overlap:
    """Pairs of properties on the rows that carry labels of both.

    Parameters
    ----------
    names
        Properties, in the order of all axes.
    shared
        ``(n_tasks, n_tasks)`` rows with both labels; the diagonal holds the labels of each.
    pearson, spearman
        ``(n_tasks, n_tasks)`` correlation in model space; NaN under 10 shared rows, for multiclass properties
        and for constant labels.
    ranks_per_pair
        False: the table is so wide that Spearman used ranks among all labels of a property.
    """

    names: tuple[str, ...]
    shared: np.ndarray
    pearson: np.ndarray
    spearman: np.ndarray
    ranks_per_pair: bool


def measure_overlap(table: Table, targets: np.ndarray) -> Overlap:
    """Shared rows and correlations of all pairs.

    Parameters
    ----------
    table
        Names and kinds of the properties.
    targets
        ``(n_rows, n_tasks)`` labels in model space, NaN = unmeasured.
    """
    shared, pearson = masked_pearson(targets)
    multiclass = np.array([p.kind is Kind.MULTICLASS for p in table.properties])
    pairs = np.argwhere(np.triu(shared >= FEWEST_SHARED, 1) & ~multiclass & ~multiclass[:, None])
    work = int(shared[pairs[:, 0], pairs[:, 1]].sum()) + PAIR_COST * len(pairs)
    exact = work <= EXACT_BUDGET
    spearman = _spearman(targets, pairs) if exact else masked_pearson(_column_ranks(targets))[1]
    diagonal = np.diag(np.diag(shared) >= FEWEST_SHARED)
    unseen = (shared < FEWEST_SHARED) | multiclass | multiclass[:, None]
    spearman = np.where(diagonal & np.isfinite(pearson), 1.0, spearman)
    hide = [np.where(unseen, np.nan, matrix) for matrix in (pearson, spearman)]
    return Overlap(table.names, shared, hide[0], hide[1], exact)


def masked_pearson(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Shared counts and Pearson correlations of all pairs of columns with gaps, as matrix products.

    Parameters
    ----------
    values
        ``(n_rows, n_tasks)``, NaN = missing.

    Returns
    -------
    shared, pearson
        ``(n_tasks, n_tasks)``; NaN where fewer than two rows are shared or a column is constant on them.
    """
    known = np.isfinite(values)
    n = np.maximum(known.sum(axis=0), 1)
    filled = np.where(known, values, 0.0)
    centred = np.where(known, filled - filled.sum(axis=0) / n, 0.0)
    scale = np.sqrt((centred**2).sum(axis=0) / n)
    z = centred / np.where(scale > 0, scale, 1.0)
    mask = known.astype(np.float64)
    sparse = known.sum() < SPARSE_BELOW * known.size
    count, first, second, cross = (_sparse_products if sparse else _dense_products)(mask, z)
    n_shared = np.maximum(count, 1)
    variance = second - first**2 / n_shared
    covariance = cross - first * first.T / n_shared
    varies = variance > 1e-12 * n_shared
    spread = np.sqrt(np.where(varies, variance, 1.0))
    pearson = np.where(varies & varies.T & (count > 1), covariance / (spread * spread.T), np.nan)
    return np.rint(count).astype(np.int64), np.clip(pearson, -1.0, 1.0)


def _dense_products(mask: np.ndarray, z: np.ndarray) -> tuple[np.ndarray, ...]:
    """``a.T @ b`` of (mask, mask), (z, mask), (z squared, mask) and (z, z)."""
    return mask.T @ mask, z.T @ mask, (z**2).T @ mask, z.T @ z


def _sparse_products(mask: np.ndarray, z: np.ndarray) -> tuple[np.ndarray, ...]:
    """The same, quicker where few entries are known."""
    m, v = scipy.sparse.csr_array(mask), scipy.sparse.csr_array(z)
    return tuple(p.toarray() for p in (m.T @ m, v.T @ m, (v * v).T @ m, v.T @ v))


def pearson_pair(x: np.ndarray, y: np.ndarray) -> float:
    """Pearson correlation of two columns without gaps; NaN if one is constant."""
    x, y = x - x.mean(), y - y.mean()
    scale = np.sqrt((x @ x) * (y @ y))
    return float(x @ y / scale) if scale > 0 else float("nan")


def _column_ranks(values: np.ndarray) -> np.ndarray:
    return rankdata(values, axis=0, nan_policy="omit")


def _spearman(values: np.ndarray, pairs: np.ndarray) -> np.ndarray:
    result = np.full((values.shape[1], values.shape[1]), np.nan)
    known = np.isfinite(values)
    for i, j in pairs.tolist():
        rows = known[:, i] & known[:, j]
        result[i, j] = result[j, i] = pearson_pair(rankdata(values[rows, i]), rankdata(values[rows, j]))
    return result


def overlap_findings(overlap: Overlap) -> list[Finding]:
    """Say how much of the pairs cannot be compared on shared rows."""
    n = len(overlap.names)
    if n < 2:
        return []
    pairs = overlap.shared[np.triu_indices(n, 1)]
    if not pairs.any():
        return [
            Finding(
                "warning",
                "overlap",
                "",
                "no row carries labels of two properties: correlations cannot be seen, and cosines between "
                "gradients of different properties prove little",
                "trust held-out comparisons only",
            )
        ]
    few = int((pairs < FEWEST_SHARED).sum())
    if not few:
        return []
    return [
        Finding(
            "info",
            "overlap",
            "",
            f"{few:,} of {len(pairs):,} pairs of properties share fewer than {FEWEST_SHARED} rows "
            f"(median {np.median(pairs):.0f})",
            "gradient evidence between them is weak; trust held-out comparisons",
        )
    ]
