"""Where the real tables of an experiment come from: ready-made ones, or files below a folder of the user's."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from pathlib import Path

import numpy as np
import pandas as pd

from ..advisor import DATASET, open_table
from ..errors import InputError, PlanError
from ..study import TablePlan, derive_seed
from ..table import Table, parse_target, read_frame
from ._experiment import PairTable

__all__ = ["DATA", "check_table", "open_pair", "pair_plan"]

DATA = "data:"


def check_table(spec: PairTable, data: Path | None, source: object) -> None:
    """What can be told of a table before it is read.

    Parameters
    ----------
    spec, data, source
        As in `open_pair`.

    Raises
    ------
    PlanError
        A pair names no target, the source is none, inputs are not named, or the folder is needed and not given.
    InputError
        A file is missing.
    """
    names = [parse_target(t).name for t in spec.targets]
    for name in (name for pair in spec.pairs for name in pair):
        if name not in names:
            raise PlanError(
                f"tables.{spec.name}.pairs: {name!r} is no target of this table ({', '.join(names)}).",
                source=source,
            )
    if spec.source.startswith(DATASET):
        return
    if not spec.inputs:
        raise PlanError(f"tables.{spec.name}.inputs: a file needs its inputs named.", source=source)
    for name in (spec.source, *([spec.beside] if spec.beside is not None else [])):
        _path(spec, name, data, source)


def open_pair(
    spec: PairTable, pair: tuple[str, str], data: Path | None, rows: int | None, seed: int, source: object
) -> Table:
    """The table with the two properties of a pair, and the rows that have one of them.

    Parameters
    ----------
    spec
        The table.
    pair
        Names of two of its targets.
    data
        Folder of the user's; needed for sources below it.
    rows
        Most rows; more are thinned at random, so that labels of both properties keep their proportion.
    seed
        Of the thinning.
    source
        Plan file, for messages.

    Raises
    ------
    PlanError
        The pair names no target, or the folder is needed and not given.
    InputError
        A file is missing or cannot be used.
    """
    check_table(spec, data, source)
    part = pair_plan(spec, pair)
    if spec.source.startswith(DATASET):
        table = open_table(part, spec.group)[0]
        return (
            table if rows is None or table.n_rows <= rows else table.take(_thinned(table.n_rows, rows, seed))
        )
    frame = _read(spec, data, source)
    require = [name for name in pair if name not in frame.columns]
    if require:
        raise InputError("there is no such column.", source=spec.source, column=require[0])
    frame = frame.loc[frame[list(pair)].notna().any(axis=1)]
    if rows is not None and len(frame) > rows:
        frame = frame.iloc[_thinned(len(frame), rows, seed)]
    return replace(open_table(part, spec.group, frame)[0], source=spec.source)


def pair_plan(spec: PairTable, pair: tuple[str, str]) -> TablePlan:
    """The table with the two properties of a pair as its only targets, as a plan of a study names it."""
    by_name = {parse_target(t).name: t for t in spec.targets}
    targets = tuple(by_name[name] for name in pair)
    return TablePlan(source=spec.source, targets=targets, inputs=spec.inputs, where=spec.where)


def _thinned(n_rows: int, rows: int, seed: int) -> np.ndarray:
    rng = np.random.default_rng(derive_seed(seed, "rows"))
    return np.sort(rng.choice(n_rows, rows, replace=False))


def _read(spec: PairTable, data: Path | None, source: object) -> pd.DataFrame:
    frame = _read_once(_path(spec, spec.source, data, source))
    if spec.beside is not None:
        other = _read_once(_path(spec, spec.beside, data, source))
        key = str(frame.columns[0])
        if key != other.columns[0]:
            raise InputError(
                f"the first column is {other.columns[0]!r}, that of the file it stands beside is {key!r}.",
                source=spec.beside,
            )
        taken = [c for c in other.columns[1:] if c not in frame.columns]
        frame = frame.merge(other[[key, *taken]], on=key, how="inner", validate="one_to_one")
    frame.attrs["source"] = spec.source
    return frame


def _path(spec: PairTable, name: str, data: Path | None, source: object) -> Path:
    if not name.startswith(DATA):
        raise PlanError(
            f"tables.{spec.name}.source: {name!r} is neither dataset:NAME nor data:PATH.", source=source
        )
    if data is None:
        raise PlanError(
            f"table {spec.name!r} lies in a folder of yours: {name}.",
            source=source,
            hint="Name the folder with --data.",
        )
    path = data / name.removeprefix(DATA)
    if not path.exists():
        raise InputError("no such file.", source=path, hint="Is --data the folder the plan means?")
    return path


@lru_cache(maxsize=2)
def _read_once(path: Path) -> pd.DataFrame:
    """Large files are looked at for several pairs."""
    return read_frame(path)
