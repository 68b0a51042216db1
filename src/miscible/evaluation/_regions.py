"""Where along its own labels a property is predicted well: regions of many, medium and few labels."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ._classification import PROBABILITY_FLOOR

__all__ = ["RegionErrors", "Regions", "label_regions", "region_errors"]

SHOTS = ("many", "medium", "few")
MOST_BINS, FEWEST_BINS, LABELS_A_BIN = 50, 5, 10
FEWEST = 30
"""Labels below which no density can be told: all of them are one region."""
MANY, FEW = 2 / 3, 1 / 5
"""Of the labels of a mean bin: as much is ``many``, less than that is ``few``."""
TAIL = 0.01
HEAP_SHARE, HEAP_FEWEST, HEAP_STANDS_OUT, HEAP_VALUES = 0.03, 10, 3.0, 20
LISTED = 3


@dataclass(frozen=True, eq=False, slots=True)
class Regions:
    """Every label's region.

    Parameters
    ----------
    names
        ``many``, ``medium``, ``few``, or the classes.
    index
        ``(n,)`` region of each row, -1 where unmeasured.
    ranges
        The values that each region covers, as text; ``none`` for a region without labels; for classes their
        names.
    bins
        ``(n,)`` bin of each row, numbered from 0 over the bins that hold labels, -1 where unmeasured; for
        classes the same as ``index``.
    """

    names: tuple[str, ...]
    index: np.ndarray
    ranges: tuple[str, ...]
    bins: np.ndarray

    @property
    def counts(self) -> np.ndarray:
        """``(n_regions,)`` labels."""
        return np.bincount(self.index[self.index >= 0], minlength=len(self.names))


@dataclass(frozen=True, eq=False, slots=True)
class RegionErrors:
    """Errors of one model, region by region; NaN where a region holds no label.

    Parameters
    ----------
    counts
        ``(n_regions,)`` labels.
    errors
        ``(n_regions,)`` mean absolute error, for classes log loss.
    recalls
        ``(n_regions,)`` share of a class that was called so; NaN for regression.
    balanced
        Mean of ``errors`` over the regions that hold labels: every region counts once.
    balanced_recall
        Mean of ``recalls`` over the classes that hold labels, which is balanced accuracy; NaN for regression.
    by_bins
        Mean over the bins of the bins' mean absolute errors (the balanced MAE of Ren et al., CVPR 2022). A
        lone label far out weighs as much as the fullest bin, so it needs many labels; for classes it equals
        ``balanced``.
    """

    counts: np.ndarray
    errors: np.ndarray
    recalls: np.ndarray
    balanced: float
    balanced_recall: float
    by_bins: float


def label_regions(kind: str, labels: np.ndarray, *, classes: Sequence[str] = ()) -> Regions:
    """Divide a property's labels by how many others lie near them; for classes, one region a class.

    After the many-, medium- and few-shot regions of deep imbalanced regression (Yang et al., ICML 2021), whose
    limits of 100 and 20 labels a bin are made relative, so that tables of every size get comparable regions.

    - Bins of equal width, one for ten labels and at most 50, span the middle 98 % of the labels (stretched by
      a 49th, which makes it the whole range of evenly spread labels). The same grid goes on outside, so that
      outliers get bins of their own and stretch nobody else's.
    - The density of a bin is the mean count of the bins within a twentieth of the range, nearer ones counting
      more and empty ones not at all: gaps and rounded values do not thin out what is beside them.
    - ``many`` has at least 2/3 of the labels of a mean occupied bin, ``few`` under 1/5: of normal labels that
      is 85, 12 and 4 %, of evenly spread ones all are ``many``.
    - A heap (one value with 3 % of the labels that stands out, such as a test's limit) is ``many`` and lends
      nothing to its neighbours, but it raises the bar for them.
    - Under 30 labels, and where all are equal, everything is ``many``.

    Parameters
    ----------
    kind
        ``regression``, ``binary`` or ``multiclass``.
    labels
        ``(n,)`` in model space, NaN = unmeasured; class codes for classes.
    classes
        Class names in code order; codes by default.
    """
    labels = np.asarray(labels, dtype=np.float64)
    measured = np.isfinite(labels)
    known = labels[measured]
    index, bins = np.full(labels.shape, -1), np.full(labels.shape, -1)
    if kind != "regression":
        codes = known.astype(np.int64)
        n_classes = max(len(classes), int(codes.max(initial=1)) + 1)
        names = tuple(classes) or tuple(str(c) for c in range(n_classes))
        index[measured] = bins[measured] = codes
        return Regions(names, index, names, bins)
    own_bins, shot = _shots(known)
    index[measured], bins[measured] = shot, own_bins
    return Regions(SHOTS, index, tuple(_ranges(known, shot, r) for r in range(len(SHOTS))), bins)


def region_errors(
    kind: str,
    regions: Regions,
    y_true: np.ndarray,
    y_pred: np.ndarray,
    *,
    threshold: float | np.ndarray = 0.5,
) -> RegionErrors:
    """Errors by region, and the balanced error in which every region counts once.

    Parameters
    ----------
    kind
        ``regression``, ``binary`` or ``multiclass``.
    regions
        From `label_regions`, of the same rows.
    y_true
        ``(n,)`` labels in model space.
    y_pred
        ``(n,)`` or ``(n, 1)`` values or probabilities of class 1, or ``(n, n_classes)`` probabilities. A
        region with a prediction that is not finite gets NaN.
    threshold
        Probability from which a row counts as class 1; one for all rows, or ``(n,)``.

    Raises
    ------
    ValueError
        Labels, predictions and regions differ in length, or a measured row has no label.
    """
    truth, prediction = np.asarray(y_true, dtype=np.float64), np.asarray(y_pred, dtype=np.float64)
    if prediction.ndim == 2 and prediction.shape[1] == 1:
        prediction = prediction[:, 0]
    if not len(truth) == len(prediction) == len(regions.index):
        raise ValueError(f"{len(truth)} labels, {len(prediction)} predictions, {len(regions.index)} regions")
    rows = regions.index >= 0
    truth, prediction, index = truth[rows], prediction[rows], regions.index[rows]
    if not np.isfinite(truth).all():
        raise ValueError("a row that has a region has no label")
    threshold = threshold[rows] if isinstance(threshold, np.ndarray) else threshold
    n_regions = len(regions.names)
    if kind == "regression":
        losses = np.abs(prediction - truth)
        recalls = np.full(n_regions, np.nan)
    else:
        losses, hits = _class_losses(truth.astype(np.int64), prediction, threshold)
        recalls = _means(hits, index, n_regions)
    errors = _means(losses, index, n_regions)
    by_bins = _means(losses, regions.bins[rows], int(regions.bins.max(initial=-1)) + 1)
    return RegionErrors(
        regions.counts, errors, recalls, _balanced(errors, regions.counts),
        math.nan if kind == "regression" else _balanced(recalls, regions.counts),
        _balanced(by_bins, np.bincount(regions.bins[rows], minlength=len(by_bins))),
    )  # fmt: skip


def _shots(known: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Occupied bin and region of each label, both ``(n,)``."""
    heaped = _in_heap(known)
    low, high = _middle(known[~heaped] if (~heaped).sum() >= FEWEST else known)
    nothing = np.zeros(len(known), dtype=np.int64)
    if len(known) < FEWEST or not high > low:
        return nothing, nothing
    n_bins = min(MOST_BINS, max(FEWEST_BINS, len(known) // LABELS_A_BIN))
    # What is too far away for an integer shares the last place.
    place = np.clip(np.floor((known - low) / (high - low) * n_bins), -1e15, 1e15).astype(np.int64)
    grid, own = np.unique(np.where(known == high, n_bins - 1, place), return_inverse=True)
    counts, heaps = np.bincount(own, minlength=len(grid)), np.bincount(own[heaped], minlength=len(grid))
    mean = counts[((grid >= 0) & (grid < n_bins)) | (heaps > 0)].mean()
    density = _smoothed(grid, counts - heaps, n_bins // 20)
    region = np.where(density < FEW * mean, 2, np.where(density < MANY * mean, 1, 0))
    return own, np.where(heaped, 0, region[own])


def _middle(values: np.ndarray) -> tuple[float, float]:
    """The range the bins span; without spread in the middle, all of it."""
    if not values.size:
        return 0.0, 0.0
    low, high = np.quantile(values, (TAIL, 1 - TAIL)).tolist()
    pad = (high - low) * TAIL / (1 - 2 * TAIL)
    return (low - pad, high + pad) if high > low else (float(values.min()), float(values.max()))


def _in_heap(known: np.ndarray) -> np.ndarray:
    """Which labels have a value that is repeated suspiciously often."""
    _, own, counts = np.unique(known, return_inverse=True, return_counts=True)
    if len(counts) < HEAP_VALUES:
        return np.zeros(len(known), dtype=bool)
    usual = np.sort(counts)[-5]
    limit = max(HEAP_SHARE * len(known), HEAP_FEWEST, HEAP_STANDS_OUT * usual)
    return counts[own] >= limit


def _smoothed(grid: np.ndarray, counts: np.ndarray, reach: int) -> np.ndarray:
    """Triangular mean of the counts of occupied bins up to ``reach`` places away."""
    total, weights = np.zeros(len(grid)), np.zeros(len(grid))
    for step in range(-reach, reach + 1):
        there = np.minimum(np.searchsorted(grid, grid + step), len(grid) - 1)
        weight = np.where(grid[there] == grid + step, reach + 1.0 - abs(step), 0.0)
        total += weight * counts[there]
        weights += weight
    return total / weights


def _ranges(known: np.ndarray, shot: np.ndarray, region: int) -> str:
    """Lowest and highest label of each unbroken stretch of a region, those with most labels first kept."""
    order = np.argsort(known, kind="stable")
    values, own = known[order], shot[order]
    starts = np.flatnonzero(np.diff(own, prepend=-1))
    ends = np.append(starts, len(own))[1:]
    runs = [(s, e) for s, e in zip(starts.tolist(), ends.tolist(), strict=True) if own[s] == region]
    if not runs:
        return "none"
    kept = sorted(sorted(runs, key=lambda run: run[0] - run[1])[:LISTED])
    texts = []
    for start, end in kept:
        low, high = _shown(float(values[start])), _shown(float(values[end - 1]))
        texts.append(low if low == high else f"{low} to {high}")
    more = len(runs) - len(kept)
    return ", ".join(texts) + (f" and {more} more" if more else "")


def _shown(value: float) -> str:
    """Three significant digits, no exponent where none is needed."""
    if value != 0 and not 1e-4 <= abs(value) < 1e7:
        return f"{value:.2e}"
    rounded = float(f"{value:.2e}")
    decimals = 0 if rounded == 0 else max(0, 2 - math.floor(math.log10(abs(rounded))))
    text = f"{rounded:,.{decimals}f}"
    return (text.rstrip("0").rstrip(".") if "." in text else text).replace("-", "−")


def _class_losses(
    truth: np.ndarray, prediction: np.ndarray, threshold: float | np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Log loss, and whether the true class was called, of each row; NaN where a prediction is not finite."""
    if prediction.ndim == 1:
        stated = np.where(truth == 1, prediction, 1.0 - prediction)
        hits = (prediction >= threshold) == (truth == 1)
        sound = np.isfinite(prediction)
    else:
        stated = np.take_along_axis(prediction, truth[:, None], axis=1)[:, 0]
        hits = prediction.argmax(axis=1) == truth
        sound = np.isfinite(prediction).all(axis=1)
    losses = -np.log(np.clip(stated, PROBABILITY_FLOOR, 1.0 - PROBABILITY_FLOOR))
    return np.where(sound, losses, np.nan), np.where(sound, hits, np.nan)


def _means(values: np.ndarray, index: np.ndarray, n: int) -> np.ndarray:
    counts = np.bincount(index, minlength=n)
    totals = np.bincount(index, weights=values, minlength=n)
    return np.where(counts > 0, totals / np.maximum(counts, 1), np.nan)


def _balanced(values: np.ndarray, counts: np.ndarray) -> float:
    """Mean over what holds labels; a model that failed in one of them has none."""
    return float(values[counts > 0].mean()) if (counts > 0).any() else math.nan
