"""The sentences on ratios: what was measured, how stable they are, and what they cannot show."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.stats import binom

from ._data_ratios import STABLE, RatioChange, RatioMatrix
from ._numbers import count, number, percent, signed
from ._words import listed

__all__ = ["FEWEST_PAIRS", "ratio_lead", "ratio_limits", "ratio_sentences"]

FEWEST_PAIRS = 10
"""Pairs with a known label correlation from which ratios are set beside it."""
NAMED = 3
ORIGINS = {
    "learned": "A ratio follows how likely a source was to lower the error on labels of the target held out of the "
    "training rows, as short trainings of networks with random halves of the properties told it. Of many properties "
    "those with similar labels share a ratio.",
    "one-step": "A ratio is what would have lowered the error on labels of the target held out of the training rows "
    "a few steps ahead, not at the end of training. Where few labels were held out it is pulled towards 1.",
}
PREFERRED = (
    "The mean over all sources of a target is kept from rising above 1: a source may stand below 1 because others "
    "were preferred, not because it does harm."
)


def ratio_lead(changes: Sequence[RatioChange]) -> str:
    """What came of it against every simpler strategy, over all targets."""
    if not changes:
        return "No simpler network ran beside it, so whether the ratios paid is not known."
    parts = [_paid(change) for change in changes]
    known = [part for part in parts if part]
    return f"Measured out of fold: {'; '.join(known)}." if known else "No error could be compared."


def ratio_sentences(matrix: RatioMatrix) -> tuple[str, ...]:
    """Who gained and lost most, and how stable the ratios are."""
    return (*_outcomes(matrix), *_stability(matrix))


def ratio_limits(matrix: RatioMatrix) -> tuple[str, ...]:
    """What a reader must not take from them."""
    known = int(np.median(matrix.known[np.isfinite(matrix.mean)]))
    limits = [
        "A ratio is no measurement of help. The errors are measured, and they are of all ratios of a target together: "
        "they do not say which source brought the change."
    ]
    if matrix.is_learned:
        limits += [ORIGINS[matrix.kind], PREFERRED]
        correlated = int((np.isfinite(matrix.mean) & np.isfinite(matrix.correlation)).sum())
        if correlated < FEWEST_PAIRS:
            limits.append(
                f"Whether ratios follow the correlation of the labels cannot be seen: {count(correlated)} pairs share "
                f"enough rows, and {FEWEST_PAIRS} would be needed."
            )
    if known >= 2:
        limits.append(
            f"Folds share most of their rows. Even if they did not, {percent(_by_chance(known))} of ratios that only "
            f"scatter around 1 would be called stable at {count(known)} networks."
        )
    equal = [c.against for c in matrix.changes if "equal" in c.against.split("+")]
    if not equal:
        limits.append(
            "The same strategy with equal ratios (the word equal in its name) did not run, so what networks of its own "
            "bring a target is not told apart from what the ratios bring."
        )
    limits.append("Errors of single strategies choose nothing: they are exploratory, and the verdicts stand.")
    return tuple(limits)


def _paid(change: RatioChange) -> str:
    relative = change.relative
    known = relative[np.isfinite(relative)]
    if not known.size:
        return ""
    text = f"against {change.against} the error is lower for {(known < 0).sum()} of {known.size} targets"
    if (known > -1).all() and known.size > 1:
        text += f" ({signed(100 * float(np.expm1(np.log1p(known).mean())), 1)} % in the geometric mean)"
    return text


def _outcomes(matrix: RatioMatrix) -> tuple[str, ...]:
    """The targets whose error changed most, either way, against the first of the simpler strategies."""
    if not matrix.changes:
        return ()
    change = matrix.changes[0]
    relative = change.relative
    order = [t for t in np.argsort(relative, kind="stable").tolist() if np.isfinite(relative[t])]
    said = []
    for word, tasks in (
        ("fell", [t for t in order if relative[t] < 0][:NAMED]),
        ("rose", [t for t in order[::-1] if relative[t] > 0][:NAMED]),
    ):
        if tasks:
            names = [f"{matrix.names[t]} ({signed(100 * float(relative[t]), 1)} %)" for t in tasks]
            said.append(f"Against {change.against} the error {word} most for {listed(names)}.")
    return tuple(said)


def _stability(matrix: RatioMatrix) -> tuple[str, ...]:
    """How many ratios keep their side of 1, and what moves them."""
    there = np.isfinite(matrix.mean)
    mean, stable = matrix.mean[there], matrix.stable[there]
    said = [
        f"Of {count(mean.size)} ratios {count((stable & (mean > 1)).sum())} are stable above 1 and "
        f"{count((stable & (mean < 1)).sum())} stable below: on the side of their mean in at least "
        f"{percent(STABLE)} of the networks."
    ]
    between, within = (_typical(values[there]) for values in (matrix.between, matrix.within))
    moved = [
        f"{number(value, 2)} {what}"
        for value, what in (
            (between, "from network to network (folds, repeats)"),
            (within, "by what learned it in one fold"),
        )
        if np.isfinite(value)
    ]
    if mean.size > 1 and moved:
        said.append(
            f"The mean ratios of the pairs differ by {number(float(mean.std()), 2)} (standard deviation); one ratio is "
            f"uncertain by {' and '.join(moved)}."
        )
    return tuple(said)


def _typical(deviations: np.ndarray) -> float:
    """Root mean square of what is known."""
    known = deviations[np.isfinite(deviations)]
    return float(np.sqrt(np.mean(known**2))) if known.size else float("nan")


def _by_chance(n_networks: int) -> float:
    """Probability that fair coins fall on one side in at least the stable share of throws."""
    fewest = int(np.ceil(STABLE * n_networks - 1e-9))
    return min(1.0, 2 * float(binom.sf(fewest - 1, n_networks, 0.5)))
