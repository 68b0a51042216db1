"""Planted repeats with known spread."""

import numpy as np
import pytest

from miscible.audit._replicates import identity_codes, measure_replicates, replicate_findings
from miscible.splits import group_keys
from miscible.table import Kind, Property


def same(codes, i, j):
    return codes[i] == codes[j]


def test_rows_are_equal_when_every_input_is(make_table):
    table = make_table(
        {"y": np.arange(7.0)},
        inputs={
            "alloy": ["Fe50Ni50", "NiFe", "FeNi", "FeNi", "FeNi", "FeNi2", "FeNi"],
            "T": [300, 300, 301, 300, np.nan, 300, np.nan],
            "route": ["cast", "cast", "cast", "rolled", None, "cast", None],
        },
        composition="alloy",
        numeric=("T",),
        categorical=("route",),
    )
    codes = identity_codes(table)
    assert same(codes, 0, 1)
    assert same(codes, 4, 6)
    assert len(np.unique(codes)) == 5
    np.testing.assert_array_equal(codes, identity_codes(table, group_keys(table, "composition")))


def test_molecules_are_equal_by_structure(make_table):
    pytest.importorskip("rdkit")
    table = make_table({"y": [1.0, 2.0, 3.0]}, inputs={"s": ["OCC", "CCO", "CCN"]}, smiles="s")
    codes = identity_codes(table)
    assert same(codes, 0, 1) and not same(codes, 0, 2)


def test_amount_columns_make_compositions(make_table):
    table = make_table(
        {"y": [1.0, 2.0, 3.0]}, inputs={"Fe": [50, 0.5, 60], "Ni": [50, 0.5, 40]}, fractions=("Fe", "Ni")
    )
    codes = identity_codes(table)
    assert same(codes, 0, 1) and not same(codes, 0, 2)


def test_without_inputs_no_row_repeats(make_table):
    assert len(np.unique(identity_codes(make_table({"y": [1.0, 1.0]})))) == 2


def test_planted_spread_is_found(make_table, rng):
    truth = np.repeat(rng.normal(0, 200, size=400), 2)
    y = truth + rng.normal(0, 30, size=800)
    table = make_table({"y": y}, inputs={"x": np.repeat(np.arange(400.0), 2)}, numeric=("x",))
    replicates = measure_replicates(table, table.targets(), identity_codes(table))
    (task,) = replicates.tasks
    assert (task.n_inputs, task.n_labels, replicates.n_repeated_rows) == (400, 800, 800)
    assert task.spread == pytest.approx(30, rel=0.1)
    assert task.mae_floor == pytest.approx(task.spread * np.sqrt(2 / np.pi))
    assert task.spread_share == pytest.approx(task.spread / y.std(ddof=1))
    (finding,) = replicate_findings(replicates)
    assert finding.severity == "info"


def test_spread_is_in_model_space(make_table):
    prop = {"y": Property("y", unit="MPa", transform="log10")}
    table = make_table(
        {"y": [1.0, 100.0, 5.0]}, inputs={"x": [1.0, 1.0, 2.0]}, properties=prop, numeric=("x",)
    )
    (task,) = measure_replicates(table, table.targets(), identity_codes(table)).tasks
    assert task.spread == pytest.approx(np.sqrt(2.0))
    assert task.unit == "log10(MPa)"


def test_few_or_copied_repeats_are_no_noise_floor(make_table, rng):
    def spread(y, x):
        table = make_table({"y": y}, inputs={"x": x}, numeric=("x",))
        return measure_replicates(table, table.targets(), identity_codes(table)).tasks[0].usable_spread

    y = rng.normal(size=100)
    pairs = np.arange(100.0)
    pairs[92:] = np.repeat(np.arange(4.0) + 200, 2)
    assert spread(y, pairs) is None
    pairs[90:] = np.repeat(np.arange(5.0) + 200, 2)
    assert spread(y, pairs) == pytest.approx(
        np.sqrt(np.mean(y[90:].reshape(5, 2).var(axis=1, ddof=1))), rel=1e-12
    )
    y[90:] = np.repeat(y[90:95], 2)
    assert spread(y, pairs) is None


def test_noisy_repeats_warn(make_table, rng):
    y = rng.normal(size=200)
    table = make_table({"y": y}, inputs={"x": np.repeat(np.arange(100.0), 2)}, numeric=("x",))
    (finding,) = replicate_findings(measure_replicates(table, table.targets(), identity_codes(table)))
    assert finding.severity == "warning" and finding.topic == "replicates"


def test_conflicting_classes_are_counted_by_input(make_table):
    prop = {"c": Property("c", Kind.BINARY, classes=("0", "1"))}
    table = make_table(
        {"c": [0, 1, 1, 0, 0, 1, np.nan]},
        inputs={"x": [1.0, 1.0, 1.0, 2.0, 2.0, 3.0, 3.0]},
        properties=prop,
        numeric=("x",),
    )
    replicates = measure_replicates(table, table.targets(), identity_codes(table))
    assert (replicates.tasks[0].n_conflicting, replicates.tasks[0].n_inputs) == (1, 2)
    (finding,) = replicate_findings(replicates)
    assert finding.topic == "conflicts" and "1 of 2" in finding.message


def test_copies_need_equal_inputs_and_equal_labels(make_table):
    nan = np.nan
    table = make_table(
        {"a": [1, 1, 1, 2, nan, nan, 1], "b": [nan, nan, 3, nan, nan, nan, nan]},
        inputs={"x": [1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 2.0]},
        numeric=("x",),
    )
    replicates = measure_replicates(table, table.targets(), identity_codes(table))
    assert replicates.n_copies == 1


def test_a_table_without_repeats_is_silent(make_table):
    table = make_table({"a": [1.0, 2.0]}, inputs={"x": [1.0, 2.0]}, numeric=("x",))
    replicates = measure_replicates(table, table.targets(), identity_codes(table))
    assert np.isnan(replicates.tasks[0].spread)
    assert replicate_findings(replicates) == []
