"""From the cells of a grid to one row a point, task and arm."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ._experiment import Contrast, Experiment
from ._grid import dial_text
from ._measures import Record
from ._truth import mean_and_error

__all__ = ["CellRecords", "exceedance", "result_frame"]

FEW_WORLDS = 4
"""With fewer the spread between worlds is too poorly known, and the standard error is that of redraws alone."""
SEPARATION = "separation of "


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
    counts redraws with a value.
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
    return pd.DataFrame(rows, columns=[*columns, "mean", "standard_error", "over", "n"])


def exceedance(low: np.ndarray, high: np.ndarray) -> float:
    """Chance that a value of ``high`` exceeds one of ``low``, ties halved (Mann and Whitney); NaN without values."""
    low, high = low[np.isfinite(low)], high[np.isfinite(high)]
    if not (len(low) and len(high)):
        return float("nan")
    return float(np.mean((high[:, None] > low) + 0.5 * (high[:, None] == low)))


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
    """The exceedance of every place that has both values of the dial; its error by Hanley and McNeil 1982."""
    low, high = dial_text(contrast.low), dial_text(contrast.high)
    at = columns.index(contrast.dial)
    rows: list[dict[str, object]] = []
    for key, worlds in found.items():
        other = (*key[:at], low, *key[at + 1 :])
        if key[at] != high or key[-1] != contrast.quantity or other not in found:
            continue
        above, below = np.concatenate(worlds), np.concatenate(found[other])
        chance = exceedance(below, above)
        n, m = int(np.isfinite(above).sum()), int(np.isfinite(below).sum())
        labels = dict(zip(columns, key, strict=True)) | {
            contrast.dial: f"{high} against {low}",
            "quantity": SEPARATION + contrast.quantity,
        }
        rows.append(
            {
                **labels,
                "mean": chance,
                "standard_error": _area_error(chance, n, m),
                "over": "redraws",
                "n": n + m,
            }
        )
    return rows


def _area_error(area: float, n: int, m: int) -> float:
    if not (n and m):
        return float("nan")
    both = (n - 1) * (area / (2 - area) - area**2) + (m - 1) * (2 * area**2 / (1 + area) - area**2)
    return float(np.sqrt(max(area * (1 - area) + both, 0.0) / (n * m)))
