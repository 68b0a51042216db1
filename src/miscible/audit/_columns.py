"""Input columns that say nothing, have gaps, or give away where a row came from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from ..table import Table
from ._finding import Finding, shorten

__all__ = ["InputColumn", "column_findings", "describe_inputs"]

MANY_GAPS = 0.2
TELLING = 0.8
MOST_LEVELS = 50


@dataclass(frozen=True, slots=True)
class InputColumn:
    """One input column.

    Parameters
    ----------
    name, role
        Column, and ``composition``, ``amount``, ``smiles``, ``number`` or ``category``.
    n_missing, n_distinct
        Gaps, and different values apart from them.
    constant
        At most one value, and no gap that would tell rows apart.
    tells_measured
        Properties for which knowing the category (or that a number is missing) nearly tells whether a row was
        measured: Cramer's V of at least 0.8.
    tells_column
        Unused text columns of few levels that the category (or the gap) nearly tells.
    """

    name: str
    role: str
    n_missing: int
    n_distinct: int
    constant: bool
    tells_measured: tuple[str, ...]
    tells_column: tuple[str, ...]


def describe_inputs(table: Table) -> tuple[InputColumn, ...]:
    """One record per input column, in the order of `InputSpec.columns`."""
    spec = table.inputs
    roles = {c: "composition" for c in (spec.composition,) if c} | {c: "smiles" for c in (spec.smiles,) if c}
    roles |= dict.fromkeys(spec.fractions, "amount") | dict.fromkeys(spec.numeric, "number")
    roles |= dict.fromkeys(spec.categorical, "category")
    measured = np.isfinite(table.labels).astype(np.float64)
    others = _unused_levels(table)
    return tuple(_column(table, name, roles[name], measured, others) for name in spec.columns)


def _column(
    table: Table, name: str, role: str, measured: np.ndarray, others: dict[str, np.ndarray]
) -> InputColumn:
    cells = table.frame[name]
    if role in ("number", "amount"):
        cells = pd.to_numeric(cells, errors="coerce")
    missing = cells.isna().to_numpy(dtype=bool)
    n_distinct = int(cells.nunique(dropna=True))
    constant = n_distinct <= 1 and (not missing.any() or n_distinct == 0)
    tasks: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    levels = missing.astype(np.int64) if role == "number" else None
    if role == "category":
        levels = pd.factorize(cells, use_na_sentinel=False)[0]
    if levels is not None and 1 < len(np.unique(levels)) <= MOST_LEVELS:
        by_task = cramers_v(levels, measured)
        tasks = tuple(table.names[t] for t in np.flatnonzero(by_task >= TELLING))
        columns = tuple(c for c, codes in others.items() if _association(levels, codes) >= TELLING)
    return InputColumn(name, role, int(missing.sum()), n_distinct, constant, tasks, columns)


def cramers_v(levels: np.ndarray, flags: np.ndarray) -> np.ndarray:
    """Association of a category with each of several yes/no columns, 0 to 1; 0 for constant columns.

    Parameters
    ----------
    levels
        ``(n,)`` codes.
    flags
        ``(n, k)`` zeros and ones.
    """
    n = len(levels)
    sizes = np.bincount(levels)
    yes = np.stack([np.bincount(levels, weights=column) for column in flags.T], axis=1)
    share = flags.mean(axis=0)
    expected = sizes[:, None] * share
    squares = np.where(sizes[:, None] > 0, (yes - expected) ** 2 / np.maximum(sizes[:, None], 1), 0.0)
    variance = share * (1 - share)
    return np.sqrt(
        np.where(variance > 0, squares.sum(axis=0) / (n * np.where(variance > 0, variance, 1.0)), 0.0)
    )


def _association(levels: np.ndarray, codes: np.ndarray) -> float:
    """Smallest V over the levels of the other column: every one of them must be told."""
    return float(cramers_v(levels, np.eye(codes.max() + 1)[codes]).min())


def _unused_levels(table: Table) -> dict[str, np.ndarray]:
    """Codes of text columns that are neither input nor property and have 2 to 50 levels without gaps."""
    used = {*table.inputs.columns, *table.names}
    found = {}
    for name in table.frame.columns:
        cells = table.frame[name]
        if name in used or pd.api.types.is_numeric_dtype(cells) or cells.isna().any():
            continue
        codes, levels = pd.factorize(cells)
        if 2 <= len(levels) <= MOST_LEVELS:
            found[str(name)] = codes
    return found


def column_findings(columns: tuple[InputColumn, ...], n_rows: int) -> list[Finding]:
    """Constant inputs, gaps, and inputs that identify where a row came from."""
    findings = []
    for column in columns:
        if column.constant:
            what = "is empty" if column.n_distinct == 0 else "has one value only"
            findings.append(
                Finding("info", "constant input", column.name, f"input {column.name} {what}", "leave it out")
            )
        elif column.n_missing >= MANY_GAPS * n_rows:
            findings.append(
                Finding(
                    "info",
                    "gaps",
                    column.name,
                    f"input {column.name} is missing in {column.n_missing / n_rows:.0%} of the rows",
                    "models see that it is missing; make sure that this means the same in new rows",
                )
            )
        told = [f"which rows have {shorten(column.tells_measured)}"] if column.tells_measured else []
        told += [f"the column {name}" for name in column.tells_column]
        if told:
            how = "whether it is missing" if column.role == "number" else "its category"
            findings.append(
                Finding(
                    "warning",
                    "identifies source",
                    column.name,
                    f"input {column.name}: {how} nearly tells {' and '.join(told)}",
                    "models can learn the source instead of the material; compare without this input",
                )
            )
    return findings
