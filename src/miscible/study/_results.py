"""Gather finished cells into what verdicts, reports and bundles read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..splits import FoldAssignment, Groups
from ..strategies import MIXTURES, NetworkEnsemble, Strategy
from ..table import Table, output_slices
from ._cells import CellRecord, cells_of_repeat
from ._mixtures import Finished, Key, Parts, Validation, cross_fitted, mixture_parts, mixture_predictions
from ._plan import Plan
from ._scoring import decision_metrics, inner_scores, task_error
from ._store import CellResult, Decision, RunFolder

__all__ = ["StudyResult", "assemble"]


@dataclass(frozen=True, eq=False)
class StudyResult:
    """Everything a study found, before anything is concluded from it.

    Parameters
    ----------
    plan, table, groups, folds
        What was studied.
    metrics
        Decision metric of each task.
    strategies
        Those with at least one finished repeat, simplest first.
    outer
        By strategy, ``(n_repeats, n_rows, n_outputs)`` out-of-fold predictions in model space, NaN where not run.
    inner
        By strategy, ``(n_repeats, n_folds, n_tasks)`` inner validation error in error form, NaN where not run.
    thresholds
        By strategy, ``(n_repeats, n_folds, n_tasks)`` probability threshold tuned on inner validation.
    mixtures
        By mixture and (repeat, fold, task): the strategies that are mixed and their shares.
    cells
        Records of the finished cells.
    ensembles
        Networks by (strategy, task, fold) of the first repeat, for the bundle.
    journal
        What the time budget decided.
    """

    plan: Plan
    table: Table
    groups: Groups
    folds: FoldAssignment
    metrics: tuple[str, ...]
    strategies: tuple[Strategy, ...]
    outer: dict[str, np.ndarray]
    inner: dict[str, np.ndarray]
    thresholds: dict[str, np.ndarray]
    mixtures: dict[str, dict[Key, Parts]]
    cells: tuple[CellRecord, ...]
    ensembles: dict[tuple[str, int, int], tuple[NetworkEnsemble, int]]
    journal: tuple[Decision, ...]

    def predictions(self, strategy: str, task: int) -> np.ndarray:
        """Out-of-fold predictions of one task, ``(n_repeats, n_rows, n_outputs of the task)``."""
        return self.outer[strategy][:, :, output_slices(self.table.properties)[task]]

    def errors(self, strategy: str, task: int) -> np.ndarray:
        """Outer test error of one task, ``(n_repeats, n_folds)`` in error form, NaN where not run."""
        return self.fold_errors(self.predictions(strategy, task), self.thresholds[strategy][:, :, task], task)

    def fold_errors(self, predictions: np.ndarray, thresholds: np.ndarray, task: int) -> np.ndarray:
        """As `errors`, of any predictions.

        Parameters
        ----------
        predictions
            ``(n_repeats, n_rows, n_outputs of the task)`` in model space.
        thresholds
            ``(n_repeats, n_folds)`` of the task, tuned on inner validation.
        """
        n_folds = self.folds.n_folds
        return np.array(
            [
                [
                    self._error(predictions, thresholds, task, r, self.folds.outer[r] == f)
                    for f in range(n_folds)
                ]
                for r in range(len(predictions))
            ]
        )

    def pooled_error(
        self, predictions: np.ndarray, thresholds: np.ndarray, task: int, rows: np.ndarray | None = None
    ) -> float:
        """Error over all out-of-fold predictions of a repeat, averaged over the repeats that have them.

        Parameters
        ----------
        predictions, thresholds
            As in `fold_errors`.
        rows
            ``(n_repeats, n_rows)`` mask of the rows that count; all by default.
        """
        rows = np.ones(predictions.shape[:2], bool) if rows is None else rows
        each = [self._error(predictions, thresholds, task, r, rows[r]) for r in range(len(predictions))]
        known = [e for e in each if np.isfinite(e)]
        return float(np.mean(known)) if known else float("nan")

    def strategy_error(self, strategy: str, task: int) -> float:
        """Pooled out-of-fold error of one strategy."""
        return self.pooled_error(
            self.predictions(strategy, task), self.thresholds[strategy][:, :, task], task
        )

    def is_whole(self, repeat: int, strategies: Sequence[str], task: int) -> bool:
        """Whether a repeat holds every one of these strategies that was still in the race.

        A repeat in which the budget ended may lack some: a choice among the others would not be the choice
        that the other repeats make.
        """
        if not any(d.stops and d.repeat <= repeat for d in self.journal):
            return True
        dropped = {name for d in self.journal if d.repeat <= repeat for name in d.dropped}
        run = {c.strategy for c in self.cells if c.repeat == repeat and task in c.tasks}
        return {name for name in strategies if name not in MIXTURES} - dropped <= run

    def _error(
        self, predictions: np.ndarray, thresholds: np.ndarray, task: int, repeat: int, rows: np.ndarray
    ) -> float:
        rows = np.flatnonzero(rows)
        return task_error(
            self.table,
            self.metrics[task],
            self.plan.screen_budget,
            task,
            rows,
            predictions[repeat][rows],
            thresholds[repeat][self.folds.outer[repeat][rows]],
        )


def assemble(
    plan: Plan,
    table: Table,
    groups: Groups,
    folds: FoldAssignment,
    store: RunFolder,
    journal: tuple[Decision, ...],
    *,
    mix: bool = True,
) -> StudyResult:
    """Read every finished cell and, if they are asked for, add the mixtures."""
    metrics = decision_metrics(plan, table)
    slices = output_slices(table.properties)
    shape_outer = (plan.split.repeats, table.n_rows, slices[-1].stop)
    shape_inner = (plan.split.repeats, plan.split.folds, table.n_tasks)
    outer: dict[str, np.ndarray] = {}
    inner: dict[str, np.ndarray] = {}
    thresholds: dict[str, np.ndarray] = {}
    validation: Validation = {}
    ensembles: dict[tuple[str, int, int], tuple[NetworkEnsemble, int]] = {}
    records: list[CellRecord] = []
    planned = plan.parsed_strategies()
    strategies = [s for s in planned if not s.is_mixture]
    for repeat in range(plan.split.repeats):
        for cell in cells_of_repeat(strategies, repeat, table.counts):
            if not store.has(cell.key):
                continue
            result = store.load(cell.key)
            name = cell.strategy
            records.append(result.record)
            outer.setdefault(name, np.full(shape_outer, np.nan))
            inner.setdefault(name, np.full(shape_inner, np.nan))
            thresholds.setdefault(name, np.full(shape_inner, 0.5))
            own_properties = [table.properties[task] for task in cell.tasks]
            if repeat == 0:
                ensembles |= _ensembles(result)
            for f, fold in enumerate(result.folds):
                for task, own in zip(cell.tasks, output_slices(own_properties), strict=True):
                    outer[name][repeat, fold.test_rows, slices[task]] = fold.test_predictions[:, own]
                    part = (fold.valid_rows, fold.valid_predictions[:, own].astype(float))
                    validation.setdefault(name, {})[repeat, f, task] = part
                    scores = inner_scores(table, metrics[task], plan.screen_budget, task, *part)
                    inner[name][repeat, f, task], thresholds[name][repeat, f, task] = scores
    finished = Finished(table, groups.codes, folds, dict(outer), dict(inner), validation)
    mixtures: dict[str, dict[Key, Parts]] = {}
    for name in [s.name for s in planned if s.is_mixture and mix]:
        mixtures[name] = mixture_parts(name, finished)
        if not mixtures[name]:
            continue
        outer[name] = np.full(shape_outer, np.nan)
        inner[name] = np.full(shape_inner, np.nan)
        thresholds[name] = np.full(shape_inner, 0.5)
        for (r, f, t), parts in mixtures[name].items():
            scores = inner_scores(
                table, metrics[t], plan.screen_budget, t, *cross_fitted(name, finished, (r, f, t))
            )
            inner[name][r, f, t], thresholds[name][r, f, t] = scores
            outer[name][r, folds.outer[r] == f, slices[t]] = mixture_predictions(finished, (r, f, t), parts)
    done = tuple(sorted((s for s in planned if s.name in outer), key=lambda s: s.complexity))
    return StudyResult(
        plan=plan,
        table=table,
        groups=groups,
        folds=folds,
        metrics=metrics,
        strategies=done,
        outer=outer,
        inner=inner,
        thresholds=thresholds,
        mixtures=mixtures,
        cells=tuple(records),
        ensembles=ensembles,
        journal=journal,
    )


def _ensembles(result: CellResult) -> dict[tuple[str, int, int], tuple[NetworkEnsemble, int]]:
    record = result.record
    return {
        (record.strategy, task, f): (NetworkEnsemble.from_state(header, fold.state), position)
        for f, (header, fold) in enumerate(zip(record.headers, result.folds, strict=False))
        for position, task in enumerate(record.tasks)
    }
