"""Cases without a finished study: a table of known truth, its folds, and nothing that was trained."""

from pathlib import Path

import numpy as np
import pandas as pd

from miscible.diagnosis import Case
from miscible.evaluation import default_metric
from miscible.inputs import featurize
from miscible.splits import FoldData, assign_folds, group_keys
from miscible.strategies import parse_strategies
from miscible.study import StudyContext, StudyResult, make_plan
from miscible.table import InputSpec, Kind, Property, Table

TUNING = {
    "rates": [2e-3, 8e-3], "decays": [1e-2], "finalists": 2, "halving": [], "epochs": 30, "patience": 8, "steps": 12,
}  # fmt: skip


def make_case(
    inputs: np.ndarray,
    labels: np.ndarray,
    properties: tuple[Property, ...] | None = None,
    *,
    folds: int = 3,
    repeats: int = 1,
    quick: bool = True,
    tuning: dict | None = None,
    seed: int = 0,
    joint: str = "shared+w32",
) -> Case:
    """A case of ``(n_rows, n_inputs)`` numbers and ``(n_rows, n_tasks)`` labels."""
    properties = properties or tuple(Property(f"p{t}", unit="HV") for t in range(labels.shape[1]))
    frame = pd.DataFrame(inputs, columns=[f"x{i}" for i in range(inputs.shape[1])])
    table = Table(
        frame=frame,
        inputs=InputSpec(numeric=tuple(frame.columns)),
        properties=properties,
        labels=labels,
        censored=np.zeros(labels.shape, int),
        weights=np.ones(len(frame)),
    )
    plan = make_plan(
        {
            "table": {"source": "known", "targets": [p.name for p in properties]},
            "split": {"group": "none", "folds": folds, "repeats": repeats},
            "strategies": ["independent+w32", joint],
            "tuning": tuning or TUNING,
            "seed": seed,
        }
    )
    groups = group_keys(table, "none")
    assigned = assign_folds(
        groups.codes, table.labels, table.kinds, n_folds=folds, n_repeats=repeats, seed=plan.seed
    )
    context = StudyContext(
        plan, table, featurize(table.frame, table.inputs), groups.codes, assigned.outer, Path()
    )
    result = StudyResult(
        plan=plan,
        table=table,
        groups=groups,
        folds=assigned,
        metrics=tuple(default_metric(str(p.kind), plan.goal) for p in properties),
        strategies=parse_strategies(plan.strategies),
        outer={}, inner={}, thresholds={}, mixtures={}, cells=(), ensembles={}, journal=(),
    )  # fmt: skip
    return Case(context, result, (), quick=quick)


def mixed_case(**changes) -> Case:
    """Regression, binary, multiclass and a property of three labels; no input varies."""
    rng = np.random.default_rng(3)
    labels = np.column_stack(
        [rng.normal(size=90), rng.integers(0, 2, 90), rng.integers(0, 3, 90), rng.normal(size=90)]
    ).astype(float)
    labels[rng.random(labels.shape) < 0.3] = np.nan
    labels[3:, 3] = np.nan
    labels[:3, 3] = 1.0, 2.0, 3.0
    properties = (
        Property("hardness", unit="HV"),
        Property("ductile", Kind.BINARY, classes=("no", "yes")),
        Property("phase", Kind.MULTICLASS, classes=("bcc", "fcc", "hcp")),
        Property("rare"),
    )
    tuning = {**TUNING, "epochs": 2, "steps": 2}
    return make_case(np.ones((90, 2)), labels, properties, tuning=tuning, **changes)


def bare_fold(targets: np.ndarray, codes: np.ndarray, kinds: tuple[str, ...]) -> FoldData:
    """A fold whose last fifth of rows is tested and the fifth before validates."""
    n = len(targets)
    train, valid, test = np.split(np.arange(n), [n * 3 // 5, n * 4 // 5])
    hidden = targets.copy()
    hidden[test] = np.nan
    return FoldData(
        inputs=np.zeros((n, 1), np.float32),
        targets=hidden,
        train_rows=train,
        valid_rows=valid,
        test_rows=test,
        weights=np.ones(n),
        kinds=kinds,
        n_classes=tuple(0 if k == "regression" else 3 for k in kinds),
        preparation=None,  # pyright: ignore[reportArgumentType]
        codes=codes,
    )
