"""The main job: a table and a plan in; verdicts, report and bundle out."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, replace
from pathlib import Path

from ..advice import PropertyVerdict, advise
from ..audit import Audit, audit
from ..bundle import Bundle, load_bundle, write_bundle
from ..errors import MiscibleError
from ..learning import check_device
from ..report import write_report
from ..study import Listener, Plan, StudyContext, StudyResult, run_study
from ..table import Table
from ._citations import method_citations
from ._limits import limits_of
from ._outputs import write_outputs
from ._report_data import report_data
from ._source import settle_group
from ._winners import bundle_parts

__all__ = ["Advice", "advise_table"]


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
    plan = settle_group(plan, table)
    audited = audit(
        table, plan.split.group, n_folds=plan.split.folds, n_repeats=plan.split.repeats, goal=plan.goal
    )
    result, features = run_study(plan, table, path, resume=resume, overwrite=overwrite, listener=listener)
    verdicts = advise(result, {r.name: r.usable_spread for r in audited.replicates.tasks})
    write_outputs(path, result, verdicts)
    manifest = json.loads((path / "manifest.json").read_text(encoding="utf-8"))
    limits = limits_of(result)
    citations = (*citations, *method_citations(result))
    context = StudyContext(plan, table, features, result.groups.codes, result.folds.outer, path)
    parts = bundle_parts(result, context, features, verdicts, manifest["versions"], limits, citations)
    if not parts.tasks:
        raise MiscibleError("no property has a model to deploy.", source=path)
    write_bundle(parts, path / "bundle")
    # A resumed or repeated run did most of its work before.
    worked = sum(cell.seconds for cell in result.cells) / plan.workers
    seconds = max(time.perf_counter() - began, worked)
    data = report_data(result, audited, verdicts, parts, manifest, limits, citations, seconds)
    write_report(replace(data, bundle=str(path / "bundle")), path / "report.html")
    return Advice(verdicts, result, audited, path)
