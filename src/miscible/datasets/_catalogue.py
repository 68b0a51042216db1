"""Names of the ready-made tables, and their text for a terminal."""

from __future__ import annotations

from collections.abc import Callable
from textwrap import fill

from miscible.errors import InputError
from miscible.text import suggest

from ._alloys import load_alloys
from ._dataset import Dataset

__all__ = ["describe", "load", "names"]

WIDTH = 100
_LOADERS: dict[str, Callable[[], Dataset]] = {"alloys": load_alloys}


def names() -> tuple[str, ...]:
    """Names that `load` knows."""
    return tuple(_LOADERS)


def load(name: str) -> Dataset:
    """Load a ready-made table.

    Raises
    ------
    InputError
        There is no such table.
    MiscibleError
        The package that holds its data is not installed.
    """
    if name not in _LOADERS:
        near = suggest(name, _LOADERS, limit=1)
        hint = f"Did you mean {near[0]!r}?" if near else f"There are: {', '.join(_LOADERS)}."
        raise InputError(f"there is no data set {name!r}.", hint=hint)
    return _LOADERS[name]()


def describe(name: str) -> str:
    """Text about one table: size, labels, columns, notes, licence and citations.

    Raises
    ------
    InputError, MiscibleError
        As `load`.
    """
    dataset = load(name)
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
        "\n".join(["What loading did", *(_bullet(note) for note in dataset.notes)]),
        f"Licence: {dataset.licence}",
        "\n".join(["Please cite", *dataset.citations]),
    )
    return "\n\n".join(sections) + "\n"


def _bullet(note: str) -> str:
    return fill(note, WIDTH, initial_indent="  - ", subsequent_indent="    ")
