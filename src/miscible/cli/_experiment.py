"""``miscible experiment``: run a declarative experiment, print its table."""

from __future__ import annotations

import shlex
from pathlib import Path

import pandas as pd
from rich.table import Table as TextTable

from ..errors import MiscibleError
from ..experiments import PairExperiment, read_experiment, run_grid, run_pairs
from ._console import errors, screen
from ._progress import WorkBar

__all__ = ["experiment_command"]

MOST_ROWS = 120
PAIRS = (
    "table",
    "pair",
    "task",
    "labels",
    "shared_rows",
    "apart",
    "together",
    "change",
    "low",
    "high",
    "call",
)


def experiment_command(
    plan: Path, out: Path, *, full: bool, data: Path | None, resume: bool, quiet: bool
) -> None:
    """Run an experiment and print what it found and where it is.

    Raises
    ------
    PlanError, InputError
        The plan or a table it names cannot be used.
    """
    experiment = read_experiment(plan)
    screen.print(experiment.question, markup=False, soft_wrap=True)
    bar = WorkBar(quiet)
    try:
        with bar:
            if isinstance(experiment, PairExperiment):
                frame = run_pairs(experiment, plan, out, data=data, full=full, resume=resume, listener=bar)[
                    list(PAIRS)
                ]
            else:
                frame = run_grid(experiment, plan, out, full=full, resume=resume, listener=bar)
                frame = frame[frame["quantity"] != "risk"]
    except (KeyboardInterrupt, MiscibleError, OSError):
        if bar.begun:
            again = [
                "miscible",
                "experiment",
                str(plan),
                *(["--full"] if full else []),
                "--out",
                str(out),
                "--resume",
            ]
            again += ["--data", str(data)] if data is not None else []
            errors.print(f"What is finished is kept; go on with: {shlex.join(again)}", markup=False)
        raise
    _print(frame)
    screen.print(
        f"\nresults: {out / 'results.csv'}\nfigure: {out / 'figure.html'}", markup=False, soft_wrap=True
    )


def _print(frame: pd.DataFrame) -> None:
    """The rows of a result; constant columns are left out, and what is more than a screenful."""
    shown = [
        c for c in frame.columns if frame[c].nunique() > 1 or c in ("quantity", "mean", "task", "change")
    ]
    text = TextTable(box=None, padding=(0, 2, 0, 0))
    for column in shown:
        text.add_column(column, justify="right" if pd.api.types.is_numeric_dtype(frame[column]) else "left")
    for row in frame[shown].head(MOST_ROWS).itertuples(index=False):
        text.add_row(*(_cell(value) for value in row))
    screen.print(text)
    if len(frame) > MOST_ROWS:
        screen.print(f"{len(frame) - MOST_ROWS} more rows in the file.")


def _cell(value: object) -> str:
    if isinstance(value, float):
        return "-" if pd.isna(value) else f"{value:.3g}"
    return str(value).replace("[", r"\[")
