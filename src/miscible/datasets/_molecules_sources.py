"""What a column of the table of molecules is, and where its values come from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from . import _molecules_equations as equations
from ._molecules_files import PackageFiles, registry_numbers
from ._molecules_fits import BOILING, QUANTITIES, SUBLIMATION, Fit

__all__ = [
    "MoleculeProperty",
    "Source",
    "boiling_at",
    "column",
    "compressibility",
    "fitted",
    "henry",
    "permittivity",
    "sublimation_at",
]

Values = Callable[[PackageFiles], pd.Series]
ROOM_RANGE = (288.15, 303.15)
"""Kelvin; permittivities are printed at one temperature each, most often 293.2 or 298.2 K."""
SLACK = 10.0
"""Kelvin outside of their range at which the fits of thermo still count; many rest on a single temperature."""
_WATER = "7732-18-5"
_THERMO = {"surface_tension": "SurfaceTension", "conductivity_liquid": "ThermalConductivityLiquid"}
_FORMS = {"REFPROP_sigma_parameters": equations.refprop_sigma, "DIPPR100_parameters": equations.dippr_100}


@dataclass(frozen=True, eq=False)
class Source:
    """One compilation of one property.

    Parameters
    ----------
    name
        Short, for counts.
    read
        Values in SI units by registry number, each number once.
    """

    name: str
    read: Values


@dataclass(frozen=True, eq=False)
class MoleculeProperty:
    """One column of the table.

    Parameters
    ----------
    name, unit
        Of the column.
    meaning
        For people.
    family
        Properties of one family are one physical quantity under different conditions.
    sources
        Measured values, best first; the first source that has a substance counts.
    transform
        ``log10`` where models see the logarithm.
    scale
        From SI units to ``unit``.
    """

    name: str
    unit: str
    meaning: str
    family: str
    sources: tuple[Source, ...]
    transform: Literal["none", "log10"] = "none"
    scale: float = 1.0


def column(name: str, file: str, header: str) -> Source:
    """Values as they stand in a column of a file of chemicals."""

    def read(files: PackageFiles) -> pd.Series:
        return _once(pd.to_numeric(files.frame(file)[header], errors="coerce"))

    return Source(name, read)


def fitted(quantity: str, temperature: float) -> tuple[Source, ...]:
    """One of `QUANTITIES` at a temperature; fits that only thermo has come last."""
    sources = tuple(_at(fit, temperature) for fit in QUANTITIES[quantity])
    if quantity not in _THERMO:
        return sources
    part = _THERMO[quantity]
    return (*sources, Source("thermo 2023", lambda files: _thermo_fits(files, part, temperature)))


def sublimation_at(temperature: float) -> tuple[Source, ...]:
    """Vapour pressure of the solid [Pa]."""
    return tuple(_at(fit, temperature) for fit in SUBLIMATION)


def boiling_at(pressure: float) -> tuple[Source, ...]:
    """Temperature [K] at which the vapour pressure is reached."""
    return tuple(Source(fit.source, lambda files, fit=fit: fit.at(files, pressure)) for fit in BOILING)


def _at(fit: Fit, temperature: float) -> Source:
    return Source(fit.source, lambda files: fit.at(files, temperature))


def compressibility(name: str, file: str) -> Source:
    """Critical compressibility Pc Vc / (R Tc) from the three columns of one file."""

    def read(files: PackageFiles) -> pd.Series:
        table = files.frame(file)
        t, p, v = (pd.to_numeric(table[header], errors="coerce") for header in ("Tc", "Pc", "Vc"))
        return _once(p * v / (equations.GAS_CONSTANT * t))

    return Source(name, read)


def permittivity(files: PackageFiles) -> pd.Series:
    """Relative permittivity of the liquid near room temperature, as printed."""
    table = files.frame("Electrolytes/Permittivity (Dielectric Constant) of Liquids.tsv")
    return _once(table["Permittivity"][table["T"].between(*ROOM_RANGE)])


def henry(slope: bool) -> Source:
    """Logarithm of Henry's constant in water at 298.15 K [ln Pa], or its slope over 1/T [K] (Sander)."""
    kind, key = ("T_dep", "B") if slope else ("const", "A")

    def read(files: PackageFiles) -> pd.Series:
        pairs = files.document(f"Interaction Parameters/Sander_henry_{kind}.json").get("data", {})
        found = {pair.split()[0]: terms[key] for pair, terms in pairs.items() if pair.split()[1] == _WATER}
        return _by_number(found)

    return Source("Sander", read)


def _thermo_fits(files: PackageFiles, part: str, temperature: float) -> pd.Series:
    found: dict[str, float] = {}
    for substance, parts in files.document("Misc/organic_correlations.json").items():
        for form, fits in parts.get(part, {}).items():
            terms = fits.get("Fit 2023")
            if form in _FORMS and terms and terms["Tmin"] - SLACK <= temperature <= terms["Tmax"] + SLACK:
                value = _FORMS[form](pd.DataFrame([terms]), temperature)
                found[substance] = float(value.iloc[0])
    return _by_number(found)


def _by_number(found: dict[str, float]) -> pd.Series:
    numbers = registry_numbers(pd.Series(list(found), dtype=object))
    return _once(pd.Series(np.array(list(found.values()), dtype=float), index=numbers))


def _once(values: pd.Series) -> pd.Series:
    finite = values[np.isfinite(values)]
    return finite[~finite.index.duplicated()].astype(float)
