"""What a study says of one property: plain records, written to verdict.json as they stand."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

__all__ = ["Call", "Comparison", "Deployment", "PropertyVerdict", "StrategyScore"]


class Call(StrEnum):
    """The four answers to "does sharing help this property?"."""

    MIX = "MIX"
    SEPARATE = "SEPARATE"
    EITHER = "EITHER"
    UNDECIDED = "UNDECIDED"


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two arms on the same outer folds; differences are candidate minus baseline (negative: better).

    Errors are in the error form of the decision metric. ``baseline_error`` and ``candidate_error`` are
    pooled over all out-of-fold predictions; ``difference`` is the mean over folds that the test looks at.
    """

    baseline: str
    candidate: str
    baseline_error: float
    candidate_error: float
    difference: float
    interval: tuple[float, float]
    rope: float
    p_better: float
    p_equivalent: float
    p_worse: float
    p_value: float
    p_holm: float
    smallest_detectable: float
    n_repeats: int
    n_folds: int
    fold_differences: tuple[tuple[float, ...], ...]


@dataclass(frozen=True, slots=True)
class Deployment:
    """Which model to deploy and why. ``comparison`` is None when the simplest good model is also the best."""

    strategy: str
    error: float
    simplest: str
    simplest_error: float
    comparison: Comparison | None
    reason: str


@dataclass(frozen=True, slots=True)
class StrategyScore:
    """One strategy on one property, pooled out of fold; exploratory where it was not the nested choice.

    ``times_chosen`` counts the folds that the comparison of sharing looks at, all where there is none.
    """

    strategy: str
    error: float
    inner_error: float
    metrics: dict[str, float]
    times_chosen: int


@dataclass(frozen=True, slots=True)
class PropertyVerdict:
    """The verdict for one property."""

    name: str
    kind: str
    unit: str
    metric: str
    n_labels: int
    call: Call
    reason: str
    partners: tuple[str, ...]
    sharing: Comparison | None
    deploy: Deployment | None
    scores: tuple[StrategyScore, ...]
    noise_floor: float | None
    warnings: tuple[str, ...]
