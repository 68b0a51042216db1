"""Run an experiment on simulated worlds, cell by cell, or go on with one."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import pandas as pd

from ..datasets import make_world
from ..errors import PlanError
from ..files import make_folder, write_atomic
from ..study import derive_seed
from ._experiment import Experiment
from ._figure import write_figures
from ._grid import GridCell, cells_of
from ._measures import MEASURES, Point, Record
from ._results import CellRecords, result_frame

__all__ = ["ExperimentListener", "Unheard", "begin_folder", "run_grid"]


class ExperimentListener(Protocol):
    """Hears how an experiment goes; the command line draws a bar from it."""

    def begin(self, total: float, done: float) -> None:
        """Total and finished work, in arbitrary units."""
        ...

    def advance(self, amount: float, what: str) -> None:
        """Some more is done of what is named."""
        ...


class Unheard:
    """Hears and says nothing."""

    def begin(self, total: float, done: float) -> None:
        """See `ExperimentListener`."""

    def advance(self, amount: float, what: str) -> None:
        """See `ExperimentListener`."""


def run_grid(
    experiment: Experiment,
    plan: Path,
    out: Path,
    *,
    full: bool = False,
    resume: bool = False,
    listener: ExperimentListener | None = None,
) -> pd.DataFrame:
    """Measure every cell that is not done, and write table and figure.

    Parameters
    ----------
    experiment, plan
        What to do, and the file that says it, of which a copy is kept.
    out
        Folder: ``cells/``, ``results.csv``, ``figure.html``, ``plan.toml``, ``manifest.json``.
    full
        The full size instead of the small one.
    resume
        Go on with what is in ``out``.
    listener
        Hears of progress.

    Returns
    -------
    DataFrame
        See `result_frame`.

    Raises
    ------
    PlanError
        A dial is wrong, or the folder holds another run, or this one and ``resume`` was not said.
    MiscibleError
        The folder cannot be written; finished cells are kept.
    """
    listener = listener or Unheard()
    cells = cells_of(experiment, full, plan)
    begin_folder(out, plan, full=full, resume=resume)
    done = {cell.key: found for cell in cells if (found := _read_cell(out, cell)) is not None}
    listener.begin(sum(c.cost for c in cells), sum(c.cost for c in cells if c.key in done))
    for cell in cells:
        if cell.key not in done:
            done[cell.key] = _run_cell(experiment, cell, out, full, listener)
    frame = result_frame(experiment, [done[cell.key] for cell in cells])
    write_atomic(out / "results.csv", frame.to_csv(index=False, float_format="%.6g"))
    write_figures(experiment, frame, out / "figure.html", full=full)
    return frame


def begin_folder(out: Path, plan: Path, *, full: bool, resume: bool) -> None:
    """Make the folder of a run, or check that the one there is of the same plan and size.

    Raises
    ------
    PlanError
        It is of another plan or size, or holds a run and ``resume`` was not said.
    """
    text = plan.read_bytes()
    same = {"plan": hashlib.sha256(text).hexdigest(), "size": "full" if full else "small"}
    manifest = out / "manifest.json"
    if manifest.exists():
        if not resume:
            raise PlanError(
                "this folder holds an experiment.", source=out, hint="Add --resume, or choose another --out."
            )
        if json.loads(manifest.read_text(encoding="utf-8")) != same:
            raise PlanError(
                "this folder holds an experiment of another plan or size.",
                source=out,
                hint="Choose another --out.",
            )
    make_folder(out / "cells")
    write_atomic(out / "plan.toml", text)
    write_atomic(manifest, json.dumps(same, indent=1))


def _run_cell(
    experiment: Experiment, cell: GridCell, out: Path, full: bool, listener: ExperimentListener
) -> CellRecords:
    effort = experiment.effort(full)
    world = make_world(cell.dials, derive_seed(experiment.seed, "world", cell.world))
    began = time.perf_counter()
    records: dict[str, tuple[Record, ...]] = {}
    share = cell.cost / len(experiment.measures)
    for measure in experiment.measures:
        heard = _Heard(listener, share, f"{measure}: {cell.key}")
        point = Point(
            world=world,
            arms=experiment.strategies(),
            n_redraws=effort.redraws,
            n_test=effort.n_test,
            tuning=effort.tuning_with(cell.remedies),
            seed=derive_seed(experiment.seed, "redraws", cell.world),
            progress=heard,
        )
        records[measure] = tuple(MEASURES[measure](point))
        heard(1.0)
    content = {
        "values": cell.values,
        "world": cell.world,
        "seconds": round(time.perf_counter() - began, 3),
        "records": {name: [r.to_json() for r in found] for name, found in records.items()},
    }
    write_atomic(_cell_path(out, cell), json.dumps(content))
    return CellRecords(cell.values, cell.world, records)


class _Heard:
    """From the share done of one measure to work done for the listener."""

    def __init__(self, listener: ExperimentListener, work: float, what: str) -> None:
        self._listener, self._work, self._what = listener, work, what
        self._told = 0.0

    def __call__(self, share: float) -> None:
        if share > self._told:
            self._listener.advance((share - self._told) * self._work, self._what)
            self._told = share


def _read_cell(out: Path, cell: GridCell) -> CellRecords | None:
    path = _cell_path(out, cell)
    if not path.exists():
        return None
    content = json.loads(path.read_text(encoding="utf-8"))
    records = {name: tuple(_record(r) for r in found) for name, found in content["records"].items()}
    return CellRecords(cell.values, cell.world, records)


def _record(content: dict[str, object]) -> Record:
    values = content["values"]
    assert isinstance(values, Sequence)
    return Record(str(content["quantity"]), str(content["task"]), str(content["arm"]), tuple(values))


def _cell_path(out: Path, cell: GridCell) -> Path:
    return out / "cells" / f"{cell.key}.json"
