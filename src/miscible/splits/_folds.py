"""Outer folds: one assignment for the whole table, repeated."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from ..errors import InputError, PlanError
from ._allocate import allocate
from ._elements import bar_rows, element_warnings
from ._strata import Strata, count_strata

__all__ = ["FoldAssignment", "assign_folds", "fold_warnings"]

_LARGE = 0.1


@dataclass(frozen=True, eq=False)
class FoldAssignment:
    """Outer folds.

    Parameters
    ----------
    outer
        ``(n_repeats, n_rows)`` int16: the fold in which each row is tested.
    n_folds
        Number of folds; none is empty.
    warnings
        What a reader of the results must know: large groups, tasks too scarce for the folds.
    barred
        ``(n_repeats, n_folds, n_rows)`` bool, rows that are neither trained on nor tested in a fold; None where
        every row that is not tested may be trained on.
    fixed
        Whether all repeats have the same folds and vary only what is drawn inside them: a fold's repeats then say one
        thing about the rows, not several.
    """

    outer: np.ndarray
    n_folds: int
    warnings: tuple[str, ...] = field(default=())
    barred: np.ndarray | None = None
    fixed: bool = False

    @property
    def n_repeats(self) -> int:
        """Number of repeats."""
        return len(self.outer)

    @property
    def test_train_ratio(self) -> float:
        """Rows tested over rows left for training, averaged over folds; what corrected tests need to know."""
        if self.barred is None:
            return 1.0 / (self.n_folds - 1)
        tested = self.outer[:, None, :] == np.arange(self.n_folds)[None, :, None]
        left = (~tested & ~self.barred).sum(axis=2)
        return float((tested.sum(axis=2) / left).mean())


def assign_folds(
    codes: np.ndarray,
    labels: np.ndarray,
    kinds: Sequence[str],
    *,
    n_folds: int,
    n_repeats: int,
    seed: int,
    names: Sequence[str] | None = None,
    classes: Sequence[Sequence[str]] | None = None,
    group_labels: Sequence[str] | np.ndarray | None = None,
    holds: np.ndarray | None = None,
) -> FoldAssignment:
    """Deal whole groups to folds, balancing rows, labels of every task, and classes.

    Parameters
    ----------
    codes
        ``(n_rows,)`` group of each row.
    labels
        ``(n_rows, n_tasks)``, NaN = unmeasured; only classes and gaps are read.
    kinds
        ``(n_tasks,)``.
    n_folds, n_repeats
        How many.
    seed
        The same seed gives the same folds.
    names, classes, group_labels
        Names of tasks, of each task's classes and of groups (both by code) for warnings.
    holds
        ``(n_rows, n_groups)`` of groups that overlap, as `Groups.holds`; rows are then barred.

    Raises
    ------
    PlanError
        Fewer than two folds, or no repeat.
    InputError
        Fewer groups than folds in the whole table, or overlapping groups that leave a fold nothing to train on.
        Scarce tasks only give warnings.
    """
    if n_folds < 2 or n_repeats < 1:
        raise PlanError(f"{n_folds} folds x {n_repeats} repeats cannot be made; at least 2 x 1 are needed.")
    found, dense = np.unique(codes, return_inverse=True)
    if len(found) < n_folds:
        raise InputError(
            f"the table has {len(found)} groups, fewer than the {n_folds} folds asked for.",
            hint="Ask for fewer folds or group by something finer.",
        )
    strata = count_strata(dense, labels, kinds)
    shares = np.full(n_folds, 1 / n_folds)
    folds = np.empty((n_repeats, len(found)), dtype=np.int16)
    for repeat in range(n_repeats):
        rng = np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, repeat])))
        folds[repeat] = rng.permutation(n_folds)[allocate(strata, shares, rng)]
    warnings = fold_warnings(strata, folds, found, n_folds, names, classes, group_labels)
    outer = folds[:, dense]
    if holds is None:
        return FoldAssignment(outer, n_folds, warnings)
    names = _task_names(strata, names)
    group_names = _group_names(found, group_labels)
    barred = bar_rows(outer, folds, holds[:, found], n_folds)
    whole = np.logical_not(holds[:, found].any(axis=0))
    base = sorted({part for g in np.flatnonzero(whole).tolist() for part in group_names[g].split("-")})
    warnings += tuple(element_warnings(outer, barred, whole[dense], labels, names, base))
    return FoldAssignment(outer, n_folds, warnings, barred)


def fold_warnings(
    strata: Strata,
    folds: np.ndarray,
    found: np.ndarray,
    n_folds: int,
    names: Sequence[str] | None,
    classes: Sequence[Sequence[str]] | None,
    group_labels: Sequence[str] | np.ndarray | None,
) -> tuple[str, ...]:
    """What a reader must know of folds ``(n_repeats, n_groups)`` of the groups with codes ``found``."""
    names = _task_names(strata, names)
    classes = [()] * len(names) if classes is None else classes
    large = _large_groups(strata, _group_names(found, group_labels))
    return tuple(large + _scarce(strata, folds, n_folds, names, classes))


def _task_names(strata: Strata, names: Sequence[str] | None) -> Sequence[str]:
    n_tasks = int(strata.task.max(initial=-1)) + 1
    return [str(t + 1) for t in range(n_tasks)] if names is None else names


def _group_names(found: np.ndarray, labels: Sequence[str] | np.ndarray | None) -> list[str]:
    return [str(c) for c in (found if labels is None else np.asarray(labels)[found])]


def _large_groups(strata: Strata, group_names: Sequence[str]) -> list[str]:
    sizes = strata.amounts[strata.starts[:-1]]
    n_rows = int(sizes.sum())
    large = [g for g in np.argsort(-sizes, kind="stable") if sizes[g] > max(1, _LARGE * n_rows)]
    return [
        f"group {group_names[g]!r} holds {sizes[g]:,} of {n_rows:,} rows ({sizes[g] / n_rows:.0%}); "
        "the fold that tests it says much about this one group"
        for g in large
    ]


def _scarce(
    strata: Strata, folds: np.ndarray, n_folds: int, names: Sequence[str], classes: Sequence[Sequence[str]]
) -> list[str]:
    """Tasks with too few groups, then folds that lack a task or a class."""
    n_cells = len(folds) * n_folds
    warnings = []
    too_few: set[int] = set()
    for s in range(1, strata.n_strata):
        groups, task, label = strata.holders[s], int(strata.task[s]), strata.label[s]
        if task in too_few:
            continue
        lacking = n_cells - sum(len(np.unique(repeat)) for repeat in folds[:, groups])
        what = "label" if label < 0 else f"label of class {_class_name(classes[task], label)}"
        if len(groups) == 0:
            warnings.append(f"task {names[task]!r} has no label")
        elif len(groups) < n_folds:
            warnings.append(
                f"task {names[task]!r} has a {what} in only {len(groups)} of the groups, fewer than the "
                f"{n_folds} folds: {lacking} of {n_cells} test folds have none"
            )
        elif lacking:
            warnings.append(f"task {names[task]!r} has no {what} in {lacking} of {n_cells} test folds")
        if label < 0 and len(groups) < n_folds:
            too_few.add(task)
    n_classes = np.bincount(strata.task[strata.label >= 0], minlength=len(names)).tolist()
    single = [name for name, n in zip(names, n_classes, strict=True) if n == 1]
    return warnings + [f"task {name!r} has labels of one class only" for name in single]


def _class_name(classes: Sequence[str], code: int) -> str:
    return repr(classes[code]) if code < len(classes) else str(code)
