"""Outer folds of a table whose rows a run has partly seen."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..errors import InputError
from ._allocate import allocate
from ._folds import FoldAssignment, assign_folds, fold_warnings
from ._strata import count_strata

__all__ = ["extend_folds"]


def extend_folds(
    codes: np.ndarray,
    labels: np.ndarray,
    kinds: Sequence[str],
    known: np.ndarray,
    *,
    n_folds: int,
    n_repeats: int,
    seed: int,
    names: Sequence[str] | None = None,
    classes: Sequence[Sequence[str]] | None = None,
    group_labels: Sequence[str] | np.ndarray | None = None,
) -> FoldAssignment:
    """Folds in which known rows stay where the run tested them, and new groups are dealt out evenly.

    Networks kept for one fold of the run have seen labels of all its other folds. A known row tested in another fold
    than its own would be judged by networks that know it, so every repeat has the same folds then, which
    ``FoldAssignment.fixed`` says. Where no row is known the repeats differ as in any study.

    Parameters
    ----------
    codes, labels, kinds, n_folds, n_repeats, seed, names, classes, group_labels
        As in `assign_folds`.
    known
        ``(n_rows,)`` fold that a row keeps, the same for all rows of a group; -1 for new groups.

    Raises
    ------
    InputError
        Fewer groups than folds.
    """
    if (known < 0).all():
        return assign_folds(
            codes, labels, kinds,
            n_folds=n_folds, n_repeats=n_repeats, seed=seed, names=names, classes=classes, group_labels=group_labels,
        )  # fmt: skip
    found, first, dense = np.unique(codes, return_index=True, return_inverse=True)
    if len(found) < n_folds:
        raise InputError(
            f"the table has {len(found)} groups, fewer than the {n_folds} folds of the run.",
            hint="More rows with a label are needed.",
        )
    strata = count_strata(dense, labels, kinds)
    rng = np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, 0])))
    folds = allocate(strata, np.full(n_folds, 1 / n_folds), rng, settled=known[first]).astype(np.int16)
    warnings = fold_warnings(
        strata, np.tile(folds, (n_repeats, 1)), found, n_folds, names, classes, group_labels
    )
    return FoldAssignment(np.tile(folds[dense], (n_repeats, 1)), n_folds, warnings, fixed=True)
