"""The smallest difference between two models that a table could show, estimated before any training."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..evaluation import (
    DEFAULT_METRIC,
    Posterior,
    constant_error,
    fold_scale,
    margin_of_equivalence,
    noise_floor,
)
from ..table import Kind, Property, Table
from ._finding import Finding
from ._group_sizes import GroupSizes
from ._replicates import Replicates

__all__ = ["Power", "estimate_power", "power_findings"]

PAIRED_SPREAD = 0.35
"""Standard deviation over labels of |error of A| - |error of B|, in standard deviations of the label.
Measured 0.2 to 0.45 between networks, trees and neighbours on four alloy properties."""
GUESSED_GAIN = 0.5
"""Guessed error of the baseline as a share of the error of the best constant."""
GUESSED_PRECISION = 0.8
CORRELATION = 0.7
"""Guessed correlation of the fold scores of two good models."""
CERTAINTY = 0.9
COARSE = 0.2


@dataclass(frozen=True, slots=True)
class Power:
    """An estimate for one property.

    Parameters
    ----------
    name, metric, unit
        Property, the metric of the estimate (the kind's default), and the unit of ``smallest``.
    decision_metric
        Metric that decides on the property; the estimate knows nothing of it where it is another one.
    n_labels, n_effective
        Labels, and independent labels behind them when groups share what is special about them.
    constant_error
        Error of the best constant in that metric (mean absolute deviation; entropy; 1 - share of positives).
    fold_spread
        Expected standard deviation of the difference of two models over folds.
    equivalence
        Half width of the region of practical equivalence, from the guessed baseline error.
    smallest
        Mean difference from which "practically better" would reach 90 %; infinite where it cannot be judged.
    relative
        ``smallest`` over ``constant_error``.
    """

    name: str
    metric: str
    unit: str
    decision_metric: str
    n_labels: int
    n_effective: float
    constant_error: float
    fold_spread: float
    equivalence: float
    smallest: float
    relative: float

    @property
    def judged_by(self) -> str:
        """The metric of the estimate and, where it is another one, the one that decides."""
        other = "" if self.metric == self.decision_metric else f" ({self.decision_metric} decides)"
        return f"{self.metric}{other}"


def estimate_power(
    table: Table,
    targets: np.ndarray,
    metrics: Sequence[str],
    groups: GroupSizes,
    replicates: Replicates,
    n_folds: int,
    n_repeats: int,
) -> tuple[Power, ...]:
    """Smallest mean difference in the default metric of each property's kind, under the goal ``characterise``.

    Parameters
    ----------
    table
        The table.
    targets
        ``(n_rows, n_tasks)`` labels in model space, NaN = unmeasured.
    metrics
        Decision metric of each property; a margin in another metric than the estimate's is not used.
    groups, replicates
        Of the same table.
    n_folds, n_repeats
        Meant for the comparison.

    Notes
    -----
    With m = n_effective / n_folds independent test labels in a fold, the difference of two models over folds
    is taken to have the standard deviation

    - regression (mean absolute error): ``0.35 std(y) / sqrt(m)``;
    - binary (average precision, binomial in the m+ positives of a fold around a guess of 0.8, two models
      correlated by 0.7): ``sqrt(0.8 0.2 / m+) sqrt(2 (1 - 0.7))``;
    - multiclass (log loss): ``0.35 entropy / sqrt(m)``.

    The mean over folds and repeats then has the scale ``fold_spread sqrt(1/(k r) + 1/(k - 1))`` (Nadeau and
    Bengio 2003) and k r - 1 degrees of freedom; ``smallest`` is the mean for which the posterior probability
    of exceeding the region of equivalence is 0.9. The guesses stand in for models that do not exist yet, so
    the result is right within a factor of about two.
    """
    return tuple(
        _estimate(
            prop,
            metrics[t],
            targets[:, t],
            groups.tasks[t].n_effective,
            replicates.tasks[t].usable_spread,
            n_folds,
            n_repeats,
        )
        for t, prop in enumerate(table.properties)
    )


def _estimate(
    prop: Property,
    decision_metric: str,
    column: np.ndarray,
    n_effective: float,
    noise: float | None,
    n_folds: int,
    n_repeats: int,
) -> Power:
    values = column[np.isfinite(column)]
    kind = str(prop.kind)
    metric = DEFAULT_METRIC[kind]
    constant = constant_error(metric, kind, values)
    spread = _fold_spread(prop, values, constant, n_effective / n_folds) if values.size else np.inf
    baseline = GUESSED_GAIN * constant
    if prop.kind is Kind.BINARY:
        baseline = min(constant, 1 - GUESSED_PRECISION)
    margin = prop.margin if decision_metric == metric else None
    floor = noise_floor(metric, noise, fold_scale("r2", values))
    equivalence = margin_of_equivalence(margin, baseline, floor)
    n = n_folds * n_repeats
    scale = spread * np.sqrt(1 / n + 1 / (n_folds - 1))
    posterior = Posterior(0.0, float(scale), n - 1.0)
    smallest = posterior.smallest_detectable(equivalence, CERTAINTY) if np.isfinite(scale) else np.inf
    return Power(
        prop.name,
        metric,
        prop.model_unit if prop.kind is Kind.REGRESSION else "",
        decision_metric,
        int(values.size),
        float(n_effective),
        float(constant),
        float(spread),
        float(equivalence),
        float(smallest),
        float(smallest / constant) if constant > 0 else float("inf"),
    )


def _fold_spread(prop: Property, values: np.ndarray, constant: float, n_test: float) -> float:
    """Spread of the difference of two models over folds."""
    if prop.kind is Kind.REGRESSION:
        total = float(values.std(ddof=1)) if values.size > 1 else float("nan")
        return float(PAIRED_SPREAD * total / np.sqrt(n_test)) if total > 0 else np.inf
    if prop.kind is Kind.BINARY:
        positives = n_test * float(values.mean())
        variance = GUESSED_PRECISION * (1 - GUESSED_PRECISION) * 2 * (1 - CORRELATION)
        return float(np.sqrt(variance / positives)) if positives > 0 else np.inf
    return float(PAIRED_SPREAD * constant / np.sqrt(n_test)) if constant > 0 else np.inf


def power_findings(powers: tuple[Power, ...]) -> list[Finding]:
    """Properties where only large differences could be shown."""
    return [
        Finding(
            "warning",
            "power",
            p.name,
            f"{p.name}: only differences above about {f'{p.smallest:.3g} {p.unit}'.strip()} in {p.judged_by} "
            f"({p.relative:.0%} of the error of a constant) could be shown (estimate before training)",
            "expect UNDECIDED unless an effect is large; more labels or more repeats narrow it",
        )
        for p in powers
        if np.isfinite(p.relative) and p.relative >= COARSE
    ]
