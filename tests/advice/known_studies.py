"""Finished studies with a known truth: predictions are the truth plus noise of a known size."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from miscible.splits import FoldAssignment, Groups
from miscible.strategies import Strategy, parse_strategy
from miscible.study import CellRecord, Decision, StudyResult, make_plan
from miscible.table import InputSpec, Kind, Property, Table

Sizes = Mapping[str, float | Sequence[float] | np.ndarray]


def known_study(
    noise: Sizes,
    inner: Sizes | None = None,
    *,
    properties: Sequence[Property] = (Property("strength", unit="MPa"), Property("density")),
    folds: int = 5,
    repeats: int = 3,
    n_rows: int = 300,
    own: float = 0.02,
    seed: int = 0,
    goal: str = "characterise",
    journal: tuple[Decision, ...] = (),
    cells: tuple[CellRecord, ...] = (),
    weights: np.ndarray | None = None,
    screen_budget: float = 0.1,
) -> StudyResult:
    """A study on random labels.

    Parameters
    ----------
    noise
        By strategy: size of its outer errors, for all or one a task. NaN: it predicts nothing.
    inner
        By strategy: inner validation errors, as the noise or ``(n_repeats, n_folds, n_tasks)``; the noise if
        left out.
    own
        Share of the noise that strategies do not have in common: what blurs their differences.
    """
    rng = np.random.default_rng(seed)
    n_tasks = len(properties)
    labels = np.column_stack([_labels(rng, p, n_rows) for p in properties])
    labels[rng.random(labels.shape) < 0.2] = np.nan
    table = Table(
        frame=pd.DataFrame({"x": np.arange(n_rows)}),
        inputs=InputSpec(numeric=("x",)),
        properties=tuple(properties),
        labels=labels,
        censored=np.zeros(labels.shape, int),
        weights=np.ones(n_rows) if weights is None else weights,
    )
    outer = np.stack([rng.permutation(np.arange(n_rows) % folds) for _ in range(repeats)]).astype(np.int16)
    strategies = tuple(sorted((parse_strategy(name) for name in noise), key=lambda s: s.complexity))
    common = rng.normal(size=(repeats, n_rows, sum(p.n_outputs for p in properties)))
    plan = make_plan(
        {
            "table": {"source": "known", "targets": [p.name for p in properties]},
            "split": {"folds": folds, "repeats": repeats, "group": "none"},
            "strategies": [s.name for s in strategies if not s.is_mixture],
            "goal": goal,
            "screen_budget": screen_budget,
        }
    )
    shape = (repeats, folds, n_tasks)
    return StudyResult(
        plan=plan,
        table=table,
        groups=Groups(np.arange(n_rows), np.arange(n_rows).astype(str), "none"),
        folds=FoldAssignment(outer, folds),
        metrics=_metrics(properties, goal),
        strategies=strategies,
        outer={
            s.name: _predict(rng, table, noise[s.name], common, own) for s in strategies
        },
        inner={
            s.name: np.broadcast_to(np.asarray((inner or noise)[s.name], float), shape).copy()
            for s in strategies
        },
        thresholds={s.name: np.full(shape, 0.5) for s in strategies},
        mixtures={},
        cells=cells or all_cells(strategies, repeats, n_tasks),
        ensembles={},
        journal=journal,
    )  # fmt: skip


def all_cells(strategies: Sequence[Strategy], repeats: int, n_tasks: int) -> tuple[CellRecord, ...]:
    """A record of every (strategy, repeat)."""
    return tuple(
        CellRecord(f"{s.name}-r{r}", s.name, r, tuple(range(n_tasks)), 1.0)
        for s in strategies
        if not s.is_mixture
        for r in range(repeats)
    )


def without(
    result_cells: Sequence[CellRecord], strategy: str, repeats: Sequence[int]
) -> tuple[CellRecord, ...]:
    """Records but for a strategy's of some repeats."""
    return tuple(c for c in result_cells if c.strategy != strategy or c.repeat not in repeats)


def forget(result: StudyResult, strategy: str, repeats: Sequence[int]) -> None:
    """As if a strategy had not been run in these repeats."""
    for values in (result.outer[strategy], result.inner[strategy]):
        values[list(repeats)] = np.nan


def _metrics(properties: Sequence[Property], goal: str) -> tuple[str, ...]:
    defaults = {
        "characterise": {"regression": "mae", "binary": "average_precision", "multiclass": "log_loss"},
        "screen": {"regression": "recall@budget", "binary": "recall@budget", "multiclass": "log_loss"},
    }
    return tuple(p.metric or defaults[goal][str(p.kind)] for p in properties)


def _labels(rng: np.random.Generator, prop: Property, n_rows: int) -> np.ndarray:
    if prop.kind is Kind.REGRESSION:
        return rng.normal(50.0, 10.0, n_rows)
    return rng.integers(0, max(2, len(prop.classes)), n_rows).astype(float)


def _predict(
    rng: np.random.Generator,
    table: Table,
    sizes: float | Sequence[float] | np.ndarray,
    common: np.ndarray,
    own: float,
) -> np.ndarray:
    noise = np.sqrt(1.0 - own**2) * common + own * rng.normal(size=common.shape)
    parts, start = [], 0
    for t, prop in enumerate(table.properties):
        size = float(np.broadcast_to(np.asarray(sizes, float), table.n_tasks)[t])
        error = size * noise[:, :, start : start + prop.n_outputs]
        start += prop.n_outputs
        truth = np.nan_to_num(table.labels[:, t])
        if prop.kind is Kind.REGRESSION:
            parts.append(truth[:, None] + error)
        elif prop.kind is Kind.BINARY:
            parts.append(1.0 / (1.0 + np.exp(-(2.0 * truth[:, None] - 1.0 + error))))
        else:
            raw = np.exp(2.0 * np.eye(prop.n_outputs)[truth.astype(int)] + error)
            parts.append(raw / raw.sum(axis=2, keepdims=True))
    return np.concatenate(parts, axis=2)
