"""``miscible advise``, ``study`` and ``report``: run a plan, print what it found."""

from __future__ import annotations

import shlex
from pathlib import Path

from ..advisor import (
    Ladder,
    advise_table,
    ladder_exhibit,
    missing_rungs,
    open_table,
    settle_group,
    use_warnings,
)
from ..errors import MiscibleError, PlanError
from ..study import Plan, missing_cells
from ._console import errors, screen
from ._exhibits import print_exhibit
from ._plan import open_plan
from ._progress import StudyBar
from ._verdicts import print_verdicts

__all__ = ["report_command", "run_plan"]


def run_plan(plan: Plan, out: Path, *, resume: bool, overwrite: bool, quiet: bool) -> None:
    """Run a plan and print what it found and where it is."""
    if resume and overwrite:
        raise PlanError("--resume keeps a run and --overwrite throws it away.", hint="Give one of them.")
    table, citations = open_table(plan.table, plan.split.group)
    for note in table.notes:
        screen.print(f"note: {note}", markup=False, soft_wrap=True)
    bar = StudyBar(quiet)
    try:
        with bar:
            advice = advise_table(
                plan, table, out, citations=citations, resume=resume, overwrite=overwrite, listener=bar,
                on_rung=bar.climb,
            )  # fmt: skip
    except (KeyboardInterrupt, MiscibleError, OSError):
        if bar.begun:
            errors.print(f"What is finished is kept; go on with: {_again(out)}", markup=False)
        raise
    print_verdicts(advice.verdicts)
    if advice.ladder is not None:
        _print_ladder(advice.ladder, plan.split.ladder)
    screen.print(f"\nreport: {out / 'report.html'}\nbundle: {out / 'bundle'}", markup=False, soft_wrap=True)


def report_command(run: Path) -> None:
    """Write report, verdicts and bundle again from finished cells; train nothing.

    Raises
    ------
    PlanError
        The folder holds no run, or one that is not finished.
    """
    if not (run / "plan.toml").exists():
        raise PlanError("this folder holds no run.", source=run, hint="Give the folder named by --out.")
    plan = open_plan(run / "plan.toml")
    table, _ = open_table(plan.table, plan.split.group)
    missing = (*missing_cells(plan, table, run), *missing_rungs(settle_group(plan, table), table, run))
    if missing:
        raise PlanError(
            f"this run is not finished; missing {len(missing)} cells: {', '.join(missing[:3])}"
            f"{', ...' if len(missing) > 3 else ''}.",
            source=run,
            hint=f"Finish it with: {_again(run)}",
        )
    run_plan(plan, run, resume=True, overwrite=False, quiet=False)


def _print_ladder(ladder: Ladder, is_whole: bool) -> None:
    """The exhibit of a ladder; without one, only what the user's use lies beyond."""
    if is_whole:
        print_exhibit(ladder_exhibit(ladder))
    for warning in use_warnings(ladder):
        screen.print(f"warning: {warning}", markup=False, soft_wrap=True, style="yellow")


def _again(run: Path) -> str:
    return shlex.join(["miscible", "study", "--plan", str(run / "plan.toml"), "--resume"])
