"""Do one cell: fit one strategy on the folds of one repeat and keep its predictions."""

from __future__ import annotations

import time
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from pathlib import Path

import numpy as np

from ..baselines import FittedModel, fit_baseline, fit_stacked, predict_tasks
from ..inputs import Features, Preparation
from ..splits import FoldData, make_fold
from ..strategies import EXTENDED, NetworkFit, Strategy, fit_extended, fit_networks, parse_strategy
from ..table import Table
from ._cells import Cell, CellRecord
from ._extension import Extension
from ._plan import Plan
from ._store import CellResult, FoldResult, RunFolder

__all__ = ["StudyContext", "derive_seed", "fit_baselines", "fold_data", "run_cell"]


@dataclass(frozen=True, eq=False)
class StudyContext:
    """What every cell reads.

    Parameters
    ----------
    plan, table, features
        As read and featurised.
    codes
        Group of each row.
    outer
        ``(n_repeats, n_rows)`` outer fold of each row.
    path
        Run folder.
    barred
        ``(n_repeats, n_folds, n_rows)`` rows that are neither trained on nor tested in a fold, of `FoldAssignment`;
        None where there are none.
    extension
        The run whose networks and preparations of the inputs are used; None where there is none.
    """

    plan: Plan
    table: Table
    features: Features
    codes: np.ndarray
    outer: np.ndarray
    path: Path
    barred: np.ndarray | None = None
    extension: Extension | None = None


def derive_seed(*keys: int | str) -> int:
    """A 32-bit seed that depends on every key, the same on every machine."""
    numbers = [zlib.crc32(k.encode()) if isinstance(k, str) else k for k in keys]
    return int(np.random.SeedSequence(numbers).generate_state(1)[0])


@lru_cache(maxsize=5)
def fold_data(context: StudyContext, repeat: int, fold: int) -> FoldData:
    """One outer fold; kept because many cells look at the same five."""
    plan = context.plan
    seed = derive_seed(plan.seed, "inner", repeat, fold)
    return make_fold(
        context.table, context.features, context.codes, context.outer[repeat], fold,
        seed=seed, fraction=plan.split.validation,
        barred=None if context.barred is None else context.barred[repeat, fold],
        preparation=None if context.extension is None else context.extension.preparations[fold],
    )  # fmt: skip


@lru_cache(maxsize=1)
def _widest(context: StudyContext) -> int:
    """Prepared columns that no training part can exceed: those of all rows. Reads no label."""
    if context.extension is not None:
        return context.extension.trunks.shape.n_inputs
    return Preparation.fit(context.features, np.arange(context.table.n_rows)).n_inputs


def run_cell(context: StudyContext, cell: Cell) -> CellRecord:
    """Fit, predict and write one cell.

    Returns
    -------
    CellRecord
        As written.
    """
    start = time.perf_counter()
    folds = [fold_data(context, cell.repeat, f) for f in range(context.plan.split.folds)]
    strategy = parse_strategy(cell.strategy)
    seed = derive_seed(context.plan.seed, cell.strategy, cell.repeat, *cell.tasks)
    if strategy.is_network:
        fits = _fit(context, strategy, folds, cell, seed)
        results = tuple(
            _predictions(fold, fit.ensemble.predict, fit.ensemble.state if cell.repeat == 0 else {})
            for fold, fit in zip(folds, fits, strict=True)
        )
        record = CellRecord(
            key=cell.key, strategy=cell.strategy, repeat=cell.repeat, tasks=cell.tasks,
            seconds=0.0,
            members=sum(fit.members for fit in fits),
            diverged=sum(fit.diverged for fit in fits),
            steps=sum(fit.steps for fit in fits),
            parameters=fits[0].parameters,
            networks=tuple({"fold": f, **entry} for f, fit in enumerate(fits) for entry in fit.kept),
            headers=tuple(fit.ensemble.header() for fit in fits),
        )  # fmt: skip
    else:
        models = [
            fit_baselines(cell.strategy, fold, context.plan, cell.repeat, f) for f, fold in enumerate(folds)
        ]
        results = tuple(
            _predictions(fold, partial(_predict_all, of_fold), {})
            for fold, of_fold in zip(folds, models, strict=True)
        )
        notes = tuple(
            f"{context.table.names[t]}, fold {f + 1}: {m.note}"
            for f, of_fold in enumerate(models)
            for t, m in enumerate(of_fold)
            if m.note
        )
        record = CellRecord(cell.key, cell.strategy, cell.repeat, cell.tasks, seconds=0.0, notes=notes)
    record = replace(record, seconds=round(time.perf_counter() - start, 3))
    RunFolder(context.path).save(CellResult(record, results))
    return record


def _fit(
    context: StudyContext, strategy: Strategy, folds: Sequence[FoldData], cell: Cell, seed: int
) -> list[NetworkFit]:
    plan, train_share = context.plan, 1.0 - context.plan.split.validation
    if strategy.architecture == EXTENDED:
        assert context.extension is not None
        return fit_extended(
            strategy, folds, cell.tasks, plan.tuning, context.extension.trunks,
            seed=seed, train_share=train_share, device=plan.device, compile=plan.compile,
        )  # fmt: skip
    return fit_networks(
        strategy, folds, cell.tasks, plan.tuning,
        seed=seed, names=[context.table.names[t] for t in cell.tasks], n_inputs=_widest(context),
        train_share=train_share, device=plan.device, compile=plan.compile,
    )  # fmt: skip


def fit_baselines(name: str, fold: FoldData, plan: Plan, repeat: int, index: int) -> list[FittedModel]:
    """One baseline on every task of one fold; the same call gives the same models again for the bundle."""
    seed = derive_seed(plan.seed, name, repeat, index)
    if name == "lightgbm-stacked":
        return fit_stacked(fold, seed=seed)
    return [fit_baseline(name, fold, t, seed=seed) for t in range(fold.targets.shape[1])]


def _predict_all(models: Sequence[FittedModel], inputs: np.ndarray) -> np.ndarray:
    return np.concatenate(predict_tasks(models, inputs), axis=1)


def _predictions(
    fold: FoldData, predict: Callable[[np.ndarray], np.ndarray], state: dict[str, np.ndarray]
) -> FoldResult:
    """Predictions of the inner validation and the outer test rows, in the columns of the cell's tasks."""
    valid, test = (predict(fold.inputs[rows]) for rows in (fold.valid_rows, fold.test_rows))
    return FoldResult(fold.valid_rows, valid, fold.test_rows, test, state)
