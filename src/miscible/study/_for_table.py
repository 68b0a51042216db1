"""A plan for one table: sets of strategies unfolded to what makes sense for it."""

from __future__ import annotations

from ..strategies import sensible_strategies
from ..table import Table
from ._plan import Plan

__all__ = ["for_table"]


def for_table(plan: Plan, table: Table) -> Plan:
    """The plan with sets of strategies unfolded to those that make sense for the table.

    Raises
    ------
    PlanError
        A strategy named outright makes no sense for it.
    """
    rows = table.n_rows * (plan.split.folds - 1) / plan.split.folds * (1.0 - plan.split.validation)
    names = sensible_strategies(
        plan.strategies, table.names, [str(k) for k in table.kinds], plan.tuning.batch_size(round(rows))
    )
    return plan.model_copy(update={"strategies": names})
