"""Imbalance between and within properties, and whether a loss by sharing goes when the counts are made equal."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from ..evaluation import Posterior, correlated_posterior, finite_mean
from ..splits import FoldData
from ._arms import Countdown, Workshop, error_words
from ._balance import BatchShares, Spread, batch_shares, label_spread
from ._case import Case
from ._subsample import n_labels, thin

__all__ = [
    "BALANCED",
    "ImbalanceFinding",
    "Sweep",
    "SweepLevel",
    "equalised",
    "find_imbalance",
    "judge_sweep",
]

LEVEL = 0.90
"""Of the intervals: what lies beyond one end has 5 %."""
SURE = 0.95
"""Of the intervals of two ways to the same statement."""
FEWEST_LABELS = 20
FEWEST_RATIO = 2.0
"""Times the labels that another property must have for a sweep to say something."""
MOST_TARGETS, MOST_TARGETS_QUICK = 3, 1
STEPS: dict[str, float] = {"all labels": 1.0, "square root": 0.5, "1 : 1": 0.0}
"""By name: power of the ratio of labels that is left."""
BALANCED = "all labels, balanced batches"
HALF = 0.5
"""Share of the loss that must go for imbalance to be called its reason."""


@dataclass(frozen=True, eq=False)
class SweepLevel:
    """One step of a sweep.

    Parameters
    ----------
    name
        ``all labels``, ``square root``, ``1 : 1`` or ``all labels, balanced batches``.
    ratio
        Labels of the largest property over those of the target that are left.
    joint
        ``(n_rounds,)`` errors of the target in the network of all properties.
    loss, low, high
        Mean of joint minus separate error and its corrected 90 % interval; positive: sharing loses.
    change, change_low, change_high
        The same of the joint error here minus that with all labels (another training of it than the one in
        ``loss``, whose luck would be in both); NaN for ``all labels`` itself.
    """

    name: str
    ratio: float
    joint: np.ndarray
    loss: float
    low: float
    high: float
    change: float
    change_low: float
    change_high: float


@dataclass(frozen=True, eq=False)
class Sweep:
    """A scarce property learned with ever fewer labels of the larger ones.

    Parameters
    ----------
    target
        The scarce task.
    separate
        ``(n_rounds,)`` errors of its own network; the same at every level, so that differences of differences are
        differences between joint networks.
    levels
        From all labels to as many as the target has, then all labels with balanced batches.
    call
        ``imbalance``, ``not imbalance``, ``no loss`` or ``cannot tell``; see `judge_sweep`.
    """

    target: int
    separate: np.ndarray
    levels: tuple[SweepLevel, ...]
    call: str

    def level(self, name: str) -> SweepLevel | None:
        """The level of this name."""
        return next((level for level in self.levels if level.name == name), None)

    @property
    def separate_error(self) -> float:
        """Mean error of the target's own network, NaN where unknown."""
        return float(finite_mean(self.separate))


@dataclass(frozen=True, eq=False)
class ImbalanceFinding:
    """Counts, batches, spreads and sweeps.

    Parameters
    ----------
    names, error_names, units
        Of all tasks: names, what errors are called, and their units.
    counts
        ``(n_tasks,)`` labels.
    ratios
        ``(n_tasks,)`` labels of the largest task over those of each; infinite without any.
    batches
        What a training batch of the study's joint network holds.
    spreads
        How the labels of each task lie.
    sweeps
        Of the scarcest tasks; empty where no task has twice the labels of another.
    n_folds, n_repeats
        Of the study's folds that sweeps look at.
    joint
        Strategy that learns all properties in the sweeps.
    """

    names: tuple[str, ...]
    error_names: tuple[str, ...]
    units: tuple[str, ...]
    counts: np.ndarray
    ratios: np.ndarray
    batches: BatchShares
    spreads: tuple[Spread, ...]
    sweeps: tuple[Sweep, ...]
    n_folds: int
    n_repeats: int
    joint: str


def judge_sweep(loss: Posterior, equal: Posterior, balanced: Posterior) -> str:
    """Whether imbalance is the likely reason of a loss.

    ``no loss`` where the 90 % interval of the loss does not lie above 0. Else ``imbalance`` where equal counts or
    balanced batches lower the error for sure (95 % interval below 0, as there are two ways to do so) and the mean takes
    away half of the loss or more; ``not imbalance`` where neither may take away half (both 90 % intervals above the
    negative half of the loss); ``cannot tell`` in between.

    Parameters
    ----------
    loss
        Of joint minus separate error with all labels.
    equal, balanced
        Of the joint error with equal counts, and with all labels in balanced batches, minus that with all labels.
    """
    if not np.isfinite([loss.mean, loss.scale, equal.mean, equal.scale, balanced.mean, balanced.scale]).all():
        return "cannot tell"
    if loss.interval(LEVEL)[0] <= 0.0:
        return "no loss"
    half = -HALF * loss.mean
    if any(way.interval(SURE)[1] < 0.0 and way.mean <= half for way in (equal, balanced)):
        return "imbalance"
    return (
        "not imbalance" if min(way.interval(LEVEL)[0] for way in (equal, balanced)) > half else "cannot tell"
    )


