"""Composition keys do not depend on how a composition is written."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from miscible.chemistry import ELEMENTS, chemical_systems, composition_keys, parse_formulas

compositions = st.dictionaries(st.sampled_from(ELEMENTS), st.integers(1, 400), min_size=1, max_size=7)


@given(compositions, st.randoms(use_true_random=False), st.sampled_from([1, 0.01, 0.125, 3, 7.7]))
def test_keys_ignore_order_and_scale(composition, random, scale):
    shuffled = list(composition.items())
    random.shuffle(shuffled)
    texts = [
        "".join(f"{s}{x}" for s, x in composition.items()),
        "".join(f"{s}{x * scale!r}" for s, x in shuffled),
    ]
    fractions = parse_formulas(texts).fractions
    first, second = composition_keys(fractions)
    assert first == second
    system, again = chemical_systems(fractions)
    assert system == again == "-".join(sorted(composition))


@given(compositions)
def test_keys_read_back_as_the_rounded_composition(composition):
    fractions = parse_formulas(["".join(f"{s}{x}" for s, x in composition.items())]).fractions
    again = parse_formulas(composition_keys(fractions)).fractions
    np.testing.assert_allclose(again, fractions, atol=1e-3)


@pytest.mark.parametrize(
    ("text", "key", "system"),
    [
        ("Ni3Al", "Al0.25Ni0.75", "Al-Ni"),
        ("CoCrFeMnNi", "Co0.2Cr0.2Fe0.2Mn0.2Ni0.2", "Co-Cr-Fe-Mn-Ni"),
        ("Fe", "Fe1", "Fe"),
        ("Fe31Ni1", "Fe0.9688Ni0.0313", "Fe-Ni"),
        ("NbNi", "Nb0.5Ni0.5", "Nb-Ni"),
        ("?", "", ""),
    ],
)
def test_keys_of_known_formulas(text, key, system):
    fractions = parse_formulas([text]).fractions
    assert composition_keys(fractions).tolist() == [key]
    assert chemical_systems(fractions).tolist() == [system]


def test_decimals_set_how_close_compositions_must_be():
    fractions = parse_formulas(["Fe49.99Ni50.01", "FeNi"]).fractions
    assert len(set(composition_keys(fractions, decimals=4))) == 2
    assert len(set(composition_keys(fractions, decimals=2))) == 1


def test_keys_of_no_rows():
    empty = np.empty((0, len(ELEMENTS)))
    assert composition_keys(empty).shape == chemical_systems(empty).shape == (0,)
