"""``miscible reproduce lee2024``: learned transfer ratios on forty molecular properties."""

from __future__ import annotations

import shlex
from contextlib import ExitStack
from pathlib import Path

import pandas as pd
from rich.markup import escape
from rich.table import Table as TextTable

from ..errors import MiscibleError, PlanError
from ..experiments import (
    LEE_FILES,
    LEE_RECONSTRUCTION,
    LeeReproduction,
    lee_studies,
    reproduce_lee,
    speed_summary,
)
from ._console import errors, screen
from ._progress import StudyBar

__all__ = ["lee_command"]


def lee_command(
    out: Path,
    *,
    split: str | None,
    repeats: int | None,
    quick: bool,
    seed: int,
    workers: int,
    resume: bool,
    overwrite: bool,
    quiet: bool,
) -> None:
    """Run the study, print arm against arm, and say where the tables are.

    Raises
    ------
    PlanError, InputError, MiscibleError
        There is no such split, the data are not installed, or the folder cannot
        take this run.
    """
    screen.print(LEE_RECONSTRUCTION, soft_wrap=True)
    studies = lee_studies(out, split=split, quick=quick, seed=seed, repeats=repeats or 1, workers=workers)
    begun = False
    try:
        with ExitStack() as shown:

            def listen(heading: str) -> StudyBar:
                nonlocal begun
                begun = True
                shown.close()
                screen.print(heading, markup=False, soft_wrap=True)
                return shown.enter_context(StudyBar(quiet))

            done = reproduce_lee(studies, out, resume=resume, overwrite=overwrite, listen=listen)
    except (KeyboardInterrupt, MiscibleError, OSError) as error:
        if begun and not isinstance(error, PlanError):
            again = _again(out, split, repeats, quick=quick, seed=seed, workers=workers)
            errors.print(f"What is finished is kept; go on with: {again}", markup=False, soft_wrap=True)
        raise
    _print(done)
    for name in LEE_FILES:
        screen.print(f"{name}: {out / name}.csv", markup=False, soft_wrap=True)
    for study in studies:
        screen.print(f"report: miscible report {out / study.name}", markup=False, soft_wrap=True)


def _again(out: Path, split: str | None, repeats: int | None, *, quick: bool, seed: int, workers: int) -> str:
    words = ["miscible", "reproduce", "lee2024", "--out", str(out), "--seed", str(seed)]
    words += ["--workers", str(workers), *(["--quick"] if quick else [])]
    words += ["--split", split] if split else []
    words += ["--repeats", str(repeats)] if repeats else []
    return shlex.join([*words, "--resume"])


def _print(done: LeeReproduction) -> None:
    for split, rows in done.comparison.groupby("split", sort=False):
        headings = (
            "arm",
            "against",
            "better",
            "practically +/-",
            "RMSE ratio",
            "95 %",
            "the paper",
            "our aim",
        )
        text = _table(f"split: {split}", headings)
        for _, row in rows.iterrows():
            text.add_row(*(escape(word) for word in _comparison_words(row)))
        screen.print(text)
    for line in _explained(done.comparison):
        screen.print(line, markup=False, soft_wrap=True)
    _print_speed(speed_summary(done.speed))


def _explained(comparison: pd.DataFrame) -> list[str]:
    """What stands in the table, and each aim in full beside what became of it."""
    paper = comparison.loc[comparison["paper"] != "", "paper"].iloc[0]
    lines = [
        f"RMSE ratio: geometric mean over properties. Practically: by more than 2 %, posterior at least 0.90. "
        f"The paper: {paper}; against what is not said.",
        "effects.csv has every property, Holm's correction, and what can be declared over all of them.",
    ]
    for _, row in comparison[comparison["aim"] != ""].iterrows():
        lines.append(
            f"aim, {row['split']}, {row['arm']} against {row['against']}: {row['aim']}: {row['aim_status']}"
        )
    return lines


def _print_speed(summary: pd.DataFrame) -> None:
    headings = ("split", "arm", "reached", "steps", "with the start", "times plain", "seconds")
    text = _table("Until plain sharing's best inner validation error; medians over properties", headings)
    for _, row in summary.iterrows():
        text.add_row(
            *(str(row["split"]), escape(str(row["arm"])), f"{row['reached']} of {row['properties']}"),
            *(_number(v) for v in (row["steps"], row["steps"] + row["start_steps"], row["times_plain"])),
            _number(row["seconds"] + row["start_seconds"]),
        )
    screen.print(text)
    screen.print("Steps of one network; what learning its ratios took comes on top and stands in timing.csv.")


def _comparison_words(row: pd.Series) -> tuple[str, ...]:
    names = str(row["arm"]), str(row["against"])
    aim = str(row["aim_status"]).partition(" on ")[0].partition(" (")[0]
    if pd.isna(row["ratio"]):
        return (*names, "-", "-", "not run", "", "", aim)
    return (
        *names,
        f"{row['n_better']} of {row['n_properties']}",
        f"{row['n_practically_better']} / {row['n_practically_worse']}",
        f"{row['ratio']:.3f} ({100 * (row['ratio'] - 1):+.1f} %)",
        f"{row['low']:.3f} to {row['high']:.3f}",
        str(row["status"]),
        aim,
    )


def _table(title: str, headings: tuple[str, ...]) -> TextTable:
    text = TextTable(title=escape(title), title_justify="left", box=None, padding=(0, 2, 0, 0))
    for heading in headings:
        text.add_column(heading)
    return text


def _number(value: float) -> str:
    return "-" if pd.isna(value) else f"{value:,.3g}" if value < 100 else f"{value:,.0f}"
