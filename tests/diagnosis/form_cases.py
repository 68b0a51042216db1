"""Cases of tables whose truth a test knows: no strategy was run on them unless predictions are given."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from miscible.advice import Call, PropertyVerdict
from miscible.diagnosis import Case
from miscible.inputs import featurize
from miscible.splits import assign_folds, group_keys
from miscible.study import StudyContext, StudyResult, make_plan
from miscible.table import InputSpec, Kind, Property, Table

METRICS = {Kind.REGRESSION: "mae", Kind.BINARY: "average_precision", Kind.MULTICLASS: "log_loss"}


def known_case(
    inputs: pd.DataFrame,
    labels: np.ndarray,
    properties: Sequence[Property] | None = None,
    *,
    spec: InputSpec | None = None,
    folds: int = 5,
    outer: dict[str, np.ndarray] | None = None,
    quick: bool = False,
    seed: int = 0,
) -> Case:
    """A case of one repeat over rows that are their own groups.

    Parameters
    ----------
    inputs, labels
        Rows; the properties are called ``t0``, ``t1``... unless given.
    outer
        By strategy, ``(1, n_rows, n_outputs)`` out-of-fold predictions.
    """
    properties = tuple(properties or [Property(f"t{i}") for i in range(labels.shape[1])])
    table = Table(
        frame=inputs,
        inputs=spec or InputSpec(numeric=tuple(inputs.columns)),
        properties=properties,
        labels=labels,
        censored=np.zeros(labels.shape, int),
        weights=np.ones(len(inputs)),
    )
    plan = make_plan(
        {
            "table": {"source": "known", "targets": [p.name for p in properties]},
            "split": {"folds": folds, "repeats": 1, "group": "none"},
            "strategies": ["mean"],
            "seed": seed,
        }
    )
    groups = group_keys(table, "none")
    assigned = assign_folds(
        groups.codes, table.labels, table.kinds, n_folds=folds, n_repeats=1, seed=seed, names=table.names
    )
    features = featurize(table.frame, table.inputs)
    context = StudyContext(plan, table, features, groups.codes, assigned.outer, Path("nowhere"))
    result = StudyResult(
        plan=plan, table=table, groups=groups, folds=assigned,
        metrics=tuple(METRICS[p.kind] for p in properties),
        strategies=(), outer=outer or {}, inner={}, thresholds={}, mixtures={}, cells=(), ensembles={}, journal=(),
    )  # fmt: skip
    verdicts = tuple(
        PropertyVerdict(
            p.name,
            str(p.kind),
            p.unit,
            METRICS[p.kind],
            int(n),
            Call.UNDECIDED,
            "",
            (),
            None,
            None,
            (),
            None,
            (),
        )
        for p, n in zip(properties, table.counts, strict=True)
    )
    return Case(context, result, verdicts, quick=quick)
