"""Vickers hardness of multi-principal-element alloys and of intermetallics, carbides and borides."""

from __future__ import annotations

import numpy as np
import pandas as pd

from ._union_files import BORG, BRGOCH
from ._union_formulas import read_formulas

__all__ = ["borg_rows", "brgoch_rows"]

PER_GIGAPASCAL = 101.97
"""Vickers hardness numbers (kgf/mm2) in one GPa."""
LOAD = 0.98
"""Newton; hardness falls with the load, and this is the commonest one."""
HOT = 35.0
KELVIN = 273.15


def borg_rows(raw: pd.DataFrame) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Median hardness of each composition of Borg et al.

    Parameters
    ----------
    raw
        Columns ``composition``, ``hardness`` [HV] and ``celsius``, the test temperature.

    Returns
    -------
    rows, notes
        Columns ``composition``, ``key``, ``temperature`` [K], ``hardness`` [HV] and ``source``.
    """
    records = raw[raw["hardness"].notna()]
    keys = read_formulas(records["composition"]).keys
    records = records.assign(key=keys, temperature=records["celsius"] + KELVIN)
    grouped = records[records["key"].notna()].groupby("key")
    rows = grouped.agg(
        composition=("composition", "first"),
        temperature=("temperature", "median"),
        hardness=("hardness", "median"),
    )
    values = grouped["hardness"]
    apart = values.max() - values.min() > 0.2 * values.max()
    notes = (
        *BORG.version_notes(len(raw)),
        f"{BORG.name}: {len(records):,} hardness records were reduced to the median of each of {len(rows):,} "
        f"compositions; of {int((values.size() > 1).sum()):,} with repeats {int(apart.sum()):,} spread over more "
        "than a fifth",
        f"{BORG.name}: {int((records['celsius'] > HOT).sum()):,} of the records were made above {HOT:g} C and "
        "count towards the medians; many are copies of the room-temperature value",
    )
    return rows.reset_index().assign(source=BORG.name), notes


def brgoch_rows(raw: pd.DataFrame) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Hardness of each alloy of the Brgoch group at the load nearest to 0.98 N.

    Parameters
    ----------
    raw
        Columns ``composition``, ``gigapascals`` and ``load`` [N].

    Returns
    -------
    rows, notes
        As in `borg_rows`; no temperature is stated.
    """
    formulas = read_formulas(raw["composition"])
    measured = raw["gigapascals"].notna().to_numpy() & raw["load"].notna().to_numpy()
    records = raw.assign(key=formulas.keys)[formulas.alloys & measured]
    order = (records["load"] - LOAD).abs().sort_values(kind="stable").index
    nearest = records.loc[order].drop_duplicates("key").sort_index()
    rows = nearest.assign(
        hardness=PER_GIGAPASCAL * nearest["gigapascals"], temperature=np.nan, source=BRGOCH.name
    )
    away = int((~np.isclose(rows["load"], LOAD)).sum())
    n_all = len(pd.unique(formulas.keys[pd.notna(formulas.keys)]))
    notes = (
        *BRGOCH.version_notes(len(raw)),
        f"{BRGOCH.name}: of {n_all:,} compositions in {len(raw):,} records the {len(rows):,} alloys were kept, "
        f"each at the load nearest to {LOAD:g} N ({away:,} at another one)",
    )
    return rows[["composition", "key", "temperature", "hardness", "source"]], notes
