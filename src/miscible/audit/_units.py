"""Two units in one column: clusters, or repeats, a known conversion factor apart."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from ..table import Kind, Table
from ._finding import Finding

__all__ = ["UnitSuspicion", "find_unit_mixes", "is_temperature", "unit_findings"]

FACTORS: dict[float, str] = {
    1000.0: "a prefix, as MPa and GPa",
    101.97: "HV and GPa (102), percent and fraction (100), or eV and kJ/mol (96.5)",
    23.06: "eV and kcal/mol",
    9.80665: "kgf/mm2 (or HV) and MPa",
    6.894757: "MPa and ksi",
    4.184: "J and cal",
}
KELVIN = 273.15
FEWEST_LABELS = 30
FEWEST_IN_CLUSTER = 5
FEWEST_PAIRS = 3
NARROWEST_GAP = 0.3
"""Decades."""
STANDS_OUT = 3.0
"""A gap must be so many times the next one, and wider than the middle half of the larger cluster."""


@dataclass(frozen=True, slots=True)
class UnitSuspicion:
    """A column that may mix two units.

    Parameters
    ----------
    column
        Property or numeric input.
    kind
        ``factor``: a conversion factor; ``shift``: degrees Celsius and kelvin.
    value
        The known factor or shift.
    observed
        Ratio (or difference) seen.
    n_low, n_high
        Values below and above the gap, or repeated inputs that differ so and all repeated inputs.
    evidence
        ``gap``: two clusters; ``repeats``: equal inputs whose values differ by just that.
    meaning
        Which units that would be.
    """

    column: str
    kind: Literal["factor", "shift"]
    value: float
    observed: float
    n_low: int
    n_high: int
    evidence: Literal["gap", "repeats"]
    meaning: str


def find_unit_mixes(table: Table, codes: np.ndarray) -> tuple[UnitSuspicion, ...]:
    """Look for mixed units in regression properties and numeric inputs.

    Parameters
    ----------
    table
        The table.
    codes
        From `identity_codes`: rows with equal codes have equal inputs.
    """
    found: list[UnitSuspicion] = []
    repeated = np.bincount(codes)[codes] > 1
    for t, prop in enumerate(table.properties):
        if prop.kind is Kind.REGRESSION:
            values = table.labels[:, t]
            known = np.isfinite(values)
            again = np.flatnonzero(known & repeated)
            thermal = is_temperature(prop.name, prop.unit)
            clusters = _from_gap(prop.name, values[known], thermal)
            found += clusters or _from_repeats(prop.name, values[again], codes[again], thermal)
    for column in table.inputs.numeric:
        numbers = pd.to_numeric(table.frame[column], errors="coerce").to_numpy(dtype=np.float64)
        found += _from_gap(column, numbers[np.isfinite(numbers)], is_temperature(column, ""))
    return tuple(found)


def is_temperature(name: str, unit: str) -> bool:
    """Whether a column holds temperatures, by its unit, else by its name."""
    if unit:
        return unit.strip() in ("K", "C", "°C", "degC", "deg C", "kelvin", "celsius")
    return "temp" in name.lower() or name in ("T", "Tm", "Tb", "Tc", "Tg")


def _from_gap(column: str, values: np.ndarray, thermal: bool) -> list[UnitSuspicion]:
    if len(values) < FEWEST_LABELS:
        return []
    if thermal:
        split = _widest_gap(np.sort(values))
        if split and abs(split[1] / KELVIN - 1) < 0.15 and split[0] > 0.3 * KELVIN:
            meaning = "degrees Celsius and kelvin"
            return [UnitSuspicion(column, "shift", KELVIN, split[1], split[2], split[3], "gap", meaning)]
        return []
    positive = np.sort(values[values > 0])
    if len(positive) < FEWEST_LABELS or values.min() < 0:
        return []
    split = _widest_gap(np.log10(positive))
    if split is None or split[0] < NARROWEST_GAP:
        return []
    factor = min(FACTORS, key=lambda f: abs(np.log10(f) - split[1]))
    # Few values leave the distance of two medians uncertain; large factors are less easily confused.
    if abs(np.log10(factor) - split[1]) > 0.1 * np.log10(factor):
        return []
    meaning = FACTORS[factor]
    return [UnitSuspicion(column, "factor", factor, 10 ** split[1], split[2], split[3], "gap", meaning)]


def _widest_gap(ordered: np.ndarray) -> tuple[float, float, int, int] | None:
    """Width of a gap that stands out, distance of the medians beside it, and values below and above."""
    gaps = np.diff(ordered)
    inner = slice(FEWEST_IN_CLUSTER - 1, len(gaps) - FEWEST_IN_CLUSTER + 1)
    low = int(np.argmax(gaps[inner])) + FEWEST_IN_CLUSTER
    others = np.delete(gaps[inner], low - FEWEST_IN_CLUSTER)
    width = float(gaps[low - 1])
    below, above = ordered[:low], ordered[low:]
    small, large = sorted((below, above), key=len)
    if width <= max(STANDS_OUT * others.max(initial=0.0), _middle(large)) or _middle(small) > 2 * _middle(
        large
    ):
        return None
    return width, float(np.median(above) - np.median(below)), low, len(above)


def _middle(values: np.ndarray) -> float:
    """Distance between the quartiles."""
    low, high = np.quantile(values, (0.25, 0.75))
    return float(high - low)


def _from_repeats(column: str, values: np.ndarray, codes: np.ndarray, thermal: bool) -> list[UnitSuspicion]:
    """Equal inputs whose extremes differ by a known factor within 1 %, in at least half of the far ones."""
    if len(values) < 2 * FEWEST_PAIRS:
        return []
    grouped = pd.Series(values).groupby(codes).agg(["min", "max", "size"])
    low, high = (grouped.loc[grouped["size"] > 1, side].to_numpy() for side in ("min", "max"))
    if len(low) < FEWEST_PAIRS:
        return []
    if thermal:
        shifted = np.abs(high - low - KELVIN) < 0.5
        hits = [
            (KELVIN, shifted, np.abs(high - low) > 0.5 * KELVIN, high - low, "degrees Celsius and kelvin")
        ]
    else:
        positive = low > 0
        low, high = low[positive], high[positive]
        ratio = high / low
        hits = [(f, np.abs(ratio / f - 1) < 0.01, ratio > 3, ratio, text) for f, text in FACTORS.items()]
    kind = "shift" if thermal else "factor"
    return [
        UnitSuspicion(
            column, kind, f, float(np.median(seen[match])), int(match.sum()), len(low), "repeats", text
        )
        for f, match, far, seen, text in hits
        if match.sum() >= FEWEST_PAIRS and match.sum() >= 0.5 * far.sum()
    ]


def unit_findings(suspicions: tuple[UnitSuspicion, ...]) -> list[Finding]:
    """A warning for every suspicion."""
    findings = []
    for s in suspicions:
        apart = f"{s.observed:.4g} apart" if s.kind == "shift" else f"a factor of {s.observed:.4g} apart"
        if s.evidence == "gap":
            what = f"{s.n_low:,} low and {s.n_high:,} high values with a gap between, their medians {apart}"
        else:
            what = f"in {s.n_low:,} of {s.n_high:,} repeated inputs the values lie {apart}"
        findings.append(
            Finding(
                "warning",
                "unit",
                s.column,
                f"{s.column} may mix units: {what}; {s.meaning} differ by {s.value:.6g}",
                "convert to one unit, or say why there are two kinds",
            )
        )
    return findings
