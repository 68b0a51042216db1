"""The run folder: plan, manifest, one file a cell, and the journal of decisions."""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from ..errors import MiscibleError, PlanError
from ..files import make_folder, write_atomic
from ..strategies import MIXTURES
from ._cells import CellRecord
from ._plan import Plan, plan_text, read_plan

__all__ = ["STOP", "CellResult", "Decision", "FoldResult", "RunFolder"]

STOP = "everything"
"""Stands among the dropped strategies where the budget ended the study."""
DAMAGE = (OSError, SafetensorError, KeyError, TypeError, ValueError)

STARTED = ("cells/", "manifest.json")
OWN = (
    "plan.toml",
    "journal.jsonl",
    *STARTED,
    "bundle/",
    "verdict.json",
    "metrics.csv",
    "predictions.csv",
    "diagnosis.json",
    "ladder/",
    "ladder.json",
    "ladder.csv",
    "report.html",
)


@dataclass(frozen=True)
class FoldResult:
    """One fold of one cell: predictions in model space and, for networks, the trained state.

    Parameters
    ----------
    valid_rows, valid_predictions
        Inner validation part, ``(n_valid,)`` and ``(n_valid, n_outputs of the tasks of the cell)``.
    test_rows, test_predictions
        Outer test part, likewise.
    state
        Arrays of the network ensemble, empty for baselines.
    """

    valid_rows: np.ndarray
    valid_predictions: np.ndarray
    test_rows: np.ndarray
    test_predictions: np.ndarray
    state: dict[str, np.ndarray]


@dataclass(frozen=True)
class CellResult:
    """A finished cell."""

    record: CellRecord
    folds: tuple[FoldResult, ...]


@dataclass(frozen=True, slots=True)
class Decision:
    """Something the time budget decided, replayed as it stands when a run is resumed.

    ``repeat`` is the repeat before which it was taken; ``dropped`` strategies do not run from there on. An
    empty ``dropped`` says that all went on; `STOP` in it, that the study ended within the repeat.
    """

    repeat: int
    dropped: tuple[str, ...]
    reason: str
    spent: float
    merits: dict[str, float]

    @property
    def stops(self) -> bool:
        """Whether the study ended within this repeat."""
        return STOP in self.dropped


