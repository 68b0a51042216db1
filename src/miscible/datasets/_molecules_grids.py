"""More than 150 properties: quantities of the forty on grids of temperature and pressure, and further constants."""

from __future__ import annotations

from typing import Literal

from ._molecules_compilations import (
    COMMON,
    CRC,
    HEOS,
    JANAF,
    WEBBOOK,
    octane,
    safety,
)
from ._molecules_properties import FORTY
from ._molecules_sources import MoleculeProperty, Source, boiling_at, column, fitted, sublimation_at

__all__ = ["GRIDS"]

_GASES = (300, 350, 400, 450, 500, 600, 700, 800, 1000)
_LIQUIDS = (225, 250, 275, 325, 350, 375, 400, 425, 450, 475, 500)
_TEMPERATURES: dict[str, tuple[int, ...]] = {
    "vapour_pressure": _LIQUIDS[1:],
    "surface_tension": _LIQUIDS[1:],
    "cp_gas": (200, 250, 400, 500, 600, 700, 800, 900, 1000, 1200, 1500),
    "cp_liquid": _LIQUIDS,
    "vaporisation_enthalpy": _LIQUIDS[1:],
    "conductivity_liquid": _LIQUIDS,
    "conductivity_gas": _GASES,
    "viscosity_liquid": _LIQUIDS,
    "viscosity_gas": tuple(kelvin for kelvin in _GASES if kelvin != 400),
    "molar_volume_liquid": (250, 300, 350, 400, 450, 500),
}
"""Kelvin; liquids leave out 298.15 K and viscosities of gases 400 K, which are among the forty."""
_SUBLIMATION = (300, 325, 350, 375, 400)
_PRESSURES = {
    10: "10pa",
    100: "100pa",
    300: "300pa",
    1_000: "1kpa",
    3_000: "3kpa",
    20_000: "20kpa",
    50_000: "50kpa",
}
_Transform = Literal["none", "log10"]
_SHOWN: dict[str, tuple[str, str, str, _Transform, float]] = {
    "vapour_pressure": ("Pa", "vapour pressure of the liquid", "volatility", "log10", 1.0),
    "surface_tension": ("mN/m", "surface tension", "surface tension", "none", 1e3),
    "cp_gas": ("J/mol/K", "heat capacity of the ideal gas", "heat capacity gas", "none", 1.0),
    "cp_liquid": ("J/mol/K", "heat capacity of the liquid", "heat capacity liquid", "log10", 1.0),
    "vaporisation_enthalpy": ("kJ/mol", "enthalpy of vaporisation", "vaporisation", "none", 1e-3),
    "conductivity_liquid": (
        "W/m/K",
        "thermal conductivity of the liquid",
        "conductivity liquid",
        "none",
        1.0,
    ),
    "conductivity_gas": ("mW/m/K", "thermal conductivity of the gas", "conductivity gas", "none", 1e3),
    "viscosity_liquid": ("Pa.s", "viscosity of the liquid", "viscosity liquid", "log10", 1.0),
    "viscosity_gas": ("uPa.s", "viscosity of the gas", "viscosity gas", "none", 1e6),
    "molar_volume_liquid": ("cm3/mol", "molar volume of the liquid", "density", "none", 1e6),
}
"""Unit, meaning, family, transform and scale."""
_WARMING = "Environment/Official Global Warming Potentials 2021.tsv"


def _at_temperatures() -> tuple[MoleculeProperty, ...]:
    return tuple(
        MoleculeProperty(
            f"{quantity}_{kelvin}k",
            unit,
            f"{meaning} at {kelvin} K",
            family,
            fitted(quantity, float(kelvin)),
            transform,
            scale,
        )
        for quantity, (unit, meaning, family, transform, scale) in _SHOWN.items()
        for kelvin in _TEMPERATURES[quantity]
    )


def _sublimation() -> tuple[MoleculeProperty, ...]:
    return tuple(
        MoleculeProperty(
            f"sublimation_pressure_{kelvin}k",
            "Pa",
            f"vapour pressure of the solid at {kelvin} K",
            "sublimation",
            sublimation_at(float(kelvin)),
            "log10",
        )
        for kelvin in _SUBLIMATION
    )


def _at_pressures() -> tuple[MoleculeProperty, ...]:
    return tuple(
        MoleculeProperty(
            f"boiling_point_{text}",
            "K",
            f"temperature at which the vapour pressure is {pascal:,} Pa",
            "volatility",
            boiling_at(float(pascal)),
        )
        for pascal, text in _PRESSURES.items()
    )


def _entropy(phase: str) -> tuple[Source, ...]:
    files = {"CRC": CRC, "WebBook": WEBBOOK} | ({"JANAF": JANAF} if phase == "g" else {})
    return tuple(column(name, file, f"S0{phase}") for name, file in files.items())


def _warming(name: str, header: str, unit: str, meaning: str) -> MoleculeProperty:
    return MoleculeProperty(name, unit, meaning, "warming", (column("IPCC 2021", _WARMING, header),), "log10")


_FURTHER = (
    MoleculeProperty("entropy_gas", "J/mol/K", "standard entropy of the gas", "entropy", _entropy("g")),
    MoleculeProperty("entropy_solid", "J/mol/K", "standard entropy of the solid", "entropy", _entropy("s")),
    MoleculeProperty(
        "gibbs_energy_gas",
        "kJ/mol",
        "Gibbs energy of formation of the gas",
        "formation",
        (column("CRC", CRC, "Gfg"), column("JANAF", JANAF, "Gfg")),
        scale=1e-3,
    ),
    MoleculeProperty(
        "cp_solid",
        "J/mol/K",
        "heat capacity of the solid at 298 K",
        "heat capacity solid",
        (column("CRC", CRC, "Cps"),),
    ),
    MoleculeProperty(
        "molar_volume_liquid",
        "cm3/mol",
        "molar volume of the liquid near room temperature",
        "density",
        (column("Common Chemistry", COMMON, "Vml"),),
        "log10",
        1e6,
    ),
    MoleculeProperty(
        "acentric_factor",
        "",
        "acentric factor, from vapour pressures",
        "volatility",
        (
            column("HEOS", HEOS, "omega"),
            column("Passut", "Critical Properties/PassutDanner1973.tsv", "omega"),
        ),
    ),
    MoleculeProperty(
        "triple_pressure",
        "Pa",
        "pressure of the triple point",
        "volatility",
        (
            column("HEOS", HEOS, "Pt"),
            column("Staveley", "Triple Properties/Staveley 1981.tsv", "Pt"),
            column("WebBook", WEBBOOK, "Pt"),
        ),
        "log10",
    ),
    MoleculeProperty(
        "upper_flammability", "", "upper flammability limit in air", "flammability", safety("UFL"), "log10"
    ),
    MoleculeProperty("motor_octane", "", "motor octane number", "octane", octane("MON")),
    _warming("warming_potential_20y", "20yr GWP", "", "global warming potential over 20 years"),
    _warming("warming_potential_500y", "500yr GWP", "", "global warming potential over 500 years"),
    _warming("atmospheric_lifetime", "Lifetime, years", "years", "lifetime in the atmosphere"),
    _warming("radiative_efficiency", "Radiative efficiency, W/m^2/ppb", "W/m2/ppb", "radiative efficiency"),
)

GRIDS = (*FORTY, *_at_temperatures(), *_sublimation(), *_at_pressures(), *_FURTHER)
