"""The grid of an experiment: its points, the worlds at each, and the cells they make."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass

from ..datasets import Dials, parse_dials
from ..errors import InputError, PlanError
from ._experiment import DialValue, Experiment, is_remedy

__all__ = ["GridCell", "cells_of", "grid_points", "place_text"]

_SAFE = str.maketrans({"/": "_", ":": "-", " ": ""})


@dataclass(frozen=True)
class GridCell:
    """One world at one point.

    Parameters
    ----------
    values
        What varies -> its value as text, ``default`` where a dial is left alone.
    dials
        All of them.
    world
        From 0.
    """

    values: dict[str, str]
    dials: Dials
    world: int

    @property
    def remedies(self) -> dict[str, float]:
        """Parameters of remedies at this point."""
        return {name: float(value) for name, value in self.values.items() if is_remedy(name)}

    @property
    def key(self) -> str:
        """File name without its ending."""
        parts = [f"{name}={value.translate(_SAFE)}" for name, value in self.values.items()]
        return ",".join([*parts, f"world={self.world}"])

    @property
    def cost(self) -> float:
        """Work, in arbitrary units: labels, and what every task takes whatever its labels."""
        return float(sum(self.dials.counts) + 500 * len(self.dials.counts))


def grid_points(experiment: Experiment, full: bool) -> list[dict[str, str]]:
    """Full product of what varies, the first dial slowest; values as text."""
    varied = {**experiment.vary, **experiment.effort(full).vary}
    texts = [[dial_text(value) for value in values] for values in varied.values()]
    return [dict(zip(varied, point, strict=True)) for point in itertools.product(*texts)]


def cells_of(experiment: Experiment, full: bool, source: object = None) -> list[GridCell]:
    """Every world of every point.

    Raises
    ------
    PlanError
        A dial does not exist or cannot have a value; the key is named.
    """
    effort = experiment.effort(full)
    fixed = {name: dial_text(value) for name, value in {**experiment.dials, **effort.dials}.items()}
    both = sorted(set(fixed) & set(experiment.vary))
    if both:
        raise PlanError(f"dials.{both[0]}: this dial is varied as well.", source=source)
    points = [(values, _dials(fixed, values, source)) for values in grid_points(experiment, full)]
    return [
        GridCell({name: place_text(value) for name, value in values.items()}, dials, w)
        for values, dials in points
        for w in range(effort.worlds)
    ]


def place_text(value: DialValue) -> str:
    """A value as results name it."""
    return dial_text(value) or "default"


def dial_text(value: DialValue) -> str:
    """As on the command line; empty for a dial that is left alone."""
    return ("yes" if value else "no") if isinstance(value, bool) else str(value)


def _dials(fixed: Mapping[str, str], varied: Mapping[str, str], source: object) -> Dials:
    """Dials of one point."""
    given = {**fixed, **{name: value for name, value in varied.items() if not is_remedy(name)}}
    text = ",".join(f"{name}={value}" for name, value in given.items() if value)
    try:
        return parse_dials(text)
    except InputError as error:
        part = "vary" if any(f"'{name}'" in error.message for name in varied) else "dials"
        raise PlanError(f"{part}: {error.message}", source=source, hint=error.hint) from error
