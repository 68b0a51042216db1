"""Electrical resistivity at a temperature, from two compilations of thermoelectric measurements."""

from __future__ import annotations

import pandas as pd

from ._union_files import STARRYDATA, SYSTEM, SourceFile
from ._union_formulas import NON_METALS, read_formulas

__all__ = ["ROOM", "nearest_room", "starrydata_rows", "system_rows"]

LOWEST, HIGHEST = 1.0, 1e6
"""Micro-ohm cm; what lies outside is no alloy or a slip of the unit."""
DISAGREEMENT = 10.0
"""Largest over smallest value of one composition and temperature beyond which none of them is believed."""
ROOM = 300.0
"""Kelvin."""
FAR = 50.0

_LABEL = "resistivity"
_PER_METRE, _PER_CENTIMETRE = 1e8, 1e6


def starrydata_rows(raw: pd.DataFrame) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Median resistivity of each alloy and temperature of Starrydata.

    Parameters
    ----------
    raw
        Columns ``composition``, ``temperature`` [K] and ``conductivity`` [S/m].

    Returns
    -------
    rows, notes
        Columns ``composition``, ``key``, ``temperature``, ``resistivity`` [micro-ohm cm] and ``source``.
    """
    records, notes = _alloys(_resistivity(raw, _PER_METRE), STARRYDATA)
    rows, more = _medians(records, STARRYDATA)
    return rows, (*STARRYDATA.version_notes(len(raw)), *notes, *more)


def system_rows(raw: pd.DataFrame, *, full: bool = False) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """The same of the sysTEm compilation, where ``conductivity`` is in S/cm.

    Parameters
    ----------
    raw
        As in `starrydata_rows`.
    full
        Keep every record that states a conductivity: all chemistries, all values, repeats.
    """
    records = _resistivity(raw, _PER_CENTIMETRE)
    stated = records[records[_LABEL].notna()]
    notes = (
        *SYSTEM.version_notes(len(raw)),
        f"{SYSTEM.name}: {len(stated):,} of {len(raw):,} records state a conductivity",
    )
    if full:
        formulas = read_formulas(stated["composition"])
        readable = pd.notna(formulas.keys)
        rows = stated.assign(key=formulas.keys, source=SYSTEM.name)[readable]
        others = int((~formulas.alloys[readable]).sum())
        outside = int((~_in_range(rows[_LABEL])).sum())
        note = (
            f"{SYSTEM.name}: all {len(rows):,} of them were kept, {others:,} of them no alloys, and {outside:,} "
            f"outside {LOWEST:g} to {HIGHEST:g} micro-ohm cm"
        )
        return rows, (*notes, note)
    alloys, more = _alloys(stated, SYSTEM)
    rows, last = _medians(alloys, SYSTEM)
    return rows, (*notes, *more, *last)


def nearest_room(rows: pd.DataFrame) -> tuple[pd.DataFrame, str]:
    """The row of each composition that is nearest to 300 K; of equals the first."""
    distance = (rows["temperature"] - ROOM).abs()
    kept = rows.loc[distance.sort_values(kind="stable").index].drop_duplicates("key").sort_index()
    far = int((distance[kept.index] > FAR).sum())
    note = (
        f"resistivity: of each composition only the row nearest to {ROOM:g} K was kept: {len(kept):,} of "
        f"{len(rows):,} rows; {far:,} of them are more than {FAR:g} K away"
    )
    return kept, note


def _resistivity(raw: pd.DataFrame, per_conductivity: float) -> pd.DataFrame:
    positive = raw["conductivity"].where(raw["conductivity"] > 0)
    return raw.drop(columns="conductivity").assign(**{_LABEL: per_conductivity / positive})


def _alloys(records: pd.DataFrame, source: SourceFile) -> tuple[pd.DataFrame, tuple[str, ...]]:
    formulas = read_formulas(records["composition"])
    readable = pd.notna(formulas.keys)
    absent = int(records["composition"].isna().sum())
    rows = records.assign(key=formulas.keys)[formulas.alloys]
    notes = (
        f"{source.name}: {formulas.n_unreadable:,} of {formulas.n_texts:,} composition texts cannot be read and "
        f"{absent:,} records have none: {readable.sum():,} of {len(records):,} records remain",
        f"{source.name}: {readable.sum() - len(rows):,} records that hold {', '.join(NON_METALS[:-1])} or "
        f"{NON_METALS[-1]} were left out: {len(rows):,} records of {rows['key'].nunique():,} alloys remain",
    )
    return rows, notes


def _medians(records: pd.DataFrame, source: SourceFile) -> tuple[pd.DataFrame, tuple[str, ...]]:
    believed = records[_in_range(records[_LABEL]) & records["temperature"].notna()]
    grouped = believed.groupby(["key", "temperature"], sort=True)
    values = grouped[_LABEL]
    rows = grouped.agg(composition=("composition", "first"), **{_LABEL: (_LABEL, "median")})
    agreeing = values.max() <= DISAGREEMENT * values.min()
    kept = rows[agreeing].reset_index().assign(source=source.name)
    notes = (
        f"{source.name}: {len(records) - len(believed):,} records outside {LOWEST:g} to {HIGHEST:g} micro-ohm "
        f"cm were left out: {len(believed):,} records remain",
        f"{source.name}: records of one composition and temperature ({len(rows):,} pairs) were reduced to "
        f"their median; {int((~agreeing).sum()):,} pairs whose records differ more than {DISAGREEMENT:g}-fold "
        f"were left out: {len(kept):,} rows of {kept['key'].nunique():,} compositions remain",
    )
    return kept, notes


def _in_range(values: pd.Series) -> pd.Series:
    return (values > LOWEST) & (values < HIGHEST)
