"""Planted unit mixes, impossible values and heaps; clean columns must stay clean."""

import numpy as np
import pytest

from miscible.audit._bounds import bound_findings, find_violations
from miscible.audit._far import far_findings, find_far_values
from miscible.audit._heaps import find_heaps, heap_findings
from miscible.audit._replicates import identity_codes
from miscible.audit._units import find_unit_mixes, unit_findings
from miscible.table import Kind, Property


def mixes(table):
    return find_unit_mixes(table, identity_codes(table))


@pytest.mark.parametrize("factor", [1000.0, 101.97, 9.80665, 6.894757])
def test_two_clusters_a_factor_apart(make_table, rng, factor):
    values = 10 ** rng.normal(2, 0.06, size=200)
    values[:30] /= factor
    (found,) = mixes(make_table({"y": values}))
    assert (found.kind, found.evidence, found.value) == ("factor", "gap", factor)
    assert (found.n_low, found.n_high) == (30, 170)
    assert found.observed == pytest.approx(factor, rel=0.15)
    (finding,) = unit_findings((found,))
    assert finding.subject == "y" and "30 low and 170 high" in finding.message


def test_wide_distributions_with_mixed_prefixes(make_table, rng):
    """Yield strengths over more than a decade, some in GPa."""
    values = np.exp(rng.normal(np.log(600), 0.6, size=500))
    values[:20] /= 1000
    (found,) = mixes(make_table({"y": values}))
    assert (found.value, found.n_low) == (1000.0, 20)


def test_overlapping_units_are_seen_in_repeats(make_table, rng):
    values = np.repeat(10 ** rng.normal(2, 0.8, size=60), 2)
    values[:16:2] *= 9.80665
    table = make_table({"y": values}, inputs={"x": np.repeat(np.arange(60.0), 2)}, numeric=("x",))
    (found,) = mixes(table)
    assert (found.evidence, found.value, found.n_low, found.n_high) == ("repeats", 9.80665, 8, 60)


def test_kelvin_and_celsius(make_table, rng):
    temperature = rng.uniform(20, 60, size=100)
    temperature[:40] += 273.15
    table = make_table({"y": np.arange(100.0)}, inputs={"temperature": temperature}, numeric=("temperature",))
    (found,) = mixes(table)
    assert (found.column, found.kind, found.n_low, found.n_high) == ("temperature", "shift", 60, 40)
    labels = np.repeat(rng.uniform(200, 900, size=50), 2)
    labels[:10:2] -= 273.15
    table = make_table(
        {"Tg": labels},
        inputs={"x": np.repeat(np.arange(50.0), 2)},
        properties={"Tg": Property("Tg", unit="K")},
        numeric=("x",),
    )
    (found,) = mixes(table)
    assert (found.kind, found.evidence, found.n_low) == ("shift", "repeats", 5)


def test_clean_columns_raise_no_suspicion(make_table, rng):
    """Columns of six shapes and three sizes, thirty of each: at most one in a hundred is suspected."""
    suspected = 0
    for n in (30, 200, 2000):
        for _ in range(30):
            table = make_table(
                {
                    "normal": rng.normal(500, 100, size=n),
                    "lognormal": 10 ** rng.normal(1, 1, size=n),
                    "uniform": rng.uniform(0, 100, size=n),
                    "rounded": rng.integers(1, 50, size=n),
                    "heavy": rng.standard_cauchy(size=n),
                    "two": np.where(rng.random(n) < 0.5, rng.normal(100, 5, n), rng.normal(300, 5, n)),
                }
            )
            suspected += len(mixes(table))
    assert suspected <= 5


def test_ordinary_noise_between_repeats_is_no_unit_mix(make_table, rng):
    values = np.repeat(10 ** rng.normal(2, 0.3, size=300), 2) * 10 ** rng.normal(0, 0.4, size=600)
    table = make_table({"y": values}, inputs={"x": np.repeat(np.arange(300.0), 2)}, numeric=("x",))
    assert mixes(table) == ()


