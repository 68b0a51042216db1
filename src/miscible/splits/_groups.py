"""Which rows belong together and may never be split."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ..chemistry import chemical_systems, composition_keys, scaffold_keys
from ..errors import InputError
from ..table import Table, group_texts
from ..text import suggest
from ._clusters import cluster_rows
from ._elements import element_groups
from ._materials import atomic_fractions, canonical_smiles

__all__ = ["Groups", "group_keys"]


@dataclass(frozen=True, eq=False)
class Groups:
    """The group of every row.

    Parameters
    ----------
    codes
        ``(n_rows,)`` int64, 0 .. n_groups - 1.
    labels
        ``(n_groups,)`` names in code order.
    by
        What the rows were grouped by.
    holds
        ``(n_rows, n_groups)`` bool where groups overlap: the row may not be trained on while the group is tested.
        None where every row belongs to its own group alone.
    """

    codes: np.ndarray
    labels: np.ndarray
    by: str
    holds: np.ndarray | None = None

    @property
    def n_groups(self) -> int:
        """Number of groups."""
        return len(self.labels)

    @property
    def sizes(self) -> np.ndarray:
        """Rows of each group, ``(n_groups,)``."""
        return np.bincount(self.codes, minlength=self.n_groups)


def group_keys(table: Table, by: str) -> Groups:
    """Group the rows of a table.

    Parameters
    ----------
    table
        The table.
    by
        ``composition`` (equal atomic fractions, in any order of elements), ``system`` (same elements),
        ``scaffold`` (same ring scaffold; molecules without a ring in clusters of similar ones), ``cluster``
        (near in input space, see `cluster_rows`; compositions and molecules stay whole), ``element`` (the rarest
        element of a row; rows of other groups that hold it are told by ``holds``, see `element_groups`), ``none``
        (every row on its own), or the name of any column. The words come before columns of the same
        name, unless the table has no such input.

    Raises
    ------
    InputError
        There is no such column or input, the column has gaps, or an input does not parse.
    """
    if by == "none":
        return Groups(np.arange(table.n_rows), _as_text(table.frame.index.to_numpy()), by)
    inputs = table.inputs
    keys_of: dict[str, Callable[[Table], np.ndarray]] = {"cluster": _clusters}
    if inputs.composition or inputs.fractions:
        keys_of |= {"composition": _compositions}
        keys_of |= {"system": lambda t: chemical_systems(atomic_fractions(t))}
        if by == "element":
            return _elements(table)
    if inputs.smiles is not None:
        keys_of |= {"scaffold": lambda t: scaffold_keys(canonical_smiles(t))}
    if by in keys_of:
        keys = keys_of[by](table)
    elif by in table.frame.columns:
        keys = group_texts(table.frame, by, table.source).astype(np.str_)
    else:
        raise _no_such_group(table, by, list(keys_of))
    labels, codes = np.unique(keys, return_inverse=True)
    return Groups(codes.astype(np.int64), labels, by)


def _compositions(table: Table) -> np.ndarray:
    return composition_keys(atomic_fractions(table))


def _clusters(table: Table) -> np.ndarray:
    """Names of clusters by what is typical of them."""
    inputs = table.inputs
    names = _as_text(table.frame.index.to_numpy())
    materials = np.arange(table.n_rows)
    if inputs.composition or inputs.fractions:
        names = _compositions(table)
        materials = np.unique(names, return_inverse=True)[1]
    elif inputs.smiles is not None:
        names = _as_text(np.array(canonical_smiles(table), dtype=object))
        materials = np.unique(names, return_inverse=True)[1]
    codes, typical = cluster_rows(table, materials)
    return np.array([f"cluster {c + 1:02d}, like {names[typical[c]]}" for c in range(len(typical))])[codes]


def _elements(table: Table) -> Groups:
    codes, labels, holds = element_groups(atomic_fractions(table))
    if not holds.any():
        raise InputError(
            "no element can be left out: every row holds only elements that over half of the rows hold.",
            source=table.source,
            hint="Group by composition, system or cluster.",
        )
    return Groups(codes, labels, "element", holds)


def _as_text(values: np.ndarray) -> np.ndarray:
    return np.array([str(v) for v in values.tolist()], dtype=np.str_)


def _no_such_group(table: Table, by: str, words: list[str]) -> InputError:
    columns = [str(c) for c in table.frame.columns]
    near = suggest(by, [*words, "element", *columns], limit=1)
    guess = f" Did you mean {near[0]!r}?" if near else ""
    needs = {
        "composition": "it needs a composition input",
        "system": "it needs a composition input",
        "element": "it needs a composition input",
        "scaffold": "it needs a SMILES input",
    }
    reason = needs.get(by, "there is no such column")
    choice = ", ".join([w for w in words if w != "cluster"] + ["none", "cluster"])
    choice += ", element" if "system" in words else ""
    return InputError(
        f"rows cannot be grouped by {by!r}: {reason}.{guess}",
        source=table.source,
        hint=f"Group by one of: {choice}, or by any column.",
    )
