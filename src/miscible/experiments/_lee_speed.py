"""Steps and time until a network is as good on the inner validation part as plain sharing ever was."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from ..strategies import Strategy
from ..study import CellRecord, StudyResult
from ._lee_study import PLAIN

__all__ = ["SPEED", "speed_frame", "speed_summary"]

SPEED = (
    "split", "arm", "property", "labels", "target", "folds", "reached", "steps", "start_steps", "seconds",
    "start_seconds", "times_plain",
)  # fmt: skip

_Place = tuple[int, int, int]
"""Repeat, fold, task."""


@dataclass(frozen=True)
class _Curve:
    """How one kept network did on one task: ``valid`` by epoch, and what an epoch takes."""

    valid: np.ndarray
    steps: float
    seconds: float


def speed_frame(split: str, result: StudyResult) -> pd.DataFrame:
    """How long every arm of networks takes to reach plain sharing's best, property by property.

    The mark to reach is the lowest inner validation loss of the property at any epoch of any kept plain network of the
    fold. An arm reaches it at the first epoch at which one of its kept networks that answer for the property is at
    or under it. Steps are those of that one network; arms that go on from networks of all properties list the steps
    which those took apart (``start_steps``: the mean of the fold's kept plain networks). Seconds are the cell's,
    shared out by steps, so they are those of a network within its population. What learning ratios took before is
    left out of both.

    Returns
    -------
    DataFrame
        Columns `SPEED`, one row an arm and property. ``folds`` counts those with a mark, ``reached`` those in which
        it was reached; the others are medians over ``folds``, empty where fewer than half reached it. ``times_plain``
        is the median of steps, with the start, in those of the plain network.
    """
    arms = [s for s in result.strategies if s.is_network]
    curves = {arm.name: _curves(result, arm.name) for arm in arms}
    plain = curves.get(PLAIN, {})
    marks = {place: best for place, own in plain.items() if np.isfinite(best := _lowest(own))}
    starts = _starts(result)
    rows: list[dict[str, object]] = []
    for arm in arms:
        for task, name in enumerate(result.table.names):
            places = [place for place in marks if place[2] == task and place in curves[arm.name]]
            if not places:
                continue
            took = np.array([_first(curves[arm.name][p], marks[p]) for p in places])
            own = np.array([_first(plain[p], marks[p])[0] for p in places])
            start = np.zeros((len(places), 2))
            if _goes_on(arm):
                start = np.array([starts[p[:2]] for p in places])
            rows.append(
                {
                    "split": split,
                    "arm": arm.name,
                    "property": name,
                    "labels": int(result.table.counts[task]),
                    "target": float(np.mean([marks[p] for p in places])),
                    "folds": len(places),
                    "reached": int(np.isfinite(took[:, 0]).sum()),
                    "steps": _median(took[:, 0]),
                    "start_steps": _median(start[:, 0]),
                    "seconds": _median(took[:, 1]),
                    "start_seconds": _median(start[:, 1]),
                    "times_plain": _median((took[:, 0] + start[:, 0]) / own),
                }
            )
    return pd.DataFrame(rows, columns=list(SPEED))


def speed_summary(speed: pd.DataFrame) -> pd.DataFrame:
    """Medians over properties, one row a split and arm; a property not reached counts as slower than all others."""
    rows = []
    for (split, arm), own in speed.groupby(["split", "arm"], sort=False):
        medians = {
            key: _median(own[key].fillna(np.inf).to_numpy(float))
            for key in ("steps", "start_steps", "seconds", "start_seconds", "times_plain")
        }
        rows.append(
            {
                "split": split,
                "arm": arm,
                "properties": len(own),
                "reached": int(own["steps"].notna().sum()),
                **medians,
            }
        )
    return pd.DataFrame(rows)


def _curves(result: StudyResult, arm: str) -> dict[_Place, list[_Curve]]:
    found: dict[_Place, list[_Curve]] = defaultdict(list)
    for cell in result.cells:
        if cell.strategy != arm:
            continue
        for network in cell.networks:
            steps = _steps_per_epoch(network)
            for position, line in zip(network["tasks"], network["valid"], strict=True):
                if _answers(network, position):
                    curve = _Curve(_numbers(line), steps, steps * _seconds_per_step(cell))
                    found[cell.repeat, network["fold"], cell.tasks[position]].append(curve)
    return found


def _answers(network: dict[str, Any], position: int) -> bool:
    """Whether a network predicts this task rather than only learning it beside others."""
    if "primary" in network:
        return network["primary"] == position
    return position in network.get("served", network["tasks"])


def _starts(result: StudyResult) -> dict[tuple[int, int], tuple[float, float]]:
    """Mean steps and seconds of the kept plain networks, by repeat and fold."""
    found: dict[tuple[int, int], list[tuple[float, float]]] = defaultdict(list)
    for cell in result.cells:
        for network in cell.networks if cell.strategy == PLAIN else ():
            took = float(network["steps"])
            found[cell.repeat, network["fold"]].append((took, took * _seconds_per_step(cell)))
    return {place: tuple(np.mean(took, axis=0).tolist()) for place, took in found.items()}


def _goes_on(arm: Strategy) -> bool:
    """Whether its networks, or half of them, start from networks of all properties."""
    if arm.architecture == "warm":
        return not arm.source
    return arm.architecture in ("transfer", "align") and arm.begin != "scratch"


def _steps_per_epoch(network: dict[str, Any]) -> float:
    return network["steps"] / max(network["epochs"], 1)


def _seconds_per_step(cell: CellRecord) -> float:
    return cell.seconds / max(cell.steps, 1)


def _numbers(line: Sequence[float | None]) -> np.ndarray:
    return np.array([np.nan if v is None else v for v in line], dtype=float)


def _lowest(curves: Sequence[_Curve]) -> float:
    return min((float(np.nanmin(c.valid)) for c in curves if np.isfinite(c.valid).any()), default=np.inf)


def _first(curves: Sequence[_Curve], mark: float) -> tuple[float, float]:
    """Steps and seconds of the network that is there first; infinite where none gets there."""
    there = [(c, int(at[0]) + 1) for c in curves if len(at := np.flatnonzero(c.valid <= mark))]
    return min(((n * c.steps, n * c.seconds) for c, n in there), default=(np.inf, np.inf))


def _median(values: np.ndarray) -> float:
    """NaN where it is not finite."""
    middle = float(np.median(values))
    return middle if np.isfinite(middle) else float("nan")