class RunFolder:
    """Files of one run.

    Parameters
    ----------
    path
        The folder.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.cells = path / "cells"
        self.journal_path = path / "journal.jsonl"
        self.plan_path = path / "plan.toml"
        self.manifest_path = path / "manifest.json"

    def begin(self, plan: Plan, manifest: dict[str, object], *, resume: bool, overwrite: bool) -> None:
        """Make the folder for a new run, or check that it holds this very run.

        Raises
        ------
        PlanError
            The folder holds a run and neither ``resume`` nor ``overwrite`` is given, or it holds another plan
            or other data, or it holds other things and no run.
        """
        if self.plan_path.exists() and not overwrite:
            self._check(plan, manifest, resume=resume)
            return
        if self.plan_path.exists() or self._is_remnant(overwrite):
            self._clear()
        elif self.path.is_dir() and any(self.path.iterdir()):
            raise PlanError(
                "this folder is not empty and holds no run.", source=self.path, hint="Choose another --out."
            )
        make_folder(self.cells)
        write_atomic(self.manifest_path, json.dumps(manifest, indent=2, sort_keys=True) + "\n")
        write_atomic(self.plan_path, plan_text(plan))

    def _check(self, plan: Plan, manifest: dict[str, object], *, resume: bool) -> None:
        if not resume:
            raise PlanError(
                "this folder already holds a run.",
                source=self.path,
                hint="Go on with --resume, start again with --overwrite, or choose another --out.",
            )
        found = read_plan(self.plan_path)
        # Studies of other splits, in folders of their own, may be added and leave this one as it is; so do mixtures and
        # the choice of what is deployed.
        aside = {"workers": True, "deploy": True, "split": {"ladder", "use"}}
        there, here = (
            {**p.model_dump(exclude=aside), "strategies": [s for s in p.strategies if s not in MIXTURES]}
            for p in (found, plan)
        )
        if there != here:
            keys = ", ".join(key for key in here if here[key] != there[key])
            raise PlanError(
                f"the plan differs from this run's plan.toml in: {keys}.",
                source=self.plan_path,
                hint="Resume with the same options, or choose another --out.",
            )
        if self._fingerprint() != manifest["data"]:
            raise PlanError(
                "the table has changed since this run began.",
                source=self.path,
                hint="Start anew in another --out.",
            )
        if (found.split, found.strategies, found.deploy) != (plan.split, plan.strategies, plan.deploy):
            write_atomic(self.plan_path, plan_text(plan))
        make_folder(self.cells)
        for part in self.cells.glob(".*.part"):
            part.unlink(missing_ok=True)

    def _fingerprint(self) -> object:
        try:
            return json.loads(self.manifest_path.read_text(encoding="utf-8"))["data"]
        except DAMAGE as error:
            raise PlanError(
                "this run's manifest is missing or damaged.",
                source=self.manifest_path,
                hint="Start again with --overwrite.",
            ) from error

    def _is_remnant(self, overwrite: bool) -> bool:
        """Whether nothing is here but what a kill leaves while a run is begun or, to overwrite, cleared."""
        if not overwrite and self.cells.is_dir() and any(self.cells.iterdir()):
            return False
        found = [p.name + "/" * p.is_dir() for p in self.path.iterdir()] if self.path.is_dir() else []
        names = OWN if overwrite else STARTED
        return all(name in names or (name.startswith(".") and name.endswith(".part")) for name in found)

    def _clear(self) -> None:
        """Remove what a run writes, and nothing else; the plan goes first, so that no half run is resumed."""
        for name in OWN:
            if name.endswith("/"):
                shutil.rmtree(self.path / name, ignore_errors=True)
            else:
                (self.path / name).unlink(missing_ok=True)

    def has(self, key: str) -> bool:
        """Whether a cell is finished."""
        return self._cell(key).exists()

    def save(self, result: CellResult) -> None:
        """Write a finished cell, whole."""
        arrays: dict[str, np.ndarray] = {}
        for f, fold in enumerate(result.folds):
            arrays[f"{f}/valid_rows"] = fold.valid_rows.astype(np.int64)
            arrays[f"{f}/valid_predictions"] = fold.valid_predictions.astype(np.float64)
            arrays[f"{f}/test_rows"] = fold.test_rows.astype(np.int64)
            arrays[f"{f}/test_predictions"] = fold.test_predictions.astype(np.float64)
            arrays |= {f"{f}/state/{name}": np.ascontiguousarray(a) for name, a in fold.state.items()}
        header = {"record": json.dumps(asdict(result.record)), "n_folds": str(len(result.folds))}
        write_atomic(self._cell(result.record.key), save(arrays, metadata=header))

    def load(self, key: str) -> CellResult:
        """Read a finished cell.

        Raises
        ------
        MiscibleError
            It is damaged.
        """
        path = self._cell(key)
        try:
            with safe_open(path, framework="numpy") as file:
                header = file.metadata()
                arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
            folds = tuple(_fold(f, arrays) for f in range(int(header["n_folds"])))
            return CellResult(_record(json.loads(header["record"])), folds)
        except DAMAGE as error:
            raise MiscibleError(
                f"damaged cell: {error}.", source=path, hint="Delete it and --resume."
            ) from error

    def append(self, decision: Decision) -> None:
        """Add a decision to the journal and flush it to disk.

        Raises
        ------
        MiscibleError
            It cannot be written.
        """
        line = json.dumps(asdict(decision), sort_keys=True) + "\n"
        try:
            with self.journal_path.open("a", encoding="utf-8") as handle:
                handle.write(line)
                handle.flush()
                os.fsync(handle.fileno())
        except OSError as error:
            raise MiscibleError(
                f"cannot write: {error.strerror or error}.",
                source=self.journal_path,
                hint="Free space, then --resume.",
            ) from error

    def journal(self) -> tuple[Decision, ...]:
        """Decisions so far; a line cut short by a crash is dropped, it was never acted on.

        Raises
        ------
        MiscibleError
            A whole line is damaged.
        """
        if not self.journal_path.exists():
            return ()
        whole, newline, cut = self.journal_path.read_text(encoding="utf-8").rpartition("\n")
        if cut:
            write_atomic(self.journal_path, whole + newline)
        try:
            rows = [json.loads(line) for line in whole.splitlines()]
            return tuple(Decision(**{**row, "dropped": tuple(row["dropped"])}) for row in rows)
        except DAMAGE as error:
            raise MiscibleError(
                f"damaged journal: {error}.",
                source=self.journal_path,
                hint="Start again with --overwrite.",
            ) from error

    def _cell(self, key: str) -> Path:
        return self.cells / f"{key}.safetensors"


def _fold(f: int, arrays: dict[str, np.ndarray]) -> FoldResult:
    prefix = f"{f}/state/"
    state = {name.removeprefix(prefix): a for name, a in arrays.items() if name.startswith(prefix)}
    names = ("valid_rows", "valid_predictions", "test_rows", "test_predictions")
    return FoldResult(*(arrays[f"{f}/{name}"] for name in names), state=state)


def _record(fields: dict[str, object]) -> CellRecord:
    tuples = {name: tuple(value) if isinstance(value, list) else value for name, value in fields.items()}
    return CellRecord(**tuples)  # pyright: ignore[reportArgumentType]
