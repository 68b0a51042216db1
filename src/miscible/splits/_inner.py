"""Inner validation: whole groups of a training part, held back for early stopping and choices."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..errors import PlanError
from ._allocate import allocate
from ._strata import Strata, count_strata

__all__ = ["inner_split"]


def inner_split(
    codes: np.ndarray,
    labels: np.ndarray,
    rows: np.ndarray,
    *,
    fraction: float = 0.2,
    seed: int,
    kinds: Sequence[str] | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Split ``rows`` by whole groups so that each task has about ``fraction`` of its labels in validation.

    Parameters
    ----------
    codes
        ``(n_rows,)`` group of each row of the table.
    labels
        ``(n_rows, n_tasks)``, NaN = unmeasured; only ``rows`` are read.
    rows
        ``(n,)`` positions to be split.
    fraction
        Share of validation.
    seed
        The same seed gives the same split.
    kinds
        ``(n_tasks,)``; if given, classes are balanced too.

    Returns
    -------
    train_rows, valid_rows
        Sorted positions. A task with labels in two groups or more has some on both sides, unless tasks of
        very few groups contradict each other (three tasks on the three pairs of three groups); a task in
        one group is in training. Rows of a single group all go to training.

    Raises
    ------
    PlanError
        The fraction is not between 0 and 1.
    """
    if not 0 < fraction < 1:
        raise PlanError(f"a validation share of {fraction} is not between 0 and 1.")
    rows = np.sort(rows)
    _, dense = np.unique(codes[rows], return_inverse=True)
    if len(rows) == 0 or dense.max() == 0:
        return rows, rows[:0]
    strata = count_strata(dense, labels[rows], kinds)
    rng = np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed])))
    sides = _cover(strata, allocate(strata, np.array([1 - fraction, fraction]), rng))
    held_back = sides[dense] == 1
    return rows[~held_back], rows[held_back]


def _cover(strata: Strata, sides: np.ndarray) -> np.ndarray:
    """Move groups so that strata of at least two groups are on both sides, the scarcest first.

    A group moves only if no other stratum loses its last group on a side by it; among those the one with the
    smallest part of any stratum.
    """
    sides = sides.copy()
    n_holders = np.array([len(groups) for groups in strata.holders])
    n_held_back = np.array([int(sides[groups].sum()) for groups in strata.holders])
    on_side = np.stack([n_holders - n_held_back, n_held_back])
    inverse = 1 / np.maximum(strata.totals, 1)
    missing = np.flatnonzero((on_side.min(axis=0) == 0) & (n_holders >= 2))
    for s in missing[np.argsort(n_holders[missing], kind="stable")].tolist():
        empty = int(np.argmin(on_side[:, s]))
        if on_side[empty, s] > 0:
            continue
        moves = []
        for g in strata.holders[s].tolist():
            columns, amounts = strata.of_group(g)
            if ((on_side[1 - empty, columns] >= 2) | (n_holders[columns] < 2)).all():
                moves.append((float((amounts * inverse[columns]).max()), g))
        if moves:
            g = min(moves)[1]
            columns, _ = strata.of_group(g)
            on_side[empty, columns] += 1
            on_side[1 - empty, columns] -= 1
            sides[g] = empty
    return sides
