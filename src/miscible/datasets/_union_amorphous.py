"""Whether a composition was found amorphous."""

from __future__ import annotations

import numpy as np
import pandas as pd

from ._alloys import repair_formulas
from ._union_files import PEIVASTE
from ._union_formulas import read_formulas

__all__ = ["peivaste_rows"]

GLASS = "AM"


def peivaste_rows(raw: pd.DataFrame) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Fully amorphous or not, one row a composition.

    Parameters
    ----------
    raw
        Columns ``composition`` and ``phase``, such as ``AM`` or ``FCC+AM``.

    Returns
    -------
    rows, notes
        Columns ``composition``, ``key``, ``temperature`` (none is stated), ``amorphous`` (1 or 0) and
        ``source``.
    """
    formulas = repair_formulas(raw["composition"])
    records = raw.assign(
        composition=formulas,
        key=read_formulas(formulas).keys,
        amorphous=raw["phase"] == GLASS,
        partly=raw["phase"].str.contains(GLASS, na=False),
    )
    grouped = records[records["key"].notna()].groupby("key", sort=False)
    merged = grouped.agg(
        composition=("composition", "first"), amorphous=("amorphous", "mean"), partly=("partly", "max")
    )
    kept = merged[merged["amorphous"].isin((0.0, 1.0))]
    partly = int((kept["partly"] & (kept["amorphous"] == 0)).sum())
    notes = (
        *PEIVASTE.version_notes(len(raw)),
        f"{PEIVASTE.name}: {int((formulas != raw['composition'].str.strip()).sum()):,} formulas in which b2 had "
        "been replaced by BCC (Nb20.6 became NBCC0.6) were repaired",
        f"{PEIVASTE.name}: {len(raw):,} records were merged to {len(merged):,} compositions; "
        f"{len(merged) - len(kept):,} with records both of {GLASS} and of another phase were left out: "
        f"{len(kept):,} remain, {int(kept['amorphous'].sum()):,} of them amorphous",
        f"{PEIVASTE.name}: {partly:,} compositions that are amorphous in part only (such as FCC+AM) count as not "
        "amorphous",
    )
    rows = kept.drop(columns="partly").reset_index()
    return rows.assign(temperature=np.nan, source=PEIVASTE.name), notes
