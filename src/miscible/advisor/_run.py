"""The main job: a table and a plan in; verdicts, report and bundle out."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd

from ..advice import PropertyVerdict, advise
from ..audit import Audit, audit
from ..bundle import Bundle, BundleParts, extend_bundle, load_bundle, write_bundle
from ..diagnosis import LADDER
from ..errors import MiscibleError, PlanError
from ..learning import check_device
from ..report import write_report
from ..study import Listener, Plan, StudyContext, StudyResult, run_study
from ..table import Table
from ._citations import method_citations
from ._climb import Climb, climb_ladder, plan_climb
from ._exhibits import Kept, keep_exhibit, kept_exhibits, run_mark
from ._ladder import Ladder
from ._ladder_files import read_warnings, write_ladder
from ._ladder_words import ladder_exhibit
from ._limits import limits_of
from ._old_run import OldRun, open_old_run
from ._outputs import write_outputs
from ._report_data import report_data
from ._source import settle_group
from ._winners import bundle_parts

__all__ = ["Advice", "Opened", "advise_table", "open_finished", "write_page"]


@dataclass(frozen=True, eq=False)
class Advice:
    """Everything one run says.

    Parameters
    ----------
    verdicts
        One per property.
    result
        The study behind them.
    audit
        Of the table.
    path
        Run folder.
    ladder
        Verdicts under nearer and farther splits; None where the plan asks for none.
    """

    verdicts: tuple[PropertyVerdict, ...]
    result: StudyResult
    audit: Audit
    path: Path
    ladder: Ladder | None = None

    def bundle(self) -> Bundle:
        """Load what is deployed."""
        return load_bundle(self.path / "bundle")


@dataclass(frozen=True, eq=False)
class Opened:
    """A finished study with everything that follows from it.

    Parameters
    ----------
    audit, result, verdicts
        As in `Advice`.
    context
        What every cell read.
    manifest
        Of the run folder.
    old
        The run that this one extends; None where it stands alone.
    """

    audit: Audit
    result: StudyResult
    context: StudyContext
    verdicts: tuple[PropertyVerdict, ...]
    manifest: dict[str, Any]
    old: OldRun | None = None


def advise_table(
    plan: Plan,
    table: Table,
    path: Path,
    *,
    citations: tuple[str, ...] = (),
    resume: bool = False,
    overwrite: bool = False,
    listener: Listener | None = None,
    on_rung: Callable[[str], None] | None = None,
    frames: Sequence[pd.DataFrame] = (),
) -> Advice:
    """Audit, study, verdict, report and bundle of one table.

    A plan with a ladder repeats the study under nearer and farther splits, in ``ladder`` beside the cells, and
    shares its budget equally among them.

    Parameters
    ----------
    plan, table
        What to do, on what.
    path
        Run folder, made if absent.
    citations
        BibTeX of the data.
    resume, overwrite
        What to do with a run already there.
    listener
        Hears of progress.
    on_rung
        Hears the name of every further rung of a ladder before its study begins.
    frames
        Of a plan that extends a run of data frames, those frames; see `open_old_run`.

    Raises
    ------
    PlanError, InputError
        Something the plan asks for cannot be had; nothing is written.
    MiscibleError
        A file cannot be written, or no property has a model; finished cells are kept.
    """
    began = time.perf_counter()
    check_device(plan.device)
    plan = settle_group(plan, table)
    climb = plan_climb(plan, table) if plan.split.ladder or plan.split.use else None
    share = None if climb is None else climb.share(plan.budget)
    opened = _study(
        plan, table, path, resume=resume, overwrite=overwrite, budget=share, listener=listener, frames=frames
    )
    write_outputs(path, opened.result, opened.verdicts)
    parts = _parts(opened, citations)
    if not parts.tasks:
        raise MiscibleError("no property has a model to deploy.", source=path)
    ladder = None
    if climb is not None:
        if climb.n_studies > 1:  # whatever stops a farther study, the run's own one has its report
            _write_both(opened, parts, began)
        ladder = _climb(climb, opened, listener, on_rung)
        parts = replace(parts, limits=_limits(opened))
    _write_both(opened, parts, began)
    return Advice(opened.verdicts, opened.result, opened.audit, path, ladder)


def open_finished(plan: Plan, table: Table, path: Path) -> Opened:
    """A study with nothing left to do, and what follows from it; trains nothing."""
    return _study(plan, table, path, resume=True, overwrite=False, budget=None, listener=None)


def write_page(opened: Opened, citations: tuple[str, ...] = ()) -> Path:
    """Write the report of a finished study again, with what was diagnosed since; trains nothing."""
    return _write_page(opened, _parts(opened, citations, models=False), 0.0)


def _study(
    plan: Plan,
    table: Table,
    path: Path,
    *,
    resume: bool,
    overwrite: bool,
    budget: float | None,
    listener: Listener | None,
    frames: Sequence[pd.DataFrame] = (),
) -> Opened:
    plan = settle_group(plan, table)
    old = None
    if plan.extends is not None:
        _check_place(path, Path(plan.extends.run))
        old = open_old_run(plan, table, frames)
        table = replace(table, notes=(*table.notes, *old.notes))
    audited = audit(
        table, plan.split.group, n_folds=plan.split.folds, n_repeats=plan.split.repeats, goal=plan.goal
    )
    result, features = run_study(
        plan, table, path, resume=resume, overwrite=overwrite, budget=budget, listener=listener,
        extension=None if old is None else old.extension,
    )  # fmt: skip
    verdicts = advise(result, _noise(audited))
    folds = result.folds
    context = StudyContext(
        result.plan, table, features, result.groups.codes, folds.outer, path, folds.barred,
        extension=None if old is None else old.extension,
    )  # fmt: skip
    manifest = json.loads((path / "manifest.json").read_text(encoding="utf-8"))
    return Opened(audited, result, context, verdicts, manifest, old)


def _check_place(path: Path, run: Path) -> None:
    """An extension is written beside its run, never into it."""
    here, there = path.resolve(), run.resolve()
    if here == there or there in here.parents:
        raise PlanError(
            "an extension is a run of its own and cannot be written into the run it extends.",
            source=path,
            hint="Choose another --out.",
        )


def _noise(audited: Audit) -> dict[str, float | None]:
    return {r.name: r.usable_spread for r in audited.replicates.tasks}


def _climb(
    climb: Climb, opened: Opened, listener: Listener | None, on_rung: Callable[[str], None] | None
) -> Ladder:
    """The other rungs, and what is kept of the ladder in the run folder."""
    began = time.perf_counter()
    path = opened.context.path
    ladder = climb_ladder(
        climb, opened.result, opened.verdicts, path, _noise(opened.audit), listener=listener, on_rung=on_rung
    )
    mark = run_mark(opened.result.plan, opened.manifest["data"])
    write_ladder(path, mark, ladder)
    if opened.result.plan.split.ladder:
        keep_exhibit(path, mark, Kept(ladder_exhibit(ladder), False, time.perf_counter() - began))
    return ladder


def _parts(opened: Opened, citations: tuple[str, ...], *, models: bool = True) -> BundleParts:
    result, versions = opened.result, opened.manifest["versions"]
    cited = (*citations, *method_citations(result))
    return bundle_parts(
        result, opened.context, opened.verdicts, versions, _limits(opened), cited, models=models
    )


def _limits(opened: Opened) -> tuple[str, ...]:
    plan = opened.result.plan
    limits = limits_of(opened.result)
    # Files of a ladder that was asked for once stay in the folder; a plan without one says nothing of it.
    if not (plan.split.ladder or plan.split.use):
        return limits
    return (*limits, *read_warnings(opened.context.path, run_mark(plan, opened.manifest["data"])))


def _write_both(opened: Opened, parts: BundleParts, began: float) -> None:
    folder, old = opened.context.path / "bundle", opened.old
    if old is None:
        write_bundle(parts, folder)
    else:
        extend_bundle(parts, old.bundle, old.features, old.codes, folder)
    _write_page(opened, parts, time.perf_counter() - began)


def _write_page(opened: Opened, parts: BundleParts, seconds: float) -> Path:
    result, path = opened.result, opened.context.path
    # A resumed or repeated run did most of its work before.
    worked = sum(cell.seconds for cell in result.cells) / result.plan.workers
    data = report_data(
        result, opened.audit, opened.verdicts, parts, opened.manifest, parts.limits, parts.citations,
        max(seconds, worked),
    )  # fmt: skip
    kept = kept_exhibits(path, run_mark(result.plan, opened.manifest["data"]))
    exhibits = tuple(one for one in kept if one.key != LADDER or result.plan.split.ladder)
    bundle = str(path / "bundle") if (path / "bundle").is_dir() else None
    return write_report(replace(data, bundle=bundle, exhibits=exhibits), path / "report.html")
