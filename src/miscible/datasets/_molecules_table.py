"""Substances with measured values to a table of molecules."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from ._molecules_files import PackageFiles, registry_text
from ._molecules_sources import MoleculeProperty
from ._molecules_structures import organic_molecules

__all__ = ["IDENTITY", "build_molecules"]

IDENTITY = ("smiles", "name", "cas")
MOST_NAMED = 20
MOST_RANGES = 8.0
"""Interquartile ranges from the median beyond which a value is taken for a mistake."""


def build_molecules(
    properties: Sequence[MoleculeProperty], files: PackageFiles, least: int = 1
) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Measured values of organic molecules, one molecule a row.

    Values of substances with one canonical SMILES are averaged; what then lies more than 8 interquartile ranges from
    the median, after the logarithm where a property has one, is dropped.

    Parameters
    ----------
    properties
        Columns to make; those of which no value is found are left out.
    files
        Where the values are.
    least
        Labels that a column must have to be kept.

    Returns
    -------
    table, notes
        Columns of `IDENTITY` (of the lowest registry number) and the properties, ``(n_molecules, 3 + n_properties)``.

    Raises
    ------
    MiscibleError
        RDKit is not installed, or a package holds other files than expected.
    """
    values = {prop: _best(prop, files) for prop in properties}
    absent = [prop.name for prop, found in values.items() if found.empty]
    present = {prop: found for prop, found in values.items() if not found.empty}
    numbers = pd.Index(sorted(set().union(*(found.index for found in present.values()))))
    identities = files.identities
    known = identities.loc[numbers.intersection(identities.index)]
    molecules, notes = organic_molecules(known)
    columns, dropped = {}, {}
    for prop, found in present.items():
        columns[prop.name], dropped[prop.name] = _column(prop, found, molecules["smiles"])
    scarce = [name for name, column in columns.items() if len(column) < least]
    table = pd.DataFrame(columns).drop(columns=scarce).dropna(how="all")
    first = molecules.reset_index().drop_duplicates("smiles").set_index("smiles")
    first = first.loc[table.index].sort_values("cas")
    heads = pd.DataFrame(
        {
            "smiles": first.index.to_list(),
            "name": first["name"].to_list(),
            "cas": [registry_text(number) for number in first["cas"]],
        }
    )
    frame = pd.concat([heads, table.loc[first.index].reset_index(drop=True)], axis=1)
    most = sorted(((count, name) for name, count in dropped.items() if count), reverse=True)
    outliers = ", ".join(f"{name} {count:,}" for count, name in most[:MOST_NAMED])
    outliers += f" and {len(most) - MOST_NAMED} more properties" if len(most) > MOST_NAMED else ""
    return frame, (
        f"{len(numbers):,} substances have a measured value, {len(known):,} of them a SMILES",
        *notes,
        f"{len(molecules):,} substances are {len(frame):,} molecules; values of one canonical SMILES were averaged",
        f"{sum(dropped.values()):,} values were dropped, not positive under a logarithm or more than {MOST_RANGES:g} "
        f"interquartile ranges from the median: {outliers}",
        f"{int(table.notna().to_numpy().sum()):,} labels remain",
        *(
            (f"with fewer than {least:,} labels and therefore left out: {', '.join(scarce)}",)
            if scarce
            else ()
        ),
        *((f"without the package thermo there is no {', no '.join(absent)}",) if absent else ()),
    )


def _best(prop: MoleculeProperty, files: PackageFiles) -> pd.Series:
    parts = [source.read(files) for source in prop.sources]
    stacked = pd.concat([part for part in parts if not part.empty] or [pd.Series(dtype=float)])
    return prop.scale * stacked[~stacked.index.duplicated()]


def _column(prop: MoleculeProperty, found: pd.Series, smiles: pd.Series) -> tuple[pd.Series, int]:
    chosen = found[found.index.isin(smiles.index)]
    is_log = prop.transform == "log10"
    positive = chosen[chosen > 0] if is_log else chosen
    mean = positive.groupby(smiles.loc[positive.index].to_numpy()).mean()
    model = mean.map(np.log10) if is_log else mean
    low, middle, high = np.quantile(model, (0.25, 0.5, 0.75))
    kept = mean[(model - middle).abs() <= MOST_RANGES * (high - low)]
    return kept, len(chosen) - len(positive) + len(mean) - len(kept)
