"""From probes of gradients to cosines, and what may be said of a pair of tasks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
from scipy.stats import binomtest

from ..evaluation import finite_mean
from ..learning import Probes

__all__ = [
    "SEEN",
    "WEAK",
    "Call",
    "corrected_cosine",
    "early_mean",
    "is_copy_seen",
    "judge_pair",
    "known_spread",
    "negative_share",
    "row_overlap",
    "stack_curves",
]

Call = Literal["aligned", "opposed", "neither", "unclear", "noise", "no control"]

SEEN = 0.2
"""Least split-half cosine of a task whose gradients are believed. Where both tasks are at 0.2 the correction multiplies
by five the scatter of a network's cosine, which is about 0.05 for unrelated tasks: a corrected cosine of 1 can hardly
be told from one of 0.5 any more."""

WEAK = 0.1
"""A corrected cosine nearer to 0 is neither alignment nor conflict: projecting it out, as PCGrad does, would shorten a
step by half a percent."""

_STABLE = 0.05
"""Largest p of the sign test over networks: six of six, nine of ten."""


def known_spread(values: np.ndarray) -> np.ndarray:
    """Standard deviation over the first axis of what is known (n - 1), NaN for fewer than two."""
    n = np.isfinite(values).sum(axis=0)
    apart = (values - finite_mean(values)) ** 2
    return np.where(n > 1, np.sqrt(finite_mean(apart) * n / np.maximum(n - 1, 1)), np.nan)


def early_mean(probes: Probes) -> np.ndarray:
    """``(n_tasks, n_tasks)`` mean of `Probes.cosines` over the first half of the epochs."""
    return finite_mean(probes.cosines()[: _half(probes)])


def negative_share(probes: Probes) -> np.ndarray:
    """``(n_tasks, n_tasks)`` share of the probes in the first half of the epochs with a negative dot product."""
    gram = probes.gram[: _half(probes)]
    return finite_mean(np.where(np.isfinite(gram), gram < 0.0, np.nan))


def _half(probes: Probes) -> int:
    return -(-len(probes.gram) // 2)


def stack_curves(curves: Sequence[np.ndarray]) -> np.ndarray:
    """``(n_networks, n_epochs, ...)`` of curves of different lengths, NaN behind their ends."""
    length = max((len(c) for c in curves), default=0)
    return np.array(
        [np.concatenate([c, np.full((length - len(c), *c.shape[1:]), np.nan)]) for c in curves], dtype=float
    )


def corrected_cosine(seen: np.ndarray) -> np.ndarray:
    """Take the shrinkage by noise out of mean cosines: divide by the root of the split-half cosines of both tasks.

    The first is ``<g_t, g_s>`` over noisy lengths, the others are what noise leaves of a cosine of 1. Averages are
    divided, not single probes, whose squared lengths are negative at times.

    Parameters
    ----------
    seen
        ``(..., n_tasks, n_tasks)`` with the split-half cosines on the diagonal.

    Returns
    -------
    ndarray
        NaN where a split-half cosine is not positive, and on the diagonal.
    """
    control = np.diagonal(seen, axis1=-2, axis2=-1)
    root = np.sqrt(np.where(control > 0.0, control, np.nan))
    result = seen / (root[..., :, None] * root[..., None, :])
    own = np.arange(seen.shape[-1])
    result[..., own, own] = np.nan
    return result


def judge_pair(
    seen: np.ndarray, first: np.ndarray, second: np.ndarray, ratio: float, *, copy_is_seen: bool = True
) -> Call:
    """What networks say of a pair of tasks.

    Parameters
    ----------
    seen, first, second
        ``(n_networks,)`` mean cosine of the pair, and split-half cosines of its tasks.
    ratio
        Test rows over training rows: networks of different folds share most rows, and their mean is less sure than that
        of independent ones (Nadeau and Bengio 2003).
    copy_is_seen
        Whether two halves of one property look alike here; if not, that two properties do not says nothing.

    Returns
    -------
    str
        ``noise`` where the split-half cosine of either task is below 0.2; ``aligned`` or ``opposed`` where the
        corrected cosine is at least 0.1 and nearly all networks agree on the sign; ``neither`` where it is surely
        nearer to 0, which becomes ``no control`` where a copy is not seen either; else ``unclear``.
    """
    controls = float(finite_mean(first)), float(finite_mean(second))
    if not all(control >= SEEN for control in controls):
        return "noise"
    corrected = seen[np.isfinite(seen)] / np.sqrt(controls[0] * controls[1])
    n = len(corrected)
    if n < 2:
        return "unclear"
    mean, error = float(corrected.mean()), float(corrected.std(ddof=1)) * np.sqrt(1.0 / n + ratio)
    positive = int((corrected > 0.0).sum())
    if abs(mean) >= WEAK and binomtest(positive, n).pvalue <= _STABLE:
        return "aligned" if mean > 0.0 else "opposed"
    if abs(mean) + 2.0 * error < WEAK:
        return "neither" if copy_is_seen else "no control"
    return "unclear"


def is_copy_seen(seen: np.ndarray, corrected: float) -> bool:
    """Whether halves of one property look alike: nearly all networks say so, and clearly more than `WEAK`.

    Parameters
    ----------
    seen
        ``(n_networks,)`` cosines, shrunk by noise.
    corrected
        Their mean without the shrinkage, NaN where it is not known: the mean as seen, which is less, has to do then.
    """
    seen = seen[np.isfinite(seen)]
    if not len(seen) or binomtest(int((seen > 0.0).sum()), len(seen)).pvalue > _STABLE:
        return False
    return (corrected if np.isfinite(corrected) else float(seen.mean())) >= 2.0 * WEAK


def row_overlap(labels: np.ndarray) -> np.ndarray:
    """``(n_tasks, n_tasks)`` share of the scarcer task's labelled rows with the other label, NaN without labels."""
    there = np.isfinite(labels).astype(float)
    shared = there.T @ there
    count = np.diagonal(shared)
    fewest = np.minimum(count[:, None], count)
    return np.where(fewest > 0, shared / np.maximum(fewest, 1.0), np.nan)
