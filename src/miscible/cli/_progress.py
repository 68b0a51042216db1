"""Bars while a study or a diagnosis runs."""

from __future__ import annotations

from collections.abc import Sequence
from types import TracebackType
from typing import Self

from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from ..diagnosis import Part
from ..study import Cell, CellRecord, Decision
from ._console import errors

__all__ = ["PartsBar", "StudyBar", "WorkBar"]


class _Bar:
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


class StudyBar(_Bar):
    """How far a study is."""

    def __init__(self, quiet: bool = False) -> None:
        super().__init__(quiet)
        self._total = 0.0
        self._rung = ""

    def climb(self, rung: str) -> None:
        """Begin anew for a further rung of a ladder."""
        self._rung = f"{rung}: "
        self._progress.remove_task(self._task)
        self._task = self._progress.add_task(f"{self._rung}reading", total=None)

    def begin(self, total: float, done: float) -> None:
        """See `study.Listener`."""
        self.begun = True
        self._total = total
        self._progress.update(self._task, description=f"{self._rung}training", total=total, completed=done)

    def finish(self, cell: Cell, record: CellRecord) -> None:
        """See `study.Listener`."""
        self._progress.update(
            self._task,
            advance=cell.cost,
            description=f"{self._rung}{cell.strategy}, repeat {cell.repeat + 1}",
        )

    def decide(self, decision: Decision, saved: float) -> None:
        """See `study.Listener`."""
        self._total -= saved
        self._progress.update(self._task, total=self._total)
        self._progress.print(f"budget: {self._rung}{decision.reason}")


class PartsBar(_Bar):
    """How far a diagnosis is, each part weighing what it costs."""

    def __init__(self, quiet: bool = False) -> None:
        super().__init__(quiet)
        self.is_stale = False
        self._shares: dict[str, float] = {}

    def begin(self, parts: Sequence[Part], kept: Sequence[Part], is_stale: bool) -> None:
        """See `advisor.DiagnosisListener`."""
        self.begun, self.is_stale = bool(parts), is_stale
        self._progress.update(self._task, description="looking", total=sum(part.cost for part in parts))

    def advance(self, part: Part, share: float) -> None:
        """See `advisor.DiagnosisListener`."""
        gain = min(share, 1.0) - self._shares.get(part.key, 0.0)
        if gain > 0.0:
            self._shares[part.key] = self._shares.get(part.key, 0.0) + gain
            self._progress.update(self._task, advance=gain * part.cost, description=part.title)

    def finish(self, part: Part, seconds: float) -> None:
        """See `advisor.DiagnosisListener`."""
        self.advance(part, 1.0)


class WorkBar(_Bar):
    """How far an experiment is."""

    def begin(self, total: float, done: float) -> None:
        """See `experiments.ExperimentListener`."""
        self.begun = True
        self._progress.update(self._task, description="measuring", total=total, completed=done)

    def advance(self, amount: float, what: str) -> None:
        """See `experiments.ExperimentListener`."""
        self._progress.update(self._task, advance=amount, description=what)
