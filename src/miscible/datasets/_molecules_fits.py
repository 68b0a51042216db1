"""Temperature-dependent properties of molecules: which fits chemicals has of each, best first."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from . import _molecules_equations as equations
from ._molecules_files import PackageFiles

__all__ = ["BOILING", "QUANTITIES", "SUBLIMATION", "BoilingFit", "Fit"]


@dataclass(frozen=True)
class Fit:
    """Coefficients of many substances, and what they mean.

    Parameters
    ----------
    source
        Short name, for counts.
    file
        In the folder of chemicals.
    equation
        (coefficients, temperature [K]) -> value in SI units.
    low, high
        Columns with the ends of the range in kelvin; an end that is not stated does not bound.
    scale
        Of the value that the equation gives.
    """

    source: str
    file: str
    equation: Callable[[pd.DataFrame, float], pd.Series]
    low: str = "Tmin"
    high: str = "Tmax"
    scale: float = 1.0

    def at(self, files: PackageFiles, temperature: float) -> pd.Series:
        """Values by registry number; only of fits whose range holds the temperature.

        Where a substance has several ranges, the first that holds the temperature counts.
        """
        table = files.frame(self.file)
        outside = np.zeros(len(table), dtype=bool)
        if self.low:
            outside |= (table[self.low] > temperature).to_numpy()
        if self.high:
            outside |= (table[self.high] < temperature).to_numpy()
        with np.errstate(all="ignore"):
            values = self.scale * self.equation(table[~outside], temperature).astype(float)
        finite = values[np.isfinite(values)]
        return finite[~finite.index.duplicated()]


@dataclass(frozen=True)
class BoilingFit:
    """Antoine constants, solved for the temperature at which a pressure is reached.

    Parameters
    ----------
    source, file
        As in `Fit`.
    base
        Of the logarithm: 10 or e.
    prefix
        Of the columns' names.
    """

    source: str
    file: str
    base: float
    prefix: str = ""

    def at(self, files: PackageFiles, pressure: float) -> pd.Series:
        """Saturation temperatures [K] by registry number; only inside the range of the fit."""
        table = files.frame(self.file)
        a, b, c, low, high = (table[f"{self.prefix}{name}"] for name in ("A", "B", "C", "Tmin", "Tmax"))
        temperature = b / (a - np.log(pressure) / np.log(self.base)) - c
        inside = temperature[(temperature >= low) & (temperature <= high) & (temperature > -c)]
        return inside[~inside.index.duplicated()]


_POLING = "Vapor Pressure/Antoine Collection Poling.tsv"
_LANDOLT = "Vapor Pressure/Landolt_antoine_V20.tsv"
_WEBBOOK = "Misc/webbook_constants.tsv"
_VISWANATH = "Viscosity/Viswanath Natarajan Dynamic"

BOILING = (
    BoilingFit("Poling", _POLING, 10.0),
    BoilingFit("Landolt", _LANDOLT, np.e),
    BoilingFit("WebBook", _WEBBOOK, np.e, "Antoine"),
)
SUBLIMATION = (
    Fit("Landolt", "Vapor Pressure/Landolt_antoine_sublimation_V20.tsv", equations.antoine_exponential),
)
QUANTITIES: dict[str, tuple[Fit, ...]] = {
    "vapour_pressure": (
        Fit("McGarry", "Vapor Pressure/Wagner Original McGarry.tsv", equations.wagner_original, high="Tc"),
        Fit("Poling Wagner", "Vapor Pressure/Wagner Collection Poling.tsv", equations.wagner),
        Fit(
            "Perry",
            "Vapor Pressure/Table 2-8 Vapor Pressure of Inorganic and Organic Liquids.tsv",
            equations.dippr_101,
        ),
        Fit(
            "VDI",
            "Vapor Pressure/VDI PPDS Boiling temperatures at different pressures.tsv",
            equations.wagner,
            "Tm",
            "Tc",
        ),
        Fit("Poling", _POLING, equations.antoine),
        Fit("Landolt", _LANDOLT, equations.antoine_exponential),
        Fit("WebBook", _WEBBOOK, equations.webbook_antoine, "AntoineTmin", "AntoineTmax"),
    ),
    "surface_tension": (
        Fit("Mulero", "Interface/MuleroCachadinaParameters.tsv", equations.refprop_sigma),
        Fit("Somayajulu", "Interface/SomayajuluRevised.tsv", equations.somayajulu, "Tt", "Tc"),
        Fit("Jasper", "Interface/Jasper-Lange.tsv", equations.jasper),
        Fit("VDI", "Interface/VDI PPDS surface tensions.tsv", equations.dippr_106, "Tm", "Tc"),
    ),
    "cp_gas": (
        Fit(
            "TRC",
            "Heat Capacity/TRC Thermodynamics of Organic Compounds in the Gas State.tsv",
            equations.trc_cp,
        ),
        Fit("Poling", "Heat Capacity/PolingDatabank.tsv", equations.poling_cp),
    ),
    "cp_liquid": (
        Fit("Zabransky", "Heat Capacity/Zabransky.tsv", equations.zabransky),
        Fit("Perry", "Heat Capacity/Perry_Table_2-153_DIPPR_100.tsv", equations.dippr_100, scale=1e-3),
    ),
    "vaporisation_enthalpy": (
        Fit(
            "Perry",
            "Phase Change/Table 2-150 Heats of Vaporization of Inorganic and Organic Liquids.tsv",
            equations.dippr_106,
        ),
        Fit("VDI", "Phase Change/VDI PPDS Enthalpies of vaporization.tsv", equations.ppds_12, "", "Tc"),
    ),
    "conductivity_liquid": (
        Fit(
            "Perry",
            "Thermal Conductivity/Table 2-315 Thermal Conductivity of Inorganic and Organic Liquids.tsv",
            equations.dippr_100,
        ),
    ),
    "conductivity_gas": (
        Fit(
            "Perry",
            "Thermal Conductivity/Table 2-314 Vapor Thermal Conductivity of Inorganic and Organic Substances.tsv",
            equations.dippr_102,
        ),
        Fit(
            "VDI",
            "Thermal Conductivity/VDI PPDS Thermal conductivity of gases.tsv",
            equations.dippr_100,
            "",
            "",
        ),
    ),
    "viscosity_liquid": (
        Fit(
            "Perry",
            "Viscosity/Table 2-313 Viscosity of Inorganic and Organic Liquids.tsv",
            equations.dippr_101,
        ),
        Fit("Dutt", "Viscosity/Dutt Prasad 3 term.tsv", equations.three_term_viscosity),
        Fit("Viswanath 3", f"{_VISWANATH} 3 term.tsv", equations.three_term_viscosity),
        Fit("Viswanath 2", f"{_VISWANATH} 2 term.tsv", equations.andrade),
        Fit("Viswanath power", f"{_VISWANATH} 2 term Exponential.tsv", equations.power_viscosity),
    ),
    "viscosity_gas": (
        Fit(
            "Perry",
            "Viscosity/Table 2-312 Vapor Viscosity of Inorganic and Organic Substances.tsv",
            equations.dippr_102,
        ),
        Fit(
            "VDI",
            "Viscosity/VDI PPDS Dynamic viscosity of gases polynomials.tsv",
            equations.dippr_100,
            "",
            "",
        ),
    ),
    "molar_volume_liquid": (
        Fit("Perry", "Density/Perry Parameters 105.tsv", equations.dippr_105),
        Fit("VDI", "Density/VDI PPDS Density of Saturated Liquids.tsv", equations.vdi_volume, "", "Tc"),
    ),
}
