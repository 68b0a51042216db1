"""Leave-element: test rows hold an element that no training row holds.

Elements do not partition rows. Every row gets one element of its own, its rarest, and is tested when that one is left
out; while another of its elements is left out, the row is barred: neither trained on nor tested.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..chemistry import ELEMENTS, chemical_systems
from ..errors import InputError

__all__ = ["bar_rows", "element_groups", "element_warnings"]

BASE = 0.5
"""Elements in more rows than this share stay: without them too little is left to train on."""
_DILUTED = 0.1


def element_groups(fractions: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Group rows by their rarest element that can be left out.

    An element that over half of the rows hold cannot be left out. Rows of such base elements only are grouped by
    chemical system: an unseen combination of known elements is the hardest split they allow.

    Parameters
    ----------
    fractions
        ``(n_rows, n_elements)`` atomic fractions in the order of `ELEMENTS`.

    Returns
    -------
    codes
        ``(n_rows,)`` group of each row.
    labels
        ``(n_groups,)`` element or, of rows of base elements only, chemical system.
    holds
        ``(n_rows, n_groups)`` bool: the row holds the element of the group; false for chemical systems.
    """
    held = np.nan_to_num(fractions) > 0
    counts = held.sum(axis=0)
    removable = held & (counts <= BASE * len(held))
    order = np.lexsort((np.arange(len(counts)), counts))
    rarest = order[removable[:, order].argmax(axis=1)]
    keys = np.where(removable.any(axis=1), np.array(ELEMENTS)[rarest], chemical_systems(fractions))
    labels, codes = np.unique(keys, return_inverse=True)
    columns = {symbol: e for e, symbol in enumerate(ELEMENTS)}
    base = counts > BASE * len(held)
    holds = np.zeros((len(held), len(labels)), dtype=bool)
    for group, label in enumerate(labels.tolist()):
        element = columns.get(label)
        if element is not None and not base[element]:
            holds[:, group] = held[:, element]
    return codes.astype(np.int64), labels, holds


def bar_rows(outer: np.ndarray, folds: np.ndarray, holds: np.ndarray, n_folds: int) -> np.ndarray:
    """Rows that may be neither trained on nor tested in a fold.

    Parameters
    ----------
    outer
        ``(n_repeats, n_rows)`` fold in which each row is tested.
    folds
        ``(n_repeats, n_groups)`` fold of each group.
    holds
        ``(n_rows, n_groups)`` from `element_groups`.
    n_folds
        Number of folds.

    Returns
    -------
    ndarray
        ``(n_repeats, n_folds, n_rows)`` bool.

    Raises
    ------
    InputError
        Fewer elements can be left out than there are folds, or a fold is left with nothing to train on.
    """
    hint = "Ask for fewer folds, or group by composition, system or cluster."
    n_removable = int(holds.any(axis=0).sum())
    if n_removable < n_folds:
        raise InputError(
            f"only {n_removable} elements can be left out, fewer than the {n_folds} folds asked for.",
            hint=hint,
        )
    barred = np.zeros((len(outer), n_folds, outer.shape[1]), dtype=bool)
    for r, f in np.ndindex(len(outer), n_folds):
        barred[r, f] = holds[:, folds[r] == f].any(axis=1) & (outer[r] != f)
        if (barred[r, f] | (outer[r] == f)).all():
            raise InputError("leaving out elements leaves no row to train on in some folds.", hint=hint)
    return barred


def element_warnings(
    outer: np.ndarray,
    barred: np.ndarray,
    stays: np.ndarray,
    labels: np.ndarray,
    names: Sequence[str],
    base: Sequence[str],
) -> list[str]:
    """What a reader of a leave-element split must know.

    Parameters
    ----------
    outer, barred
        As in `bar_rows`.
    stays
        ``(n_rows,)`` rows with no element that could be left out.
    labels
        ``(n_rows, n_tasks)``, NaN = unmeasured.
    names, base
        Of tasks, and of the elements that stay.
    """
    folds = np.arange(barred.shape[1])
    trained = ~barred & (outer[:, None, :] != folds[None, :, None])
    shares = trained.mean(axis=2)
    lines = [
        f"while an element is left out, rows that hold it are not trained on: {shares.mean():.0%} of the rows are "
        f"left for training on average, {shares.min():.0%} at least; an even split into {len(folds)} folds would "
        f"leave {1 - 1 / len(folds):.0%}"
    ]
    measured = np.isfinite(labels)
    if stays.any():
        lines.append(
            f"{stays.sum():,} of {len(stays):,} rows hold only elements that over half of the rows hold "
            f"({', '.join(base)}); no element can be left out for them, so they are tested by chemical system"
        )
    for name, of_task in zip(names, measured.T, strict=True):
        n, n_known = int(of_task.sum()), int((of_task & stays).sum())
        if n_known > _DILUTED * n:
            lines.append(
                f"task {name!r}: {n_known:,} of {n:,} labels are on rows of common elements only; its score is that "
                "of unseen elements for the others alone"
            )
        lacking = int((~(trained & of_task).any(axis=2)).sum())
        if n and lacking:
            lines.append(
                f"task {name!r} has no label to train on in {lacking} of {shares.size} folds with an element left out"
            )
    return lines
