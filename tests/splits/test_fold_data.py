"""One outer fold: nothing in it may depend on a test label, nothing fitted on more than training rows."""

from __future__ import annotations

from dataclasses import fields

import numpy as np
import pandas as pd
import pytest

from miscible.inputs import Preparation, featurize
from miscible.splits import FoldData, assign_folds, group_keys, make_fold
from miscible.table import InputSpec, Kind, Property, Table

N_ROWS = 120
TASKS = (
    Property("strength", transform="log10"),
    Property("glass", kind=Kind.BINARY, classes=("no", "yes")),
    Property("phase", kind=Kind.MULTICLASS, classes=("fcc", "bcc", "hcp")),
)


@pytest.fixture
def table() -> Table:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            "x": rng.normal(size=N_ROWS),
            "z": np.where(rng.random(N_ROWS) < 0.2, np.nan, rng.normal(size=N_ROWS)),
            "route": rng.choice(["cast", "rolled"], N_ROWS),
            "lot": rng.integers(0, 40, N_ROWS),
        }
    )
    labels = np.column_stack(
        [10 ** rng.normal(2, 1, N_ROWS), rng.integers(0, 2, N_ROWS), rng.integers(0, 3, N_ROWS)]
    )
    labels[rng.random(labels.shape) < 0.5] = np.nan
    return Table(
        frame=frame,
        inputs=InputSpec(numeric=("x", "z"), categorical=("route",)),
        properties=TASKS,
        labels=labels,
        censored=np.zeros_like(labels),
        weights=rng.uniform(0.5, 2, N_ROWS),
    )


def build(table: Table, fold: int = 1, seed: int = 3) -> tuple[FoldData, np.ndarray]:
    codes = group_keys(table, "lot").codes
    outer = assign_folds(codes, table.labels, table.kinds, n_folds=4, n_repeats=1, seed=0).outer[0]
    features = featurize(table.frame, table.inputs)
    return make_fold(table, features, codes, outer, fold, seed=seed), outer


def same(a: FoldData, b: FoldData) -> bool:
    plain = [f.name for f in fields(FoldData) if f.name != "preparation"]
    return all(np.array_equal(getattr(a, n), getattr(b, n), equal_nan=n == "targets") for n in plain)


def test_parts_are_disjoint_whole_groups_that_cover_the_table(table: Table) -> None:
    data, outer = build(table)
    parts = (data.train_rows, data.valid_rows, data.test_rows)
    assert np.array_equal(np.sort(np.concatenate(parts)), np.arange(N_ROWS))
    assert np.array_equal(data.test_rows, np.flatnonzero(outer == 1))
    groups = [set(data.codes[rows]) for rows in parts]
    assert not (groups[0] & groups[1] or groups[0] & groups[2] or groups[1] & groups[2])
    assert all(len(rows) for rows in parts)


def test_targets_are_in_model_space_without_the_test_labels(table: Table) -> None:
    data, _ = build(table)
    assert np.isnan(data.targets[data.test_rows]).all()
    assert np.isfinite(table.labels[data.test_rows]).any()
    seen = np.concatenate([data.train_rows, data.valid_rows])
    expected = table.labels[seen].copy()
    expected[:, 0] = np.log10(expected[:, 0])
    np.testing.assert_allclose(data.targets[seen], expected)
    assert data.targets.dtype == np.float64
    assert data.n_classes == (0, 2, 3)
    assert data.kinds == ("regression", "binary", "multiclass")
    assert np.array_equal(data.weights, table.weights)


def test_poisoned_test_labels_change_nothing(table: Table) -> None:
    codes = group_keys(table, "lot").codes
    outer = assign_folds(codes, table.labels, table.kinds, n_folds=4, n_repeats=1, seed=0).outer[0]
    features = featurize(table.frame, table.inputs)
    poisoned = table.labels.copy()
    tested = np.ix_(outer == 1, [0, 1, 2])
    poisoned[tested] = np.where(np.isnan(poisoned[tested]), 1.0, np.nan)
    poisoned[np.flatnonzero(outer == 1)[0]] = [1e300, 1, 2]
    poison = Table(**{**{f.name: getattr(table, f.name) for f in fields(Table)}, "labels": poisoned})
    clean = make_fold(table, features, codes, outer, 1, seed=3)
    assert same(clean, make_fold(poison, features, codes, outer, 1, seed=3))
    assert not same(clean, make_fold(poison, features, codes, outer, 2, seed=3))


def test_the_preparation_is_fitted_on_training_rows_only(table: Table) -> None:
    data, outer = build(table)
    features = featurize(table.frame, table.inputs)
    expected = Preparation.fit(features, data.train_rows)
    np.testing.assert_array_equal(data.inputs, expected.transform(features))
    assert data.inputs.dtype == np.float32
    frame = table.frame.copy()
    others = np.setdiff1d(np.arange(N_ROWS), data.train_rows)
    frame.loc[others, ["x", "z"]] = 1e6
    frame.loc[others, "route"] = "forged"
    shifted = make_fold(table, featurize(frame, table.inputs), data.codes, outer, 1, seed=3)
    np.testing.assert_array_equal(shifted.inputs[data.train_rows], data.inputs[data.train_rows])


def test_the_inner_split_follows_the_seed_and_the_fraction(table: Table) -> None:
    codes = group_keys(table, "lot").codes
    outer = assign_folds(codes, table.labels, table.kinds, n_folds=4, n_repeats=1, seed=0).outer[0]
    features = featurize(table.frame, table.inputs)
    first, again, other = (make_fold(table, features, codes, outer, 0, seed=s) for s in (1, 1, 2))
    assert same(first, again)
    assert not np.array_equal(first.valid_rows, other.valid_rows)
    half = make_fold(table, features, codes, outer, 0, seed=1, fraction=0.5)
    assert len(half.valid_rows) > 1.8 * len(first.valid_rows)
