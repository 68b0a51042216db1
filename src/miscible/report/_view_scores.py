"""Every strategy's score, property by property."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ..advice import PropertyVerdict
from ._data import ReportData
from ._numbers import number, percent
from ._words import metric_label, short_error_label

__all__ = ["Matrix", "ScoreTable", "score_matrix", "score_tables"]

SIDE_WORDS = {"joint": "together", "separate": "apart", "baseline": "baseline"}


@dataclass(frozen=True, slots=True)
class Matrix:
    """Strategies down, properties across; a cell is (text, is best, was chosen, is deployed)."""

    names: tuple[str, ...]
    units: tuple[str, ...]
    rows: tuple[tuple[str, str, tuple[tuple[str, bool, bool, bool], ...]], ...]


@dataclass(frozen=True, slots=True)
class ScoreTable:
    """All strategies of one property."""

    name: str
    error: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, str, bool, tuple[str, ...]], ...]


def score_matrix(data: ReportData) -> Matrix | None:
    """Pooled out-of-fold errors of all strategies on all properties."""
    strategies = list(dict.fromkeys(s.strategy for v in data.verdicts for s in v.scores))
    if not strategies:
        return None
    scores = [{s.strategy: s for s in v.scores} for v in data.verdicts]
    best = [_best(v) for v in data.verdicts]
    rows = []
    for strategy in strategies:
        cells = []
        for verdict, table, lowest in zip(data.verdicts, scores, best, strict=True):
            score = table.get(strategy)
            error = score.error if score else np.nan
            chosen = score is not None and score.times_chosen > 0
            deployed = verdict.deploy is not None and verdict.deploy.strategy == strategy
            cells.append((number(error), bool(error == lowest), chosen, deployed))
        rows.append((strategy, _side(data.sides, strategy), tuple(cells)))
    units = tuple(_unit(v) for v in data.verdicts)
    return Matrix(tuple(v.name for v in data.verdicts), units, tuple(rows))


def score_tables(data: ReportData) -> tuple[ScoreTable, ...]:
    """One table a property, with inner and outer errors and every descriptive metric."""
    units = {p.name: p.unit for p in data.predictions}
    return tuple(_table(v, data.sides, units.get(v.name, v.unit)) for v in data.verdicts if v.scores)


def _table(verdict: PropertyVerdict, sides: Mapping[str, str], unit: str) -> ScoreTable:
    metrics = list(dict.fromkeys(m for s in verdict.scores for m in s.metrics))
    lowest = _best(verdict)
    n_folds = int(np.isfinite(verdict.sharing.fold_differences).sum()) if verdict.sharing else 0
    rows = []
    for score in verdict.scores:
        behind = percent(score.error / lowest - 1, 1) if lowest > 0 else number(None)
        cells = (
            number(score.inner_error),
            number(score.error),
            behind,
            _chosen(score.times_chosen, n_folds),
            *(number(score.metrics.get(m)) for m in metrics),
        )
        rows.append((score.strategy, _side(sides, score.strategy), bool(score.error == lowest), cells))
    columns = (
        "inner error",
        "outer error",
        "above the best",
        "chosen in folds",
        *(metric_label(m, unit) for m in metrics),
    )
    return ScoreTable(verdict.name, _unit(verdict), columns, tuple(rows))


def _chosen(times: int, n_folds: int) -> str:
    if not times:
        return "exploratory"
    return f"{times} of {n_folds}" if n_folds else str(times)


def _best(verdict: PropertyVerdict) -> float:
    errors = [s.error for s in verdict.scores if np.isfinite(s.error)]
    return min(errors, default=np.nan)


def _unit(verdict: PropertyVerdict) -> str:
    return short_error_label(verdict.metric, verdict.unit)


def _side(sides: Mapping[str, str], strategy: str) -> str:
    return SIDE_WORDS.get(sides.get(strategy, ""), "")
