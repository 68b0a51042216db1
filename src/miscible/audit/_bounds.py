"""Values that a quantity of that unit or name cannot take."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from ..table import Kind, Table
from ._finding import Finding
from ._units import is_temperature

__all__ = ["BoundViolation", "bound_findings", "find_violations"]

NONNEGATIVE_UNITS = frozenset(
    (
        "%",
        "K",
        "HV",
        "HB",
        "HK",
        "HRC",
        "g/cm3",
        "g/cm^3",
        "kg/m3",
        "kg/m^3",
        "s",
        "min",
        "h",
        "um",
        "nm",
        "g/mol",
    )
)
NONNEGATIVE_NAMES = (
    "hardness",
    "strength",
    "density",
    "resistivity",
    "conductivity",
    "viscosity",
    "elongation",
    "toughness",
    "modulus",
    "lifetime",
)
LOGARITHMIC = ("log", "ln_", "ln ")
ABSOLUTE_ZERO = -273.15
_ADVICE = {
    "below 0": "check them; if they are logarithms, say so in the name or the unit",
    "above 100 %": "check them, unless the quantity can exceed 100 %",
}


@dataclass(frozen=True, slots=True)
class BoundViolation:
    """Values outside what is possible.

    Parameters
    ----------
    column
        Property or numeric input.
    rule
        The bound as text, such as ``below 0 K``.
    n
        Values beyond it.
    worst
        The farthest of them.
    row
        Its row label.
    impossible
        By its unit. False: unusual, as more than 100 %, or judged by the name alone.
    """

    column: str
    rule: str
    n: int
    worst: float
    row: str
    impossible: bool


def find_violations(table: Table) -> tuple[BoundViolation, ...]:
    """Check properties by unit and name, and numeric inputs by name."""
    found: list[BoundViolation] = []
    index = table.frame.index
    for t, prop in enumerate(table.properties):
        if prop.kind is Kind.REGRESSION:
            found += _check(prop.name, prop.unit, table.labels[:, t], index)
    for column in table.inputs.numeric:
        numbers = pd.to_numeric(table.frame[column], errors="coerce").to_numpy(dtype=np.float64)
        found += _check(column, "", numbers, index)
    return tuple(found)


def _check(name: str, unit: str, values: np.ndarray, index: pd.Index) -> list[BoundViolation]:
    lowered, unit = name.lower(), unit.strip()
    if lowered.startswith(LOGARITHMIC) or unit.startswith(LOGARITHMIC):
        return []
    found = []
    if unit in NONNEGATIVE_UNITS:
        found.append(_beyond(name, f"below 0 {unit}", -values, 0.0, index, True))
    elif any(word in lowered for word in NONNEGATIVE_NAMES):
        found.append(_beyond(name, "below 0", -values, 0.0, index, False))
    elif is_temperature(name, unit):
        found.append(_beyond(name, "below absolute zero in C", -values, -ABSOLUTE_ZERO, index, True))
    if unit == "%":
        found.append(_beyond(name, "above 100 %", values, 100.0, index, False))
    return [violation for violation in found if violation is not None]


def _beyond(
    name: str, rule: str, values: np.ndarray, limit: float, index: pd.Index, impossible: bool
) -> BoundViolation | None:
    """Values above ``limit``; a lower bound is passed with both signs turned."""
    outside = values > limit
    if not outside.any():
        return None
    worst = int(np.argmax(np.where(outside, values, -np.inf)))
    sign = -1.0 if rule.startswith("below") else 1.0
    return BoundViolation(
        name, rule, int(outside.sum()), float(sign * values[worst]), str(index[worst]), impossible
    )


def bound_findings(violations: tuple[BoundViolation, ...]) -> list[Finding]:
    """A problem for the impossible, a warning for the unusual."""
    return [
        Finding(
            "problem" if v.impossible else "warning",
            "bounds",
            v.column,
            f"{v.column}: {v.n:,} values {v.rule}, the farthest {v.worst:g} in row {v.row}",
            "mend or remove them" if v.impossible else _ADVICE[v.rule],
        )
        for v in violations
    ]
