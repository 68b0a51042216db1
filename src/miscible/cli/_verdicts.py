"""What a run found, as text."""

from __future__ import annotations

from collections.abc import Sequence

from rich.table import Table as TextTable

from ..advice import Call, PropertyVerdict
from ._console import screen

__all__ = ["print_verdicts"]

COLOURS = {Call.MIX: "green", Call.SEPARATE: "red", Call.EITHER: "cyan", Call.UNDECIDED: "yellow"}


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
