"""Finished studies in which the error of every arm on every fold and property is set by hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from miscible.splits import FoldAssignment, Groups
from miscible.strategies import parse_strategy
from miscible.study import CellRecord, StudyResult, make_plan
from miscible.table import InputSpec, Property, Table

FOLDS = 5


def planted_study(
    errors: Mapping[str, np.ndarray],
    inner: Mapping[str, np.ndarray] | None = None,
    *,
    cells: Sequence[CellRecord] = (),
    n_rows: int = 100,
) -> StudyResult:
    """Predictions that are off by exactly a given length, up or down.

    Parameters
    ----------
    errors
        By strategy, ``(n_folds, n_tasks)`` RMSE.
    inner
        By strategy, ``(n_folds, n_tasks)`` inner validation errors; those of the outer folds if left out.
    """
    rng = np.random.default_rng(0)
    n_tasks = next(iter(errors.values())).shape[1]
    labels = rng.normal(size=(n_rows, n_tasks))
    properties = tuple(Property(f"p{t}", metric="rmse") for t in range(n_tasks))
    table = Table(
        frame=pd.DataFrame({"x": np.arange(n_rows)}), inputs=InputSpec(numeric=("x",)), properties=properties,
        labels=labels, censored=np.zeros(labels.shape, int), weights=np.ones(n_rows),
    )  # fmt: skip
    outer = (np.arange(n_rows) % FOLDS).astype(np.int16)[None]
    signs = rng.choice([-1.0, 1.0], labels.shape)
    strategies = sorted((parse_strategy(name) for name in errors), key=lambda s: s.complexity)
    plan = make_plan(
        {
            "table": {"source": "planted", "targets": [p.name for p in properties]},
            "split": {"folds": FOLDS, "repeats": 1, "group": "none"},
            "strategies": [s.name for s in strategies],
        }
    )
    return StudyResult(
        plan=plan, table=table, groups=Groups(np.arange(n_rows), np.arange(n_rows).astype(str), "none"),
        folds=FoldAssignment(outer, FOLDS), metrics=("rmse",) * n_tasks, strategies=tuple(strategies),
        outer={name: (labels + signs * size[outer[0]])[None] for name, size in errors.items()},
        inner={name: np.array(size)[None] for name, size in {**errors, **(inner or {})}.items()},
        thresholds={name: np.full((1, FOLDS, n_tasks), 0.5) for name in errors},
        mixtures={}, ensembles={}, cells=tuple(cells), journal=(),
    )  # fmt: skip


def spread(rng: np.random.Generator, centre: Sequence[float], size: float = 0.0) -> np.ndarray:
    """``(n_folds, n_tasks)`` errors around a centre, with noise in their logarithm."""
    return np.array(centre) * np.exp(size * rng.normal(size=(FOLDS, len(centre))))


def record(
    strategy: str, tasks: Sequence[int], networks: Sequence[dict[str, Any]], **changes: Any
) -> CellRecord:
    """A finished cell of networks."""
    steps = changes.pop("steps", sum(n["steps"] for n in networks))
    return CellRecord(
        f"{strategy}-r0-t{tasks[0]}", strategy, 0, tuple(tasks), steps=steps, networks=tuple(networks),
        **{"seconds": 1.0, **changes},
    )  # fmt: skip


def network(fold: int, valid: Sequence[Sequence[float | None]], steps: int, **more: Any) -> dict[str, Any]:
    """What the record says of one kept network; ``valid`` is a line a task."""
    return {
        "fold": fold,
        "tasks": list(range(len(valid))),
        "valid": [list(line) for line in valid],
        "epochs": len(valid[0]),
        "steps": steps,
        **more,
    }
