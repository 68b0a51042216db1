"""What a person sees in the terminal: a bar while a study runs, tables when it is done."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table as TextTable

from ..advice import Call, PropertyVerdict
from ..study import Cell, CellRecord, Decision

__all__ = ["StudyBar", "errors", "print_verdicts", "screen"]

WIDE = 140
screen = Console(highlight=False, width=None if sys.stdout.isatty() else WIDE)
errors = Console(stderr=True, highlight=False, soft_wrap=True)

COLOURS = {Call.MIX: "green", Call.SEPARATE: "red", Call.EITHER: "cyan", Call.UNDECIDED: "yellow"}


class StudyBar:
    """A progress bar with the time left on a terminal, nothing elsewhere."""

    def __init__(self, quiet: bool = False) -> None:
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.percentage:>3.0f} %"),
            TimeElapsedColumn(),
            TextColumn("left"),
            TimeRemainingColumn(),
            console=errors,
            disable=quiet or not errors.is_terminal,
            transient=True,
        )
        self._total = 0.0
        self._task = self._progress.add_task("reading", total=None)

    def __enter__(self) -> Self:
        """Show the bar."""
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Remove the bar."""
        self._progress.stop()

    def begin(self, total: float, done: float) -> None:
        """See `study.Listener`."""
        self._total = total
        self._progress.update(self._task, description="training", total=total, completed=done)

    def finish(self, cell: Cell, record: CellRecord) -> None:
        """See `study.Listener`."""
        self._progress.update(
            self._task, advance=cell.cost, description=f"{cell.strategy}, repeat {cell.repeat + 1}"
        )

    def decide(self, decision: Decision, saved: float) -> None:
        """See `study.Listener`."""
        self._total -= saved
        self._progress.update(self._task, total=self._total)
        self._progress.print(f"budget: {decision.reason}")


def print_verdicts(verdicts: Sequence[PropertyVerdict]) -> None:
    """The verdict table and one sentence of reasons a property."""
    table = TextTable(box=None, padding=(0, 2, 0, 0))
    for heading in ("property", "labels", "verdict", "metric", "apart", "together", "deploy", "error"):
        table.add_column(
            heading, justify="right" if heading in ("labels", "apart", "together", "error") else "left"
        )
    for v in verdicts:
        pair = ("-", "-")
        if v.sharing is not None:
            pair = (_short(v.sharing.baseline_error), _short(v.sharing.candidate_error))
        deploy = ("-", "-") if v.deploy is None else (v.deploy.strategy, _short(v.deploy.error))
        call = f"[bold {COLOURS[v.call]}]{v.call}[/]"
        table.add_row(_plain(v.name), f"{v.n_labels:,}", call, v.metric, *pair, *deploy)
    screen.print(table)
    for v in verdicts:
        screen.print(f"\n[bold]{_plain(v.name)}[/]: {_plain(v.reason)}", soft_wrap=True)
        if v.deploy is not None:
            screen.print(f"  deploy {v.deploy.strategy}: {_plain(v.deploy.reason)}", soft_wrap=True)
        for warning in v.warnings:
            screen.print(f"  [yellow]note[/]: {_plain(warning)}", soft_wrap=True)


def _short(value: float) -> str:
    return f"{value:.4g}"


def _plain(text: str) -> str:
    """Brackets in a user's names are not markup."""
    return text.replace("[", r"\[")
