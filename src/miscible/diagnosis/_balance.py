"""Imbalance in numbers: what a training batch holds of each property, and how labels spread within one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.stats import hypergeom, skew

from ..splits import FoldData
from ..strategies import Tuning
from ..table import Kind

__all__ = ["BatchShares", "Spread", "batch_shares", "label_spread"]

BINS = 20
THIN = 0.01
"""Share of the labels below which a region counts as empty."""
FEWEST_FOR_SKEW, FEWEST_FOR_EMPTY = 20, 100
"""Fewer labels have a skew, and gaps between them, by chance alone."""


@dataclass(frozen=True, eq=False)
class BatchShares:
    """What a full training batch of a joint network holds, drawn from all labelled rows alike.

    Parameters
    ----------
    size
        Rows of a batch.
    n_rows
        Training rows of a fold with any label, mean over folds.
    expected
        ``(n_tasks,)`` mean labels of each task in a batch.
    without
        ``(n_tasks,)`` share of batches that hold no label of the task.
    alone
        ``(n_tasks,)`` share of batches whose labels are all of this task, which teach it alone.
    """

    size: int
    n_rows: float
    expected: np.ndarray
    without: np.ndarray
    alone: np.ndarray


@dataclass(frozen=True)
class Spread:
    """How the labels of one task lie.

    Parameters
    ----------
    skew
        Of the labels in model space; NaN for classes, without spread, and for fewer than 20 labels.
    empty
        Share of the range of labels whose twentieths hold under 1 % of the labels each; NaN likewise, and for fewer
        than 100 labels.
    classes
        Share of the labels of each class; empty for regression.
    """

    skew: float
    empty: float
    classes: tuple[float, ...]


def batch_shares(folds: list[FoldData], tuning: Tuning, train_share: float) -> BatchShares:
    """Exact shares for uniform batches without replacement (hypergeometric), averaged over folds.

    Parameters
    ----------
    folds
        Of a study.
    tuning
        Its training length, which sets the batch.
    train_share
        Share of an outer training part that is trained on.

    Notes
    -----
    The last batch of an epoch may be shorter than this.
    """
    labelled = [np.asarray(np.isfinite(fold.targets).any(axis=1)) for fold in folds]
    outer = max(int(m.sum()) for m in labelled)
    size = tuning.batch_size(round(train_share * outer))
    each = []
    for fold, mask in zip(folds, labelled, strict=True):
        known = np.isfinite(fold.targets[fold.train_rows[mask[fold.train_rows]]])
        n_rows, batch = len(known), min(size, len(known))
        holders = known.sum(axis=0)
        only = (known & (known.sum(axis=1, keepdims=True) == 1)).sum(axis=0)
        each.append(
            (
                np.full(len(holders), float(n_rows)),
                batch * holders / max(n_rows, 1),
                hypergeom.pmf(0, n_rows, holders, batch),
                hypergeom.pmf(batch, n_rows, only, batch),
            )
        )
    n_rows, expected, without, alone = np.mean(each, axis=0)
    return BatchShares(size, float(n_rows[0]), expected, without, alone)


def label_spread(kind: str, labels: np.ndarray, n_classes: int) -> Spread:
    """Skew, empty regions and classes of some labels.

    Parameters
    ----------
    kind
        Of the task.
    labels
        ``(n,)`` in model space, NaN = unmeasured.
    n_classes
        2 for binary; not looked at for regression.
    """
    labels = labels[np.isfinite(labels)]
    if kind != Kind.REGRESSION:
        counts = np.bincount(labels.astype(int), minlength=n_classes)
        return Spread(np.nan, np.nan, tuple((counts / max(len(labels), 1)).tolist()))
    if len(labels) < FEWEST_FOR_SKEW or labels.std() <= 1e-12 * max(abs(labels.mean()), 1.0):
        return Spread(np.nan, np.nan, ())
    counts = np.histogram(labels, BINS)[0]
    empty = float((counts < THIN * len(labels)).mean()) if len(labels) >= FEWEST_FOR_EMPTY else np.nan
    return Spread(float(skew(labels)), empty, ())
