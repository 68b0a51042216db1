"""Who helps whom: ratios between properties, how stable they are, and whether they paid."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.stats import rankdata

from ._data import ReportData
from ._data_ratios import RatioChange, RatioMatrix
from ._figures_ratios import (
    clustered,
    correlation_points,
    matrix_width,
    ratio_extent,
    ratio_figure,
    scatter_figure,
)
from ._numbers import DASH, count, number, signed
from ._panels import Panel, panel
from ._words import short_error_label
from ._words_ratios import FEWEST_PAIRS, ratio_lead, ratio_limits, ratio_sentences

__all__ = ["RatioRow", "RatioView", "Source", "ratio_views"]

NAMED = 3
"""Strongest and weakest sources that are named for a target."""
WIDEST = 200
"""Targets and sources up to which the matrix is drawn."""
SHORT = 15
"""Rows up to which the table is open."""


@dataclass(frozen=True, slots=True)
class Source:
    """One source of a target, as text: mean and spread of its ratio, and in how many networks it is on that side."""

    name: str
    ratio: str
    agreeing: str
    is_stable: bool


@dataclass(frozen=True, slots=True)
class RatioRow:
    """One target: its strongest and its weakest sources, and its error beside those of simpler strategies."""

    name: str
    labels: str
    strength: str
    strongest: tuple[Source, ...]
    weakest: tuple[Source, ...]
    error: str
    changes: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class RatioView:
    """One strategy; ``columns`` are the strategies it is compared with."""

    strategy: str
    question: str
    lead: str
    sentences: tuple[str, ...]
    matrix: Panel | None
    scatter: Panel | None
    columns: tuple[str, ...]
    rows: tuple[RatioRow, ...]
    limits: tuple[str, ...]
    is_open: bool

    @property
    def is_long(self) -> bool:
        """Whether the table folds away."""
        return len(self.rows) > SHORT


def ratio_views(data: ReportData) -> tuple[RatioView, ...]:
    """Strategies whose ratios differ between sources by intent, in the order given."""
    shown = [m for m in data.ratios if m.kind != "fixed" and np.isfinite(m.mean).any()]
    units = {v.name: short_error_label(v.metric, v.unit) for v in data.verdicts}
    return tuple(_view(i, matrix, units) for i, matrix in enumerate(shown))


def _view(place: int, matrix: RatioMatrix, units: dict[str, str]) -> RatioView:
    targets = np.flatnonzero(np.isfinite(matrix.mean).any(axis=1))
    return RatioView(
        matrix.strategy,
        "How much did each property count in the networks of each other one?"
        if matrix.is_learned
        else "Ratios set by the correlation of the labels, not learned.",
        ratio_lead(matrix.changes),
        ratio_sentences(matrix),
        _matrix_panel(place, matrix),
        _scatter_panel(place, matrix) if matrix.is_learned else None,
        tuple(change.against for change in matrix.changes),
        tuple(_row(matrix, t, units.get(matrix.names[t], "")) for t in targets.tolist()),
        ratio_limits(matrix),
        place == 0,
    )


def _matrix_panel(place: int, matrix: RatioMatrix) -> Panel | None:
    order = clustered(matrix.mean)
    there = np.isfinite(matrix.mean)
    rows, columns = (order[np.isin(order, np.nonzero(there)[side])] for side in (0, 1))
    if max(len(rows), len(columns)) > WIDEST:
        return None
    values = matrix.mean[there]
    extent = ratio_extent(matrix.mean)
    return panel(
        f"ratios-{place}",
        ratio_figure(matrix, rows, columns),
        title="Ratios",
        label=f"Ratios of {len(columns)} sources for {len(rows)} targets in {matrix.strategy}, "
        f"from {number(values.min())} to {number(values.max())}; the table below names the largest and the smallest.",
        caption=f"Row: the target. Column: the source. Beside each name its labels. Blue counts more than 1, orange "
        f"less, full colour from {number(1 - extent, 2)} and {number(1 + extent, 2)}; blank is no source. Properties "
        "that count for each other stand side by side (average linkage of both directions).",
        min_width=matrix_width(len(columns)),
        facts=(("networks a ratio", _range(matrix.known[there])),),
    )


def _range(values: np.ndarray) -> str:
    low, high = int(values.min()), int(values.max())
    return count(low) if low == high else f"{count(low)} to {count(high)}"


def _scatter_panel(place: int, matrix: RatioMatrix) -> Panel | None:
    _, correlation, ratio = correlation_points(matrix)
    if len(ratio) < FEWEST_PAIRS:
        return None
    signed_rank, rank = (_rank(x, ratio) for x in (correlation, np.abs(correlation)))
    return panel(
        f"ratios-{place}-correlation",
        scatter_figure(matrix),
        title="Ratios against label correlation",
        label=f"Ratio over label correlation of {len(ratio)} pairs; rank correlation {signed(signed_rank, 2)}, "
        f"with the size of the correlation {signed(rank, 2)}.",
        caption="Above: Spearman's rank correlation of the ratio with r, the correlation of the labels on shared rows, "
        f"and with its size.{_unknown(int(np.isfinite(matrix.mean).sum()) - len(ratio))}",
        facts=(
            ("rank correlation with r", signed(signed_rank, 2)),
            ("with |r|", signed(rank, 2)),
            ("pairs", count(len(ratio))),
        ),
    )


def _unknown(n_pairs: int) -> str:
    return f" {count(n_pairs)} more pairs have too few shared rows to know it." if n_pairs else ""


def _rank(x: np.ndarray, y: np.ndarray) -> float:
    if np.ptp(x) == 0 or np.ptp(y) == 0:
        return float("nan")
    return float(np.corrcoef(rankdata(x), rankdata(y))[0, 1])


def _row(matrix: RatioMatrix, target: int, unit: str) -> RatioRow:
    mean = matrix.mean[target]
    order = [s for s in np.argsort(-mean, kind="stable").tolist() if np.isfinite(mean[s])]
    strongest = order[: min(NAMED, (len(order) + 1) // 2)]
    weakest = order[::-1][: min(NAMED, len(order) // 2)]
    error = next((c.own[target] for c in matrix.changes if np.isfinite(c.own[target])), np.nan)
    return RatioRow(
        matrix.names[target],
        count(matrix.labels[target]),
        number(matrix.strength[target], 2),
        tuple(_source(matrix, target, s) for s in strongest),
        tuple(_source(matrix, target, s) for s in weakest),
        f"{number(error)} {unit}".strip() if np.isfinite(error) else DASH,
        tuple(_change(change, target) for change in matrix.changes),
    )


def _source(matrix: RatioMatrix, target: int, source: int) -> Source:
    mean, deviation = matrix.mean[target, source], matrix.spread[target, source]
    known, agreeing = matrix.known[target, source], matrix.agreeing[target, source]
    ratio = f"{mean:.2f}" if np.isnan(deviation) else f"{mean:.2f} ± {deviation:.2f}"
    stable = bool(matrix.stable[target, source])
    counted = f"{agreeing} of {known}"
    return Source(matrix.names[source], ratio, f"stable, {counted}" if stable else counted, stable)


def _change(change: RatioChange, target: int) -> tuple[str, str]:
    relative = float(change.relative[target])
    if not np.isfinite(relative):
        return DASH, ""
    return (
        f"{signed(100 * relative, 1)} %",
        f"better in {change.better[target]} of {change.folds[target]} folds",
    )
