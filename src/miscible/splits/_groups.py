"""Which rows belong together and may never be split."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ..chemistry import (
    chemical_systems,
    composition_keys,
    fractions_from_columns,
    parse_formulas,
    parse_smiles,
    scaffold_keys,
)
from ..errors import InputError
from ..table import Table, group_texts, rows_error
from ..text import suggest

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
    """

    codes: np.ndarray
    labels: np.ndarray
    by: str

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
        ``scaffold`` (same ring scaffold; molecules without a ring in clusters of similar ones), ``none``
        (every row on its own), or the name of any column. The four words come before columns of the same
        name, unless the table has no such input.

    Raises
    ------
    InputError
        There is no such column or input, the column has gaps, or an input does not parse.
    """
    if by == "none":
        return Groups(np.arange(table.n_rows), _as_text(table.frame.index.to_numpy()), by)
    inputs = table.inputs
    has_composition = bool(inputs.composition or inputs.fractions)
    keys_of: dict[str, Callable[[Table], np.ndarray]] = {}
    if has_composition:
        keys_of |= {"composition": lambda t: composition_keys(_fractions(t))}
        keys_of |= {"system": lambda t: chemical_systems(_fractions(t))}
    if inputs.smiles is not None:
        keys_of |= {"scaffold": _scaffolds}
    if by in keys_of:
        keys = keys_of[by](table)
    elif by in table.frame.columns:
        keys = group_texts(table.frame, by, table.source).astype(np.str_)
    else:
        raise _no_such_group(table, by, list(keys_of))
    labels, codes = np.unique(keys, return_inverse=True)
    return Groups(codes.astype(np.int64), labels, by)


def _as_text(values: np.ndarray) -> np.ndarray:
    return np.array([str(v) for v in values.tolist()], dtype=np.str_)


def _no_such_group(table: Table, by: str, words: list[str]) -> InputError:
    columns = [str(c) for c in table.frame.columns]
    near = suggest(by, [*words, *columns], limit=1)
    guess = f" Did you mean {near[0]!r}?" if near else ""
    needs = {
        "composition": "it needs a composition input",
        "system": "it needs a composition input",
        "scaffold": "it needs a SMILES input",
    }
    reason = needs.get(by, "there is no such column")
    choice = ", ".join([*words, "none"])
    return InputError(
        f"rows cannot be grouped by {by!r}: {reason}.{guess}",
        source=table.source,
        hint=f"Group by one of: {choice}, or by any column.",
    )


def _fractions(table: Table) -> np.ndarray:
    inputs = table.inputs
    if inputs.composition is not None:
        parsed = parse_formulas(table.frame[inputs.composition].to_numpy(dtype=object))
        _refuse_errors(table, parsed.errors, inputs.composition)
    else:
        amounts = table.frame[list(inputs.fractions)].to_numpy(dtype=np.float64)
        parsed = fractions_from_columns(amounts, inputs.fractions, inputs.fraction_unit)
        _refuse_errors(table, parsed.errors, None)
    return parsed.fractions


def _scaffolds(table: Table) -> np.ndarray:
    parsed = parse_smiles(table.frame[table.inputs.smiles].to_numpy(dtype=object))
    _refuse_errors(table, parsed.errors, table.inputs.smiles)
    return scaffold_keys(parsed.canonical)


def _refuse_errors(table: Table, errors: dict[int, str], column: str | None) -> None:
    if errors:
        rows = sorted(errors)
        raise rows_error(
            f"{len(rows)} rows cannot be grouped because their input does not parse",
            table.frame,
            rows,
            source=table.source,
            column=column,
            reasons=[errors[row] for row in rows],
            hint="Mend these rows or leave them out.",
        )
