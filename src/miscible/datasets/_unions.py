"""The alloy union: three properties of alloys that hardly any material shares, from published files.

The data are the user's: five files in a folder, never copied. The shape is that of Kang, arXiv 2512.22740, where
electrical resistivity, hardness and amorphous-forming ability of alloys are learned together.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pandas as pd

from miscible.errors import InputError

from ._bibliography import read_bibliography
from ._dataset import Dataset
from ._union_amorphous import peivaste_rows
from ._union_files import BORG, BRGOCH, PEIVASTE, STARRYDATA, SYSTEM, SourceFile, find_folder, read_source
from ._union_hardness import borg_rows, brgoch_rows
from ._union_resistivity import nearest_room, starrydata_rows, system_rows
from ._union_variant import LABELS, UNION, VARIANTS, merge_materials, parse_variant, subsample

__all__ = ["is_union", "load_union"]

Rows = tuple[pd.DataFrame, tuple[str, ...]]

_COLUMNS = {
    "composition": "chemical formula in atomic parts",
    "temperature": "temperature of the measurement in kelvin; empty where the source states none",
    "resistivity": "electrical resistivity [micro-ohm cm], 1 / conductivity",
    "hardness": "Vickers hardness [HV]",
    "amorphous": "1 where every record of the composition reports nothing but an amorphous phase, else 0",
    "source": "compilation; the two of hardness cover different materials and ranges",
}
_DESCRIPTION = (
    "Electrical resistivity of alloys at many temperatures (Starrydata 2019, sysTEm), Vickers hardness of "
    "multi-principal-element alloys (Borg et al. 2020) and of intermetallics, carbides and borides (Zhang et al. "
    "2020), and whether a composition was found amorphous (Peivaste et al. 2023), stacked: no row has two labels. "
    "Read from five files in a folder of yours."
)
_LICENCE = (
    "CC BY 4.0 (borg2020, peivaste2023), MIT (brgoch2020, system2026); starrydata2019: free use with citation by "
    "its manual, its repository states no licence"
)
_CITED = ("starrydata2019", "system2026", "borg2020", "brgoch2020", "peivaste2023")


def is_union(name: str) -> bool:
    """Whether this names the alloy union or what may be a variant of it."""
    return name == UNION or name.startswith(f"{UNION}-")


def load_union(name: str, folder: str | Path | None) -> Dataset:
    """Build the alloy union.

    Parameters
    ----------
    name
        ``alloy-union``, or with parts of `VARIANTS` behind it: ``alloy-union-300k-merged``.
    folder
        Holds ``starrydata_2019``, ``system_thermoelectric``, ``borg_mpea``, ``brgoch_vickers`` and
        ``peivaste_phases``, or a folder ``alloys`` with these.

    Raises
    ------
    InputError
        No such variant, no folder, or a file that is missing or not what it should be.
    """
    variant = parse_variant(name)
    if folder is None:
        raise InputError(
            f"the data set {name} is read from a folder of yours, which is not named.",
            hint=f"Say dataset:{name}:FOLDER, or datasets show {name} --data FOLDER.",
        )
    found = find_folder(folder)

    def full_or_alloys(raw: pd.DataFrame) -> Rows:
        return system_rows(raw, full=variant.full)

    resistivity, notes = _stack(found, {STARRYDATA: starrydata_rows, SYSTEM: full_or_alloys})
    if variant.room:
        resistivity, note = nearest_room(resistivity)
        notes = (*notes, note)
    others, more = _stack(found, {BORG: borg_rows, BRGOCH: brgoch_rows, PEIVASTE: peivaste_rows})
    stacked = pd.concat([resistivity, others], ignore_index=True)
    rows, drawn = subsample(stacked[["composition", "key", *list(_COLUMNS)[1:]]], variant)
    notes = (*notes, *more, *drawn)
    if variant.merged:
        rows, note = merge_materials(rows)
        notes = (*notes, note)
    counts = ", ".join(f"{label} {rows[label].notna().sum():,}" for label in LABELS)
    notes = (*notes, f"{len(rows):,} rows of {rows['key'].nunique():,} compositions remain: {counts}")
    return Dataset(
        name=variant.name,
        description=_DESCRIPTION,
        frame=rows[list(_COLUMNS)].reset_index(drop=True),
        targets=("resistivity:reg:unit=uOhm.cm:transform=log10", "hardness:reg:unit=HV", "amorphous:cls"),
        inputs=("composition:composition", "temperature:number"),
        group="composition",
        columns=_COLUMNS,
        notes=notes,
        citations=read_bibliography(_CITED),
        licence=_LICENCE,
        variants=VARIANTS,
    )


def _stack(folder: Path, readers: dict[SourceFile, Callable[[pd.DataFrame], Rows]]) -> Rows:
    parts = [reader(read_source(folder, source)) for source, reader in readers.items()]
    frame = pd.concat([rows for rows, _ in parts], ignore_index=True)
    return frame, tuple(note for _, notes in parts for note in notes)
