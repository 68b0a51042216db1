"""``miscible diagnose``: why sharing helps or hurts in a finished run."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path

from ..advisor import FRAME, diagnose_run, open_table
from ..diagnosis import choose_parts
from ..errors import InputError, MiscibleError, PlanError
from ._console import errors, screen
from ._exhibits import print_exhibit
from ._plan import open_plan
from ._progress import PartsBar

__all__ = ["diagnose_command", "list_command"]


def diagnose_command(
    run: Path | None, parts: Sequence[str], *, quick: bool, resume: bool, quiet: bool
) -> None:
    """Diagnose a finished run and print what was found.

    Raises
    ------
    InputError, PlanError
        No run is named or there is none, it is not finished, or there is no such part.
    """
    if run is None:
        raise InputError("no run named.", hint="Say miscible diagnose RUN, the folder named by --out.")
    choose_parts(parts)
    if not (run / "plan.toml").exists():
        raise PlanError("this folder holds no run.", source=run, hint="Give the folder named by --out.")
    plan = open_plan(run / "plan.toml")
    if Path(plan.table.source).name == FRAME:
        raise PlanError(
            "this run studied a data frame, which is not in its folder.",
            source=run,
            hint="Diagnose it from Python with miscible.advisor.diagnose_run, or study a file instead.",
        )
    table, citations = open_table(plan.table, plan.split.group)
    bar = PartsBar(quiet)
    try:
        with bar:
            found = diagnose_run(
                plan, table, run, parts=parts, quick=quick, resume=resume, citations=citations, listener=bar
            )
    except (KeyboardInterrupt, MiscibleError, OSError):
        if bar.begun:
            again = _again(run, parts, quick)
            errors.print(f"Finished parts are kept; go on with: {again}", markup=False)
        raise
    if bar.is_stale:
        screen.print("note: diagnosis.json was of other data or another plan and is replaced.", markup=False)
    for exhibit in found.exhibits:
        print_exhibit(exhibit, found.seconds.get(exhibit.key))
    screen.print(f"\nreport: {found.report}\ndiagnosis: {found.path}", markup=False, soft_wrap=True)


def list_command() -> None:
    """Print one part a line: what it answers, and about how long it takes."""
    parts = choose_parts()
    width = max((len(part.key) for part in parts), default=0)
    for part in parts:
        screen.print(
            f"{part.key:<{width}}  {_rough(part.cost):>6}  {part.question}", markup=False, soft_wrap=True
        )
    screen.print(
        "\nTimes are of one core for some thousand labels; --quick takes about a third.", markup=False
    )


def _again(run: Path, parts: Sequence[str], quick: bool) -> str:
    words = ["miscible", "diagnose", str(run), *(["--parts", *parts] if parts else [])]
    return shlex.join([*words, *(["--quick"] if quick else []), "--resume"])


def _rough(seconds: float) -> str:
    return f"{round(seconds / 60)} min" if seconds >= 90 else f"{round(seconds)} s"
