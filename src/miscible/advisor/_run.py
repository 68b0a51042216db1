"""The main job: a table and a plan in; verdicts, report and bundle out."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ..advice import PropertyVerdict, advise
from ..audit import Audit, audit
from ..bundle import Bundle, BundleParts, load_bundle, write_bundle
from ..errors import MiscibleError
from ..learning import check_device
from ..report import write_report
from ..study import Listener, Plan, StudyContext, StudyResult, run_study
from ..table import Table
from ._citations import method_citations
from ._exhibits import kept_exhibits, run_mark
from ._limits import limits_of
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
    """

    verdicts: tuple[PropertyVerdict, ...]
    result: StudyResult
    audit: Audit
    path: Path

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
    """

    audit: Audit
    result: StudyResult
    context: StudyContext
    verdicts: tuple[PropertyVerdict, ...]
    manifest: dict[str, Any]


def advise_table(
    plan: Plan,
    table: Table,
    path: Path,
    *,
    citations: tuple[str, ...] = (),
    resume: bool = False,
    overwrite: bool = False,
    listener: Listener | None = None,
) -> Advice:
    """Audit, study, verdict, report and bundle of one table.

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

    Raises
    ------
    PlanError, InputError
        Something the plan asks for cannot be had; nothing is written.
    MiscibleError
        A file cannot be written, or no property has a model; finished cells are kept.
    """
    began = time.perf_counter()
    check_device(plan.device)
    opened = _study(plan, table, path, resume=resume, overwrite=overwrite, listener=listener)
    write_outputs(path, opened.result, opened.verdicts)
    parts = _parts(opened, citations)
    if not parts.tasks:
        raise MiscibleError("no property has a model to deploy.", source=path)
    write_bundle(parts, path / "bundle")
    _write_page(opened, parts, time.perf_counter() - began)
    return Advice(opened.verdicts, opened.result, opened.audit, path)


def open_finished(plan: Plan, table: Table, path: Path) -> Opened:
    """A study with nothing left to do, and what follows from it; trains and writes nothing."""
    return _study(plan, table, path, resume=True, overwrite=False, listener=None)


def write_page(opened: Opened, citations: tuple[str, ...] = ()) -> Path:
    """Write the report of a finished study again, with what was diagnosed since; trains nothing."""
    return _write_page(opened, _parts(opened, citations, models=False), 0.0)


def _study(
    plan: Plan, table: Table, path: Path, *, resume: bool, overwrite: bool, listener: Listener | None
) -> Opened:
    plan = settle_group(plan, table)
    audited = audit(
        table, plan.split.group, n_folds=plan.split.folds, n_repeats=plan.split.repeats, goal=plan.goal
    )
    result, features = run_study(plan, table, path, resume=resume, overwrite=overwrite, listener=listener)
    verdicts = advise(result, {r.name: r.usable_spread for r in audited.replicates.tasks})
    context = StudyContext(result.plan, table, features, result.groups.codes, result.folds.outer, path)
    manifest = json.loads((path / "manifest.json").read_text(encoding="utf-8"))
    return Opened(audited, result, context, verdicts, manifest)


def _parts(opened: Opened, citations: tuple[str, ...], *, models: bool = True) -> BundleParts:
    result = opened.result
    cited = (*citations, *method_citations(result))
    versions, limits = opened.manifest["versions"], limits_of(result)
    return bundle_parts(result, opened.context, opened.verdicts, versions, limits, cited, models=models)


def _write_page(opened: Opened, parts: BundleParts, seconds: float) -> Path:
    result, path = opened.result, opened.context.path
    # A resumed or repeated run did most of its work before.
    worked = sum(cell.seconds for cell in result.cells) / result.plan.workers
    data = report_data(
        result, opened.audit, opened.verdicts, parts, opened.manifest, parts.limits, parts.citations,
        max(seconds, worked),
    )  # fmt: skip
    exhibits = kept_exhibits(path, run_mark(result.plan, opened.manifest["data"]))
    bundle = str(path / "bundle") if (path / "bundle").is_dir() else None
    return write_report(replace(data, bundle=bundle, exhibits=exhibits), path / "report.html")
