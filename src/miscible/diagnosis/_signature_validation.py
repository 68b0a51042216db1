"""Signature: an inner validation part that does not stand for what is tested."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import chi2_contingency, ks_2samp

from ..evaluation import Posterior, correlated_posterior, holm
from ..table import Kind
from ._phrases import cell, listed, number, share
from ._signature import Evidence, Signature, Status

__all__ = [
    "ValidationEvidence",
    "label_difference",
    "relative_gaps",
    "unrepresentative_validation",
    "validation_evidence",
]

OPTIMISM = 0.10
"""Outer over inner error minus 1, of models that hardly choose anything, from which validation is too kind."""
WIDE = 0.20
"""Optimism that an interval must leave out for validation to count as fair."""
ALPHA = 0.05
DISTANCE = 0.10
"""Kolmogorov-Smirnov distance, or difference of a class share, from which a proven difference matters."""
FEWEST_LABELS = 20


@dataclass(frozen=True, slots=True)
class ValidationEvidence:
    """How well the inner validation parts stand for one property.

    Parameters
    ----------
    name
        Of the property.
    optimism, low, high, p_value
        Outer over inner error minus 1 of plain models, geometric mean over folds, its 95 % interval and p of none;
        NaN without such a model.
    chosen_optimism
        The same of the networks chosen by inner validation, which selection flatters.
    distance, p_labels, n_tests
        Of the most different pair of training and validation labels: their distance, its p corrected for the number
        of parts (Bonferroni), and that number.
    n_labels
        Median number of validation labels over the parts.
    """

    name: str
    optimism: float
    low: float
    high: float
    p_value: float
    chosen_optimism: float
    distance: float
    p_labels: float
    n_tests: int
    n_labels: float


def relative_gaps(inner: np.ndarray, outer: np.ndarray) -> np.ndarray:
    """Logarithm of outer over inner error, averaged over models; NaN where neither is positive.

    Parameters
    ----------
    inner, outer
        ``(n_models, n_repeats, n_folds)`` errors in error form.
    """
    able = np.isfinite(inner) & np.isfinite(outer) & (inner > 0) & (outer > 0)
    logs = np.where(able, np.log(np.where(able, outer, 1.0) / np.where(able, inner, 1.0)), 0.0)
    counts = able.sum(axis=0)
    return np.divide(logs.sum(axis=0), counts, out=np.full(counts.shape, np.nan), where=counts > 0)


def label_difference(
    kind: str, train: np.ndarray, train_codes: np.ndarray, valid: np.ndarray, valid_codes: np.ndarray
) -> tuple[float, float]:
    """Distance and p-value between the labels of training and validation rows, whole groups counted once.

    Rows of a group are near copies: each group enters by its mean label (Kolmogorov and Smirnov), for classes by its
    most frequent class (chi-squared; the distance is the largest difference of a class share).

    Parameters
    ----------
    kind
        Of the property.
    train, valid
        Labels, finite.
    train_codes, valid_codes
        Groups.

    Returns
    -------
    distance, p_value
        NaN and NaN where a side has fewer than two groups.
    """
    one, other = (_by_group(kind, y, c) for y, c in ((train, train_codes), (valid, valid_codes)))
    if min(len(one), len(other)) < 2:
        return math.nan, math.nan
    if kind == Kind.REGRESSION:
        found = ks_2samp(one, other, method="asymp")
        return float(found.statistic), float(found.pvalue)  # pyright: ignore[reportAttributeAccessIssue]
    classes = np.unique(np.concatenate([one, other]))
    table = np.array([[np.sum(side == c) for c in classes] for side in (one, other)])
    shares = table / table.sum(axis=1, keepdims=True)
    distance = float(np.abs(shares[0] - shares[1]).max())
    if len(classes) < 2:
        return distance, 1.0
    return distance, float(chi2_contingency(table)[1])  # pyright: ignore[reportArgumentType]


def _by_group(kind: str, labels: np.ndarray, codes: np.ndarray) -> np.ndarray:
    groups, dense = np.unique(codes, return_inverse=True)
    if kind == Kind.REGRESSION:
        return np.bincount(dense, labels, len(groups)) / np.bincount(dense, minlength=len(groups))
    classes, coded = np.unique(labels, return_inverse=True)
    counts = np.zeros((len(groups), len(classes)))
    np.add.at(counts, (dense, coded), 1.0)
    return classes[counts.argmax(axis=1)]


def validation_evidence(
    name: str,
    gaps: np.ndarray,
    chosen_gaps: np.ndarray,
    differences: Sequence[tuple[float, float]],
    n_valid: Sequence[int],
    ratio: float,
) -> ValidationEvidence:
    """Gather what was measured of one property.

    Parameters
    ----------
    name
        Of the property.
    gaps, chosen_gaps
        ``(n_repeats, n_folds)`` from `relative_gaps`, of plain models and of what was chosen.
    differences
        From `label_difference`, one a part.
    n_valid
        Validation labels of each part.
    ratio
        Test rows over training rows.
    """
    posterior = _posterior(gaps, ratio)
    chosen = _posterior(chosen_gaps, ratio)
    tested = [(p, d) for d, p in differences if math.isfinite(p)]
    p, distance = min(tested, default=(math.nan, math.nan))
    low, high = (math.nan, math.nan) if posterior is None else posterior.interval()
    return ValidationEvidence(
        name=name,
        optimism=math.nan if posterior is None else math.expm1(posterior.mean),
        low=math.expm1(low),
        high=math.expm1(high),
        p_value=math.nan if posterior is None else posterior.p_value(),
        chosen_optimism=math.nan if chosen is None else math.expm1(chosen.mean),
        distance=distance,
        p_labels=min(1.0, p * len(tested)) if tested else math.nan,
        n_tests=len(tested),
        n_labels=float(np.median(n_valid)) if len(n_valid) else 0.0,
    )


def _posterior(gaps: np.ndarray, ratio: float) -> Posterior | None:
    return correlated_posterior(gaps, ratio) if np.isfinite(gaps).sum() >= 2 else None


def unrepresentative_validation(found: Sequence[ValidationEvidence]) -> Signature:
    """Inner errors are too kind beyond choice, labels differ from those trained on, or are few.

    Parameters
    ----------
    found
        One a property with labels.
    """
    known = [e for e in found if math.isfinite(e.p_value)]
    corrected = dict(
        zip([e.name for e in known], holm(np.array([e.p_value for e in known])).tolist(), strict=True)
    )
    reasons: dict[str, list[str]] = {}
    for e in found:
        if e.optimism >= OPTIMISM and e.low > 0 and corrected.get(e.name, 1.0) < ALPHA:
            reasons.setdefault(e.name, []).append(
                f"errors on test rows are {share(e.optimism)} larger than on validation rows even for plain models "
                "that hardly choose anything"
            )
        if e.p_labels * len(found) < ALPHA and e.distance >= DISTANCE:
            reasons.setdefault(e.name, []).append(
                f"its validation labels differ from its training labels in some part (distance {number(e.distance)}, "
                f"p {e.p_labels:.2g} over {e.n_tests} parts)"
            )
        if e.n_labels < FEWEST_LABELS:
            reasons.setdefault(e.name, []).append(
                f"choices rest on too few validation labels ({e.n_labels:.0f} a fold, {FEWEST_LABELS} are wanted)"
            )
    status: Status = "absent"
    reason = (
        "Inner validation is no kinder than the test, holds labels like those trained on, and enough of them."
    )
    unseen = [e.name for e in found if not math.isfinite(e.p_value)]
    wide = [e.name for e in found if e.high >= WIDE]
    if reasons:
        told = [f"{name}: {' and '.join(texts)}" for name, texts in list(reasons.items())[:4]]
        more = f"; and {len(reasons) - 4} more" if len(reasons) > 4 else ""
        status, reason = "present", f"{'; '.join(told)}{more}."
    elif not found or unseen:
        status = "cannot be judged"
        reason = (
            f"Labels show nothing, but no plain model (mean, nearest, ridge, extra-trees) was run on {listed(unseen)} "
            "by which the kindness of the validation part could be told from that of choosing on it."
            if found
            else "No property has validation labels."
        )
    elif wide:
        status = "cannot be judged"
        reason = (
            f"Nothing shows, but the difference between test and validation errors of plain models is known too "
            f"coarsely for {listed(wide)} to rule out {WIDE:.0%}."
        )
    return Signature(
        key="validation",
        name="unrepresentative validation part",
        status=status,
        reason=reason,
        subjects=tuple(reasons),
        evidence=tuple(
            Evidence(e.name, measure, value)
            for e in found
            for measure, value in (
                ("test over validation error, plain models [%]", cell(100 * e.optimism, 3)),
                ("95 % interval [%]", _interval(e)),
                ("the same, networks chosen [%]", cell(100 * e.chosen_optimism, 3)),
                ("largest distance of labels", cell(e.distance, 3)),
                ("its p (Bonferroni)", cell(e.p_labels, 2)),
                ("validation labels a fold", e.n_labels),
            )
        ),
        threshold=(
            f"plain models (mean, nearest, ridge, extra-trees) err at least {OPTIMISM:.0%} more on test rows than on "
            f"validation rows (95 % interval above 0, Holm over properties), or labels of training and validation "
            f"groups differ with p under {ALPHA} (Bonferroni over parts and properties) and by {DISTANCE} at least, or "
            f"there are fewer than {FEWEST_LABELS} validation labels a fold; absent needs intervals that end under "
            f"{WIDE:.0%}"
        ),
        remedies=(
            "a larger validation part (split.validation)",
            "group by something that mixes better, or balance by hand with a column of groups",
            "trust outer errors only, and few settings to choose from (tuning.rates, tuning.decays)",
        )
        if status == "present"
        else (),
    )


def _interval(found: ValidationEvidence) -> str | None:
    if not math.isfinite(found.low):
        return None
    return f"{100 * found.low:+.1f} to {100 * found.high:+.1f}"
