"""Which rows of another table a run has seen the like of, and in which fold it tested them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..errors import InputError
from ..inputs import Features, Preparation
from ..table import Table
from ._groups import Groups, group_keys

__all__ = ["SeenRows", "find_known", "like_rows"]

_OWN = ("none", "cluster")
"""Groups whose names mean something inside one table only."""
_ACYCLIC = "acyclic:"
_CHUNK = 512


@dataclass(frozen=True, eq=False)
class SeenRows:
    """Rows of a run: inputs, groups, and the fold in which each was tested.

    Parameters
    ----------
    features, groups
        Of the run's table.
    fold
        ``(n_rows,)`` outer fold of each row.
    """

    features: Features
    groups: Groups
    fold: np.ndarray


def find_known(seen: SeenRows, table: Table, features: Features) -> tuple[Groups, np.ndarray]:
    """Group the rows of another table as the run did, and find the fold each must keep.

    A row keeps the fold of the run's rows with the same inputs, else that of its group, where the group's name means
    the same in both tables. Clusters do not: there a row joins the cluster of the nearest row of the run.

    Parameters
    ----------
    seen
        Of the run.
    table, features
        The other table.

    Returns
    -------
    groups
        Of the other table; a group whose rows must keep different folds is divided by them.
    fold
        ``(n_rows,)`` fold to keep, -1 where the run knew nothing of the kind.

    Raises
    ------
    InputError
        The run left elements out, or its group cannot be had for this table.
    """
    by = seen.groups.by
    if seen.groups.holds is not None:
        raise InputError(
            "the run left elements out, so that every fold lacks other rows: it cannot be extended.",
            hint="Extend a run grouped by composition or system.",
        )
    twin = like_rows(seen.features, features)
    fold = np.where(twin >= 0, seen.fold[twin], -1)
    if by == "cluster":
        near = _nearest(seen.features, features)
        groups = _subset(seen.groups.labels[seen.groups.codes[near]], by)
        return groups, np.where(fold < 0, seen.fold[near], fold)
    groups = group_keys(table, by)
    if by not in _OWN:
        last = dict(zip(_names(seen.groups), seen.fold.tolist(), strict=True))
        of_group = np.array([last.get(name, -1) for name in _names(groups)], dtype=np.int64)
        fold = np.where(fold < 0, of_group, fold)
    if by == "none":
        return groups, fold
    return _divided(groups, fold)


def like_rows(seen: Features, features: Features) -> np.ndarray:
    """For every row a row of ``seen`` with the same inputs, the first of them; -1 where there is none."""
    first: dict[bytes, int] = {}
    for row, key in enumerate(_keys(seen)):
        first.setdefault(key, row)
    return np.array([first.get(key, -1) for key in _keys(features)], dtype=np.int64)


def _keys(features: Features) -> list[bytes]:
    values = np.ascontiguousarray(np.where(np.isnan(features.numeric), np.float32(np.nan), features.numeric))
    values += np.float32(0.0)  # -0 and 0 are one number
    texts = zip(*features.categories.values(), strict=True) if features.categories else ()
    tails = [repr(text).encode() for text in texts] or [b""] * len(values)
    return [row.tobytes() + tail for row, tail in zip(values, tails, strict=True)]


def _names(groups: Groups) -> list[str]:
    """Group of every row by name; numbers of acyclic clusters mean nothing in another table."""
    names = groups.labels[groups.codes].tolist()
    if groups.by != "scaffold":
        return names
    return [f"{id(groups)} {name}" if name.startswith(_ACYCLIC) else name for name in names]


def _subset(names: np.ndarray, by: str) -> Groups:
    labels, codes = np.unique(names, return_inverse=True)
    return Groups(codes.astype(np.int64), labels, by)


def _divided(groups: Groups, fold: np.ndarray) -> tuple[Groups, np.ndarray]:
    """Rows of one group share their fold: unknown ones follow, and a group in several folds becomes several."""
    fold = fold.copy()
    parts = np.zeros(len(fold), dtype=np.int64)
    for group in np.unique(groups.codes[fold >= 0]).tolist():
        own = np.flatnonzero(groups.codes == group)
        found, counts = np.unique(fold[own][fold[own] >= 0], return_counts=True)
        fold[own] = np.where(fold[own] < 0, found[counts.argmax()], fold[own])
        if len(found) > 1:
            parts[own] = 1 + fold[own]
    _, first, codes = np.unique(
        np.stack([groups.codes, parts]), axis=1, return_index=True, return_inverse=True
    )
    return Groups(codes.ravel().astype(np.int64), groups.labels[groups.codes[first]], groups.by), fold


def _nearest(seen: Features, features: Features) -> np.ndarray:
    """The row of ``seen`` closest to each row, in inputs prepared on all of ``seen``."""
    preparation = Preparation.fit(seen, np.arange(seen.n_rows))
    old, new = preparation.transform(seen), preparation.transform(features)
    squares = np.square(old).sum(axis=1)
    return np.concatenate(
        [
            (squares - 2.0 * new[start : start + _CHUNK] @ old.T).argmin(axis=1)
            for start in range(0, len(new), _CHUNK)
        ]
    )
