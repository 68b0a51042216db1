"""Does sharing a network with other properties help? One call per property, declared in order of certainty."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..evaluation import declare
from ._compare import CERTAIN, is_enough
from ._text import number, percent
from ._verdict import Call, Comparison

__all__ = ["call_all"]

WORDS = {
    Call.MIX: "Sharing is practically better",
    Call.SEPARATE: "Sharing is practically worse",
    Call.EITHER: "Sharing makes no practical difference",
}


def call_all(
    comparisons: Sequence[Comparison | None], partners: Sequence[Sequence[str]], units: Sequence[str]
) -> list[tuple[Call, str]]:
    """Calls and reasons of all properties together.

    A call needs a posterior of at least 0.90 on at least 5 folds x 3 repeats, and a pooled difference that
    says the same. Across properties calls are declared from the surest down while their mean posterior error
    stays at or under 5 %.

    Parameters
    ----------
    comparisons
        Sharing against not sharing; None where there is none.
    partners
        The other properties that each would be learned with.
    units
        Of the errors.
    """
    leanings = [_leaning(c) for c in comparisons]
    able = [
        c is not None and _is_able(c, call, p) for c, (call, p) in zip(comparisons, leanings, strict=True)
    ]
    # declare() never declares NaN, and counts only what could be called.
    errors = np.array([1.0 - p if a else np.nan for (_, p), a in zip(leanings, able, strict=True)])
    return [
        (Call.UNDECIDED, _lack(others))
        if comparison is None
        else _verdict(comparison, call, p, a, bool(d), unit)
        for comparison, others, (call, p), a, d, unit in zip(
            comparisons, partners, leanings, able, declare(errors), units, strict=True
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


def _is_able(comparison: Comparison, call: Call, p: float) -> bool:
    return is_enough(comparison) and p >= CERTAIN and _pooled_agrees(comparison, call)


def _pooled_agrees(comparison: Comparison, call: Call) -> bool:
    """Pooled error is primary: folds that say something else are unstable, not evidence."""
    pooled = comparison.candidate_error - comparison.baseline_error
    return {
        Call.MIX: pooled < 0.0,
        Call.SEPARATE: pooled > 0.0,
        Call.EITHER: abs(pooled) <= comparison.rope,
    }[call]


def _lack(partners: Sequence[str]) -> str:
    if not partners:
        return "No other property has labels to learn with."
    return "Fewer than two folds have both a shared and a separate network with a score."


def _verdict(
    comparison: Comparison, call: Call, p: float, able: bool, declared: bool, unit: str
) -> tuple[Call, str]:
    before, after = number(comparison.baseline_error, unit), number(comparison.candidate_error, unit)
    change = percent(comparison.difference, comparison.baseline_error)
    low, high = (percent(v, comparison.baseline_error) for v in comparison.interval)
    seen = f"error {before} apart, {after} together ({change}, 95 % interval {low} to {high})"
    least = percent(comparison.smallest_detectable, comparison.baseline_error).lstrip("+")
    if declared:
        return call, f"{WORDS[call]}: {seen}; probability {p:.2f}."
    if not is_enough(comparison):
        done = f"{comparison.n_folds} folds x {comparison.n_repeats} repeats"
        return Call.UNDECIDED, f"Too little to call ({done} scored, 5 x 3 needed): {seen}."
    if able:
        return Call.UNDECIDED, (
            f"Would be {call} on its own (probability {p:.2f}), but not at 5 % error over all properties: {seen}."
        )
    if p >= CERTAIN:
        return Call.UNDECIDED, (
            f"Fold by fold it would be {call} (probability {p:.2f}), but the pooled errors do not bear it out: {seen}."
        )
    return Call.UNDECIDED, f"Not decided: {seen}; this table could have shown a difference of about {least}."
