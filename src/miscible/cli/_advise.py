"""``miscible advise``, ``study`` and ``report``: build the plan, run it, print."""

from __future__ import annotations

from pathlib import Path

from ..advisor import DATASET, Advice, advise_table, open_table
from ..datasets import load as load_dataset
from ..errors import InputError, PlanError
from ..study import Plan, make_plan, read_plan
from ._arguments import parse_budget
from ._console import StudyBar, print_verdicts, screen

__all__ = ["build_plan", "report_command", "run_plan"]


def build_plan(
    table: str,
    *,
    plan: Path | None,
    targets: list[str] | None,
    inputs: list[str] | None,
    where: list[str] | None,
    weight: str | None,
    sheet: str | None,
    skip_bad_rows: bool,
    group: str | None,
    folds: int | None,
    repeats: int | None,
    strategies: list[str] | None,
    goal: str | None,
    screen_budget: float | None,
    budget: str | None,
    seed: int | None,
    device: str | None,
    compile: bool,
    workers: int | None,
) -> Plan:
    """A plan file, or defaults, with what the command line says on top."""
    content: dict = {} if plan is None else read_plan(plan).model_dump(mode="json", exclude_none=True)
    part: dict = content.get("table", {})
    part["source"] = _source(table)
    if table.startswith(DATASET):
        dataset = load_dataset(table.removeprefix(DATASET))
        part.setdefault("targets", list(dataset.targets))
        part.setdefault("inputs", list(dataset.inputs))
        content.setdefault("split", {"group": dataset.group})
    given = {"targets": targets, "inputs": inputs, "where": where, "weight": weight, "sheet": sheet}
    part |= {key: value for key, value in given.items() if value}
    part["skip_bad_rows"] = skip_bad_rows or part.get("skip_bad_rows", False)
    if not part.get("targets"):
        raise InputError("no target named.", source=table, hint="Say --targets NAME:reg NAME:cls ...")
    split: dict = content.get("split", {})
    split |= {k: v for k, v in {"group": group, "folds": folds, "repeats": repeats}.items() if v is not None}
    top = {
        "strategies": strategies or None,
        "goal": goal,
        "screen_budget": screen_budget,
        "budget": parse_budget(budget),
        "seed": seed,
        "device": device,
        "compile": compile or None,
        "workers": workers,
    }
    content |= {key: value for key, value in top.items() if value is not None}
    return make_plan({**content, "table": part, "split": split}, source=plan or "command line")


def run_plan(plan: Plan, out: Path, *, resume: bool, overwrite: bool, quiet: bool) -> Advice:
    """Run a plan and print what it found and where it is."""
    table, citations = open_table(plan.table, plan.split.group)
    for note in table.notes:
        screen.print(f"note: {note}", markup=False, soft_wrap=True)
    with StudyBar(quiet) as bar:
        advice = advise_table(
            plan, table, out, citations=citations, resume=resume, overwrite=overwrite, listener=bar
        )
    print_verdicts(advice.verdicts)
    screen.print(f"\nreport: {out / 'report.html'}\nbundle: {out / 'bundle'}", markup=False, soft_wrap=True)
    return advice


def report_command(run: Path) -> None:
    """Write report, verdicts and bundle again from finished cells."""
    if not (run / "plan.toml").exists():
        raise PlanError("this folder holds no run.", source=run, hint="Give the folder named by --out.")
    run_plan(read_plan(run / "plan.toml"), run, resume=True, overwrite=False, quiet=False)


def _source(table: str) -> str:
    """Absolute, so that the plan repeats from any folder."""
    return table if table.startswith(DATASET) else str(Path(table).absolute())
