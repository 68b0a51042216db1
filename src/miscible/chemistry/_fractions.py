"""Formula strings and amount columns to a matrix of atomic fractions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from ..errors import InputError
from ._elements import ELEMENTS, element_data
from ._formula import FormulaError, parse_formula

__all__ = ["ParsedFormulas", "fractions_from_columns", "parse_formulas"]

_ACCEPTED_SUMS = ((0.85, 1.05), (85.0, 105.0))


@dataclass(frozen=True)
class ParsedFormulas:
    """Atomic fractions of many materials.

    Parameters
    ----------
    fractions
        ``(n, n_elements)`` float64 in the order of `ELEMENTS`; rows sum to 1, rows in ``errors`` are NaN.
    errors
        Row position -> what is wrong with it.
    """

    fractions: np.ndarray
    errors: dict[int, str]


def parse_formulas(texts: Sequence[object] | np.ndarray) -> ParsedFormulas:
    """Read formulas such as ``Al0.25 Co1 Fe1 Ni1``, ``AlCoCrFeNi2.1`` or ``Al2(SO4)3``.

    Symbols are followed by their amount (1 if left out); elements may repeat; white space, unicode subscripts
    and three kinds of brackets are read; D counts as H. Repeated texts are read once.

    Notes
    -----
    Brackets have two readings. Where the amounts beside and behind the brackets add up to 100 (within 1) or
    to 1 (within 0.01, not all whole), they are shares of the material and each group is normalised first, as
    in alloy papers: ``(CoCrCuFeNi)96Nb4`` holds 4 at.% Nb. Otherwise the multiplier counts the group, as in
    chemistry: ``Al2(SO4)3``. A group that holds H, O, S, Se, Te or a halogen is a formula unit and is always
    counted, so ``(SiO2)70(Na2O)30`` is in mol%. The rule applies at each level of nested brackets.
    """
    positions: dict[object, list[int]] = {}
    for row, text in enumerate(texts):
        positions.setdefault(text if isinstance(text, str) else None, []).append(row)
    fractions = np.zeros((len(texts), len(ELEMENTS)))
    errors: dict[int, str] = {}
    rows: list[int] = []
    counts: list[int] = []
    columns: list[int] = []
    values: list[float] = []
    repeats: list[tuple[int, list[int]]] = []
    for text, places in positions.items():
        try:
            elements, amounts = parse_formula(text if isinstance(text, str) else "")
        except FormulaError as error:
            errors.update(dict.fromkeys(places, f"{text!r}: {error}" if text else str(error)))
            continue
        rows.append(places[0])
        counts.append(len(elements))
        columns.extend(elements)
        values.extend(amounts)
        if len(places) > 1:
            repeats.append((places[0], places[1:]))
    fractions[np.repeat(np.array(rows, dtype=np.int64), counts), columns] = values
    for first, others in repeats:
        fractions[others] = fractions[first]
    failed = sorted(errors)
    fractions[failed] = np.nan
    fractions /= fractions.sum(axis=1, keepdims=True)
    return ParsedFormulas(fractions, {row: errors[row] for row in failed})


def fractions_from_columns(
    values: np.ndarray, symbols: Sequence[str], unit: Literal["at", "wt"] = "at"
) -> ParsedFormulas:
    """Amount columns, one an element, to atomic fractions.

    Parameters
    ----------
    values
        ``(n, k)`` amounts; NaN counts as none. Rows must add up to about 1 (0.85-1.05) or about 100 (85-105).
    symbols
        ``k`` element symbols.
    unit
        ``at`` for atomic, ``wt`` for weight fractions or percent.

    Raises
    ------
    InputError
        A symbol that is not an element, or one that is named twice.
    """
    unknown = [s for s in symbols if s not in ELEMENTS]
    if unknown:
        raise InputError(
            f"{unknown[0]!r} is not an element symbol (H to Lr).",
            column=unknown[0],
            hint="Name amount columns by element symbols only.",
        )
    if len(set(symbols)) < len(symbols):
        raise InputError("Two amount columns name the same element.", column=sorted(symbols)[0])
    amounts = np.asarray(values, dtype=np.float64)
    amounts = np.where(np.isnan(amounts), 0.0, amounts)
    errors = _amount_errors(amounts, symbols)
    failed = sorted(errors)
    amounts[failed] = np.nan
    columns = [ELEMENTS.index(s) for s in symbols]
    if unit == "wt":
        amounts = amounts / element_data().column("atomic_mass")[columns]
    fractions = np.zeros((len(amounts), len(ELEMENTS)))
    fractions[:, columns] = amounts / amounts.sum(axis=1, keepdims=True)
    fractions[failed] = np.nan
    return ParsedFormulas(fractions, errors)


def _amount_errors(amounts: np.ndarray, symbols: Sequence[str]) -> dict[int, str]:
    errors: dict[int, str] = {}
    bad = (amounts < 0) | ~np.isfinite(amounts)
    with np.errstate(invalid="ignore"):
        sums = amounts.sum(axis=1)
    accepted = np.zeros(len(sums), dtype=bool)
    for low, high in _ACCEPTED_SUMS:
        accepted |= (sums >= low) & (sums <= high)
    for row in np.flatnonzero(bad.any(axis=1) | ~accepted).tolist():
        if bad[row].any():
            column = int(np.argmax(bad[row]))
            errors[row] = f"the amount of {symbols[column]} is {amounts[row, column]:g}"
        elif sums[row] == 0:
            errors[row] = "the amounts sum to nothing"
        else:
            errors[row] = f"the amounts sum to {sums[row]:g}, neither about 1 nor about 100"
    return errors
