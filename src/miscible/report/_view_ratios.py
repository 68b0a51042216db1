"""Who helps whom: ratios between properties, how stable they are, and whether they paid."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.stats import binom, rankdata

from ._data import ReportData
from ._data_ratios import STABLE, RatioChange, RatioMatrix
from ._figures_ratios import (
    clustered,
    correlation_points,
    matrix_width,
    ratio_extent,
    ratio_figure,
    scatter_figure,
)
from ._numbers import DASH, count, number, percent, signed
from ._panels import Panel, panel
from ._words import listed, short_error_label

__all__ = ["RatioRow", "RatioView", "Source", "ratio_views"]

NAMED = 3
"""Strongest and weakest sources that are named for a target."""
WIDEST = 200
"""Targets and sources up to which the matrix is drawn."""
SHORT = 15
"""Rows up to which the table is open."""
FEWEST_PAIRS = 10


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
    learned = matrix.kind == "learned"
    return RatioView(
        matrix.strategy,
        "How much did each property count in the networks of each other one?"
        if learned
        else "Ratios set by the correlation of the labels, not learned.",
        _lead(matrix.changes),
        (*_outcomes(matrix), *_stability(matrix)),
        _matrix_panel(place, matrix),
        _scatter_panel(place, matrix) if learned else None,
        tuple(change.against for change in matrix.changes),
        tuple(_row(matrix, t, units.get(matrix.names[t], "")) for t in targets.tolist()),
        _limits(matrix),
        place == 0,
    )


def _lead(changes: tuple[RatioChange, ...]) -> str:
    if not changes:
        return "No simpler network ran beside it, so whether the ratios paid is not known."
    parts = [_paid(change) for change in changes]
    known = [part for part in parts if part]
    return f"Measured out of fold: {'; '.join(known)}." if known else "No error could be compared."


def _paid(change: RatioChange) -> str:
    relative = change.relative
    known = relative[np.isfinite(relative)]
    if not known.size:
        return ""
    text = f"against {change.against} the error is lower for {(known < 0).sum()} of {known.size} targets"
    if (known > -1).all() and known.size > 1:
        text += f" ({signed(100 * float(np.expm1(np.log1p(known).mean())), 1)} % in the geometric mean)"
    return text


def _outcomes(matrix: RatioMatrix) -> tuple[str, ...]:
    """The targets whose error changed most, either way, against the first of the simpler strategies."""
    if not matrix.changes:
        return ()
    change = matrix.changes[0]
    relative = change.relative
    order = [t for t in np.argsort(relative, kind="stable").tolist() if np.isfinite(relative[t])]
    said = []
    for word, tasks in (
        ("fell", [t for t in order if relative[t] < 0][:NAMED]),
        ("rose", [t for t in order[::-1] if relative[t] > 0][:NAMED]),
    ):
        if tasks:
            names = [f"{matrix.names[t]} ({signed(100 * float(relative[t]), 1)} %)" for t in tasks]
            said.append(f"Against {change.against} the error {word} most for {listed(names)}.")
    return tuple(said)


def _stability(matrix: RatioMatrix) -> tuple[str, ...]:
    """How many ratios keep their side of 1, and what moves them."""
    there = np.isfinite(matrix.mean)
    mean, stable = matrix.mean[there], matrix.stable[there]
    said = [
        f"Of {count(mean.size)} ratios {count((stable & (mean > 1)).sum())} are stable above 1 and "
        f"{count((stable & (mean < 1)).sum())} stable below: on the side of their mean in at least "
        f"{percent(STABLE)} of the networks."
    ]
    moved = [
        f"{number(_typical(values[there]), 2)} {what}"
        for values, what in (
            (matrix.between, "from network to network (folds, repeats)"),
            (matrix.within, "from seed to seed, of which it is the mean"),
        )
        if np.isfinite(values[there]).any()
    ]
    if mean.size > 1 and moved:
        said.append(
            f"The mean ratios of the pairs differ by {number(float(mean.std()), 2)} (standard deviation); one ratio "
            f"moves by {' and '.join(moved)}."
        )
    return tuple(said)


def _typical(deviations: np.ndarray) -> float:
    """Root mean square of what is known."""
    return float(np.sqrt(np.mean(deviations[np.isfinite(deviations)] ** 2)))


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


def _limits(matrix: RatioMatrix) -> tuple[str, ...]:
    known = int(np.median(matrix.known[np.isfinite(matrix.mean)]))
    limits = [
        "A ratio is no measurement of help. The errors are measured, and they are of all ratios of a target together: "
        "they do not say which source brought the change."
    ]
    if matrix.kind == "learned":
        limits.append(
            "A ratio is what would have lowered the error on held-out labels of the target a few steps ahead. Where "
            "few labels were held out it is pulled towards 1, and the mean over all sources is kept from rising above "
            "1: a source may stand below 1 because others were preferred, not because it does harm."
        )
    if known >= 2:
        limits.append(
            f"Folds share most of their rows. Even if they did not, {percent(_by_chance(known))} of ratios that only "
            f"scatter around 1 would be called stable at {count(known)} networks."
        )
    equal = [c.against for c in matrix.changes if "equal" in c.against.split("+")]
    if not equal:
        limits.append(
            "The same strategy with equal ratios (the word equal in its name) did not run, so what networks of its own "
            "bring a target is not told apart from what the ratios bring."
        )
    limits.append("Errors of single strategies choose nothing: they are exploratory, and the verdicts stand.")
    return tuple(limits)


def _by_chance(n_networks: int) -> float:
    """Probability that fair coins fall on one side in at least the stable share of throws."""
    fewest = int(np.ceil(STABLE * n_networks - 1e-9))
    return min(1.0, 2 * float(binom.sf(fewest - 1, n_networks, 0.5)))
