"""Run a study from start to end, or from where it was stopped."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import numpy as np

from ..errors import MiscibleError, PlanError
from ..evaluation import check_margin
from ..inputs import Features, featurize
from ..splits import FoldAssignment, Groups, assign_folds, group_keys
from ..strategies import Strategy, check_memory
from ..table import Table
from ._cells import Cell, CellRecord, cells_of_repeat
from ._executors import Executor, make_executor
from ._extension import Extension
from ._for_table import for_table
from ._manifest import manifest_of
from ._plan import Plan
from ._race import merits, survivors
from ._results import StudyResult, assemble
from ._scoring import decision_metrics
from ._store import STOP, Decision, RunFolder
from ._work import StudyContext

__all__ = ["Listener", "Silent", "missing_cells", "run_study"]


class Listener(Protocol):
    """Hears how a study goes; the command line draws a bar from it."""

    def begin(self, total: float, done: float) -> None:
        """Total and finished work, in arbitrary units."""
        ...

    def finish(self, cell: Cell, record: CellRecord) -> None:
        """A cell is done."""
        ...

    def decide(self, decision: Decision, saved: float) -> None:
        """The budget dropped something; ``saved`` units of work will not be done."""
        ...


class Silent:
    """Hears and says nothing."""

    def begin(self, total: float, done: float) -> None:
        """See `Listener`."""

    def finish(self, cell: Cell, record: CellRecord) -> None:
        """See `Listener`."""

    def decide(self, decision: Decision, saved: float) -> None:
        """See `Listener`."""


def run_study(
    plan: Plan,
    table: Table,
    path: Path,
    *,
    resume: bool = False,
    overwrite: bool = False,
    budget: float | None = None,
    listener: Listener | None = None,
    extension: Extension | None = None,
) -> tuple[StudyResult, Features]:
    """Train and predict everything the plan asks for.

    Parameters
    ----------
    plan, table
        What to study.
    path
        Run folder; every finished cell is there at once.
    resume
        Go on with the run in ``path``.
    overwrite
        Throw away the run in ``path``.
    budget
        Seconds for this study where others share the budget of the plan; all of it by default.
    listener
        Hears of progress.
    extension
        The opened run of a plan that extends one.

    Returns
    -------
    result, features
        Predictions of every strategy, and the featurised rows.

    Raises
    ------
    PlanError
        The groups are too few for the folds, a metric is unknown, or the folder cannot take this run.
    MiscibleError
        The budget ended before anything was finished, or the folder cannot be written.
    """
    if (extension is None) != (plan.extends is None):
        raise PlanError(
            "the plan extends a run that was not opened.", hint="Run it with miscible study --plan."
        )
    listener = listener or Silent()
    plan = for_table(plan, table)
    for metric, prop, labels in zip(
        decision_metrics(plan, table), table.properties, table.targets().T, strict=True
    ):
        check_margin(
            metric, str(prop.kind), labels, prop.margin,
            unit=prop.model_unit, source=table.source, column=prop.name,
        )  # fmt: skip
    features = featurize(table.frame, table.inputs, n_jobs=min(plan.workers, os.cpu_count() or 1))
    check_memory(
        plan.parsed_strategies(), plan.tuning, n_rows=table.n_rows, n_inputs=len(features.names),
        n_folds=plan.split.folds, n_tasks=table.n_tasks,
    )  # fmt: skip
    groups = group_keys(table, plan.split.group) if extension is None else extension.groups
    if len(np.unique(groups.codes)) < plan.split.folds:
        raise PlanError(
            f"grouping by {plan.split.group!r} leaves {len(np.unique(groups.codes))} groups for "
            f"{plan.split.folds} folds.",
            source=table.source,
            hint="Choose fewer folds or another group.",
        )
    folds = _assign(plan, table, groups) if extension is None else extension.folds
    manifest = manifest_of(table, features, groups)
    if extension is not None:
        manifest["data"] = extension.fingerprint(str(manifest["data"]))
    store = RunFolder(path)
    store.begin(plan, manifest, resume=resume, overwrite=overwrite)
    context = StudyContext(plan, table, features, groups.codes, folds.outer, path, folds.barred, extension)
    journal = _Runner(
        plan, table, groups, folds, context, store, listener, plan.budget if budget is None else budget
    ).run()
    result = assemble(plan, table, groups, folds, store, tuple(d for d in journal if d.dropped))
    if not result.strategies:
        raise MiscibleError(
            "the budget ended before a single strategy was done.",
            source=path,
            hint="Start again with --overwrite and a larger --budget.",
        )
    return result, features


def _assign(plan: Plan, table: Table, groups: Groups) -> FoldAssignment:
    return assign_folds(
        groups.codes, table.labels, table.kinds, n_folds=plan.split.folds, n_repeats=plan.split.repeats,
        seed=plan.seed, names=table.names, classes=[p.classes for p in table.properties], group_labels=groups.labels,
        holds=groups.holds,
    )  # fmt: skip


def missing_cells(plan: Plan, table: Table, path: Path) -> tuple[str, ...]:
    """Names of the cells that the run in ``path`` still has to do; what its journal dropped is not missing."""
    store = RunFolder(path)
    journal = store.journal()
    strategies = plan.parsed_strategies()
    missing: list[str] = []
    for repeat in range(plan.split.repeats):
        dropped = {name for d in journal if d.repeat == repeat for name in d.dropped}
        if STOP in dropped:
            break
        strategies = tuple(s for s in strategies if s.name not in dropped)
        cells = cells_of_repeat(strategies, repeat, table.counts)
        missing += [cell.key for cell in cells if not store.has(cell.key)]
    return tuple(missing)


class _Runner:
    """Walks through the repeats; between two of them the budget may drop strategies."""

    def __init__(
        self,
        plan: Plan,
        table: Table,
        groups: Groups,
        folds: FoldAssignment,
        context: StudyContext,
        store: RunFolder,
        listener: Listener,
        budget: float | None,
    ) -> None:
        self.budget = budget
        self.plan, self.table, self.groups, self.folds = plan, table, groups, folds
        self.context, self.store, self.listener = context, store, listener
        self.journal = list(store.journal())
        self.replayed = len(self.journal)
        self.began = time.monotonic()
        self.before = 0.0

    def run(self) -> tuple[Decision, ...]:
        strategies = self.plan.parsed_strategies()
        everything = self._cells(strategies, range(self.plan.split.repeats))
        finished = [cell for cell in everything if self.store.has(cell.key)]
        n_workers = min(self.plan.workers, os.cpu_count() or 1)
        self.before = sum(self.store.load(cell.key).record.seconds for cell in finished) / n_workers
        self.listener.begin(sum(c.cost for c in everything), sum(c.cost for c in finished))
        executor = make_executor(self.context, n_workers, len(everything) - len(finished))
        try:
            for repeat in range(self.plan.split.repeats):
                strategies = self._decide(repeat, strategies)
                if not self._repeat(repeat, strategies, executor):
                    break
        finally:
            executor.close()
        return tuple(self.journal)

    def _cells(self, strategies: Sequence[Strategy], repeats: Sequence[int]) -> list[Cell]:
        return [cell for r in repeats for cell in cells_of_repeat(strategies, r, self.table.counts)]

    def _spent(self) -> float:
        return self.before + time.monotonic() - self.began

    def _decide(self, repeat: int, strategies: tuple[Strategy, ...]) -> tuple[Strategy, ...]:
        """Replay what was decided before this repeat, or decide it now."""
        known = [d for d in self.journal[: self.replayed] if d.repeat == repeat and not d.stops]
        if known:
            for decision in known:
                self._announce(decision, strategies)
            dropped = {name for d in known for name in d.dropped}
            return tuple(s for s in strategies if s.name not in dropped)
        if self.budget is None or repeat == 0:
            return strategies
        # Mixtures cost nothing and are tuned on these scores: they would take every win from what costs time.
        result = assemble(self.plan, self.table, self.groups, self.folds, self.store, (), mix=False)
        running = [s.name for s in strategies]
        merit = merits({name: result.inner[name] for name in running if name in result.inner})
        left = self.budget - self._spent()
        remaining = self.plan.split.repeats - repeat
        n_workers = min(self.plan.workers, os.cpu_count() or 1)
        seconds = {
            s.name: sum(c.seconds for c in result.cells if c.strategy == s.name)
            / repeat
            * remaining
            / n_workers
            for s in strategies
        }
        kept = survivors(strategies, merit, seconds, left)
        dropped = tuple(s.name for s in strategies if s not in kept)
        reason = (
            f"{remaining} more repeats would take about {sum(seconds.values()):.0f} s and "
            f"{max(left, 0.0):.0f} s were left; "
        )
        reason += (
            "dropped are the strategies with the worst inner validation scores" if dropped else "all go on"
        )
        self._record(Decision(repeat, dropped, reason, round(self._spent(), 1), merit), strategies)
        return kept

    def _stop(self, repeat: int) -> Decision | None:
        """The journalled end of the study, if it fell into this repeat."""
        return next((d for d in self.journal[: self.replayed] if d.repeat == repeat and d.stops), None)

    def _repeat(self, repeat: int, strategies: Sequence[Strategy], executor: Executor) -> bool:
        """Run what is missing of one repeat; whether the study goes on."""
        stop = self._stop(repeat)
        if stop is not None:
            self._announce(stop, strategies)
            return False
        missing = [c for c in self._cells(strategies, [repeat]) if not self.store.has(c.key)]
        deadline = None if self.budget is None else self.began + self.budget - self.before
        done = set()
        for cell, record in executor.run(missing, deadline):
            done.add(cell.key)
            self.listener.finish(cell, record)
        left_out = [c for c in missing if c.key not in done]
        if not left_out:
            return True
        names = ", ".join(dict.fromkeys(c.strategy for c in left_out))
        reason = f"the budget of {self.budget:.0f} s was spent in repeat {repeat + 1}; not run there: {names}"
        self._record(Decision(repeat, (STOP,), reason, round(self._spent(), 1), {}), strategies)
        return False

    def _record(self, decision: Decision, strategies: Sequence[Strategy]) -> None:
        self.store.append(decision)
        self.journal.append(decision)
        self._announce(decision, strategies)

    def _announce(self, decision: Decision, strategies: Sequence[Strategy]) -> None:
        """Tell the listener what will not be done."""
        if not decision.dropped:
            return
        gone = [s for s in strategies if s.name in decision.dropped or decision.stops]
        saved = self._cells(gone, range(decision.repeat, self.plan.split.repeats))
        self.listener.decide(decision, sum(c.cost for c in saved if not self.store.has(c.key)))
