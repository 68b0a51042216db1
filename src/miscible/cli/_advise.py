"""``miscible advise``, ``study`` and ``report``: run a plan, print what it found."""

from __future__ import annotations

import shlex
from pathlib import Path

from ..advisor import Advice, advise_table, open_table
from ..errors import MiscibleError, PlanError
from ..study import Plan
from ._console import errors, screen
from ._plan import open_plan
from ._progress import StudyBar
from ._verdicts import print_verdicts

__all__ = ["report_command", "run_plan"]


def run_plan(plan: Plan, out: Path, *, resume: bool, overwrite: bool, quiet: bool) -> Advice:
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
                plan, table, out, citations=citations, resume=resume, overwrite=overwrite, listener=bar
            )
    except (KeyboardInterrupt, MiscibleError, OSError):
        if bar.begun:
            again = shlex.join(["miscible", "study", "--plan", str(out / "plan.toml"), "--resume"])
            errors.print(f"What is finished is kept; go on with: {again}", markup=False)
        raise
    print_verdicts(advice.verdicts)
    screen.print(f"\nreport: {out / 'report.html'}\nbundle: {out / 'bundle'}", markup=False, soft_wrap=True)
    return advice


def report_command(run: Path) -> None:
    """Write report, verdicts and bundle again from finished cells."""
    if not (run / "plan.toml").exists():
        raise PlanError("this folder holds no run.", source=run, hint="Give the folder named by --out.")
    run_plan(open_plan(run / "plan.toml"), run, resume=True, overwrite=False, quiet=False)
