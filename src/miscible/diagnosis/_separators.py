"""What tells the rows of two properties apart: inputs by their part in it, and columns that no model sees."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ..table import Table
from ._separation import Separation, area_under_curve, single_areas

__all__ = ["MOST_VALUES", "TRIVIAL", "Separator", "enough_alone", "leading_inputs", "telling_columns"]

N_SEPARATORS = 5
TRIVIAL = 0.95
"""An input or column that tells two properties apart on its own with such an area is named as trivial."""
MOST_VALUES = 50
MISSING = "missing"
"""How the flag of a gap and the level of an empty cell are named in prepared inputs."""


@dataclass(frozen=True, slots=True)
class Separator:
    """What tells the rows of two properties apart.

    Parameters
    ----------
    first, second
        Positions of the properties in the table.
    name
        Of the input or column.
    gain
        Share in what the trees gained; NaN for a column that is no input.
    area
        Area under the curve of it alone.
    is_input
        Whether models see it.
    """

    first: int
    second: int
    name: str
    gain: float
    area: float
    is_input: bool

    @property
    def trivial(self) -> bool:
        """Whether it is enough on its own."""
        return self.area >= TRIVIAL


def telling_columns(table: Table, rows: np.ndarray, second: np.ndarray) -> list[tuple[str, float]]:
    """Columns that are no input and yet nearly tell two properties apart, such as a source or a test method.

    Parameters
    ----------
    table
        The table; columns with 2 to 50 values are looked at, an empty cell being one of them.
    rows
        ``(n,)`` positions.
    second
        ``(n,)`` bool.

    Returns
    -------
    list of (name, area)
        Those with an area of at least 0.95, best first. Every value answers with its share of the second set.
    """
    own = {*table.inputs.columns, *table.names}
    found = []
    for position, name in enumerate(table.frame.columns):
        if name in own:
            continue
        values = table.frame.iloc[rows, position]
        codes = pd.factorize(values, use_na_sentinel=False)[0]
        counts = np.bincount(codes)
        if not 2 <= len(counts) <= min(MOST_VALUES, len(rows) // 4):
            continue
        scores = (np.bincount(codes, second) / counts)[codes]
        alone = float(area_under_curve(scores, second, np.ones((1, len(rows))))[0])
        if alone >= TRIVIAL:
            found.append((str(name), alone))
    return sorted(found, key=lambda item: -item[1])


def leading_inputs(
    found: Separation, inputs: np.ndarray, second: np.ndarray, names: Sequence[str], s: int, t: int
) -> list[Separator]:
    """The inputs that the trees gained most from; parameters as in `tell_apart`, and positions of the properties."""
    order = np.argsort(-found.gain, kind="stable")[:N_SEPARATORS]
    leading = [int(i) for i in order if found.gain[i] > 0]
    alone = single_areas(inputs[:, leading], second)
    return [
        Separator(s, t, names[i], float(found.gain[i]), float(a), True)
        for i, a in zip(leading, alone, strict=True)
    ]


def enough_alone(inputs: np.ndarray, second: np.ndarray, names: Sequence[str]) -> np.ndarray:
    """Inputs that tell the rows apart on their own, with all inputs of their column."""
    column = np.array([name.removesuffix(f" {MISSING}").split("=")[0] for name in names])
    return np.isin(column, column[single_areas(inputs, second) >= TRIVIAL])
