"""What an experiment can measure at one point of its grid: functions by name, each adding plain records."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from ..strategies import NetworkFit, Strategy, Tuning, parse_strategy
from ..table import parse_target
from ._affinity import Affinity, gradient_affinity
from ._redraws import Redraws, World, arm_risks, fit_arm, fit_together, redraw, risks, silent

__all__ = [
    "MEASURES",
    "Measure",
    "Point",
    "Record",
    "measure_affinity",
    "measure_pairs",
    "measure_rules",
    "measure_truth",
]


ALL_TASKS = "all"


@dataclass(frozen=True)
class Record:
    """Numbers of one task under one arm at one point, one a redraw.

    Parameters
    ----------
    quantity
        ``risk``, ``difference``, ``cosine``...
    task
        Property, ``first & second`` for what two have in common, or ``all``.
    arm
        Strategy, or what takes its place.
    values
        By redraw; ``None`` where it cannot be seen.
    """

    quantity: str
    task: str
    arm: str
    values: tuple[float | None, ...]

    @classmethod
    def of(cls, quantity: str, task: str, arm: str, values: np.ndarray) -> Record:
        """From an array; what is not finite becomes ``None``."""
        return cls(quantity, task, arm, tuple(float(v) if np.isfinite(v) else None for v in values))

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self)


@dataclass(frozen=True, eq=False)
class Point:
    """One world at one point of a grid.

    Parameters
    ----------
    world
        To draw tables from.
    arms
        Ways to learn; the first one is what the others are compared with.
    n_redraws, n_test, tuning
        How much work.
    seed
        Of redraws and learners; the same at every point of the grid, so that points differ by their dials alone.
    progress
        Hears which share of the present measure is done.
    """

    world: World
    arms: tuple[Strategy, ...]
    n_redraws: int
    n_test: int
    tuning: Tuning
    seed: int
    progress: Callable[[float], None] = silent

    @property
    def names(self) -> tuple[str, ...]:
        """Of the tasks."""
        return tuple(parse_target(t).name for t in self.world.targets)

    @property
    def settings(self) -> int:
        """Networks a redraw trains at once."""
        return len(self.tuning.rates) * len(self.tuning.decays)


Measure = Callable[[Point], list[Record]]


def measure_truth(point: Point) -> list[Record]:
    """Noise-free risk of every arm, and its difference to the first arm on the same redraws."""
    found = arm_risks(
        point.world, point.arms, n_redraws=point.n_redraws, n_test=point.n_test, tuning=point.tuning,
        seed=point.seed, progress=point.progress,
    )  # fmt: skip
    first = found[point.arms[0].name]
    records: list[Record] = []
    for arm, values in found.items():
        for t, name in enumerate(point.names):
            records.append(Record.of("risk", name, arm, values[:, t]))
            if arm != point.arms[0].name:
                records.append(Record.of("difference", name, arm, values[:, t] - first[:, t]))
    return records


def measure_affinity(point: Point) -> list[Record]:
    """Cosines between tasks' gradients in a shared network, with row overlap and split-half beside them."""
    parts: list[Affinity] = []
    for part in redraw(point.world, point.n_redraws, 1, seed=point.seed):
        parts.append(gradient_affinity(part, point.tuning, point.seed))
        point.progress(sum(len(p.cosine) for p in parts) / point.n_redraws)
    cosine, usual, halves, overlap = (
        np.concatenate([getattr(p, field) for p in parts])
        for field in ("cosine", "usual", "split_half", "overlap")
    )
    records = [Record.of("split-half", n, "shared", halves[:, t]) for t, n in enumerate(point.names)]
    for i, j, label in _task_pairs(point.names):
        records += [
            Record.of("cosine", label, "shared", cosine[:, i, j]),
            Record.of("cosine, same rows kept", label, "shared", usual[:, i, j]),
            Record.of("row overlap", label, "shared", overlap[:, i, j]),
        ]
    return records


def measure_pairs(point: Point) -> list[Record]:
    """What each task gains from each single partner: the risk with it minus the risk alone, negative for a gain.

    The first arm learns alone, the second one (or hard sharing) learns two tasks together.
    """
    alone = point.arms[0]
    joint = point.arms[1] if len(point.arms) > 1 else parse_strategy("shared")
    names, n = point.names, len(point.names)
    gains = np.full((point.n_redraws, n, n), np.nan)
    for part in redraw(
        point.world, point.n_redraws, point.n_test, seed=point.seed, n_networks=point.settings
    ):
        own = slice(part.first, part.first + len(part.folds))
        base = _scores(point, part, alone, tuple(range(n)))
        for i, j, _ in _task_pairs(names):
            both = _scores(point, part, joint, (i, j)) - base
            gains[own, i, j], gains[own, j, i] = both[:, i], both[:, j]
        point.progress((part.first + len(part.folds)) / point.n_redraws)
    return [
        Record.of("difference", names[i], f"with {names[j]}", gains[:, i, j])
        for i in range(n)
        for j in range(n)
        if i != j
    ]


def measure_rules(point: Point) -> list[Record]:
    """How often the rule of an arm acted, and how many pairs of active tasks were in conflict, over training."""
    arms = [arm for arm in point.arms if arm.is_network and arm.rule != "sum"]
    tasks = range(len(point.names))
    found: dict[str, list[tuple[float, float]]] = {arm.name: [] for arm in arms}
    for part in redraw(point.world, point.n_redraws, 1, seed=point.seed, n_networks=point.settings):
        for arm in arms:
            fits = fit_together(arm, part, point.tuning, point.seed, tuple(tasks))
            found[arm.name] += [_rule_story(fit) for fit in fits]
        point.progress((part.first + len(part.folds)) / point.n_redraws)
    return [
        Record.of(quantity, ALL_TASKS, name, np.array(values)[:, k])
        for name, values in found.items()
        for k, quantity in enumerate(("steps acted", "pairs in conflict"))
    ]


MEASURES: dict[str, Measure] = {
    "truth": measure_truth,
    "affinity": measure_affinity,
    "pairs": measure_pairs,
    "rules": measure_rules,
}
"""By the name a plan gives under ``measures``."""


def _rule_story(fit: NetworkFit) -> tuple[float, float]:
    """Mean over epochs of the shares that the best network's record tells; NaN for what it does not."""
    rule = fit.kept[0].get("rule") if fit.kept else None
    shares: list[float] = []
    for key in ("acted", "conflicts"):
        values = rule.get(key, []) if isinstance(rule, dict) else []
        known = [v for v in values if v is not None]
        shares.append(sum(known) / len(known) if known else float("nan"))
    return shares[0], shares[1]


def _scores(point: Point, part: Redraws, strategy: Strategy, tasks: tuple[int, ...]) -> np.ndarray:
    """Risks ``(n_redraws, n_tasks)`` of one chunk; NaN for tasks that did not learn."""
    found = fit_arm(strategy, part, point.tuning, point.seed, tasks)
    return np.array([risks(p, part.truth, part.properties) for p in found])


def _task_pairs(names: tuple[str, ...]) -> list[tuple[int, int, str]]:
    return [(i, j, f"{names[i]} & {names[j]}") for i in range(len(names)) for j in range(i + 1, len(names))]
