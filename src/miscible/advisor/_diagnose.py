"""From a finished run to its diagnosis: open it, look at the parts, keep each, and write the report again."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from ..diagnosis import Case, Exhibit, Part, choose_parts, in_reading_order
from ..errors import PlanError
from ..study import Plan, missing_cells
from ..table import Table
from ._exhibits import FILE, Kept, is_of_another, keep_exhibit, read_kept, run_mark
from ._parts import run_parts
from ._run import Opened, open_finished, write_page
from ._source import settle_group

__all__ = ["Diagnosis", "DiagnosisListener", "case_of_run", "diagnose_run"]

QUICK = "This was a quick look: fewer folds, seeds or steps than a full one."


class DiagnosisListener(Protocol):
    """Hears how a diagnosis goes; the command line draws a bar from it."""

    def begin(self, parts: Sequence[Part], kept: Sequence[Part], is_stale: bool) -> None:
        """What is to be looked at, what is there already, and whether an older diagnosis had to go."""
        ...

    def advance(self, part: Part, share: float) -> None:
        """A part is done to this share."""
        ...

    def finish(self, part: Part, seconds: float) -> None:
        """A part is done and kept."""
        ...


class _Silent:
    def begin(self, parts: Sequence[Part], kept: Sequence[Part], is_stale: bool) -> None:
        """See `DiagnosisListener`."""

    def advance(self, part: Part, share: float) -> None:
        """See `DiagnosisListener`."""

    def finish(self, part: Part, seconds: float) -> None:
        """See `DiagnosisListener`."""


@dataclass(frozen=True)
class Diagnosis:
    """What was found of a run.

    Parameters
    ----------
    exhibits
        Of the chosen parts, in reading order.
    seconds
        What each of them took, by key.
    report, path
        The report, and the file that keeps the exhibits.
    """

    exhibits: tuple[Exhibit, ...]
    seconds: dict[str, float]
    report: Path
    path: Path


def case_of_run(plan: Plan, table: Table, path: Path, *, quick: bool = False) -> Case:
    """A finished run as the diagnoses read it; trains nothing.

    Raises
    ------
    PlanError
        The folder holds no run, one of another plan or other data, or one that is not finished.
    """
    return _case(_open(plan, table, path), quick)


def diagnose_run(
    plan: Plan,
    table: Table,
    path: Path,
    *,
    parts: Sequence[str] = (),
    quick: bool = False,
    resume: bool = False,
    citations: tuple[str, ...] = (),
    listener: DiagnosisListener | None = None,
) -> Diagnosis:
    """Explain a finished run, part by part, and write its report again with what was found.

    Every part is kept in ``diagnosis.json`` as soon as it is finished. The study itself is not touched.

    Parameters
    ----------
    plan, table
        Those of the run.
    path
        Run folder.
    parts
        Keys of `diagnosis.PARTS`; all by default.
    quick
        Look at less.
    resume
        Leave out the parts that were finished before, for the same plan and data; a full look stands for a quick one.
    citations
        BibTeX of the data.
    listener
        Hears of progress.

    Raises
    ------
    PlanError
        There is no such part; the folder holds no run, one of another plan or other data, or one that is not
        finished.
    MiscibleError
        A file cannot be written; finished parts are kept.
    """
    chosen = choose_parts(parts)
    listener = listener or _Silent()
    opened = _open(plan, table, path)
    mark = run_mark(opened.result.plan, opened.manifest["data"])
    before = read_kept(path, mark) if resume else {}
    there = tuple(part for part in chosen if part.key in before and before[part.key].quick <= quick)
    todo = tuple(part for part in chosen if part not in there)
    listener.begin(todo, there, is_of_another(path, mark))
    n_workers = min(plan.workers, os.cpu_count() or 1)
    for part, exhibit, seconds in run_parts(_case(opened, quick), todo, n_workers, listener.advance):
        if quick:
            exhibit = replace(exhibit, limits=(*exhibit.limits, QUICK))
        keep_exhibit(path, mark, Kept(exhibit, quick, seconds))
        listener.finish(part, seconds)
    report = write_page(opened, citations)
    kept = read_kept(path, mark)
    return Diagnosis(
        in_reading_order(kept[part.key].exhibit for part in chosen),
        {part.key: kept[part.key].seconds for part in chosen},
        report,
        path / FILE,
    )


def _open(plan: Plan, table: Table, path: Path) -> Opened:
    plan = settle_group(plan, table)
    if not (path / "plan.toml").exists():
        raise PlanError("this folder holds no run.", source=path, hint="Give the folder named by --out.")
    missing = missing_cells(plan, table, path)
    if missing:
        some = f"{', '.join(missing[:3])}{', ...' if len(missing) > 3 else ''}"
        raise PlanError(
            f"this run is not finished; missing {len(missing)} cells: {some}.",
            source=path,
            hint=f"Finish it with: miscible study --plan {path / 'plan.toml'} --resume",
        )
    return open_finished(plan, table, path)


def _case(opened: Opened, quick: bool) -> Case:
    return Case(opened.context, opened.result, opened.verdicts, quick)
