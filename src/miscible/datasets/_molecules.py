"""Measured properties of organic molecules, from the data files of the package chemicals.

The values are those of published compilations (CRC Handbook, NIST WebBook, Common Chemistry, DIPPR tables, ...). They
are read from the installed package; nothing of them is part of this one.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version

from miscible.errors import MiscibleError
from miscible.inputs import cache_folder

from ._bibliography import read_bibliography
from ._dataset import Dataset
from ._molecules_cache import read_table_file, write_table_file
from ._molecules_files import TESTED_CHEMICALS, TESTED_THERMO, PackageFiles
from ._molecules_grids import GRIDS
from ._molecules_properties import FORTY
from ._molecules_sources import MoleculeProperty
from ._molecules_table import build_molecules

__all__ = ["GRID_TABLE", "MOLECULES", "load_molecule_grids", "load_molecules"]

MOLECULES = "molecules"
GRID_TABLE = "molecules-grids"
LEAST = 100
"""Labels of a property of the grids."""
RECIPE = 3
"""Of how the table is made; part of the name of its file, to be raised with every change of the recipe."""
_IDENTITY_COLUMNS = {
    "smiles": "canonical SMILES",
    "name": "common name of the substance with the lowest registry number",
    "cas": "lowest CAS registry number",
}
_DESCRIPTION = (
    "Organic molecules with up to forty measured properties each: melting and boiling points, partition, enthalpies, "
    "critical constants, transport properties, flammability. Most molecules carry one label; counts run from some "
    "hundred to some twenty thousand. Read from the installed package chemicals (and thermo, where it is installed: "
    "Henry's constants, surface tensions, thermal conductivities)."
)
_GRID_DESCRIPTION = (
    "The forty properties of the table 'molecules' and more than a hundred further ones: vapour pressures, heat "
    "capacities, viscosities, thermal conductivities, surface tensions, molar volumes and enthalpies of vaporisation "
    "on a grid of temperatures, boiling points at several pressures, and more constants. Columns of one family are one "
    "quantity under different conditions, often from the same fit: they are nearly copies of each other."
)
_LICENCE = (
    "chemicals and thermo are under the MIT licence; their values come from the published compilations named in their "
    "documentation, whose own terms hold"
)
_CITED = {"chemicals": ("chemicals", "bradley2014"), "thermo": ("thermo", "sander2015")}


def load_molecules() -> Dataset:
    """The table of forty properties; thirty-eight where thermo is not installed.

    Building takes some ten seconds and is done once: the table is kept in the cache folder.

    Raises
    ------
    MiscibleError
        chemicals or RDKit is not installed, or a file of chemicals is not the one expected.
    """
    return _dataset(MOLECULES, _DESCRIPTION, FORTY)


def load_molecule_grids() -> Dataset:
    """More than 150 properties: the forty, their quantities on grids of temperature and pressure, further constants.

    Building takes some twenty seconds and is done once. ``families`` says which columns are one quantity.

    Raises
    ------
    MiscibleError
        As `load_molecules`.
    """
    return _dataset(GRID_TABLE, _GRID_DESCRIPTION, GRIDS, LEAST)


def _dataset(name: str, description: str, properties: Sequence[MoleculeProperty], least: int = 1) -> Dataset:
    files = PackageFiles.find()
    versions = files.versions | {"rdkit": _rdkit_version()}
    stem = "-".join(
        [name, f"recipe{RECIPE}", *(f"{package}{number}" for package, number in versions.items())]
    )
    path = cache_folder() / f"{stem}.npz"
    stored = read_table_file(path)
    if stored is None:
        stored = build_molecules(properties, files, least)
        write_table_file(path, *stored)
    frame, notes = stored
    present = [prop for prop in properties if prop.name in frame.columns]
    return Dataset(
        name=name,
        description=description,
        frame=frame,
        targets=tuple(_target(prop) for prop in present),
        inputs=("smiles:smiles",),
        group="scaffold",
        columns=_IDENTITY_COLUMNS | {prop.name: _meaning(prop) for prop in present},
        notes=(*_version_notes(versions), *notes),
        citations=read_bibliography([key for package in files.versions for key in _CITED[package]]),
        licence=_LICENCE,
        families={prop.name: prop.family for prop in present},
    )


def _rdkit_version() -> str:
    try:
        return version("rdkit")
    except PackageNotFoundError as error:
        raise MiscibleError(
            "the table of molecules needs RDKit, which is not installed.",
            hint='Run: pip install "miscible[molecules]"',
        ) from error


def _target(prop: MoleculeProperty) -> str:
    unit = f":unit={prop.unit}" if prop.unit else ""
    transform = f":transform={prop.transform}" if prop.transform != "none" else ""
    return f"{prop.name}:reg{unit}{transform}"


def _meaning(prop: MoleculeProperty) -> str:
    return f"{prop.meaning} [{prop.unit}]" if prop.unit else prop.meaning


def _version_notes(versions: dict[str, str]) -> tuple[str, ...]:
    tested = {"chemicals": TESTED_CHEMICALS, "thermo": TESTED_THERMO}
    return tuple(
        f"{package} {versions[package]} is installed; counts are known for {number} only"
        for package, number in tested.items()
        if versions.get(package, number) != number
    )
