"""A bar while a study runs."""

from __future__ import annotations

from types import TracebackType
from typing import Self

from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from ..study import Cell, CellRecord, Decision
from ._console import errors

__all__ = ["StudyBar"]


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
        self.begun = False
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
        self.begun = True
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
