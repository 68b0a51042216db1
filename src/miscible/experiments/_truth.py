"""The truth about sharing on a simulated table: what learning together does to the risk, over many redraws."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from ..errors import PlanError
from ..strategies import Tuning, parse_strategies
from ..table import parse_target
from ._redraws import World, arm_risks, silent

__all__ = ["NETWORKS", "TREES", "TRUTH_TUNING", "SharingTruth", "mean_and_error", "sharing_truth"]

NETWORKS = ("independent", "shared")
TREES = ("lightgbm", "lightgbm-stacked")
TRUTH_TUNING = Tuning(rates=(1e-3, 3e-3), decays=(1e-2,), finalists=1, halving=())
"""Two rates, the better one by inner validation: the same for both sides."""


@dataclass(frozen=True, eq=False)
class SharingTruth:
    """Noise-free risks apart and together, redraw by redraw.

    Parameters
    ----------
    names
        Of the tasks.
    pairs
        Learners ``(separate, joint)``.
    risks
        By learner, ``(n_redraws, n_tasks)``; see `arm_risks` for the unit.
    """

    names: tuple[str, ...]
    pairs: tuple[tuple[str, str], ...]
    risks: dict[str, np.ndarray]

    def differences(self, pair: tuple[str, str] = NETWORKS) -> np.ndarray:
        """Joint minus separate risk of every redraw, ``(n_redraws, n_tasks)``: negative where sharing helps."""
        separate, joint = pair
        return self.risks[joint] - self.risks[separate]

    def effect(self, pair: tuple[str, str] = NETWORKS) -> tuple[np.ndarray, np.ndarray]:
        """Mean difference and its standard error over redraws, ``(n_tasks,)`` each."""
        return mean_and_error(self.differences(pair))

    def relative(self, pair: tuple[str, str] = NETWORKS) -> np.ndarray:
        """Mean difference as a share of the mean risk apart, ``(n_tasks,)``."""
        return self.effect(pair)[0] / mean_and_error(self.risks[pair[0]])[0]


def sharing_truth(
    world: World,
    pairs: Sequence[tuple[str, str]] = (NETWORKS, TREES),
    *,
    n_redraws: int = 20,
    n_test: int = 20_000,
    tuning: Tuning = TRUTH_TUNING,
    seed: int = 0,
    progress: Callable[[float], None] = silent,
) -> SharingTruth:
    """Redraw the whole table, learn apart and together, and score both on fresh rows without noise.

    Parameters
    ----------
    world
        Its functions stay; rows, noise and what is measured are drawn afresh.
    pairs
        Strategies ``(separate, joint)`` to be compared.
    n_redraws, n_test
        Tables, and rows each is scored on.
    tuning
        Of the networks, the same for both sides.
    seed
        Of redraws and learners.
    progress
        Hears which share is done.

    Raises
    ------
    PlanError
        Fewer than two redraws, which have no standard error, or a strategy that cannot be an arm.
    """
    if n_redraws < 2:
        raise PlanError(f"{n_redraws} redraw has no standard error.", hint="Ask for at least two, better 20.")
    strategies = parse_strategies([name for pair in pairs for name in pair])
    risks = arm_risks(
        world, strategies, n_redraws=n_redraws, n_test=n_test, tuning=tuning, seed=seed, progress=progress
    )
    named = tuple((parse_strategies([a])[0].name, parse_strategies([b])[0].name) for a, b in pairs)
    return SharingTruth(tuple(parse_target(t).name for t in world.targets), named, risks)


def mean_and_error(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and standard error along the first axis over what is finite; NaN where there is too little."""
    known = np.isfinite(values)
    n = known.sum(axis=0)
    mean = np.where(known, values, 0.0).sum(axis=0) / np.where(n > 0, n, np.nan)
    squares = np.where(known, (values - mean) ** 2, 0.0).sum(axis=0)
    return mean, np.sqrt(squares / np.where(n > 1, n - 1, np.nan) / np.where(n > 1, n, np.nan))
