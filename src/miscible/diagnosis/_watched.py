"""Which networks alignment and relation graph are read from, and the labels of their controls."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from ..splits import FoldData
from ..strategies import ProbedNetwork, Strategy, Tuning, parse_strategy, probe_networks
from ..table import Kind
from ._case import Case

__all__ = ["Watch", "add_copy", "permute_task", "split_task"]

MOST_TASKS, QUICK_TASKS = 6, 4
_SMALL = Strategy("shared", width="w64")
_COPY_NOISE = 0.1
"""Of a copy: spread in units of the labels' own, or share of the labels of a class drawn anew."""


@dataclass(frozen=True, eq=False)
class Watch:
    """What all networks of a diagnosis have in common.

    Parameters
    ----------
    case
        The study.
    tasks
        Looked at: those with the most labels where there are too many, in the order of the table.
    folds
        Of the first repeat.
    copies
        Networks a fold.
    tuning
        One setting, without races.
    width
        Word for the width of the shared layers.
    """

    case: Case
    tasks: tuple[int, ...]
    folds: tuple[FoldData, ...]
    copies: int
    tuning: Tuning
    width: str

    @classmethod
    def open(cls, case: Case, n_networks: int) -> Watch:
        """Middling rate and decay of the study, its smallest width, and at least so many networks in all folds."""
        plan, tuning = case.context.plan, case.context.plan.tuning
        n_folds = min(plan.split.folds, 3) if case.quick else plan.split.folds
        changes: dict[str, object] = {
            "rates": (_middle(tuning.rates),),
            "decays": (_middle(tuning.decays),),
            "finalists": 1,
            "halving": (),
        }
        if case.quick:
            changes["epochs"] = max(1, tuning.epochs // 2)
        return cls(
            case=case,
            tasks=_most_labelled(case.table.counts, QUICK_TASKS if case.quick else MOST_TASKS),
            folds=tuple(case.fold(f) for f in range(n_folds)),
            copies=-(-n_networks // n_folds),
            tuning=tuning.model_copy(update=changes),
            width=min((s for s in case.result.strategies if s.is_network), key=_units, default=_SMALL).width,
        )

    @property
    def names(self) -> tuple[str, ...]:
        """Of the tasks looked at."""
        return tuple(self.case.names[t] for t in self.tasks)

    @property
    def ratio(self) -> float:
        """Test rows over training rows, for the corrected test."""
        return self.case.result.folds.test_train_ratio

    def own_folds(self) -> list[FoldData]:
        """The folds with the tasks looked at as their only ones."""
        own = list(self.tasks)
        return [
            replace(
                fold,
                targets=fold.targets[:, own],
                kinds=tuple(fold.kinds[t] for t in own),
                n_classes=tuple(fold.n_classes[t] for t in own),
            )
            for fold in self.folds
        ]

    def networks(
        self, architecture: str, folds: Sequence[FoldData], *, seed: int, gradients: bool = True
    ) -> list[ProbedNetwork]:
        """Networks that learn all tasks of these folds together."""
        quick = self.case.quick
        return probe_networks(
            parse_strategy(f"{architecture}+{self.width}"), folds, range(len(folds[0].kinds)), self.tuning,
            seed=seed, copies=self.copies, gradients=gradients, n_labels=128 if quick else 256,
            n_pairs=512 if quick else 1024, device=self.case.context.plan.device,
        )  # fmt: skip


def permute_task(fold: FoldData, task: int, seed: int) -> FoldData:
    """Shuffle a task's labels among its labelled rows, in the training and in the validation part apart."""
    rng = np.random.Generator(np.random.PCG64(seed))
    targets = fold.targets.copy()
    for part in (fold.train_rows, fold.valid_rows):
        rows = part[np.isfinite(targets[part, task])]
        targets[rows, task] = targets[rng.permutation(rows), task]
    return replace(fold, targets=targets)


def split_task(fold: FoldData, task: int, seed: int) -> FoldData:
    """Make one property two tasks without a row in common: half of the groups of rows go to a new last task."""
    rng = np.random.Generator(np.random.PCG64(seed))
    groups, place = np.unique(fold.codes, return_inverse=True)
    second = rng.permutation(len(groups))[place] % 2 == 1
    own = fold.targets[:, task]
    targets = np.column_stack([fold.targets, np.where(second, own, np.nan)])
    targets[second, task] = np.nan
    return _with_last_like(fold, targets, task)


def add_copy(fold: FoldData, task: int, seed: int, share: float = 1.0) -> FoldData:
    """Add a noisy copy of a task as new last task, and leave the task itself only a share of its labels."""
    rng = np.random.Generator(np.random.PCG64(seed))
    own = fold.targets[:, task]
    labelled = np.flatnonzero(np.isfinite(own))
    copy = own.copy()
    if fold.kinds[task] == Kind.REGRESSION and len(labelled):
        copy[labelled] += _COPY_NOISE * own[labelled].std() * rng.normal(size=len(labelled))
    else:
        drawn = labelled[rng.random(len(labelled)) < _COPY_NOISE]
        copy[drawn] = rng.permutation(own[drawn])
    targets = np.column_stack([fold.targets, copy])
    for part in (fold.train_rows, fold.valid_rows):
        rows = rng.permutation(part[np.isfinite(own[part])])
        targets[rows[max(1, round(share * len(rows))) :], task] = np.nan
    return _with_last_like(fold, targets, task)


def _with_last_like(fold: FoldData, targets: np.ndarray, task: int) -> FoldData:
    return replace(
        fold,
        targets=targets,
        kinds=(*fold.kinds, fold.kinds[task]),
        n_classes=(*fold.n_classes, fold.n_classes[task]),
    )


def _most_labelled(counts: np.ndarray, most: int) -> tuple[int, ...]:
    return tuple(sorted(np.argsort(-np.asarray(counts), kind="stable")[:most].tolist()))


def _units(strategy: Strategy) -> int:
    return strategy.n_units


def _middle(values: Sequence[float]) -> float:
    return sorted(values)[(len(values) - 1) // 2]
