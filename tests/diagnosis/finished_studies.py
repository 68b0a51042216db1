"""Finished studies made by hand: the predictions of every strategy are given, nothing is trained."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from miscible.advice import advise
from miscible.diagnosis import Case
from miscible.inputs import featurize
from miscible.splits import FoldAssignment, Groups
from miscible.strategies import parse_strategy
from miscible.study import CellRecord, StudyContext, StudyResult, make_plan
from miscible.table import InputSpec, Kind, Property, Table

METRICS = {"regression": "mae", "binary": "log_loss", "multiclass": "log_loss"}


def finished_case(
    labels: np.ndarray,
    predictions: Mapping[str, np.ndarray] | None = None,
    *,
    properties: Sequence[Property] | None = None,
    inputs: np.ndarray | None = None,
    codes: np.ndarray | None = None,
    columns: Mapping[str, Sequence] | None = None,
    inner: Mapping[str, np.ndarray] | None = None,
    cells: Sequence[CellRecord] = (),
    folds: int = 5,
    repeats: int = 3,
    seed: int = 0,
    quick: bool = False,
) -> Case:
    """A case on a table of numbers.

    Parameters
    ----------
    labels
        ``(n_rows, n_tasks)``, NaN = unmeasured.
    predictions
        By strategy, ``(n_repeats, n_rows, n_outputs)``; perfect ones of ``shared`` and ``independent`` if left out.
    inputs
        ``(n_rows, n_inputs)``; normal if left out.
    codes
        Groups; every row its own if left out.
    columns
        More columns of the table that are no inputs.
    inner
        By strategy, inner validation errors ``(n_repeats, n_folds, n_tasks)``; the outer ones if left out.
    """
    rng = np.random.default_rng(seed)
    n_rows, n_tasks = labels.shape
    properties = tuple(properties or (Property(f"p{t}", unit="GPa") for t in range(n_tasks)))
    inputs = rng.normal(size=(n_rows, 3)) if inputs is None else inputs
    names = [f"x{i}" for i in range(inputs.shape[1])]
    frame = pd.DataFrame(inputs, columns=names).assign(**dict(columns or {}))
    frame = frame.join(pd.DataFrame(labels, columns=[p.name for p in properties]))
    table = Table(
        frame=frame,
        inputs=InputSpec(numeric=tuple(names)),
        properties=properties,
        labels=labels,
        censored=np.zeros(labels.shape, int),
        weights=np.ones(n_rows),
    )
    by = "none" if codes is None else "alloy"
    codes = np.arange(n_rows) if codes is None else np.unique(codes, return_inverse=True)[1]
    of_group = np.stack([rng.permutation(np.arange(codes.max() + 1) % folds) for _ in range(repeats)])
    outer = of_group[:, codes].astype(np.int16)
    if predictions is None:
        perfect = np.concatenate(
            [_perfect(p, labels[:, t], repeats) for t, p in enumerate(properties)], axis=2
        )
        predictions = {"independent": perfect, "shared": perfect}
    strategies = tuple(sorted((parse_strategy(name) for name in predictions), key=lambda s: s.complexity))
    plan = make_plan(
        {
            "table": {"source": "by hand", "targets": [p.name for p in properties]},
            "split": {"folds": folds, "repeats": repeats, "group": "none"},
            "strategies": [s.name for s in strategies],
        }
    )
    shape = (repeats, folds, n_tasks)
    result = StudyResult(
        plan=plan,
        table=table,
        groups=Groups(codes, np.array([f"g{c}" for c in range(codes.max() + 1)]), by),
        folds=FoldAssignment(outer, folds),
        metrics=tuple(p.metric or METRICS[str(p.kind)] for p in properties),
        strategies=strategies,
        outer=dict(predictions),
        inner={s.name: np.ones(shape) for s in strategies},
        thresholds={s.name: np.full(shape, 0.5) for s in strategies},
        mixtures={},
        cells=tuple(cells) or _cells(strategies, repeats, n_tasks),
        ensembles={},
        journal=(),
    )
    for s in strategies:
        own = [result.errors(s.name, t) for t in range(n_tasks)]
        result.inner[s.name][:] = (inner or {}).get(s.name, np.stack(own, axis=2))
    context = StudyContext(plan, table, featurize(frame, table.inputs), codes, outer, Path("unused"))
    return Case(context, result, advise(result, {}), quick=quick)


def around(labels: np.ndarray, size: float | Sequence[float], repeats: int, seed: int) -> np.ndarray:
    """Predictions of regression tasks that miss by normal errors of a size, one for all or one a task."""
    noise = np.random.default_rng(seed).normal(size=(repeats, *labels.shape))
    return np.nan_to_num(labels) + noise * np.asarray(size)


def _perfect(prop: Property, labels: np.ndarray, repeats: int) -> np.ndarray:
    known = np.nan_to_num(labels)
    one = np.eye(prop.n_outputs)[known.astype(int)] if prop.kind is Kind.MULTICLASS else known[:, None]
    return np.broadcast_to(one, (repeats, *one.shape)).copy()


def _cells(strategies: Sequence, repeats: int, n_tasks: int) -> tuple[CellRecord, ...]:
    return tuple(
        CellRecord(f"{s.name}-r{r}", s.name, r, tuple(range(n_tasks)), 1.0)
        for s in strategies
        for r in range(repeats)
    )
