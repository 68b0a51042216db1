"""From options or a plan file to a plan."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ..advisor import DATASET
from ..datasets import absolute
from ..datasets import load as load_dataset
from ..errors import InputError, PlanError
from ..study import Plan, make_plan, read_plan
from ._arguments import parse_budget

__all__ = ["absolute_source", "build_plan", "open_plan", "run_beside"]

TABLE_KEYS = ("targets", "inputs", "where", "weight", "sheet", "skip_bad_rows")
SPLIT_KEYS = ("group", "folds", "repeats", "use")
SPLITS = {"ladder": True, "group": False}


def build_plan(
    table: str,
    plan: Path | None = None,
    *,
    budget: str | None = None,
    split: str | None = None,
    **options: Any,
) -> Plan:
    """A plan file, or defaults, with what the command line says on top.

    Parameters
    ----------
    table
        File, or ``dataset:NAME``.
    plan
        Plan file to start from.
    budget
        Time as written.
    split
        ``ladder``, or ``group`` for none.
    options
        The other keys of a plan, flat; None, empty and False mean not given.
    """
    content: dict[str, Any] = (
        {} if plan is None else open_plan(plan).model_dump(mode="json", exclude_none=True)
    )
    part, folds = dict(content.get("table", {})), dict(content.get("split", {}))
    part["source"] = absolute_source(table, Path())
    if table.startswith(DATASET):
        dataset = load_dataset(table.removeprefix(DATASET))
        part.setdefault("targets", list(dataset.targets))
        part.setdefault("inputs", list(dataset.inputs))
        folds.setdefault("group", dataset.group)
    if split is not None:
        if split not in SPLITS:
            raise InputError(
                f"--split {split!r} is not known.",
                hint="Say --split ladder, or --group for what to keep together.",
            )
        folds["ladder"] = SPLITS[split]
    options["budget"] = parse_budget(budget)
    for key, value in options.items():
        if value is None or value is False or value == []:
            continue
        target = part if key in TABLE_KEYS else folds if key in SPLIT_KEYS else content
        target[key] = value
    if not part.get("targets"):
        raise InputError("no target named.", source=table, hint="Say --targets NAME:reg NAME:cls ...")
    return make_plan({**content, "table": part, "split": folds}, source=plan or "command line")


def open_plan(path: Path) -> Plan:
    """Read a plan file; a table it names by a relative path lies beside it."""
    plan = read_plan(path)
    source = absolute_source(plan.table.source, path.parent)
    return plan.model_copy(update={"table": plan.table.model_copy(update={"source": source})})


def run_beside(plan: Path) -> Path:
    """The run folder a plan lies in.

    Raises
    ------
    PlanError
        It lies in no run folder.
    """
    if plan.name != "plan.toml" or not (plan.parent / "manifest.json").exists():
        raise PlanError(
            "there is no run beside this plan.", source=plan, hint="Say where to run it with --out."
        )
    return plan.parent


def absolute_source(table: str, folder: Path) -> str:
    """Absolute, so that the plan repeats from any folder."""
    if table.startswith(DATASET):
        return DATASET + absolute(table.removeprefix(DATASET), folder)
    return str((folder / table).absolute())
