"""How far intervals and probabilities of the deployed models can be trusted, measured on folds held out."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..bundle import TaskPart, judge_intervals, judge_probabilities
from ..report import Intervals, Reliability
from ..table import Kind

__all__ = ["interval_tables", "reliability_tables"]

LEVELS = (0.5, 0.6, 0.7, 0.8, 0.9, 0.95)


def interval_tables(tasks: Sequence[TaskPart], codes: np.ndarray, folds: np.ndarray) -> tuple[Intervals, ...]:
    """Promised and measured coverage of every regression property, and the width of its intervals."""
    return tuple(_intervals(task, codes, folds) for task in tasks if task.property.kind is Kind.REGRESSION)


def reliability_tables(
    tasks: Sequence[TaskPart], codes: np.ndarray, folds: np.ndarray
) -> tuple[Reliability, ...]:
    """Stated against observed probability of every classification property, before and as deployed."""
    return tuple(
        _reliability(task, codes, folds) for task in tasks if task.property.kind is not Kind.REGRESSION
    )


def _intervals(task: TaskPart, codes: np.ndarray, folds: np.ndarray) -> Intervals:
    judged = judge_intervals(task, codes, folds, LEVELS)
    return Intervals(
        name=task.property.name,
        unit=task.property.model_unit,
        nominal=np.array(LEVELS),
        measured=np.array(list(judged.coverage.values())),
        width=np.array(list(judged.width.values())),
    )


def _reliability(task: TaskPart, codes: np.ndarray, folds: np.ndarray) -> Reliability:
    judged = judge_probabilities(task, codes, folds)
    return Reliability(
        name=task.property.name,
        stated=judged.deployed.stated,
        observed=judged.deployed.observed,
        count=judged.deployed.count,
        error_before=judged.before.error,
        error_after=judged.deployed.error,
        stated_before=judged.before.stated,
        observed_before=judged.before.observed,
    )
