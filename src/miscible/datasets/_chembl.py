"""Bioactivities of molecules: a published extract of ChEMBL with 691 targets, from a file of the user's."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from miscible.chemistry import parse_smiles
from miscible.errors import InputError
from miscible.table import read_frame

from ._bibliography import read_bibliography
from ._dataset import Dataset
from ._file_cells import read_numbers

__all__ = ["CHEMBL", "load_chembl"]

CHEMBL = "molecules-chembl"
FOLDER = "deepchem_chembl"
FILES = ("chembl_5thresh.csv.gz", "chembl_5thresh.csv")
N_ROWS, N_TARGETS = 23_871, 691
"""Of the version whose counts are known."""
MOST_NAMED = 5
_ORIGIN = "Get it from github.com/deepchem/deepchem, datasets/chembl_5thresh.csv.gz."
_DESCRIPTION = (
    "Molecules with measured activities against protein targets of ChEMBL, on a logarithmic scale of about 4 to 11, as "
    "distributed with DeepChem. Half of the targets have fewer than forty labels, some have none; about one cell in "
    "180 is filled. Read from a file in a folder of yours."
)
_LICENCE = "CC BY-SA 3.0, the licence of ChEMBL (not stated beside the file); its repository is under the MIT licence"


def load_chembl(folder: str | Path | None) -> Dataset:
    """The table of bioactivities.

    Parameters
    ----------
    folder
        Holds ``chembl_5thresh.csv.gz``, or a folder ``deepchem_chembl`` or ``molecules/deepchem_chembl`` with it.

    Raises
    ------
    InputError
        No folder, or a file that is missing or not what it should be.
    MiscibleError
        RDKit is not installed.
    """
    path = _find(folder)
    raw = _read(path)
    targets = [column for column in raw.columns if column != "smiles"]
    values = pd.DataFrame({target: read_numbers(raw, target, path, _ORIGIN) for target in targets})
    parsed = parse_smiles(raw["smiles"].to_list())
    canonical = pd.Series(parsed.canonical, index=raw.index, dtype=object)
    read = canonical.notna()
    merged = values[read].groupby(canonical[read].to_numpy(), sort=False).mean()
    empty = [target for target in targets if merged[target].isna().all()]
    kept = merged.drop(columns=empty).dropna(how="all")
    heads = pd.DataFrame({"smiles": kept.index})
    frame = pd.concat([heads, kept.reset_index(drop=True)], axis=1)
    notes = (
        *_version_notes(len(raw), len(targets)),
        f"{len(parsed.errors):,} of {len(raw):,} rows were dropped, their SMILES could not be read",
        f"{int(read.sum()) - len(merged):,} rows repeat the canonical SMILES of another one and were averaged with it",
        f"{len(merged) - len(kept):,} molecules without a value were dropped",
        f"{len(empty):,} targets without a value were left out{_first(empty)}",
        f"{len(frame):,} molecules, {len(targets) - len(empty):,} targets, "
        f"{int(kept.notna().to_numpy().sum()):,} labels remain",
    )
    return Dataset(
        name=CHEMBL,
        description=_DESCRIPTION,
        frame=frame,
        targets=tuple(f"{target}:reg" for target in kept.columns),
        inputs=("smiles:smiles",),
        group="scaffold",
        columns={"smiles": "canonical SMILES"}
        | dict.fromkeys(kept.columns, "activity against this target, logarithmic scale"),
        notes=notes,
        citations=read_bibliography(("moleculenet2018",)),
        licence=_LICENCE,
    )


def _find(folder: str | Path | None) -> Path:
    if folder is None:
        raise InputError(
            f"the data set {CHEMBL} is read from a folder of yours, which is not named.",
            hint=f"Say dataset:{CHEMBL}:FOLDER, or datasets show {CHEMBL} --data FOLDER.",
        )
    path = Path(folder).expanduser().absolute()
    hint = f"It must hold {FILES[0]}, itself or in a folder {FOLDER}. {_ORIGIN}"
    if not path.is_dir():
        problem = "this is a file, not a folder" if path.exists() else "no such folder"
        raise InputError(f"{problem}; the data set {CHEMBL} is read from one.", source=path, hint=hint)
    places = [path, path / FOLDER, path / "molecules" / FOLDER]
    found = next((place / name for place in places for name in FILES if (place / name).is_file()), None)
    if found is None:
        raise InputError(f"the folder holds no {FILES[0]}.", source=path, hint=hint)
    return found


def _read(path: Path) -> pd.DataFrame:
    try:
        raw = read_frame(path)
    except InputError as error:
        hint = f"{error.hint} {_ORIGIN}" if error.hint else _ORIGIN
        raise InputError(error.message, source=error.source, column=error.column, hint=hint) from None
    if "smiles" not in raw.columns:
        raise InputError(
            "this is not the file expected, the column is missing.",
            source=path,
            column="smiles",
            hint=_ORIGIN,
        )
    if len(raw.columns) < 2:
        raise InputError("this is not the file expected, it has no targets.", source=path, hint=_ORIGIN)
    return raw


def _first(names: list[str]) -> str:
    more = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
    return f": {', '.join(names[:MOST_NAMED])}{more}" if names else ""


def _version_notes(n_rows: int, n_targets: int) -> tuple[str, ...]:
    if (n_rows, n_targets) == (N_ROWS, N_TARGETS):
        return ()
    return (
        f"the file has {n_rows:,} rows and {n_targets:,} targets; the version tested has {N_ROWS:,} and {N_TARGETS:,}",
    )
