"""Does sharing make the tails of the errors heavier, and who sits in them?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from ..advice import Arm, side_arms
from ..evaluation import declare, finite_mean, holm
from ..table import Kind
from ._case import Case
from ._tail_groups import Concentration, WorstGroup, concentration, worst_groups
from ._tail_measures import (
    FEWEST_FOR,
    ArmTail,
    Change,
    arm_tail,
    fold_changes,
    paired_change,
    percentile_curve,
    row_errors,
    wrong_change,
)

__all__ = ["TailsFinding", "TaskTails", "find_tails"]

CERTAIN = 0.90
ENOUGH = (5, 3)
"""Folds and repeats that a call needs, as for a verdict."""

Call = Literal["heavier", "lighter", "alike", "undecided"]


@dataclass(frozen=True, eq=False)
class TaskTails:
    """The tails of one property.

    Parameters
    ----------
    name, kind, unit, n_labels
        Of the property; the unit is that of model space, empty for classes.
    apart, together
        Best separate and best joint network, chosen per fold by inner validation; ``None`` where not run.
    change95, change99, change_shape
        Of the 95th and 99th percentile, and of the 95th percentile over the median; ``None`` where fewer than two
        folds have enough labels.
    wrong
        Difference of the shares of confidently wrong rows, together minus apart, with its interval; ``None`` for
        regression.
    call
        Of the 95th percentile; a call needs probability 0.90 on 5 folds x 3 repeats, and over all properties the
        expected share of wrong calls is at most 5 %.
    levels, level_changes
        ``(n_levels,)`` levels with at least five labels above them, and the relative change of that percentile.
    worst
        Groups with at least three labels and the largest mean error together, worst first.
    concentration
        ``None`` where the tail has fewer than five labels or every row is a group of its own.
    """

    name: str
    kind: str
    unit: str
    n_labels: int
    apart: ArmTail | None
    together: ArmTail | None
    change95: Change | None
    change99: Change | None
    change_shape: Change | None
    wrong: tuple[float, float, float] | None
    call: Call
    levels: np.ndarray
    level_changes: np.ndarray
    worst: tuple[WorstGroup, ...]
    concentration: Concentration | None


@dataclass(frozen=True, eq=False)
class TailsFinding:
    """One entry a property, in the order of the table; ``grouped_by`` as in the plan."""

    tasks: tuple[TaskTails, ...]
    grouped_by: str


def find_tails(case: Case) -> TailsFinding:
    """Tails of the best joint and the best separate network of every property, on outer test rows only."""
    tasks = []
    for t in range(case.table.n_tasks):
        tasks.append(_task_tails(case, t))
        case.progress((t + 1) / case.table.n_tasks)
    return TailsFinding(_called(tasks), case.result.groups.by)


def _task_tails(case: Case, task: int) -> TaskTails:
    result, prop = case.result, case.table.properties[task]
    observed = case.table.targets()[:, task]
    joint, separate = side_arms(result, task)
    together, apart = (_arm_errors(str(prop.kind), observed, arm) for arm in (joint, separate))
    if together is not None and apart is not None:
        both = np.isfinite(together) & np.isfinite(apart)
        together, apart = np.where(both, together, np.nan), np.where(both, apart, np.nan)
        if not both.any():
            together = apart = None
    tails = [None if e is None else arm_tail(e, str(prop.kind)) for e in (together, apart)]
    changes: list[Change | None] = [None, None, None]
    wrong = None
    levels = np.empty(0)
    level_changes = np.empty(0)
    n_folds, ratio = result.folds.n_folds, result.folds.test_train_ratio
    if together is not None and apart is not None:
        by_level = {
            level: fold_changes(together, apart, result.folds.outer, n_folds, level) for level in FEWEST_FOR
        }
        logs = (by_level[0.95], by_level[0.99], by_level[0.95] - by_level[0.5])
        changes = [paired_change(values, ratio) for values in logs]
        if prop.kind is not Kind.REGRESSION:
            wrong = wrong_change(together, apart, result.folds.outer, n_folds, ratio)
        levels, level_changes = percentile_curve(together, apart)
    means = [None if e is None else finite_mean(e) for e in (together, apart)]
    leading = means[0] if means[0] is not None else means[1]
    held = None
    if leading is not None and result.groups.n_groups < case.table.n_rows:
        rows = np.isfinite(leading)
        held = concentration(leading[rows], result.groups.codes[rows], case.seed("tails", task))
    return TaskTails(
        name=prop.name,
        kind=str(prop.kind),
        unit=prop.model_unit if prop.kind is Kind.REGRESSION else "",
        n_labels=int(np.isfinite(observed).sum()),
        apart=tails[1],
        together=tails[0],
        change95=changes[0],
        change99=changes[1],
        change_shape=changes[2],
        wrong=wrong,
        call="undecided",
        levels=levels,
        level_changes=level_changes,
        worst=worst_groups(means, result.groups.codes, result.groups.labels),
        concentration=held,
    )


def _arm_errors(kind: str, observed: np.ndarray, arm: Arm | None) -> np.ndarray | None:
    """Errors of an arm; ``None`` where it predicts no labelled row."""
    if arm is None:
        return None
    errors = row_errors(kind, observed, arm.predictions)
    return errors if np.isfinite(errors).any() else None


def _called(tasks: Sequence[TaskTails]) -> tuple[TaskTails, ...]:
    """Correct over properties, and say what can be said."""
    holms = iter(holm(np.array([t.change95.p_value for t in tasks if t.change95 is not None])))
    leanings = [_leaning(t.change95) for t in tasks]
    declared = declare(np.array([1.0 - p if able else np.nan for _, p, able in leanings]))
    return tuple(
        t
        if t.change95 is None
        else replace(t, change95=replace(t.change95, p_holm=float(next(holms))), call=call if ok else t.call)
        for t, (call, _, _), ok in zip(tasks, leanings, declared, strict=True)
    )


def _leaning(change: Change | None) -> tuple[Call, float, bool]:
    if change is None:
        return "undecided", 0.0, False
    options: tuple[tuple[Call, float], ...] = (
        ("heavier", change.p_larger),
        ("alike", change.p_same),
        ("lighter", change.p_smaller),
    )
    call, p = max(options, key=lambda option: option[1])
    enough = change.n_folds >= ENOUGH[0] and change.n_repeats >= ENOUGH[1]
    return call, p, enough and p >= CERTAIN
