"""Small sparse tables with one regression, one binary, one multiclass and one scarce task, and quick plans."""

from pathlib import Path

import numpy as np
import pandas as pd

from miscible.inputs import featurize
from miscible.splits import FoldAssignment, assign_folds, group_keys
from miscible.study import Plan, StudyContext, make_plan
from miscible.table import InputSpec, Kind, Property, Table

EVERYTHING = (
    "mean",
    "nearest",
    "ridge",
    "extra-trees",
    "lightgbm",
    "lightgbm-stacked",
    "independent+w32",
    "shared+w32",
    "shared+balanced+per-task+w32",
    "blend",
    "ensemble",
)
NETWORKS = ("mean", "independent+w32", "shared+w32")
QUICK = {"rates": [1e-3, 4e-3], "decays": [1e-2], "finalists": 1, "halving": [1], "epochs": 3, "steps": 4}


def small_frame(n_rows: int = 90, seed: int = 0, density: float = 0.7, n_groups: int = 30) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    inputs = rng.normal(size=(n_rows, 4))
    labels = np.column_stack(
        [
            inputs[:, 0] + np.sin(2 * inputs[:, 1]) + 0.2 * rng.normal(size=n_rows),
            inputs[:, 0] - inputs[:, 2] + 0.3 * rng.normal(size=n_rows) > 0,
            inputs[:, :3].argmax(axis=1),
            100 + 20 * inputs[:, 3] + rng.normal(size=n_rows),
        ]
    ).astype(float)
    labels[rng.random(labels.shape) > density * np.array([1.0, 1.0, 1.0, 0.6])] = np.nan
    frame = pd.DataFrame(inputs, columns=[f"x{i}" for i in range(4)])
    # Not zero in one row only: some training parts have a column less.
    frame["x4"] = np.where(np.arange(n_rows) == 0, 1.0, 0.0)
    frame["group"] = rng.integers(0, n_groups, n_rows)
    return frame.join(pd.DataFrame(labels, columns=["hardness", "ductile", "phase", "scarce"]))


def small_table(frame: pd.DataFrame, weights: np.ndarray | None = None) -> Table:
    properties = (
        Property("hardness", unit="GPa"),
        Property("ductile", Kind.BINARY, classes=("no", "yes")),
        Property("phase", Kind.MULTICLASS, classes=("bcc", "fcc", "hcp")),
        Property("scarce"),
    )
    labels = frame[[p.name for p in properties]].to_numpy(float, copy=True)
    return Table(
        frame=frame,
        inputs=InputSpec(numeric=("x0", "x1", "x2", "x3", "x4")),
        properties=properties,
        labels=labels,
        censored=np.zeros(labels.shape, int),
        weights=np.ones(len(frame)) if weights is None else weights,
    )


def small_plan(strategies: tuple[str, ...] = NETWORKS, **changes) -> Plan:
    split = {"group": "group", "folds": 3, "repeats": 2, "validation": 0.3, **changes.pop("split", {})}
    content = {
        "table": {"source": "small", "targets": ["hardness", "ductile", "phase", "scarce"]},
        "split": split,
        "strategies": list(strategies),
        "tuning": {**QUICK, **changes.pop("tuning", {})},
        "workers": 1,
        **changes,
    }
    return make_plan(content)


def context_of(plan: Plan, table: Table, outer: np.ndarray, path: Path) -> StudyContext:
    codes = group_keys(table, plan.split.group).codes
    return StudyContext(plan, table, featurize(table.frame, table.inputs), codes, outer, path)


def outer_folds(plan: Plan, table: Table) -> FoldAssignment:
    return assign_folds(
        group_keys(table, plan.split.group).codes,
        table.labels,
        table.kinds,
        n_folds=plan.split.folds,
        n_repeats=plan.split.repeats,
        seed=plan.seed,
    )
