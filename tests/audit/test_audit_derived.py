"""Planted relations between properties; what is not a relation must not be reported."""

import numpy as np
import pytest

from miscible.audit._derived import derived_findings, find_pairs
from miscible.audit._triples import find_triples
from miscible.table import Kind, Property


@pytest.fixture
def hardness(rng):
    return rng.uniform(100, 900, size=120)


def pair(make_table, x, y):
    found = find_pairs(make_table({"hardness": x, "other": y}))
    assert len(found) <= 1
    return found[0] if found else None


@pytest.mark.parametrize(
    ("relation", "form", "formula"),
    [
        (lambda x: x, "linear", "hardness"),
        (lambda x: 9.81 * x, "linear", "9.81 x hardness"),
        (lambda x: x - 273.15, "linear", "hardness - 273.15"),
        (lambda x: 900 - x, "linear", "-hardness + 900"),
        (lambda x: 1.8 * x + 32, "linear", "1.8 x hardness + 32"),
        (lambda x: 1 / x, "power", "1 / hardness"),
        (lambda x: 172.41 / x, "power", "172.41 x hardness^-1"),
        (lambda x: 2 * x**3, "power", "2 x hardness^3"),
        (lambda x: np.log10(x), "log", "log10(hardness)"),
        (lambda x: 9 - np.log10(x), "log", "-log10(hardness) + 9"),
        (lambda x: 10 ** (x / 100), "exponential", "10^(0.01 x hardness)"),
    ],
)
def test_exact_relations_are_named(make_table, hardness, relation, form, formula):
    found = pair(make_table, hardness, relation(hardness))
    assert (found.target, found.sources) == ("other", ("hardness",))
    assert (found.form, found.formula, found.exact) == (form, formula, True)
    assert abs(found.correlation) == pytest.approx(1)


def test_the_property_with_fewer_labels_is_called_derived(make_table, hardness):
    x = hardness.copy()
    x[60:] = np.nan
    found = pair(make_table, x, 2 * hardness)
    assert (found.target, found.formula, found.n_shared) == ("hardness", "0.5 x other", 60)


def test_rounded_values_are_nearly_derived(make_table, hardness):
    found = pair(make_table, hardness, np.round(9.81 * hardness))
    assert not found.exact
    assert found.formula == "9.81 x hardness"
    (finding,) = derived_findings((found,))
    assert "other is nearly 9.81" in finding.message and finding.severity == "warning"


def test_a_strong_correlation_is_not_a_relation(make_table, hardness, rng):
    y = 3 * hardness + rng.normal(0, 40, size=120)
    assert 0.99 < np.corrcoef(hardness, y)[0, 1] < 0.999
    assert pair(make_table, hardness, y) is None


def test_one_far_value_does_not_make_a_relation(make_table, rng):
    x, y = rng.normal(size=100), rng.normal(size=100)
    x[0] = y[0] = 1e4
    assert np.corrcoef(x, y)[0, 1] > 0.999
    assert pair(make_table, x, y) is None


def test_fewer_than_twenty_shared_rows_say_nothing(make_table, hardness):
    x = hardness.copy()
    x[19:] = np.nan
    assert pair(make_table, x, 2 * hardness) is None
    x[19] = hardness[19]
    assert pair(make_table, x, 2 * hardness) is not None


def test_copied_classes_are_found_and_several_classes_are_not(make_table, rng):
    codes = rng.integers(0, 2, size=80)
    binary = Property("b", Kind.BINARY, classes=("0", "1"))
    many = Property("m", Kind.MULTICLASS, classes=("0", "1", "2"))
    table = make_table({"a": codes, "b": 1 - codes, "m": codes}, properties={"b": binary, "m": many})
    (found,) = find_pairs(table)
    assert (found.target, found.formula) == ("b", "-a + 1")


@pytest.mark.parametrize(
    ("relation", "form", "formula"),
    [
        (lambda a, b: a + b, "sum", "a + b"),
        (lambda a, b: a - b, "sum", "a - b"),
        (lambda a, b: b - a, "sum", "b - a"),
        (lambda a, b: 100 - a - b, "sum", "100 - a - b"),
        (lambda a, b: a + b - 273.15, "sum", "-273.15 + a + b"),
        (lambda a, b: a * b, "product", "a x b"),
        (lambda a, b: a / b, "product", "a / b"),
        (lambda a, b: 9.81 * b / a, "product", "9.81 x b / a"),
        (lambda a, b: 2.44e-8 / (a * b), "product", "2.44e-08 / a / b"),
    ],
)
def test_exact_relations_of_three(make_table, rng, relation, form, formula):
    a, b, d = rng.uniform(1, 40, size=(3, 90))
    a[:5], b[5:10] = np.nan, np.nan
    y = relation(a, b)
    y[10:20] = np.nan
    table = make_table({"a": a, "b": b, "d": d, "y": y})
    (found,) = find_triples(table, find_pairs(table))
    assert (found.target, found.sources, found.form, found.formula) == ("y", ("a", "b"), form, formula)
    assert found.exact and found.n_shared == 70


def test_the_scarcest_of_three_is_derived(make_table, rng):
    a, b = rng.uniform(1, 40, size=(2, 90))
    y = a * b
    a[:40] = np.nan
    table = make_table({"a": a, "b": b, "y": y})
    (found,) = find_triples(table, ())
    assert (found.target, found.formula) == ("a", "y / b")


def test_noise_of_a_millionth_passes_and_more_does_not(make_table, rng):
    a, b = rng.uniform(1, 40, size=(2, 90))
    for noise, expected in ((1e-8, 1), (1e-4, 0)):
        table = make_table({"a": a, "b": b, "y": a * b * (1 + noise * rng.normal(size=90))})
        assert len(find_triples(table, ())) == expected


def test_one_row_off_breaks_an_exact_relation(make_table, rng):
    a, b = rng.uniform(1, 40, size=(2, 500))
    y = a + b
    y[3] += 0.01
    assert find_triples(make_table({"a": a, "b": b, "y": y}), ()) == ()


def test_mutual_multiples_are_pairs_and_no_triples(make_table, rng):
    a = rng.uniform(1, 40, size=90)
    table = make_table({"a": a, "b": 2 * a, "y": 3 * a})
    pairs = find_pairs(table)
    assert len(pairs) == 3
    assert find_triples(table, pairs) == ()


def test_unrelated_and_coarse_properties_give_nothing(make_table, rng):
    table = make_table(
        {
            "a": rng.normal(size=200),
            "b": rng.normal(size=200),
            "c": rng.normal(size=200),
            "few": rng.integers(0, 3, size=200),
            "zeros": np.zeros(200),
        }
    )
    pairs = find_pairs(table)
    assert pairs == ()
    assert find_triples(table, pairs) == ()
