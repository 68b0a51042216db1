"""The verbs and their options; what they do is imported when it is needed, so that help comes at once."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from .. import __version__
from ._app_datasets import datasets_app
from ._arguments import expand_lists
from ._console import screen
from ._guard import guarded
from ._options import (
    Folds,
    Group,
    Inputs,
    Out,
    Overwrite,
    Quiet,
    Repeats,
    Resume,
    Sheet,
    Skip,
    Source,
    Targets,
    Weight,
    Where,
)

__all__ = ["main"]

app = typer.Typer(
    name="miscible",
    help="Which properties to learn together, which apart, and with which remedy.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.add_typer(datasets_app, name="datasets")


def _version(value: bool) -> None:
    if value:
        screen.print(f"miscible {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print it.")
    ] = False,
) -> None:
    """Which properties to learn together, which apart, and with which remedy."""


@app.command()
@guarded
def audit(
    table: Source,
    targets: Targets = None,
    inputs: Inputs = None,
    where: Where = None,
    weight: Weight = None,
    sheet: Sheet = None,
    skip_bad_rows: Skip = False,
    group: Group = None,
    folds: Folds = None,
    repeats: Repeats = None,
) -> None:
    """What the table can and cannot show; seconds, trains nothing."""
    from ._audit import audit_command
    from ._plan import build_plan

    plan = build_plan(
        table, targets=targets, inputs=inputs, where=where, weight=weight, sheet=sheet,
        skip_bad_rows=skip_bad_rows, group=group, folds=folds, repeats=repeats,
    )  # fmt: skip
    audit_command(plan)


@app.command()
@guarded
def advise(
    table: Source,
    targets: Targets = None,
    inputs: Inputs = None,
    where: Where = None,
    weight: Weight = None,
    sheet: Sheet = None,
    skip_bad_rows: Skip = False,
    group: Group = None,
    folds: Folds = None,
    repeats: Repeats = None,
    split: Annotated[
        str | None,
        typer.Option(help="ladder: study nearer and farther splits too; group: only the one of --group."),
    ] = None,
    use: Annotated[
        str | None,
        typer.Option(
            help="How far what you will predict is from the table: same, group, system, cluster, element."
        ),
    ] = None,
    strategies: Annotated[
        list[str] | None,
        typer.Option(
            help="Such as shared+pcgrad relation, or a set: papers, all; see 'miscible strategies'."
        ),
    ] = None,
    goal: Annotated[str | None, typer.Option(help="characterise (error) or screen (recall).")] = None,
    screen_budget: Annotated[float | None, typer.Option(help="Share of rows a screen can look at.")] = None,
    deploy: Annotated[
        str | None,
        typer.Option(
            help="simple: the simplest good model unless another is surely better; best: the best, sure or not."
        ),
    ] = None,
    budget: Annotated[str | None, typer.Option(help="Time to spend, such as 10m.")] = None,
    plan: Annotated[Path | None, typer.Option(help="Start from this plan.")] = None,
    extend: Annotated[
        Path | None,
        typer.Option(
            help="A finished run whose networks the --targets, new properties, start from; it is only read."
        ),
    ] = None,
    seed: Annotated[int | None, typer.Option(help="Seed of everything (default 0).")] = None,
    device: Annotated[str | None, typer.Option(help="cpu or cuda.")] = None,
    compile: Annotated[bool, typer.Option("--compile", help="Compile the training step.")] = False,
    workers: Annotated[int | None, typer.Option(help="Worker processes (default 2).")] = None,
    out: Out = Path("run"),
    resume: Resume = False,
    overwrite: Overwrite = False,
    quiet: Quiet = False,
) -> None:
    """A verdict for every property, the evidence, and a bundle that predicts."""
    from ._advise import run_plan
    from ._extend import build_extension
    from ._plan import build_plan

    build = build_plan if extend is None else partial(build_extension, extend)
    built = build(
        table, plan, targets=targets, inputs=inputs, where=where, weight=weight, sheet=sheet,
        skip_bad_rows=skip_bad_rows, group=group, folds=folds, repeats=repeats, split=split, use=use,
        strategies=strategies, goal=goal, screen_budget=screen_budget, deploy=deploy, budget=budget,
        seed=seed, device=device, compile=compile, workers=workers,
    )  # fmt: skip
    run_plan(built, out, resume=resume, overwrite=overwrite, quiet=quiet)


@app.command()
@guarded
def study(
    plan: Annotated[Path, typer.Option(help="A plan.toml; every run writes one.")],
    out: Annotated[
        Path | None, typer.Option(help="Run folder; the one the plan lies in if left out.")
    ] = None,
    resume: Resume = False,
    overwrite: Overwrite = False,
    quiet: Quiet = False,
) -> None:
    """Run a plan, or go on with it."""
    from ._advise import run_plan
    from ._plan import open_plan, run_beside

    built = open_plan(plan)
    run_plan(built, out or run_beside(plan), resume=resume, overwrite=overwrite, quiet=quiet)


@app.command()
@guarded
def report(run: Annotated[Path, typer.Argument(help="Run folder.")]) -> None:
    """Write report and bundle again from a finished run."""
    from ._advise import report_command

    report_command(run)


@app.command()
@guarded
def diagnose(
    run: Annotated[Path | None, typer.Argument(help="Folder of a finished run.")] = None,
    parts: Annotated[list[str] | None, typer.Option(help="Such as tails shift; all by default.")] = None,
    list_parts: Annotated[bool, typer.Option("--list", help="Name the parts and what they cost.")] = False,
    quick: Annotated[bool, typer.Option("--quick", help="Look at less.")] = False,
    resume: Annotated[bool, typer.Option("--resume", help="Leave out parts that are done.")] = False,
    quiet: Quiet = False,
) -> None:
    """Why sharing helps or hurts in a finished run."""
    from ._diagnose import diagnose_command, list_command

    if list_parts:
        list_command()
    else:
        diagnose_command(run, parts or (), quick=quick, resume=resume, quiet=quiet)


@app.command()
@guarded
def predict(
    bundle: Annotated[Path, typer.Argument(help="Bundle folder.")],
    table: Annotated[Path, typer.Argument(help="Rows to predict.")],
    out: Annotated[Path | None, typer.Option(help="CSV to write; printed if left out.")] = None,
    interval: Annotated[float, typer.Option(help="Coverage of the intervals.")] = 0.9,
    skip_bad_rows: Skip = False,
    sheet: Sheet = None,
) -> None:
    """Predict new rows with a bundle."""
    from ._predict import predict_command

    predict_command(bundle, table, out, interval, skip_bad_rows, sheet)


@app.command()
@guarded
def reproduce(
    paper: Annotated[
        str,
        typer.Argument(
            help="kang2025: when does sharing fail, on 54,028 alloys; lee2024: learned transfer ratios, on forty "
            "molecular properties."
        ),
    ],
    data: Annotated[
        Path | None,
        typer.Option(help="Folder of the public files of the real alloy union; simulated if left out."),
    ] = None,
    table: Annotated[
        Path | None, typer.Option(help="Your copy of the paper's table, or one like it.")
    ] = None,
    dials: Annotated[
        str | None, typer.Option(help="Of the simulator, see 'miscible datasets show synthetic'.")
    ] = None,
    map: Annotated[
        list[str] | None, typer.Option(help="Columns of --table: resistivity=COL hardness=COL amorphous=COL.")
    ] = None,
    inputs: Inputs = None,
    group: Group = None,
    split: Annotated[
        str | None, typer.Option(help="Of lee2024: random, scaffold, both (default; with --quick random).")
    ] = None,
    repeats: Annotated[
        int | None, typer.Option(help="Of lee2024: repeats of the folds (default 1).", min=1, max=50)
    ] = None,
    quick: Annotated[
        bool, typer.Option("--quick", help="Fewer labels, repeats and epochs; minutes.")
    ] = False,
    seed: Annotated[int, typer.Option(help="Seed of everything.", min=0)] = 0,
    workers: Annotated[int, typer.Option(help="Worker processes.", min=1)] = 2,
    out: Out = Path("reproduction"),
    resume: Resume = False,
    overwrite: Overwrite = False,
    quiet: Quiet = False,
) -> None:
    """Repeat a paper's study and put its numbers beside ours."""
    from ._reproduce import reproduce_command

    reproduce_command(
        paper, out, data=data, table=table, dials=dials, mapping=map or [], inputs=inputs or [], group=group,
        split=split, repeats=repeats, quick=quick, seed=seed, workers=workers, resume=resume,
        overwrite=overwrite, quiet=quiet,
    )  # fmt: skip


@app.command()
@guarded
def experiment(
    plan: Annotated[Path, typer.Argument(help="A file such as experiments/overlap.toml.")],
    full: Annotated[bool, typer.Option("--full", help="The full size; the small one takes minutes.")] = False,
    data: Annotated[Path | None, typer.Option(help="Folder of the files it names as data:.")] = None,
    out: Out = Path("experiment"),
    resume: Resume = False,
    quiet: Quiet = False,
) -> None:
    """Ask a question of the method itself: simulated worlds or real tables, result table and figure."""
    from ._experiment import experiment_command

    experiment_command(plan, out, full=full, data=data, resume=resume, quiet=quiet)


@app.command()
@guarded
def strategies() -> None:
    """Words that make up strategies, and named sets of them."""
    from ._strategies import strategies_command

    strategies_command()


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line; always ends in `SystemExit`.

    Exit status: 0 done, 1 the reader of our output went away, 2 something the user can mend, 130 interrupted.
    """
    app(args=expand_lists(sys.argv[1:] if arguments is None else arguments), prog_name="miscible")
