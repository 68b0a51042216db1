"""``miscible audit``: read, audit, print."""

from __future__ import annotations

from ..advisor import open_table, settle_group
from ..audit import audit, render_text
from ..study import Plan
from ._console import screen

__all__ = ["audit_command"]


def audit_command(plan: Plan) -> None:
    """Print what the table can and cannot show."""
    table, _ = open_table(plan.table, plan.split.group)
    plan = settle_group(plan, table)
    for note in table.notes:
        screen.print(f"note: {note}", markup=False, soft_wrap=True)
    found = audit(
        table, plan.split.group, n_folds=plan.split.folds, n_repeats=plan.split.repeats, goal=plan.goal
    )
    screen.print(render_text(found), markup=False, soft_wrap=True)
