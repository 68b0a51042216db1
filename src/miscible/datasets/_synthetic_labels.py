"""From noise-free values to what is true and what is measured: noise, classes, derived properties."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import brentq
from scipy.special import expit

from ._synthetic_dials import Dials

__all__ = ["BASE_RATE", "Scales", "derive", "make_scales", "measure", "true_values", "wish_to_measure"]

BASE_RATE = 0.3
"""Mean probability of a binary property."""
SHARPEST = 0.05
"""Least noise of a binary property, so that its probabilities stay apart from 0 and 1."""
DERIVED_NOISE = 1 / 3
"""Noise that a derived property adds to its source's."""
DECAY = 1 / 3
"""A derived value is exp(-DECAY source), made standard."""
PREFERENCE = 4.0
"""Steepness of the wish to measure high values, in units of their spread."""


@dataclass(frozen=True, eq=False)
class Scales:
    """What is needed beside the values.

    Parameters
    ----------
    levels
        ``(n_tasks,)`` value above which a binary property is 1; NaN for others.
    centre, spread
        ``(n_tasks,)`` of exp(-DECAY source) for derived properties; NaN for others.
    """

    levels: np.ndarray
    centre: np.ndarray
    spread: np.ndarray


def make_scales(dials: Dials, values: np.ndarray) -> Scales:
    """Levels and scales from the values, ``(n, n_tasks)``, of many alloys."""
    levels, centre, spread = (np.full(dials.n_tasks, np.nan) for _ in range(3))
    for task, kind in enumerate(dials.task_kinds):
        if kind == "binary":
            column, slope = values[:, task], _slope(dials)
            levels[task] = brentq(
                lambda level, column=column, slope=slope: expit(slope * (column - level)).mean() - BASE_RATE,
                column.min() - 100,
                column.max() + 100,
            )
    for task, source in dials.derived:
        decay = np.exp(-DECAY * values[:, source])
        centre[task], spread[task] = decay.mean(), decay.std()
    return Scales(levels, centre, spread)


def derive(dials: Dials, scales: Scales, values: np.ndarray) -> np.ndarray:
    """The values, ``(n, n_tasks)``, with those of derived tasks computed from their sources."""
    derived = values.copy()
    for task, source in dials.derived:
        derived[:, task] = (np.exp(-DECAY * values[:, source]) - scales.centre[task]) / scales.spread[task]
    return derived


def true_values(dials: Dials, scales: Scales, values: np.ndarray) -> np.ndarray:
    """Expected label of every task, ``(n, n_tasks)``: value, derived value, or probability of class 1."""
    truth = derive(dials, scales, values)
    binary = [task for task, kind in enumerate(dials.task_kinds) if kind == "binary"]
    truth[:, binary] = expit(_slope(dials) * (values[:, binary] - scales.levels[binary]))
    return truth


def measure(dials: Dials, scales: Scales, values: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """One measurement of every task, ``(n, n_tasks)``; its expectation is `true_values`.

    A derived property is computed from the measured value m of its source, as
    (exp(-DECAY m) / E - centre) / spread, where E = exp((DECAY noise)^2 / 2) is what noise does to the mean of
    exp(-DECAY m).
    """
    noise = dials.noise * generator.standard_normal(values.shape)
    measured = values + noise
    for task, source in dials.derived:
        decay = np.exp(-DECAY * measured[:, source] - (DECAY * dials.noise) ** 2 / 2)
        exact = (decay - scales.centre[task]) / scales.spread[task]
        measured[:, task] = exact + DERIVED_NOISE * noise[:, task]
    truth = true_values(dials, scales, values)
    chance = generator.random(values.shape)
    for task, kind in enumerate(dials.task_kinds):
        if kind == "binary":
            measured[:, task] = chance[:, task] < truth[:, task]
    return measured


def wish_to_measure(dials: Dials, standing: np.ndarray) -> np.ndarray:
    """Probability that an alloy is measured, ``(n,)``.

    Parameters
    ----------
    dials
        ``missing`` is the strength of the preference for high values.
    standing
        ``(n, n_labels)`` values, in units of their spread, of what would be measured.
    """
    return 1 - dials.missing * expit(-PREFERENCE * standing).mean(axis=1)


def _slope(dials: Dials) -> float:
    """Of the logistic curve that logistic noise with the standard deviation ``noise`` makes of a threshold."""
    return np.pi / np.sqrt(3) / max(dials.noise, SHARPEST)
