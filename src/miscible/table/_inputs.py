"""Input columns checked and converted the same way for training and for prediction."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from miscible.chemistry import fractions_from_columns, parse_formulas, parse_smiles

from ._cells import numbers, objects, texts
from ._names import require_columns
from ._rows import list_rows, rows_error, source_name
from ._table import InputSpec

__all__ = ["BadCell", "CheckedColumns", "check_columns", "clean_inputs"]


@dataclass(frozen=True, slots=True)
class BadCell:
    """One input cell that cannot be used: row position, column, text as read (None: empty), and why."""

    position: int
    column: str
    value: str | None
    reason: str


@dataclass(frozen=True)
class CheckedColumns:
    """Inputs of every row, converted, and the cells at fault.

    Parameters
    ----------
    frame
        All rows and columns. Numeric inputs and fractions are float64 (NaN where missing, fractions 0 there),
        categories, compositions and SMILES are stripped text (object) with None where missing.
    bad
        In row order. Cells of these rows in ``frame`` must not be used.
    """

    frame: pd.DataFrame
    bad: tuple[BadCell, ...]

    @property
    def kept(self) -> np.ndarray:
        """Rows without a bad cell, bool ``(n_rows,)``."""
        mask = np.ones(len(self.frame), dtype=bool)
        mask[[cell.position for cell in self.bad]] = False
        return mask


def check_columns(frame: pd.DataFrame, spec: InputSpec, source: str | None = None) -> CheckedColumns:
    """Convert the input columns and list the cells that cannot be used.

    Parameters
    ----------
    frame
        Rows as read; columns beyond the inputs are passed through.
    spec
        Roles of the input columns.
    source
        Named in messages; by default the file the frame was read from.

    Raises
    ------
    InputError
        An input column is missing from the frame; the nearest names are listed.
    """
    where = source_name(frame) if source is None else source
    require_columns(spec.columns, list(frame.columns), source=where, what="input")
    bad: list[BadCell] = []
    cleaned: dict[str, np.ndarray] = {}
    if spec.composition is not None:
        cleaned[spec.composition] = cells = texts(frame[spec.composition])
        bad += _bad_texts(spec.composition, cells, parse_formulas(cells).errors)
    if spec.smiles is not None:
        cleaned[spec.smiles] = cells = texts(frame[spec.smiles])
        bad += _bad_texts(spec.smiles, cells, parse_smiles(cells).errors)
    for name in spec.numeric + spec.fractions:
        cleaned[name], found = _numeric_column(frame[name])
        bad += found
    if spec.fractions:
        bad += _bad_fractions(cleaned, spec, {cell.position for cell in bad if cell.column in spec.fractions})
    for name in spec.categorical:
        cleaned[name] = texts(frame[name], category=True)
    result = frame.copy(deep=False)
    for name, values in cleaned.items():
        result[name] = pd.Series(values, index=frame.index, dtype=values.dtype)
    return CheckedColumns(result, tuple(sorted(bad, key=lambda cell: cell.position)))


def clean_inputs(
    frame: pd.DataFrame, spec: InputSpec, source: str | None = None, *, skip_bad_rows: bool = False
) -> tuple[pd.DataFrame, np.ndarray, tuple[str, ...]]:
    """Rows whose inputs can all be used, converted as `check_columns` says.

    Parameters
    ----------
    frame, spec, source
        As in `check_columns`.
    skip_bad_rows
        Leave bad rows out instead of refusing the table.

    Returns
    -------
    frame, kept, notes
        The rows that are kept, the mask over the rows given that selects them, and what was skipped.

    Raises
    ------
    InputError
        A bad cell and not ``skip_bad_rows``, or no row is left.
    """
    where = source_name(frame) if source is None else source
    checked = check_columns(frame, spec, where)
    kept = checked.kept
    if kept.all():
        return checked.frame, kept, ()
    n_bad = int((~kept).sum())
    positions, values, reasons = _listing(checked.bad)
    columns = {cell.column for cell in checked.bad}
    if skip_bad_rows and kept.any():
        listed = list_rows(frame, positions, values, reasons)
        return (
            checked.frame.loc[kept],
            kept,
            (f"{n_bad} rows skipped, their inputs cannot be read: {listed}.",),
        )
    word = "row has an input" if n_bad == 1 else "rows have inputs"
    raise rows_error(
        f"{n_bad} {word} that cannot be read" + (", which is every row" if not kept.any() else ""),
        frame,
        positions,
        values,
        source=where,
        column=columns.pop() if len(columns) == 1 else None,
        reasons=reasons,
        hint=""
        if skip_bad_rows
        else "Mend them, or go on without them: --skip-bad-rows (skip_bad_rows=True).",
    )


def _listing(bad: tuple[BadCell, ...]) -> tuple[list[int], list[object], list[str]]:
    several = len({cell.column for cell in bad}) > 1
    reasons = [f"column {cell.column!r}: {cell.reason}" if several else cell.reason for cell in bad]
    return [cell.position for cell in bad], [cell.value for cell in bad], reasons


def _bad_texts(column: str, cells: np.ndarray, errors: dict[int, str]) -> list[BadCell]:
    return [
        BadCell(position, column, cells[position], reason.removeprefix(f"{cells[position]!r}: "))
        for position, reason in errors.items()
    ]


def _numeric_column(column: pd.Series) -> tuple[np.ndarray, list[BadCell]]:
    found, name = numbers(column), str(column.name)
    infinite = np.isinf(found.values)
    wrong = found.text | infinite | (found.censored != 0)
    cells = objects(column)
    bad = [
        BadCell(int(row), name, str(cells[row]), "infinite" if infinite[row] else "not a number")
        for row in np.flatnonzero(wrong)
    ]
    return np.where(wrong, np.nan, found.values), bad


def _bad_fractions(cleaned: dict[str, np.ndarray], spec: InputSpec, known: set[int]) -> list[BadCell]:
    for name in spec.fractions:
        cleaned[name] = np.nan_to_num(cleaned[name], nan=0.0)
    amounts = np.column_stack([cleaned[name] for name in spec.fractions])
    errors = fractions_from_columns(amounts, spec.fractions, spec.fraction_unit).errors
    label = spec.fractions[0] if len(spec.fractions) == 1 else f"{spec.fractions[0]}...{spec.fractions[-1]}"
    return [
        BadCell(row, label, f"sum {amounts[row].sum():g}", reason)
        for row, reason in errors.items()
        if row not in known
    ]
