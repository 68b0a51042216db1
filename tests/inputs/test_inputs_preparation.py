"""Preparation against scikit-learn, and nothing learned outside the training rows."""

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.impute import SimpleImputer
from sklearn.preprocessing import StandardScaler

from miscible.errors import InputError
from miscible.inputs import Features, Preparation, featurize
from miscible.table import InputSpec

NAN = np.nan


def texts(*values: str | None) -> np.ndarray:
    column = np.empty(len(values), dtype=object)
    column[:] = values
    return column


def make(seed: int = 0, n_rows: int = 60) -> Features:
    """Plain, gappy, constant, empty and nearly constant columns, and two categories."""
    rng = np.random.default_rng(seed)
    numeric = rng.normal(3, 5, (n_rows, 7)).astype(np.float32)
    numeric[rng.random(n_rows) < 0.3, 1] = NAN
    numeric[:, 2] = 4
    numeric[:, 3] = NAN
    numeric[:, 4] = np.where(rng.random(n_rows) < 0.5, 7, NAN)
    numeric[:, 5] = np.where(np.isnan(numeric[:, 1]), NAN, numeric[:, 5])
    categories = {
        "route": texts(*rng.choice(["cast", "forged", "rolled", None], n_rows, p=[0.5, 0.3, 0.05, 0.15])),
        "same": texts(*["x"] * n_rows),
    }
    return Features(numeric, tuple("abcdefg"), categories)


def test_columns_and_their_names():
    prepared = Preparation.fit(make(), np.arange(60), n_rare=10)
    assert prepared.names == (
        *("a", "b", "f", "g"),
        *("b missing", "e missing"),
        *("route=cast", "route=forged", "route=missing", "route=other"),
    )
    assert prepared.n_inputs == len(prepared.names)
    assert prepared.transform(make()).shape == (60, prepared.n_inputs)


def test_numbers_are_filled_and_scaled_as_scikit_learn_does():
    features, rows = make(), np.arange(0, 60, 2)
    prepared = Preparation.fit(features, rows)
    columns = features.numeric[:, [0, 1, 5, 6]].astype(np.float64)
    filled = SimpleImputer(strategy="median").fit(columns[rows]).transform(columns)
    expected = StandardScaler().fit(columns[rows]).transform(filled)
    np.testing.assert_allclose(prepared.transform(features)[:, :4], expected, rtol=1e-5, atol=1e-5)


def test_flags_mark_what_is_missing():
    features = make()
    inputs = Preparation.fit(features, np.arange(60)).transform(features)
    np.testing.assert_array_equal(inputs[:, 4], np.isnan(features.numeric[:, 1]))
    np.testing.assert_array_equal(inputs[:, 5], np.isnan(features.numeric[:, 4]))


def test_far_values_are_cut():
    numeric = np.zeros((1000, 1), dtype=np.float32)
    numeric[0] = 1e6
    features = Features(numeric, ("x",))
    inputs = Preparation.fit(features, np.arange(1000)).transform(features)
    assert inputs[0, 0] == 8
    far = Features(np.array([[-3e38]], dtype=np.float32), ("x",))
    assert Preparation.fit(features, np.arange(1000)).transform(far)[0, 0] == -8


def test_rare_unseen_and_missing_levels():
    column = texts(*["a"] * 12, *["b"] * 9, "c", None)
    features = Features(np.empty((23, 0), dtype=np.float32), (), {"k": column})
    prepared = Preparation.fit(features, np.arange(23), n_rare=10)
    assert prepared.names == ("k=a", "k=missing", "k=other")
    new = Features(np.empty((5, 0), dtype=np.float32), (), {"k": texts("a", "b", "c", "never seen", None)})
    expected = [[1, 0, 0], [0, 0, 1], [0, 0, 1], [0, 0, 1], [0, 1, 0]]
    np.testing.assert_array_equal(prepared.transform(new), expected)


def test_without_rare_levels_unseen_ones_have_no_column():
    features = Features(np.empty((4, 0), dtype=np.float32), (), {"k": texts("a", "b", "a", "b")})
    prepared = Preparation.fit(features, np.arange(4), n_rare=1)
    assert prepared.names == ("k=a", "k=b")
    new = Features(np.empty((3, 0), dtype=np.float32), (), {"k": texts("z", None, "b")})
    np.testing.assert_array_equal(prepared.transform(new), [[0, 0], [0, 0], [0, 1]])


def test_rows_by_mask_and_by_position_agree():
    features, rows = make(), np.arange(10, 40)
    mask = np.isin(np.arange(60), rows)
    by_mask, by_position = Preparation.fit(features, mask), Preparation.fit(features, rows)
    np.testing.assert_array_equal(by_mask.transform(features, mask), by_position.transform(features, rows))
    np.testing.assert_array_equal(
        by_position.transform(features)[rows], by_position.transform(features, rows)
    )


def same_state(first: Preparation, second: Preparation) -> bool:
    (arrays_a, structure_a), (arrays_b, structure_b) = first.to_state(), second.to_state()
    same_arrays = all(np.array_equal(arrays_a[k], arrays_b[k], equal_nan=True) for k in arrays_a)
    return same_arrays and structure_a == structure_b


