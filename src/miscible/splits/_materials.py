"""The compositions and molecules of a table, read as features read them."""

from __future__ import annotations

import numpy as np

from ..chemistry import fractions_from_columns, parse_formulas, parse_smiles
from ..table import Table, rows_error

__all__ = ["atomic_fractions", "canonical_smiles"]


def atomic_fractions(table: Table) -> np.ndarray:
    """``(n_rows, n_elements)`` atomic fractions of a table with a composition input.

    Raises
    ------
    InputError
        A composition does not parse.
    """
    inputs = table.inputs
    if inputs.composition is not None:
        parsed = parse_formulas(table.frame[inputs.composition].to_numpy(dtype=object))
        _refuse_errors(table, parsed.errors, inputs.composition)
    else:
        amounts = table.frame[list(inputs.fractions)].to_numpy(dtype=np.float64)
        parsed = fractions_from_columns(amounts, inputs.fractions, inputs.fraction_unit)
        _refuse_errors(table, parsed.errors, None)
    return parsed.fractions


def canonical_smiles(table: Table) -> list[str | None]:
    """Canonical SMILES of every row of a table with a SMILES input.

    Raises
    ------
    InputError
        A molecule does not parse.
    """
    parsed = parse_smiles(table.frame[table.inputs.smiles].to_numpy(dtype=object))
    _refuse_errors(table, parsed.errors, table.inputs.smiles)
    return parsed.canonical


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
