"""Single values so far from the others that a slip of the decimal point or the unit is likely."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..table import Kind, Table
from ._finding import Finding

__all__ = ["FarValues", "far_findings", "find_far_values"]

REACH = 8.0
FEWEST_LABELS = 20
MOST = 0.05
"""A larger share is the shape of the distribution, not a slip."""


@dataclass(frozen=True, slots=True)
class FarValues:
    """Labels far outside the rest of their property.

    Parameters
    ----------
    column
        The regression property.
    n
        Labels more than eight quartile distances from the median; for positive labels, on a logarithmic
        axis as well.
    worst, row
        The farthest, and its row label.
    median
        Of all labels.
    """

    column: str
    n: int
    worst: float
    row: str
    median: float


def find_far_values(table: Table) -> tuple[FarValues, ...]:
    """Check every regression property with at least twenty labels."""
    found = []
    for t, prop in enumerate(table.properties):
        rows = np.flatnonzero(np.isfinite(table.labels[:, t]))
        if prop.kind is not Kind.REGRESSION or len(rows) < FEWEST_LABELS:
            continue
        values = table.labels[rows, t]
        distance = _distance(values)
        if values.min() > 0:
            distance = np.minimum(distance, _distance(np.log10(values)))
        far = distance > REACH
        if 0 < far.mean() <= MOST:
            worst = int(distance.argmax())
            row = str(table.frame.index[rows[worst]])
            found.append(
                FarValues(prop.name, int(far.sum()), float(values[worst]), row, float(np.median(values)))
            )
    return tuple(found)


def _distance(values: np.ndarray) -> np.ndarray:
    """From the median, in quartile distances; 0 where more than half of the values are equal."""
    low, middle, high = np.quantile(values, (0.25, 0.5, 0.75))
    return np.abs(values - middle) / (high - low) if high > low else np.zeros(len(values))


def far_findings(far: tuple[FarValues, ...]) -> list[Finding]:
    """A warning for every property with far values."""
    return [
        Finding(
            "warning",
            "far values",
            f.column,
            f"{f.column}: {f.n:,} labels lie more than {REACH:g} quartile distances from the median "
            f"({f.median:.4g}), the farthest {f.worst:.4g} in row {f.row}",
            "check the unit and the decimal point of these rows",
        )
        for f in far
    ]
