"""Names of the ready-made tables, and their text for a terminal."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from textwrap import fill

from miscible.errors import InputError
from miscible.text import suggest

from ._alloys import load_alloys
from ._chembl import CHEMBL, load_chembl
from ._dataset import Dataset
from ._molecules import GRID_TABLE, MOLECULES, load_molecule_grids, load_molecules
from ._synthetic import SYNTHETIC, describe_dials, load_synthetic
from ._union_variant import UNION, VARIANTS
from ._unions import is_union, load_union

__all__ = ["absolute", "describe", "load", "names", "summaries"]

WIDTH = 100
_LOADERS: dict[str, Callable[[], Dataset]] = {
    "alloys": load_alloys,
    MOLECULES: load_molecules,
    GRID_TABLE: load_molecule_grids,
}


def names() -> tuple[str, ...]:
    """Names that `load` knows."""
    return (*_LOADERS, UNION, CHEMBL, SYNTHETIC)


def summaries() -> dict[str, str]:
    """A line about each table, by name."""
    return {
        "alloys": "strength, hardness, elongation and amorphous formation; comes with the extra 'alloys'",
        MOLECULES: "up to forty properties of 29,500 organic molecules; comes with the extra 'molecules'",
        GRID_TABLE: "more than 150: the same on grids of temperature and pressure, and more constants",
        UNION: f"resistivity, hardness and amorphous formation; needs a folder of yours: dataset:{UNION}:FOLDER; "
        f"variants {UNION}-PART, PART {', '.join(VARIANTS)}",
        CHEMBL: f"activities of 23,871 molecules against 610 targets; needs a folder of yours: dataset:{CHEMBL}:FOLDER",
        SYNTHETIC: "a simulated table with known truth; every dial may be left out: "
        f"dataset:{SYNTHETIC}:counts=3000/300/300,relatedness=0.5,seed=3",
    }


def load(name: str, folder: str | Path | None = None) -> Dataset:
    """Load a ready-made table.

    Parameters
    ----------
    name
        One of `names`, or a variant of it; ``NAME:FOLDER`` also names the folder, ``synthetic:DIALS`` the dials.
    folder
        Where the files of a table lie that does not bring its own.

    Raises
    ------
    InputError
        There is no such table, its folder is not named or does not hold what it should, or it needs none; a dial of
        the simulator is unknown or out of range.
    MiscibleError
        The package that holds its data is not installed.
    """
    stem, colon, rest = name.partition(":")
    place = folder or rest or None
    if is_union(stem):
        return load_union(stem, place)
    if stem == CHEMBL:
        return load_chembl(place)
    if stem == SYNTHETIC:
        if folder:
            raise InputError("the simulated table is read from no folder.", hint="Leave the folder out.")
        return load_synthetic(rest)
    if stem not in _LOADERS:
        near = suggest(stem, names(), limit=1)
        hint = f"Did you mean {near[0]!r}?" if near else f"There are: {', '.join(names())}."
        raise InputError(f"there is no data set {stem!r}.", hint=hint)
    if colon or place:
        raise InputError(f"the data set {stem!r} brings its own files.", hint="Leave the folder out.")
    return _LOADERS[stem]()


def absolute(name: str, beside: Path | None = None) -> str:
    """The name with its folder, if it has one, made absolute, so that it means the same from anywhere.

    The dials of a simulated table are no folder and stay as they are.

    Parameters
    ----------
    name
        As in `load`.
    beside
        What a relative folder is relative to; the current folder by default.
    """
    stem, _, rest = name.partition(":")
    if not rest or stem == SYNTHETIC:
        return name
    return f"{stem}:{(beside or Path()).joinpath(Path(rest).expanduser()).absolute()}"


def describe(name: str, folder: str | Path | None = None) -> str:
    """Text about one table: size, labels, columns, variants, notes, licence and citations.

    Raises
    ------
    InputError, MiscibleError
        As `load`.
    """
    dataset = load(name, folder)
    width = max(map(len, dataset.columns))
    filled = dataset.frame.notna().sum()
    columns = [f"  {c:<{width}}  {filled[c]:>6,}  {text}" for c, text in dataset.columns.items()]
    sections = (
        f"{dataset.name}: {len(dataset.frame):,} rows",
        fill(dataset.description, WIDTH),
        "\n".join(["Columns, filled rows, meaning", *columns]),
        "\n".join(
            [
                f"Targets  {' '.join(dataset.targets)}",
                f"Inputs   {' '.join(dataset.inputs)}",
                f"Group    {dataset.group}",
            ]
        ),
        *_variants(dataset),
        *((describe_dials(WIDTH),) if dataset.name == SYNTHETIC else ()),
        "\n".join(["What loading did", *(_bullet(note) for note in dataset.notes)]),
        fill(f"Licence: {dataset.licence}", WIDTH),
        *(("\n".join(["Please cite", *dataset.citations]),) if dataset.citations else ()),
    )
    return "\n\n".join(sections) + "\n"


def _variants(dataset: Dataset) -> tuple[str, ...]:
    if not dataset.variants:
        return ()
    stem = dataset.name
    for part in dataset.variants:
        stem = stem.replace(f"-{part}", "")
    width = max(map(len, dataset.variants))
    lines = [f"  {part:<{width}}  {text}" for part, text in dataset.variants.items()]
    head = f"Variants: {stem} with one or more of these parts behind it, joined by dashes"
    return ("\n".join([head, *lines]),)


def _bullet(note: str) -> str:
    return fill(note, WIDTH, initial_indent="  - ", subsequent_indent="    ")
