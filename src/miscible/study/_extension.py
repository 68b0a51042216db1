"""A finished run as a starting point: its folds, its inputs and its networks."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..errors import PlanError
from ..inputs import Preparation
from ..splits import FoldAssignment, Groups
from ..strategies import NetworkEnsemble, Strategy, TrainedTrunks, take_trunks
from ..table import Table, output_slices
from ._cells import cells_of_repeat
from ._plan import Plan
from ._scoring import decision_metrics, inner_scores
from ._store import CellResult, RunFolder

__all__ = ["Extension", "kept_folds", "kept_trunks"]


@dataclass(frozen=True, eq=False)
class Extension:
    """What a study of new properties takes from the run it extends.

    Parameters
    ----------
    run
        Checksum of the run, so that nobody goes on with another one.
    groups, folds
        Of the new table: rows the run knew are tested where the run tested them.
    preparations
        Of the inputs, one a fold, as the networks were trained with.
    trunks
        Networks to start from.
    """

    run: str
    groups: Groups
    folds: FoldAssignment
    preparations: tuple[Preparation, ...]
    trunks: TrainedTrunks

    def fingerprint(self, data: str) -> str:
        """Checksum of the data together with the run and the folds."""
        digest = hashlib.sha256(f"{data}\n{self.run}\n".encode())
        digest.update(np.ascontiguousarray(self.folds.outer).tobytes())
        return digest.hexdigest()


def kept_folds(plan: Plan, table: Table, store: RunFolder) -> np.ndarray:
    """``(n_rows,)`` fold in which each row was tested in the first repeat, as the networks kept know it."""
    fold = np.full(table.n_rows, -1, dtype=np.int64)
    cells = cells_of_repeat(plan.parsed_strategies(), 0, table.counts)
    done = next(cell for cell in cells if store.has(cell.key))
    for f, part in enumerate(store.load(done.key).folds):
        fold[part.test_rows] = f
    return fold


def kept_trunks(plan: Plan, table: Table, store: RunFolder) -> TrainedTrunks:
    """Shared layers of the first repeat: in every fold those of the strategy with the best inner validation there.

    Looked at are strategies that share all layers under the heads and keep one epoch for all properties, of the
    shape of the first of them.

    Raises
    ------
    PlanError
        The run has none.
    """
    found: dict[str, list[NetworkEnsemble]] = {}
    errors: list[np.ndarray] = []
    for strategy in plan.parsed_strategies():
        cell = cells_of_repeat([strategy], 0, table.counts)
        if not _is_plain(strategy) or not store.has(cell[0].key):
            continue
        result = store.load(cell[0].key)
        ensembles = [
            NetworkEnsemble.from_state(header, fold.state)
            for header, fold in zip(result.record.headers, result.folds, strict=True)
        ]
        if any(e.state for e in ensembles) and all(ensembles[0].shape == e[0].shape for e in found.values()):
            found[strategy.name] = ensembles
            errors.append(_inner_errors(plan, table, result))
    if not found:
        raise PlanError(
            "no strategy of this run has networks that share all layers, to start from.",
            source=store.path,
            hint="Extend a run whose strategies include 'shared'.",
        )
    names = list(found)
    chosen = [names[k] for k in _best(np.stack(errors), list(found.values()))]
    return take_trunks([found[name][f] for f, name in enumerate(chosen)], chosen)


def _is_plain(strategy: Strategy) -> bool:
    return strategy.architecture == "shared" and strategy.checkpoint == "joint"


def _inner_errors(plan: Plan, table: Table, result: CellResult) -> np.ndarray:
    """``(n_folds, n_tasks)`` in error form."""
    metrics, slices = decision_metrics(plan, table), output_slices(table.properties)
    return np.array(
        [
            [
                inner_scores(
                    table, metrics[t], plan.screen_budget, t, fold.valid_rows,
                    fold.valid_predictions[:, slices[t]],
                )[0]
                for t in range(table.n_tasks)
            ]
            for fold in result.folds
        ]
    )  # fmt: skip


def _best(errors: np.ndarray, ensembles: Sequence[Sequence[NetworkEnsemble]]) -> list[int]:
    """By fold, the strategy whose errors ``(n_strategies, n_folds, n_tasks)`` are least, as a mean log ratio."""
    best = []
    for f in range(errors.shape[1]):
        known = np.isfinite(errors[:, f]).all(axis=0)
        logs = np.log(np.maximum(errors[:, f][:, known], np.finfo(float).tiny))
        score = logs.mean(axis=1) if known.any() else np.zeros(len(errors))
        able = np.array([bool(of_strategy[f].state) for of_strategy in ensembles])
        best.append(int(np.argmin(np.where(able, score, np.inf))))
    return best
