"""Equations against the scalar functions of chemicals, and viscosities against a source of their own."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from miscible.datasets import _molecules_equations as equations
from miscible.datasets._molecules_files import PackageFiles
from miscible.datasets._molecules_fits import BOILING, QUANTITIES, Fit

pytest.importorskip("chemicals")
from chemicals import (
    dippr,
    heat_capacity,
    interface,
    phase_change,
    vapor_pressure,
    volume,
)

ABCDE = ("A", "B", "C", "D", "E")
C5 = ("C1", "C2", "C3", "C4", "C5")


@pytest.fixture(scope="module")
def files() -> PackageFiles:
    return PackageFiles(PackageFiles.find().chemicals, None)


def fit_of(quantity: str, source: str) -> Fit:
    return next(fit for fit in QUANTITIES[quantity] if fit.source == source)


def reference(quantity: str, source: str) -> tuple[Callable[..., float], tuple[str, ...]]:
    """Scalar function of chemicals, and the columns of its arguments behind the temperature."""
    return {
        ("vapour_pressure", "McGarry"): (vapor_pressure.Wagner_original, ("Tc", "Pc", "A", "B", "C", "D")),
        ("vapour_pressure", "Poling Wagner"): (vapor_pressure.Wagner, ("Tc", "Pc", "A", "B", "C", "D")),
        ("vapour_pressure", "VDI"): (vapor_pressure.Wagner, ("Tc", "Pc", "A", "B", "C", "D")),
        ("vapour_pressure", "Perry"): (dippr.EQ101, C5),
        ("vapour_pressure", "Poling"): (vapor_pressure.Antoine, ("A", "B", "C")),
        ("vapour_pressure", "Landolt"): (
            lambda t, a, b, c: vapor_pressure.Antoine(t, a, b, c, base=math.e),
            ("A", "B", "C"),
        ),
        ("vapour_pressure", "WebBook"): (
            lambda t, a, b, c: vapor_pressure.Antoine(t, a, b, c, base=math.e),
            ("AntoineA", "AntoineB", "AntoineC"),
        ),
        ("surface_tension", "Mulero"): (
            interface.REFPROP_sigma,
            ("Tc", "sigma0", "n0", "sigma1", "n1", "sigma2", "n2"),
        ),
        ("surface_tension", "Somayajulu"): (interface.Somayajulu, ("Tc", "A", "B", "C")),
        ("surface_tension", "Jasper"): (interface.Jasper, ("a", "b")),
        ("surface_tension", "VDI"): (dippr.EQ106, ("Tc", *ABCDE)),
        ("cp_gas", "TRC"): (heat_capacity.TRCCp, tuple(f"a{k}" for k in range(8))),
        ("cp_gas", "Poling"): (heat_capacity.Poling, tuple(f"a{k}" for k in range(5))),
        ("cp_liquid", "Perry"): (lambda t, *c: 1e-3 * dippr.EQ100(t, *c), ABCDE),
        ("vaporisation_enthalpy", "Perry"): (dippr.EQ106, ("Tc", "C1", "C2", "C3", "C4")),
        ("vaporisation_enthalpy", "VDI"): (phase_change.PPDS12, ("Tc", *ABCDE)),
        ("conductivity_liquid", "Perry"): (dippr.EQ100, C5),
        ("conductivity_gas", "Perry"): (dippr.EQ102, C5[:4]),
        ("conductivity_gas", "VDI"): (dippr.EQ100, ABCDE),
        ("viscosity_liquid", "Perry"): (dippr.EQ101, C5),
        ("viscosity_gas", "Perry"): (dippr.EQ102, C5[:4]),
        ("viscosity_gas", "VDI"): (dippr.EQ100, ABCDE),
        ("molar_volume_liquid", "Perry"): (lambda t, *c: 1.0 / dippr.EQ105(t, *c), C5[:4]),
        ("molar_volume_liquid", "VDI"): (volume.volume_VDI_PPDS, ("Tc", "rhoc", "A", "B", "C", "D", "MW")),
    }[quantity, source]


COMPARED = [
    ("vapour_pressure", "McGarry"),
    ("vapour_pressure", "Poling Wagner"),
    ("vapour_pressure", "VDI"),
    ("vapour_pressure", "Perry"),
    ("vapour_pressure", "Poling"),
    ("vapour_pressure", "Landolt"),
    ("vapour_pressure", "WebBook"),
    ("surface_tension", "Mulero"),
    ("surface_tension", "Somayajulu"),
    ("surface_tension", "Jasper"),
    ("surface_tension", "VDI"),
    ("cp_gas", "TRC"),
    ("cp_gas", "Poling"),
    ("cp_liquid", "Perry"),
    ("vaporisation_enthalpy", "Perry"),
    ("vaporisation_enthalpy", "VDI"),
    ("conductivity_liquid", "Perry"),
    ("conductivity_gas", "Perry"),
    ("conductivity_gas", "VDI"),
    ("viscosity_liquid", "Perry"),
    ("viscosity_gas", "Perry"),
    ("viscosity_gas", "VDI"),
    ("molar_volume_liquid", "Perry"),
    ("molar_volume_liquid", "VDI"),
]


@pytest.mark.parametrize(("quantity", "source"), COMPARED)
def test_fits_agree_with_the_functions_of_chemicals(files: PackageFiles, quantity: str, source: str) -> None:
    fit = fit_of(quantity, source)
    function, arguments = reference(quantity, source)
    table = files.frame(fit.file)
    found = fit.at(files, 330.0)
    assert len(found) >= 30
    coefficients = table.loc[found.index, list(arguments)].fillna(0.0).astype(float)
    expected = [function(330.0, *row) for row in coefficients.itertuples(index=False)]
    np.testing.assert_allclose(found.to_numpy(), expected, rtol=1e-9)


def test_heat_capacities_of_zabransky(files: PackageFiles) -> None:
    found = fit_of("cp_liquid", "Zabransky").at(files, 298.15)
    heat_capacity._load_Cp_data()
    tables = [getattr(heat_capacity, f"zabransky_dict_{kind}_s") for kind in ("const", "iso", "sat")]
    ratios = []
    for table in tables:
        for cas, ranges in table.items():
            number = int(cas.replace("-", "")) if cas not in (None, "None") else 0
            if number in found.index and ranges.Tmin <= 298.15 <= ranges.Tmax:
                ratios.append(found[number] / ranges.calculate(298.15))
    assert len(ratios) >= 100
    assert np.mean(np.abs(np.array(ratios) - 1.0) < 1e-3) > 0.85
    assert np.mean(np.abs(np.array(ratios) - 1.0) < 0.05) > 0.95
    table = files.frame("Heat Capacity/Zabransky.tsv")
    quasi = table[(table["A1-spline"] == 0.0) & (table["Tc"] > 330.0)]
    assert len(quasi) >= 100
    arguments = ["Tc", *(f"A{k}-quasi" for k in range(1, 7))]
    for row, value in zip(
        quasi[arguments].astype(float).itertuples(index=False), equations.zabransky(quasi, 330.0), strict=True
    ):
        assert value == pytest.approx(heat_capacity.Zabransky_quasi_polynomial(330.0, *row))


@pytest.mark.parametrize("source", ["Dutt", "Viswanath 3", "Viswanath 2"])
def test_viscosities_agree_with_those_of_perry(files: PackageFiles, source: str) -> None:
    perry = fit_of("viscosity_liquid", "Perry").at(files, 298.15)
    other = fit_of("viscosity_liquid", source).at(files, 298.15)
    both = perry.index.intersection(other.index)
    assert len(both) >= 30
    decades = np.log10(other[both] / perry[both])
    assert abs(decades.median()) < 0.005
    assert decades.abs().quantile(0.75) < 0.03


def test_two_term_viscosity_of_butanol_is_the_measured_one(files: PackageFiles) -> None:
    fit = fit_of("viscosity_liquid", "Viswanath 2")
    assert fit.at(files, 298.15)[71363] == pytest.approx(2.54e-3, rel=0.02)
    assert fit.at(files, 348.15)[71363] == pytest.approx(0.833e-3, rel=0.02)


def test_values_come_from_inside_the_range_only() -> None:
    table = pd.DataFrame(
        {
            "C1": [1.0, 2.0, 3.0, 4.0],
            "Tmin": [200.0, 310.0, np.nan, 100.0],
            "Tmax": [300.0, 400.0, 350.0, 250.0],
        },
        index=[11, 11, 12, 13],
    )
    fit = Fit("here", "table", equations.dippr_100)
    files = PackageFiles(PackageFiles.find().chemicals, None, {"table": table})
    assert fit.at(files, 298.15).to_dict() == {11: 1.0, 12: 3.0}
    assert fit.at(files, 320.0).to_dict() == {11: 2.0, 12: 3.0}
    assert fit.at(files, 500.0).empty


def test_boiling_points_are_where_the_vapour_pressure_is_reached(files: PackageFiles) -> None:
    for boiling in BOILING:
        temperatures = boiling.at(files, 5e4)
        assert len(temperatures) >= 200
        table = files.frame(boiling.file).loc[temperatures.index]
        a, b, c = (table[f"{boiling.prefix}{name}"] for name in "ABC")
        pressures = boiling.base ** (a - b / (temperatures + c))
        np.testing.assert_allclose(pressures, 5e4, rtol=1e-6)
        assert (temperatures >= table[f"{boiling.prefix}Tmin"]).all()
        assert (temperatures <= table[f"{boiling.prefix}Tmax"]).all()
