"""Which strategies make sense for a table."""

from __future__ import annotations

from collections.abc import Sequence

from ..errors import PlanError
from ._axes import SETS
from ._strategy import Strategy, parse_strategies, parse_strategy

__all__ = ["MOST_PAIRED_TASKS", "sensible_strategies"]

MOST_PAIRED_TASKS = 12
"""Properties up to which grouping may train a network for each pair of them."""


def sensible_strategies(
    given: Sequence[str], names: Sequence[str], kinds: Sequence[str], batch_size: int
) -> tuple[str, ...]:
    """Sets unfolded to names, without what a table has no use for.

    Parameters
    ----------
    given
        Names of strategies and sets.
    names, kinds
        Of the properties.
    batch_size
        Of the networks that learn all properties.

    Raises
    ------
    PlanError
        A strategy named outright makes no sense here; the message says why.
    """
    kept: list[str] = []
    for text in given:
        for name in SETS.get(text, (text,)):
            strategy = parse_strategy(name)
            reason = _senseless(strategy, names, kinds, batch_size)
            if reason is None:
                kept.append(strategy.name)
            elif text not in SETS:
                raise PlanError(f"strategy {name!r} makes no sense for this table: {reason}")
    return tuple(s.name for s in parse_strategies(kept))


def _senseless(strategy: Strategy, names: Sequence[str], kinds: Sequence[str], batch_size: int) -> str | None:
    """Why a strategy makes no sense, or ``None``."""
    classes = [kind for kind in kinds if kind != "regression"]
    smoothing = [word for word in (strategy.labels, strategy.features) if word != "none"]
    if smoothing and len(classes) == len(kinds):
        return f"{smoothing[0]!r} weighs continuous labels, and no property is a regression."
    if strategy.classes != "none" and not classes:
        return f"{strategy.classes!r} weighs classes, and no property has classes."
    if strategy.labels == "bmc" and strategy.side == "joint" and batch_size < 2 * len(kinds):
        return (
            f"'bmc' needs at least two labels of a property in a batch, and {len(kinds)} properties share "
            f"{batch_size} labels. Take 'gai' or 'bni'."
        )
    if strategy.source and strategy.source not in names:
        return f"there is no property {strategy.source!r} to start from; there are {', '.join(names)}."
    if strategy.architecture == "grouped" and len(kinds) < 3:
        return f"there is nothing to group among {len(kinds)} properties; 'shared' and 'independent' are the choices."
    if strategy.affinity == "pairs" and len(kinds) > MOST_PAIRED_TASKS:
        return (
            f"'pairs' trains a network for each of {len(kinds) * (len(kinds) - 1) // 2} pairs of properties; "
            f"it is offered up to {MOST_PAIRED_TASKS}. Take 'gradients'."
        )
    return None
