"""An exhibit as text."""

from __future__ import annotations

from collections.abc import Sequence

from rich.table import Table as TextTable

from ..diagnosis import Cell, Exhibit, Grid
from ._console import screen

__all__ = ["print_exhibit"]

MOST_SENTENCES = 10
MOST_ROWS, MOST_COLUMNS = 12, 8
"""What is longer or larger stands in the report only."""


def print_exhibit(exhibit: Exhibit, seconds: float | None = None) -> None:
    """Title, question, answer, limits, and the small tables among the evidence."""
    took = "" if seconds is None else f"  [dim]{seconds:.0f} s[/]"
    screen.print(f"\n[bold]{_plain(exhibit.title)}[/]{took}", soft_wrap=True)
    screen.print(f"[dim]{_plain(exhibit.question)}[/]", soft_wrap=True)
    for sentence in exhibit.answer[:MOST_SENTENCES]:
        screen.print(f"  {_plain(sentence)}", soft_wrap=True)
    for sentence in exhibit.limits:
        screen.print(f"  [yellow]limit[/]: {_plain(sentence)}", soft_wrap=True)
    n_more = len(exhibit.answer) - MOST_SENTENCES
    left_out = [f"{n_more} more sentence{'s' * (n_more > 1)}"] if n_more > 0 else []
    left_out += [figure.title for figure in (*exhibit.heatmaps, *exhibit.lines)]
    for grid in exhibit.grids:
        if len(grid.rows) <= MOST_ROWS and len(grid.columns) <= MOST_COLUMNS:
            _print_grid(grid)
        else:
            left_out.append(grid.title)
    if left_out:
        screen.print(f"  [dim]in the report: {_plain('; '.join(left_out))}[/]", soft_wrap=True)


def _print_grid(grid: Grid) -> None:
    screen.print(f"\n  [italic]{_plain(grid.title)}[/]", soft_wrap=True)
    table = TextTable(box=None, padding=(0, 2, 0, 2), header_style="dim")
    for place, heading in enumerate(grid.columns):
        numeric = _is_numeric([row[place] for row in grid.rows])
        table.add_column(_plain(heading), justify="right" if numeric else "left")
    for row in grid.rows:
        table.add_row(*(_plain(_text(cell)) for cell in row))
    screen.print(table)
    if grid.note:
        screen.print(f"  [dim]{_plain(grid.note)}[/]", soft_wrap=True)


def _is_numeric(cells: Sequence[Cell]) -> bool:
    return not any(isinstance(cell, str) for cell in cells)


def _text(cell: Cell) -> str:
    if cell is None or cell != cell:
        return "-"
    if isinstance(cell, float):
        return _short(cell)
    return f"{cell:,}" if isinstance(cell, int) else cell


def _short(value: float) -> str:
    """Three significant digits, trailing zeros too: in a column 1.00 stands below 0.83."""
    if 0.0 < abs(value) < 1e-9:
        return "<1e-9" if value > 0 else ">-1e-9"
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:#.3g}" if abs(value) >= 1e-3 or value == 0 else f"{value:.2g}"


def _plain(text: str) -> str:
    """Brackets in a user's names are not markup."""
    return text.replace("[", r"\[")
