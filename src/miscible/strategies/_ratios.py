"""How much every source should count for every target: the same for all, by the labels, or learned."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ._bench import Bench
from ._one_step import learn_one_step
from ._sources import Target, TargetRatios, correlations
from ._subsets import learn_from_subsets

__all__ = ["find_ratios"]


def find_ratios(
    bench: Bench,
    targets: Sequence[Target],
    alike: Sequence[np.ndarray],
    families: Sequence[str] | None = None,
) -> list[TargetRatios]:
    """Ratios of every target, as the strategy says.

    Parameters
    ----------
    bench
        The strategy on its folds.
    targets
        Whose ratios.
    alike
        By fold, `likeness` of its tasks.
    families
        By task; targets have no sources of their own family.
    """
    match bench.strategy.ratios:
        case "equal":
            return [_fixed(t, np.ones(len(t.tasks))) for t in targets]
        case "alone":
            return [_fixed(t, np.zeros(len(t.tasks))) for t in targets]
        case "correlated":
            return [_fixed(t, correlations(bench, t)) for t in targets]
        case "one-step":
            return learn_one_step(bench, targets, alike)
        case _:
            return learn_from_subsets(bench, targets, alike, families)


def _fixed(target: Target, ratios: np.ndarray) -> TargetRatios:
    ratios = np.where(np.array(target.tasks) == target.task, 1.0, ratios)
    return TargetRatios(target, ratios, np.full(len(ratios), np.nan))