def test_impossible_values_name_the_worst_row(make_table):
    table = make_table(
        {
            "HV": [200, -3, 100, -50],
            "viscosity": [1, 2, 3, -4],
            "Tm": [300, -1, 400, 500],
            "e": [5, 120, 30, np.nan],
        },
        inputs={"temperature": [25, -300, 25, 100]},
        properties={
            "HV": Property("HV", unit="HV"),
            "Tm": Property("Tm", unit="K"),
            "e": Property("e", unit="%"),
        },
        numeric=("temperature",),
    )
    found = {v.column: v for v in find_violations(table)}
    assert (found["HV"].n, found["HV"].worst, found["HV"].row) == (2, -50.0, "5")
    assert (found["viscosity"].rule, found["viscosity"].impossible) == ("below 0", False)
    assert (found["Tm"].worst, found["Tm"].rule) == (-1.0, "below 0 K")
    assert (found["e"].worst, found["e"].impossible) == (120.0, False)
    assert found["temperature"].worst == -300.0
    severity = {f.subject: f.severity for f in bound_findings(tuple(found.values()))}
    assert {name for name, s in severity.items() if s == "problem"} == {"HV", "Tm", "temperature"}
    assert {name for name, s in severity.items() if s == "warning"} == {"e", "viscosity"}


def test_values_that_may_be_negative_are_left_alone(make_table):
    table = make_table(
        {"energy": [-1.0, 2.0], "log_viscosity": [-3.0, 1.0], "T": [-50.0, 20.0], "class_density": [0, 1]},
        properties={
            "T": Property("T", unit="C"),
            "class_density": Property("class_density", Kind.BINARY, classes=("a", "b")),
        },
    )
    assert find_violations(table) == ()


def test_slips_of_the_decimal_point_are_far(make_table, rng):
    values = rng.normal(40, 5, size=300)
    values[[10, 20]] = 4000.0, 5e6
    (far,) = find_far_values(make_table({"y": values}))
    assert (far.n, far.worst, far.row) == (2, 5e6, "22")
    (finding,) = far_findings((far,))
    assert "2 labels" in finding.message and "row 22" in finding.message


def test_skewed_but_sound_labels_are_not_far(make_table, rng):
    table = make_table(
        {
            "decades": 10 ** rng.normal(2, 1.5, size=2000),
            "exponential": rng.exponential(size=2000),
            "mostly zero": np.r_[np.zeros(1500), rng.uniform(1, 5, size=500)],
        }
    )
    assert find_far_values(table) == ()


def test_a_heap_and_where_it_stands(make_table, rng):
    values = rng.uniform(0, 100, size=600)
    values[:40] = 50.0
    test = np.where(rng.random(600) < 0.5, "C", "T")
    test[:39], test[39] = "C", "T"
    (heap,) = find_heaps(make_table({"y": values}, inputs={"test": test}, categorical=("test",)))
    assert (heap.value, heap.n, heap.place, heap.mostly) == (50.0, 40, "inside", "test = C (39 of 40)")
    (finding,) = heap_findings((heap,))
    assert "40 of the labels of y (7%) are exactly 50" in finding.message


def test_a_heap_at_the_top_and_no_category_behind_it(make_table, rng):
    values = np.r_[np.full(30, 100.0), rng.uniform(0, 100, size=300)]
    test = np.where(rng.random(330) < 0.9, "C", "T")
    (heap,) = find_heaps(make_table({"y": values}, inputs={"test": test}, categorical=("test",)))
    assert (heap.place, heap.mostly) == ("highest", "")


def test_zeros_are_suspected_earlier(make_table, rng):
    values = np.r_[np.zeros(15), rng.uniform(1, 100, size=700)]
    (heap,) = find_heaps(make_table({"y": values}))
    assert (heap.value, heap.place) == (0.0, "lowest")
    assert "not measured" in heap_findings((heap,))[0].advice
    with_negatives = np.r_[values, -5.0]
    assert find_heaps(make_table({"y": with_negatives})) == ()


def test_rounded_and_coarse_columns_are_no_heaps(make_table, rng):
    table = make_table(
        {
            "rounded": np.round(rng.normal(300, 20, size=900), -1),
            "tens": rng.integers(1, 60, size=900),
            "ordinal": rng.choice([1, 2, 3, 4], p=[0.7, 0.1, 0.1, 0.1], size=900),
        }
    )
    assert find_heaps(table) == ()
