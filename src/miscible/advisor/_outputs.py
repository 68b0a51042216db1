"""What a run leaves beside its cells: verdict.json, metrics.csv, predictions.csv."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pandas as pd

from ..advice import PropertyVerdict
from ..files import write_atomic
from ..study import StudyResult
from ..table import Kind

__all__ = ["metrics_frame", "predictions_frame", "verdict_frame", "write_outputs"]


def write_outputs(path: Path, result: StudyResult, verdicts: Sequence[PropertyVerdict]) -> None:
    """Write the three files, each whole."""
    content = {"goal": result.plan.goal, "properties": [asdict(v) for v in verdicts]}
    write_atomic(path / "verdict.json", json.dumps(_plain(content), indent=2) + "\n")
    write_atomic(path / "metrics.csv", metrics_frame(verdicts).to_csv(index=False))
    write_atomic(path / "predictions.csv", predictions_frame(result).to_csv(index=False, float_format="%.7g"))


def metrics_frame(verdicts: Sequence[PropertyVerdict]) -> pd.DataFrame:
    """Every strategy's score on every property, one row each."""
    rows = [
        {
            "property": v.name,
            "strategy": s.strategy,
            "decision_metric": v.metric,
            "error": s.error,
            "inner_error": s.inner_error,
            "times_chosen": s.times_chosen,
            **s.metrics,
        }
        for v in verdicts
        for s in v.scores
    ]
    return pd.DataFrame(rows)


def predictions_frame(result: StudyResult) -> pd.DataFrame:
    """Out-of-fold predictions of every measured pair in model space.

    One row per (row, property, repeat), classes of multiclass properties one row each; one column per
    strategy, empty where it was not run.
    """
    table = result.table
    parts = []
    for t, prop in enumerate(table.properties):
        rows = np.flatnonzero(np.isfinite(table.labels[:, t]))
        predictions = {s.name: result.predictions(s.name, t)[:, rows] for s in result.strategies}
        for r, c in np.ndindex(result.folds.n_repeats, prop.n_outputs):
            columns: dict[str, object] = {
                "row": table.frame.index[rows],
                "property": prop.name,
                "class": prop.classes[c] if prop.kind is Kind.MULTICLASS else "",
                "repeat": r,
                "fold": result.folds.outer[r][rows],
                "observed": prop.to_model(table.labels[rows, t]),
            }
            parts.append(pd.DataFrame(columns | {name: p[r, :, c] for name, p in predictions.items()}))
    return pd.concat(parts, ignore_index=True)


def verdict_frame(verdicts: Sequence[PropertyVerdict]) -> pd.DataFrame:
    """One row per property: the call, both errors, the interval, the probabilities and what to deploy."""
    rows = []
    for v in verdicts:
        row: dict[str, object] = {
            "property": v.name,
            "verdict": str(v.call),
            "metric": v.metric,
            "labels": v.n_labels,
        }
        if v.sharing is not None:
            s = v.sharing
            row |= {
                "error_separate": s.baseline_error,
                "error_joint": s.candidate_error,
                "difference": s.difference,
                "low": s.interval[0],
                "high": s.interval[1],
                "p_better": s.p_better,
                "p_equivalent": s.p_equivalent,
                "p_worse": s.p_worse,
                "margin": s.rope,
                "p_value": s.p_value,
                "p_holm": s.p_holm,
                "smallest_detectable": s.smallest_detectable,
            }
        if v.deploy is not None:
            row |= {"deploy": v.deploy.strategy, "deploy_error": v.deploy.error}
        rows.append(
            {**row, "unit": v.unit, "noise_floor": v.noise_floor, "partners": v.partners, "reason": v.reason}
        )
    return pd.DataFrame(rows).set_index("property")


def _plain(value: object) -> object:
    """JSON knows no NaN: not measured is null."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value
