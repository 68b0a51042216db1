"""The main job: a table and a plan in; verdicts, report and bundle out."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from ..advice import PropertyVerdict, advise
from ..audit import Audit, audit
from ..bundle import Bundle, load_bundle, write_bundle
from ..datasets import load as load_dataset
from ..errors import MiscibleError, PlanError
from ..evaluation import get_metric
from ..learning import check_device
from ..report import write_report
from ..study import Listener, Plan, StudyContext, StudyResult, TablePlan, run_study
from ..table import Table, read_table
from ._limits import limits_of
from ._outputs import write_outputs
from ._report_data import report_data
from ._winners import bundle_parts

__all__ = ["DATASET", "Advice", "advise_table", "open_table"]

DATASET = "dataset:"
GROUPINGS = ("composition", "system", "scaffold", "none")


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


def open_table(
    part: TablePlan, group: str = "none", frame: pd.DataFrame | None = None
) -> tuple[Table, tuple[str, ...]]:
    """Read the table a plan names; ``dataset:NAME`` is an embedded one.

    Parameters
    ----------
    part
        What its columns mean.
    group
        What folds keep together; a column must have no gaps.
    frame
        Rows to read instead of the source.

    Returns
    -------
    table, citations
        The validated table and what to cite for it.

    Raises
    ------
    InputError, PlanError
        The table cannot be used, or a property is to be judged by a metric that is none for it.
    """
    options = {
        "inputs": part.inputs or None,
        "where": part.where,
        "weight": part.weight,
        "skip_bad_rows": part.skip_bad_rows,
        "group_columns": () if group in GROUPINGS else (group,),
    }
    citations: tuple[str, ...] = ()
    if frame is not None:
        table = read_table(frame, part.targets, **options)
    elif part.source.startswith(DATASET):
        dataset = load_dataset(part.source.removeprefix(DATASET))
        table = read_table(
            dataset.frame, part.targets, **{**options, "inputs": part.inputs or dataset.inputs}
        )
        table = replace(table, source=part.source, notes=(*dataset.notes, *table.notes))
        citations = dataset.citations
    else:
        table = read_table(Path(part.source), part.targets, sheet=part.sheet, **options)
    _check_metrics(table)
    return table, citations


def _check_metrics(table: Table) -> None:
    for prop in table.properties:
        try:
            if prop.metric:
                get_metric(prop.metric, prop.kind)
        except PlanError as error:
            raise PlanError(error.message, source=table.source, column=prop.name, hint=error.hint) from None


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
    audited = audit(table, plan.split.group, n_folds=plan.split.folds, n_repeats=plan.split.repeats)
    result, features = run_study(plan, table, path, resume=resume, overwrite=overwrite, listener=listener)
    verdicts = advise(result, {r.name: r.spread for r in audited.replicates.tasks})
    write_outputs(path, result, verdicts)
    manifest = json.loads((path / "manifest.json").read_text(encoding="utf-8"))
    limits = limits_of(result)
    context = StudyContext(plan, table, features, result.groups.codes, result.folds.outer, path)
    parts = bundle_parts(result, context, features, verdicts, manifest["versions"], limits, citations)
    if not parts.tasks:
        raise MiscibleError("no property has a model to deploy.", source=path)
    write_bundle(parts, path / "bundle")
    seconds = time.perf_counter() - began
    data = report_data(result, audited, verdicts, parts, manifest, limits, citations, seconds)
    write_report(replace(data, bundle=str(path / "bundle")), path / "report.html")
    return Advice(verdicts, result, audited, path)
