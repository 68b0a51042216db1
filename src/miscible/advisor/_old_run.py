"""Open a finished run to add properties to it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from ..bundle import OldBundle, read_old_bundle
from ..errors import BundleError, InputError, PlanError
from ..inputs import Features, featurize
from ..splits import Groups, SeenRows, extend_folds, find_known, group_keys, like_rows
from ..study import (
    Extension,
    Plan,
    RunFolder,
    data_fingerprint,
    kept_folds,
    kept_trunks,
    missing_cells,
    read_plan,
)
from ..table import Table
from ._source import FRAME, open_table

__all__ = ["OldRun", "chain_of_runs", "open_old_run"]

FEWEST_A_FOLD = 4
"""Labels; fewer say nothing of a model."""


@dataclass(frozen=True, eq=False)
class OldRun:
    """A finished run, opened for a table with new properties.

    Parameters
    ----------
    extension
        What the study needs of it.
    bundle
        To go on from.
    features, codes
        Inputs and group of the rows of both.
    notes
        What a reader must know of how the rows meet.
    """

    extension: Extension
    bundle: OldBundle
    features: Features
    codes: np.ndarray
    notes: tuple[str, ...]


def chain_of_runs(run: Path) -> list[tuple[Path, Plan]]:
    """A run and what it extends, in turn; the last one trained the networks that all start from.

    Raises
    ------
    PlanError
        A folder holds no run, or none that can be extended.
    """
    chain: list[tuple[Path, Plan]] = []
    place: Path | None = run
    while place is not None:
        if not (place / "plan.toml").exists():
            raise PlanError(
                "this folder holds no run to extend.", source=place, hint="Give the folder named by --out."
            )
        plan = read_plan(place / "plan.toml")
        chain.append((place, plan))
        place = None if plan.extends is None else Path(plan.extends.run)
    root, plan = chain[-1]
    if plan.split.group == "element":
        raise PlanError(
            "this run left elements out, so that every fold lacks other rows: it cannot be extended.",
            source=root,
            hint="Extend a run grouped by composition or system.",
        )
    return chain


def open_old_run(plan: Plan, table: Table, frames: Sequence[pd.DataFrame] = ()) -> OldRun:
    """Check that a run can be extended by this table, and take from it what the study needs; writes nothing.

    Parameters
    ----------
    plan
        With ``extends``.
    table
        With the new properties.
    frames
        The data frames that the run, and the runs it extends, studied, in turn; none for files and data sets.

    Raises
    ------
    PlanError
        The run is missing, not finished, has no networks to start from, or knows a property already.
    InputError
        The inputs are not those of the run, its table has changed, or a property has too few labels.
    """
    assert plan.extends is not None
    run = Path(plan.extends.run)
    chain = chain_of_runs(run)
    if plan.split.ladder or plan.split.use:
        raise PlanError(
            "an extension has the folds of its run, and no ladder.", hint="Leave out --split and --use."
        )
    root, first = chain[-1]
    old = _read_bundle(run)
    _check_new(table, (*old.names, *plan.extends.properties), run)
    if table.inputs != old.spec:
        raise InputError(
            "the inputs of this table are not those of the run.", source=table.source, hint=f"See {run}."
        )
    features = featurize(table.frame, table.inputs)
    if any(features.names != preparation.features_in for preparation in old.preparations):
        raise PlanError(
            "this run describes its inputs in another way than this version of miscible does.",
            source=run,
            hint="Extend it with the version that made it, or run it again.",
        )
    given = list(frames)
    tables = [_open_table(place, its, given) for place, its in chain]
    _check_new(table, tables[-1].names, run)
    old_features = [featurize(t.frame, t.inputs) for t in tables]
    groups = group_keys(tables[-1], first.split.group)
    _check_data(root, tables[-1], old_features[-1], groups)
    store = RunFolder(root)
    seen = SeenRows(old_features[-1], groups, kept_folds(first, tables[-1], store))
    own_groups, known = find_known(seen, table, features)
    _check_labels(plan, table, own_groups)
    trunks = kept_trunks(first, tables[-1], store)
    folds = extend_folds(
        own_groups.codes, table.labels, table.kinds, known,
        n_folds=first.split.folds, n_repeats=plan.split.repeats, seed=plan.seed, names=table.names,
        classes=[p.classes for p in table.properties], group_labels=own_groups.labels,
    )  # fmt: skip
    extension = Extension(_mark(root), own_groups, folds, old.preparations, trunks)
    unseen = np.all([p.unseen(features) for p in old.preparations], axis=0)
    both, codes = _together([features, *old_features], [own_groups, groups])
    return OldRun(extension, old, both, codes, _notes(known, unseen, folds.fixed))


def _check_new(table: Table, known: Sequence[str], run: Path) -> None:
    for name in table.names:
        if name in known:
            raise PlanError(
                "the run has this property already.",
                source=run,
                column=name,
                hint="Name new properties only, or study all of them anew.",
            )


def _read_bundle(run: Path) -> OldBundle:
    try:
        return read_old_bundle(run / "bundle")
    except BundleError as error:
        raise PlanError(
            f"this run has no whole bundle to add to ({error.message.rstrip('.')}).",
            source=run,
            hint=f"Finish it with: miscible study --plan {run / 'plan.toml'} --resume",
        ) from error


def _open_table(run: Path, plan: Plan, frames: list[pd.DataFrame]) -> Table:
    """The table a run studied, after its cells were found complete."""
    frame = None
    if Path(plan.table.source).name == FRAME:
        if not frames:
            raise PlanError(
                "this run studied a data frame, which is not in its folder.",
                source=run,
                hint="Extend it from Python with miscible.advisor.extend_run(..., frames=[FRAME]).",
            )
        frame = frames.pop(0)
    try:
        table, _ = open_table(plan.table, plan.split.group, frame)
    except InputError as error:
        raise PlanError(
            f"the table this run studied cannot be read any more ({error}).",
            source=run,
            hint="It tells which rows each network has seen; put it back.",
        ) from error
    missing = missing_cells(plan, table, run)
    if missing:
        raise PlanError(
            f"this run is not finished; missing {len(missing)} cells: {', '.join(missing[:3])}"
            f"{', ...' if len(missing) > 3 else ''}.",
            source=run,
            hint=f"Finish it with: miscible study --plan {run / 'plan.toml'} --resume",
        )
    return table


def _check_data(run: Path, table: Table, features: Features, groups: Groups) -> None:
    path = run / "manifest.json"
    try:
        kept = json.loads(path.read_text(encoding="utf-8"))["data"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise PlanError("this run's manifest is missing or damaged.", source=path) from error
    if data_fingerprint(table, features, groups) != kept:
        raise InputError(
            "this table has changed since the run studied it, so that nobody knows which rows its networks have seen.",
            source=table.source,
            hint=f"Put it back as it was, give the new rows in a file of their own, or run it again ({run}).",
        )


def _check_labels(plan: Plan, table: Table, groups: Groups) -> None:
    fewest = FEWEST_A_FOLD * plan.split.folds
    for t, prop in enumerate(table.properties):
        rows = np.isfinite(table.labels[:, t])
        found, n_groups = int(rows.sum()), len(np.unique(groups.codes[rows]))
        if found < fewest or n_groups < plan.split.folds:
            raise InputError(
                f"{found} labels in {n_groups} groups are too few for the run's {plan.split.folds} folds: at least "
                f"{fewest} in {plan.split.folds} groups are needed.",
                source=table.source,
                column=prop.name,
                hint="Measure more, or predict it from outside.",
            )


def _mark(run: Path) -> str:
    """Checksum of what the networks were made from."""
    digest = hashlib.sha256((run / "plan.toml").read_bytes())
    digest.update((run / "manifest.json").read_bytes())
    return digest.hexdigest()


def _together(features: Sequence[Features], groups: Sequence[Groups]) -> tuple[Features, np.ndarray]:
    """Rows of all tables, those with the same inputs once in each pair; codes by name of group."""
    new, *middle, old = features
    names = [groups[1].labels[groups[1].codes]]
    parts = [old]
    for k, part in enumerate((new, *middle)):
        fresh = part.take(like_rows(old, part) < 0)
        own = groups[0].labels[groups[0].codes][like_rows(old, part) < 0] if k == 0 else None
        rows = np.arange(fresh.n_rows).astype(str)
        names.append(np.char.add(f"row {k} ", rows) if own is None or groups[0].by == "none" else own)
        parts.append(fresh)
    numeric = np.concatenate([part.numeric for part in parts])
    categories = {c: np.concatenate([part.categories[c] for part in parts]) for c in old.categories}
    codes = np.unique(np.concatenate(names), return_inverse=True)[1]
    return Features(numeric, old.names, categories), codes.astype(np.int64)


def _notes(known: np.ndarray, unseen: np.ndarray, fixed: bool) -> tuple[str, ...]:
    n = int((known >= 0).sum())
    notes = [
        f"{n:,} of {len(known):,} rows are known to the run that is extended and are tested where it tested them"
        + ("; all repeats have these folds." if fixed else ".")
    ]
    if unseen.any():
        notes.append(
            f"{int(unseen.sum()):,} rows have an element, category or other value that no row of that run had: the "
            "models cannot see it."
        )
    return tuple(notes)