def find_imbalance(case: Case) -> ImbalanceFinding:
    """Count, and train the scarcest properties with ever fewer labels of the larger ones.

    Thinned labels are nested and every arm tries the same settings on the same folds.
    """
    table, plan = case.table, case.context.plan
    counts = table.counts
    folds = [case.fold(f) for f in range(plan.split.folds)]
    targets = table.targets()
    largest = max(int(counts.max(initial=0)), 1)
    ratios = np.where(counts > 0, largest / np.maximum(counts, 1), np.inf)
    able = (counts >= FEWEST_LABELS) & (ratios >= FEWEST_RATIO)
    scarce = [int(t) for t in np.argsort(counts, kind="stable") if able[t]]
    scarce = scarce[: MOST_TARGETS_QUICK if case.quick else MOST_TARGETS]
    shop = Workshop.open(case)
    repeats = shop.repeats()
    words = [error_words(case, t) for t in range(len(counts))]
    return ImbalanceFinding(
        names=case.names,
        error_names=tuple(name for name, _ in words),
        units=tuple(unit for _, unit in words),
        counts=counts,
        ratios=ratios,
        batches=batch_shares(folds, plan.tuning, 1.0 - plan.split.validation),
        spreads=tuple(
            label_spread(table.kinds[t], targets[:, t], len(table.properties[t].classes) or 2)
            for t in range(len(counts))
        ),
        sweeps=_sweeps(shop, scarce, repeats) if scarce else (),
        n_folds=plan.split.folds,
        n_repeats=len(repeats),
        joint=shop.joint.name,
    )


def equalised(fold: FoldData, target: int, power: float, seed: int) -> FoldData:
    """The fold with the larger tasks cut to the target's labels times their ratio to some power."""
    own = n_labels(fold, target)
    keep = {}
    for task in range(fold.targets.shape[1]):
        ratio = n_labels(fold, task) / max(own, 1)
        if task != target and ratio > 1.0:
            keep[task] = round(own * ratio**power)
    return thin(fold, keep, seed=seed)


def _sweeps(shop: Workshop, scarce: Sequence[int], repeats: Sequence[int]) -> tuple[Sweep, ...]:
    case = shop.case
    everyone = np.flatnonzero(case.table.counts > 0).tolist()
    powers = [p for name, p in STEPS.items() if p < 1.0 and not (case.quick and name == "square root")]
    tell = Countdown(case, len(repeats) * (3 + len(scarce) * (1 + len(powers))))
    whole: dict[str, list[np.ndarray]] = {"first": [], "again": [], BALANCED: []}
    single: dict[int, list[np.ndarray]] = {t: [] for t in scarce}
    fewer: dict[tuple[int, float], list[np.ndarray]] = {(t, p): [] for t in scarce for p in powers}
    for r in repeats:
        folds = shop.folds(r)
        for name, parts in whole.items():
            strategy = replace(shop.joint, sampling="balanced") if name == BALANCED else shop.joint
            seed = case.seed("imbalance", "first" if name == "first" else "again", r)
            parts.append(shop.networks(strategy, folds, everyone, scarce, seed=seed))
            tell.one_more()
        for t in scarce:
            seed = case.seed("imbalance", "separate", r, t)
            single[t].append(shop.networks(shop.separate, folds, [t], [t], seed=seed)[:, 0])
            tell.one_more()
        seed = case.seed("imbalance", "again", r)
        for (t, power), parts in fewer.items():
            thinned = [
                equalised(fold, t, power, case.seed("imbalance", "thin", r, f))
                for f, fold in enumerate(folds)
            ]
            parts.append(shop.networks(shop.joint, thinned, everyone, [t], seed=seed)[:, 0])
            tell.one_more()
    return tuple(
        _sweep(
            t,
            max(float(case.table.counts.max()) / case.table.counts[t], 1.0),
            np.concatenate(single[t]),
            np.concatenate(whole["first"])[:, i],
            np.concatenate(whole["again"])[:, i],
            {
                **{p: np.concatenate(fewer[t, p]) for p in powers},
                BALANCED: np.concatenate(whole[BALANCED])[:, i],
            },
            shop.ratio,
        )
        for i, t in enumerate(scarce)
    )


def _sweep(
    target: int,
    ratio: float,
    separate: np.ndarray,
    first: np.ndarray,
    again: np.ndarray,
    others: dict[float | str, np.ndarray],
    test_train: float,
) -> Sweep:
    loss = correlated_posterior(first - separate, test_train)
    nothing = Posterior(np.nan, np.inf, 1.0)
    levels = [_level("all labels", ratio, first, loss, nothing)]
    names = {power: name for name, power in STEPS.items()}
    for key, joint in others.items():
        name, left = (key, ratio) if isinstance(key, str) else (names[key], ratio**key)
        change = correlated_posterior(joint - again, test_train)
        levels.append(_level(name, left, joint, correlated_posterior(joint - separate, test_train), change))
    ways = [correlated_posterior(others[key] - again, test_train) for key in (STEPS["1 : 1"], BALANCED)]
    return Sweep(target, separate, tuple(levels), judge_sweep(loss, *ways))


def _level(name: str, ratio: float, joint: np.ndarray, loss: Posterior, change: Posterior) -> SweepLevel:
    ends = change.interval(LEVEL) if np.isfinite(change.mean) else (np.nan, np.nan)
    return SweepLevel(name, ratio, joint, loss.mean, *loss.interval(LEVEL), change.mean, *ends)
