"""Does sharing a network with other properties help? One call per property, declared in order of certainty."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..evaluation import declare
from ._compare import CERTAIN, MIN_FOLDS, MIN_REPEATS
from ._text import number, percent
from ._verdict import Call, Comparison

__all__ = ["call_all"]


def call_all(comparisons: Sequence[Comparison | None], units: Sequence[str]) -> list[tuple[Call, str]]:
    """Calls and reasons of all properties together.

    A call needs a posterior of at least 0.90 on at least 5 folds x 3 repeats. Across properties calls are
    declared from the surest down while their mean posterior error stays at or under 5 %.
    """
    leanings = [_leaning(c) for c in comparisons]
    able = np.array(
        [
            c is not None and _enough(c) and p >= CERTAIN
            for c, (_, p) in zip(comparisons, leanings, strict=True)
        ]
    )
    declared = np.zeros(len(comparisons), bool)
    if able.any():
        declared[able] = declare(np.array([1.0 - p for (_, p), a in zip(leanings, able, strict=True) if a]))
    return [
        _sentence(comparison, call, p, bool(a), bool(d), unit)
        for comparison, (call, p), a, d, unit in zip(
            comparisons, leanings, able, declared, units, strict=True
        )
    ]


def _leaning(comparison: Comparison | None) -> tuple[Call, float]:
    if comparison is None:
        return Call.UNDECIDED, 0.0
    options = (
        (Call.MIX, comparison.p_better),
        (Call.EITHER, comparison.p_equivalent),
        (Call.SEPARATE, comparison.p_worse),
    )
    return max(options, key=lambda option: option[1])


def _enough(comparison: Comparison) -> bool:
    return comparison.n_folds >= MIN_FOLDS and comparison.n_repeats >= MIN_REPEATS


def _sentence(
    comparison: Comparison | None, call: Call, p: float, able: bool, declared: bool, unit: str
) -> tuple[Call, str]:
    if comparison is None:
        return Call.UNDECIDED, "No fold has both a shared and a separate network with a score."
    before, after = number(comparison.baseline_error, unit), number(comparison.candidate_error, unit)
    change = percent(comparison.difference, comparison.baseline_error)
    low, high = (percent(v, comparison.baseline_error) for v in comparison.interval)
    seen = f"error {before} apart, {after} together ({change}, 95 % interval {low} to {high})"
    least = percent(comparison.smallest_detectable, comparison.baseline_error).lstrip("+")
    if able and declared:
        words = {
            Call.MIX: "Sharing is practically better",
            Call.SEPARATE: "Sharing is practically worse",
            Call.EITHER: "Sharing makes no practical difference",
        }
        return call, f"{words[call]}: {seen}; probability {p:.2f}."
    if not _enough(comparison):
        done = f"{comparison.n_folds} folds x {comparison.n_repeats} repeats"
        return Call.UNDECIDED, f"Too little to call ({done} scored, 5 x 3 needed): {seen}."
    if able:
        return Call.UNDECIDED, (
            f"Would be {call} on its own (probability {p:.2f}), but not at 5 % error over all properties: {seen}."
        )
    return Call.UNDECIDED, f"Not decided: {seen}; this table could have shown a difference of about {least}."
