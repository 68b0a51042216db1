"""``miscible reproduce``: a paper's study again, its numbers beside ours."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path

import pandas as pd
from rich.markup import escape
from rich.table import Table as TextTable

from ..errors import InputError, PlanError
from ..experiments import DIALS, KangTable, own_table, reproduce_kang, simulated_table, union_tables
from ..text import suggest
from ._console import screen
from ._progress import StudyBar
from ._reproduce_lee import lee_command

__all__ = ["reproduce_command"]

PAPERS = ("kang2025", "lee2024")


def reproduce_command(
    paper: str,
    out: Path,
    *,
    data: Path | None,
    table: Path | None,
    dials: str | None,
    mapping: Sequence[str],
    inputs: Sequence[str],
    group: str | None,
    split: str | None,
    repeats: int | None,
    quick: bool,
    seed: int,
    workers: int,
    resume: bool,
    overwrite: bool,
    quiet: bool,
) -> None:
    """Run the study and print the comparison.

    Raises
    ------
    InputError, PlanError
        An unknown paper, options that belong to another one or exclude each other, or a table that cannot be used.
    """
    if paper not in PAPERS:
        near = suggest(paper, PAPERS, limit=1)
        guess = f" Did you mean {near[0]!r}?" if near else ""
        raise PlanError(
            f"there is no reproduction of {paper!r}.{guess}", hint=f"There is: {', '.join(PAPERS)}."
        )
    if resume and overwrite:
        raise PlanError("--resume keeps a run and --overwrite throws it away.", hint="Give one of them.")
    if paper == "lee2024":
        given = {
            "data": data,
            "table": table,
            "dials": dials,
            "map": mapping,
            "inputs": inputs,
            "group": group,
        }
        _refuse(paper, given, "brings its own molecules")
        lee_command(
            out, split=split, repeats=repeats, quick=quick, seed=seed, workers=workers, resume=resume,
            overwrite=overwrite, quiet=quiet,
        )  # fmt: skip
        return
    _refuse(paper, {"split": split, "repeats": repeats}, "has the split and the repeats of its plan")
    tables = _tables(data, table, dials, mapping, inputs, group, quick=quick, seed=seed, workers=workers)
    with ExitStack() as shown:

        def listen(heading: str) -> StudyBar:
            shown.close()
            screen.print(heading, markup=False, soft_wrap=True)
            return shown.enter_context(StudyBar(quiet))

        done = reproduce_kang(tables, out, resume=resume, overwrite=overwrite, listen=listen)
    _print(done.comparison)
    screen.print(_timing(done.timing), markup=False)
    for name in ("comparison", "effects", "timing"):
        screen.print(f"{name}: {out / name}.csv", markup=False, soft_wrap=True)
    for item in tables:
        screen.print(f"report: {out / item.name / 'report.html'}", markup=False, soft_wrap=True)


def _refuse(paper: str, given: Mapping[str, object], why: str) -> None:
    """Options that belong to another paper are named rather than ignored."""
    strange = [f"--{name}" for name, value in given.items() if value not in (None, [])]
    if strange:
        raise PlanError(
            f"{strange[0]} says nothing to {paper}, which {why}.", hint=f"Leave out {strange[0]}."
        )


def _tables(
    data: Path | None,
    table: Path | None,
    dials: str | None,
    mapping: Sequence[str],
    inputs: Sequence[str],
    group: str | None,
    *,
    quick: bool,
    seed: int,
    workers: int,
) -> tuple[KangTable, ...]:
    if data is not None and table is not None:
        raise InputError("--data and --table name two different tables.", hint="Give one of them.")
    if table is None and (mapping or inputs or group):
        raise InputError(
            "--map, --inputs and --group describe a table of your own.", hint="Name it with --table."
        )
    if dials is not None and (data is not None or table is not None):
        raise InputError(
            "--dials sets the simulator, and a real table is named.", hint="Leave out one of them."
        )
    if data is not None:
        return union_tables(data, quick=quick, seed=seed, workers=workers)
    if table is not None:
        pairs = dict(_pair(text) for text in mapping)
        return (
            own_table(table, pairs, tuple(inputs), group or "auto", quick=quick, seed=seed, workers=workers),
        )
    return (simulated_table(quick=quick, seed=seed, workers=workers, dials=dials or DIALS),)


def _pair(text: str) -> tuple[str, str]:
    role, equals, column = text.partition("=")
    if not (role and equals and column):
        raise InputError(f"--map {text!r} is not ROLE=COLUMN.", hint="Say for example --map hardness=HV")
    return role, column


def _print(comparison: pd.DataFrame) -> None:
    for title, rows in comparison.groupby("table", sort=False):
        text = TextTable(title=escape(str(title)), title_justify="left", box=None, padding=(0, 2, 0, 0))
        for heading in ("claim", "paper", "ours", "status"):
            text.add_column(heading)
        for row in rows.itertuples():
            text.add_row(*(escape(str(v)) for v in (row.claim, row.paper, row.ours, row.status)))
        screen.print(text)
    screen.print("p stands for each claim alone; effects.csv has Holm's correction over strategies.")
    notes = comparison[comparison["note"] != ""].drop_duplicates("claim")
    for row in notes.itertuples():
        screen.print(f"note, {row.claim}: {row.note}", markup=False, soft_wrap=True)


def _timing(timing: pd.DataFrame) -> str:
    return "\n".join(
        f"{row['table']}: {row['seconds of this call']:,.0f} s on the clock; "
        f"cells {row['core seconds of all cells']:,.0f} core seconds, "
        f"{row['core seconds of networks']:,.0f} of them networks, {row['training steps']:,} training steps"
        for _, row in timing.iterrows()
    )
