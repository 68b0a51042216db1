"""One column of cells as numbers or as text, whatever type it arrived in."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

__all__ = ["MISSING", "Numbers", "category_text", "is_missing", "missing", "numbers", "objects", "texts"]

MISSING = frozenset(
    {
        "",
        "NA",
        "N/A",
        "n/a",
        "NaN",
        "nan",
        "-NaN",
        "-nan",
        "NULL",
        "null",
        "None",
        "<NA>",
        "#N/A",
        "#NA",
        "NaT",
    }
)

_DECIMAL = re.compile(r"[-+]?\d+\.\d*")
_BOUND = re.compile(r"(<=|>=|<|>|≤|≥)\s*([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)")
_EXACT_FLOAT = 2.0**53


@dataclass(frozen=True, slots=True)
class Numbers:
    """A column read as numbers; all arrays are ``(n_rows,)``.

    Parameters
    ----------
    values
        float64; NaN where missing, text or censored. May hold infinities.
    missing
        Nothing in the cell.
    text
        Something that is neither a number nor a bound.
    censored
        -1 where the cell reads ``<x`` or ``<=x``, +1 for ``>x`` or ``>=x``, else 0.
    """

    values: np.ndarray
    missing: np.ndarray
    text: np.ndarray
    censored: np.ndarray


def objects(column: pd.Series) -> np.ndarray:
    """The cells as they are, ``(n_rows,)`` object."""
    return column.astype(object).to_numpy()


def is_missing(value: object) -> bool:
    """Whether a single cell holds nothing."""
    if isinstance(value, str):
        return value.strip() in MISSING
    return value is None or value is pd.NA or value is pd.NaT or (isinstance(value, float) and value != value)


def category_text(value: object) -> str | None:
    """Text by which a cell is compared: ``1``, ``1.0`` and ``"1.00"`` are the same; None if missing."""
    if is_missing(value):
        return None
    if isinstance(value, str):
        text = value.strip()
        return (text.rstrip("0").rstrip(".") or "0") if _DECIMAL.fullmatch(text) else text
    if isinstance(value, (float, np.floating)):
        number = float(value)
        return str(int(number)) if number.is_integer() and abs(number) < _EXACT_FLOAT else repr(number)
    return str(value).strip()


def _plain_text(value: object) -> str | None:
    return None if is_missing(value) else str(value).strip()


def texts(column: pd.Series, *, category: bool = False) -> np.ndarray:
    """Stripped text of every cell, ``(n_rows,)`` object, None where missing.

    With ``category``, numbers are spelled one way, see `category_text`.
    """
    convert: Callable[[object], str | None] = category_text if category else _plain_text
    out = np.full(len(column), None, dtype=object)
    present = np.flatnonzero(column.notna().to_numpy())
    out[present] = [convert(value) for value in objects(column)[present]]
    return out


def missing(column: pd.Series) -> np.ndarray:
    """Cells that hold nothing, bool ``(n_rows,)``."""
    empty = column.isna().to_numpy(dtype=bool).copy()
    if pd.api.types.is_object_dtype(column.dtype) or pd.api.types.is_string_dtype(column.dtype):
        present = np.flatnonzero(~empty)
        empty[present] = [is_missing(value) for value in objects(column)[present]]
    return empty


def _number(cell: Any) -> float:
    """The nearest float64 (pandas is off by one in the last place), NaN where the cell is no number."""
    if isinstance(cell, str) and "_" in cell:
        return np.nan
    try:
        return float(cell)
    except (TypeError, ValueError):
        return np.nan


def numbers(column: pd.Series) -> Numbers:
    """Read a column as numbers and bounds such as ``<5`` or ``≥ 300``; units and commas are not read."""
    n = len(column)
    none = np.zeros(n, dtype=bool)
    if pd.api.types.is_numeric_dtype(column.dtype) and not pd.api.types.is_complex_dtype(column.dtype):
        values = column.to_numpy(dtype=np.float64, na_value=np.nan)
        return Numbers(values, np.isnan(values), none, np.zeros(n, dtype=np.int8))
    if not (pd.api.types.is_object_dtype(column.dtype) or pd.api.types.is_string_dtype(column.dtype)):
        column = column.astype(str).where(column.notna(), None)
    cells = objects(column)
    empty, text, censored = column.isna().to_numpy(dtype=bool).copy(), none, np.zeros(n, dtype=np.int8)
    values = np.full(n, np.nan)
    present = np.flatnonzero(~empty)
    values[present] = [_number(cell) for cell in cells[present]]
    for position in np.flatnonzero(np.isnan(values) & ~empty):
        cell = cells[position]
        if is_missing(cell):
            empty[position] = True
        elif bound := _BOUND.fullmatch(str(cell).strip()):
            censored[position] = -1 if bound[1][0] in "<≤" else 1
        else:
            text[position] = True
    return Numbers(values, empty, text, censored)
