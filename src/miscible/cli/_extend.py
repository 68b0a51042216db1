"""Options of ``miscible advise TABLE --extend RUN`` to a plan."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ..advisor import extension_plan
from ..errors import InputError
from ..study import Plan
from ._arguments import parse_budget
from ._plan import absolute_source

__all__ = ["build_extension"]

OF_THE_RUN = ("inputs", "group", "folds", "split", "use")


def build_extension(
    run: Path, table: str, plan: Path | None, *, targets: list[str] | None, budget: str | None, **options: Any
) -> Plan:
    """A plan that adds properties to a finished run, with what the command line says on top.

    Parameters
    ----------
    run
        Folder of the run.
    table, targets, budget, options
        As in `build_plan`.
    plan
        Not to be given: the run has its plan.

    Raises
    ------
    InputError
        No target is named, or an option that the run has settled is given.
    """
    given = [name for name in OF_THE_RUN if options.pop(name, None)] + (["plan"] if plan else [])
    if given:
        raise InputError(
            f"--{given[0]} does not go with --extend: new properties have the inputs, groups and folds of the run.",
            source=run,
            hint="Leave it out.",
        )
    if not targets:
        raise InputError("no new property named.", source=table, hint="Say --targets NAME:reg NAME:cls ...")
    changes = {key: v for key, v in options.items() if v is not None and v is not False and v != []}
    if budget is not None:
        changes["budget"] = parse_budget(budget)
    return extension_plan(run, absolute_source(table, Path()), targets, **changes)
