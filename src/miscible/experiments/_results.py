"""From the cells of a grid to one row a point, task and arm."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ._experiment import Contrast, Experiment, Threshold
from ._grid import place_text
from ._measures import Record
from ._truth import mean_and_error

__all__ = ["CellRecords", "exceedance", "first_rise", "result_frame"]

FEW_WORLDS = 4
"""With fewer the spread between worlds is too poorly known, and the standard error is that of redraws alone."""
SEPARATION = "separation of "
ZERO = "zero of "


@dataclass(frozen=True)
class CellRecords:
    """What one finished cell holds: where it is in the grid, and records by measure."""

    values: Mapping[str, str]
    world: int
    records: Mapping[str, tuple[Record, ...]]


def result_frame(experiment: Experiment, cells: Sequence[CellRecords]) -> pd.DataFrame:
    """One row a point, measure, quantity, task and arm.

    Columns: the varied dials, ``task``, ``arm``, ``measure``, ``quantity``, ``mean``, ``standard_error``, ``over`` and
    ``n``. The mean is over worlds of the mean over redraws. The standard error is that over ``worlds`` where there
    are at least four, else that over ``redraws`` of the worlds there are, and then says nothing of other worlds. ``n``
    counts redraws with a value. Contrasts and thresholds of the plan follow as rows of their own.
    """
    found: dict[tuple[str, ...], list[np.ndarray]] = defaultdict(list)
    for cell in cells:
        place = tuple(cell.values[dial] for dial in experiment.vary)
        for measure, records in cell.records.items():
            for r in records:
                values = np.array([np.nan if v is None else v for v in r.values])
                found[(*place, r.task, r.arm, measure, r.quantity)].append(values)
    columns = [*experiment.vary, "task", "arm", "measure", "quantity"]
    rows = [dict(zip(columns, key, strict=True)) | _summary(worlds) for key, worlds in found.items()]
    for contrast in experiment.contrasts:
        rows += _contrast_rows(contrast, columns, found)
    for threshold in experiment.thresholds:
        rows += _threshold_rows(threshold, columns, rows)
    return pd.DataFrame(rows, columns=[*columns, "mean", "standard_error", "over", "n"])


def exceedance(low: np.ndarray, high: np.ndarray) -> float:
    """Chance that a value of ``high`` exceeds one of ``low``, ties halved (Mann and Whitney); NaN without values."""
    low, high = low[np.isfinite(low)], high[np.isfinite(high)]
    if not (len(low) and len(high)):
        return float("nan")
    return float(np.mean((high[:, None] > low) + 0.5 * (high[:, None] == low)))


def first_rise(x: np.ndarray, y: np.ndarray, errors: np.ndarray) -> tuple[float, float]:
    """Where a broken line first rises from below to above 0, and the standard error of that place.

    Returns
    -------
    place, error
        The first ``x`` where ``y`` starts above 0, infinity where it never is, both without an error. The error takes
        both ends of the piece as independent, to first order. Noise lets a line rise too early rather than too late.
    """
    if y[0] > 0.0:
        return float(x[0]), float("nan")
    rises = np.flatnonzero((y[:-1] <= 0.0) & (y[1:] > 0.0))
    if not len(rises):
        return float("inf"), float("nan")
    i = int(rises[0])
    gap = y[i + 1] - y[i]
    share = -y[i] / gap
    width = x[i + 1] - x[i]
    error = width / gap * np.hypot((1.0 - share) * errors[i], share * errors[i + 1])
    return float(x[i] + share * width), float(error)


def _summary(worlds: Sequence[np.ndarray]) -> dict[str, object]:
    means, errors = zip(*(mean_and_error(w) for w in worlds), strict=True)
    n = int(sum(np.isfinite(w).sum() for w in worlds))
    mean, between = mean_and_error(np.array(means))
    over, error = "worlds", between
    if len(worlds) < FEW_WORLDS:
        over, error = "redraws", np.sqrt(np.sum(np.square(errors))) / len(worlds)
    return {"mean": float(mean), "standard_error": float(error), "over": over, "n": n}


def _contrast_rows(
    contrast: Contrast, columns: Sequence[str], found: Mapping[tuple[str, ...], list[np.ndarray]]
) -> list[dict[str, object]]:
    """The exceedance of every place that has both values of the dial, redraws of all worlds pooled.

    Its error is the jackknife over worlds, as redraws of one world are alike; with few worlds that of Hanley and
    McNeil 1982, which takes redraws as independent.
    """
    low, high = place_text(contrast.low), place_text(contrast.high)
    at = columns.index(contrast.dial)
    rows: list[dict[str, object]] = []
    for key, above in found.items():
        other = (*key[:at], low, *key[at + 1 :])
        if key[at] != high or key[-1] != contrast.quantity or other not in found:
            continue
        below = found[other]
        labels: dict[str, object] = dict(zip(columns, key, strict=True))
        labels |= {contrast.dial: f"{high} against {low}", "quantity": SEPARATION + contrast.quantity}
        rows.append(labels | _separation(below, above))
    return rows


def _separation(below: Sequence[np.ndarray], above: Sequence[np.ndarray]) -> dict[str, object]:
    chance = exceedance(np.concatenate(below), np.concatenate(above))
    n, m = (int(np.isfinite(np.concatenate(part)).sum()) for part in (above, below))
    worlds = len(above)
    if worlds < FEW_WORLDS or len(below) != worlds:
        return {"mean": chance, "standard_error": _area_error(chance, n, m), "over": "redraws", "n": n + m}
    without = np.array(
        [
            exceedance(
                *(np.concatenate([v for k, v in enumerate(part) if k != w]) for part in (below, above))
            )
            for w in range(worlds)
        ]
    )
    error = float(np.sqrt((worlds - 1) * np.mean((without - without.mean()) ** 2)))
    return {"mean": chance, "standard_error": error, "over": "worlds", "n": n + m}


def _area_error(area: float, n: int, m: int) -> float:
    if not (n and m):
        return float("nan")
    both = (n - 1) * (area / (2 - area) - area**2) + (m - 1) * (2 * area**2 / (1 + area) - area**2)
    return float(np.sqrt(max(area * (1 - area) + both, 0.0) / (n * m)))


def _threshold_rows(
    threshold: Threshold, columns: Sequence[str], rows: Sequence[dict[str, object]]
) -> list[dict[str, object]]:
    frame = pd.DataFrame([r for r in rows if r["quantity"] == threshold.quantity])
    if frame.empty:
        return []
    others = [c for c in columns if c != threshold.dial]
    found: list[dict[str, object]] = []
    for key, line in frame.groupby(others, sort=False):
        x = pd.to_numeric(line[threshold.dial], errors="coerce").to_numpy(float)
        order = np.argsort(x)
        values = line[["mean", "standard_error"]].to_numpy(float)[order]
        if np.isnan(x).any() or np.isnan(values[:, 0]).any():
            continue
        place, error = first_rise(x[order], values[:, 0], values[:, 1])
        assert isinstance(key, tuple)
        labels: dict[str, object] = {str(c): value for c, value in zip(others, key, strict=True)}
        labels |= {threshold.dial: "threshold", "quantity": ZERO + threshold.quantity}
        summary = {
            "mean": place,
            "standard_error": error,
            "over": line["over"].iloc[0],
            "n": int(line["n"].sum()),
        }
        found.append(labels | summary)
    return found