@given(st.integers(0, 2**16), st.integers(0, 2**16))
def test_only_training_rows_are_read(seed, other_seed):
    """Other rows may hold anything: the fitted state stays the same to the last bit."""
    features, other = make(seed), make(other_seed)
    rows = np.random.default_rng(seed).choice(60, 35, replace=False)
    outside = np.setdiff1d(np.arange(60), rows)
    numeric = features.numeric.copy()
    numeric[outside] = other.numeric[outside] * 1e3
    numeric[outside, 2] = 9
    categories = {c: v.copy() for c, v in features.categories.items()}
    for values in categories.values():
        values[outside] = "poison"
    poisoned = Features(numeric, features.names, categories)
    assert same_state(Preparation.fit(features, rows), Preparation.fit(poisoned, rows))


def test_training_rows_are_read():
    features, rows = make(), np.arange(35)
    changed = Features(features.numeric + 1, features.names, features.categories)
    assert not same_state(Preparation.fit(features, rows), Preparation.fit(changed, rows))


@given(
    arrays(np.float32, (9, 3), elements=st.floats(width=32)),
    st.lists(st.integers(0, 8), min_size=1, unique=True),
)
def test_prepared_inputs_are_always_finite(numeric, rows):
    features = Features(numeric, ("a", "b", "c"))
    inputs = Preparation.fit(features, np.array(rows)).transform(features)
    assert inputs.dtype == np.float32
    assert np.isfinite(inputs).all()
    assert np.abs(inputs).max(initial=0) <= 8


def test_state_survives_json():
    features = make()
    prepared = Preparation.fit(features, np.arange(40))
    stored_arrays, structure = prepared.to_state()
    again = Preparation.from_state(stored_arrays, json.loads(json.dumps(structure)))
    assert again.names == prepared.names
    np.testing.assert_array_equal(again.transform(features), prepared.transform(features))


@pytest.mark.parametrize(
    ("names", "category"),
    [(("a", "b", "c", "d", "e", "f", "z"), "route"), (tuple("gfedcba"), "route"), (tuple("abcdefg"), "rout")],
)
def test_other_columns_are_refused(names, category):
    features = make()
    prepared = Preparation.fit(features, np.arange(60))
    categories = {category: features.categories["route"], "same": features.categories["same"]}
    with pytest.raises(InputError, match="not those the model was fitted on"):
        prepared.transform(Features(features.numeric, names, categories))


def test_constant_inputs_leave_nothing():
    features = Features(np.full((5, 2), 3, dtype=np.float32), ("a", "b"))
    prepared = Preparation.fit(features, np.arange(5))
    assert prepared.n_inputs == 0
    assert prepared.transform(features).shape == (5, 0)


def test_values_that_leave_no_trace_are_unseen():
    features = make()
    rolled = features.categories["route"] == "rolled"
    rows = np.flatnonzero(~rolled)
    assert rolled.any()
    prepared = Preparation.fit(features, rows)
    np.testing.assert_array_equal(prepared.unseen(features), rolled)
    new = features.take(rows[:8])
    before = prepared.transform(new)
    new.numeric[1, 2] = 4.001
    new.numeric[2, 2] = 4 * (1 + 1e-7)
    new.numeric[3, 2] = NAN
    new.numeric[4, 3] = 0
    new.numeric[5, 0] = 1e6
    new.categories["same"][6] = "y"
    new.categories["same"][7] = None
    np.testing.assert_array_equal(prepared.transform(new)[[1, 4, 6, 7]], before[[1, 4, 6, 7]])
    assert np.flatnonzero(prepared.unseen(new)).tolist() == [1, 4, 6, 7]


def test_a_rare_level_was_seen_and_a_new_one_was_not():
    route = texts(*["cast"] * 20, *["forged"] * 20, "rolled", "rolled")
    prepared = Preparation.fit(Features(np.zeros((42, 0), np.float32), (), {"route": route}), np.arange(42))
    new = Features(np.zeros((4, 0), np.float32), (), {"route": texts("cast", "rolled", "other", "printed")})
    assert prepared.names == ("route=cast", "route=forged", "route=other")
    assert prepared.unseen(new).tolist() == [False, False, True, True]


def test_an_element_that_training_lacks_is_unseen():
    frame = pd.DataFrame({"alloy": ["FeNi", "Fe3Ni", "FeNi3", "FeNiRe2", "Fe2Ni"]})
    features = featurize(frame, InputSpec(composition="alloy"))
    prepared = Preparation.fit(features, np.arange(3))
    assert prepared.unseen(features).tolist() == [False, False, False, True, False]


def test_hashed_counts_do_not_make_a_molecule_unseen():
    frame = pd.DataFrame({"smiles": ["CCO", "CCCO", "CCCCO", "O=[N+]([O-])CCO"]})
    features = featurize(frame, InputSpec(smiles="smiles"))
    hashed = np.array([name.startswith("morgan ") for name in features.names])
    assert (features.numeric[3, hashed] > features.numeric[:3, hashed].max(axis=0)).any()
    assert Preparation.fit(features, np.arange(3)).unseen(features).tolist() == [False, False, False, True]
    only = Features(features.numeric[:, hashed], tuple(np.array(features.names)[hashed]))
    assert not Preparation.fit(only, np.arange(3)).unseen(only).any()
