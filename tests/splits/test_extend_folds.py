"""Rows a run has seen keep their fold; new groups are dealt out beside them."""

import numpy as np
import pandas as pd
import pytest

from miscible.errors import InputError
from miscible.inputs import Features, featurize
from miscible.splits import Groups, SeenRows, assign_folds, extend_folds, find_known, group_keys, like_rows
from miscible.table import InputSpec, Property, Table

RNG = np.random.default_rng(3)


def table_of(frame: pd.DataFrame, **inputs) -> Table:
    labels = np.ones((len(frame), 1))
    return Table(
        frame,
        InputSpec(**inputs),
        (Property("new"),),
        labels,
        np.zeros((len(frame), 1), int),
        np.ones(len(frame)),
    )


def see(frame: pd.DataFrame, by: str, fold: np.ndarray, **inputs) -> SeenRows:
    table = table_of(frame, **inputs)
    return SeenRows(featurize(table.frame, table.inputs), group_keys(table, by), fold)


def find(seen: SeenRows, frame: pd.DataFrame, **inputs) -> tuple[Groups, np.ndarray]:
    table = table_of(frame, **inputs)
    return find_known(seen, table, featurize(table.frame, table.inputs))


def test_known_groups_stay_and_new_ones_even_out_what_is_missing():
    codes = np.repeat(np.arange(40), 3)
    labels = np.ones((120, 1))
    known = np.where(codes < 10, 0, np.where(codes < 14, 1, -1))
    folds = extend_folds(codes, labels, ["regression"], known, n_folds=4, n_repeats=3, seed=0)
    assert folds.fixed
    assert (folds.outer == folds.outer[0]).all()
    assert (folds.outer[0][known >= 0] == known[known >= 0]).all()
    assert np.bincount(folds.outer[0]).tolist() == [30, 30, 30, 30]
    assert all(len(np.unique(folds.outer[0][codes == c])) == 1 for c in range(40))


def test_where_nothing_is_known_folds_are_those_of_any_study():
    codes, labels = np.arange(60) // 2, np.ones((60, 1))
    free = np.full(60, -1)
    folds = extend_folds(codes, labels, ["regression"], free, n_folds=5, n_repeats=3, seed=7)
    usual = assign_folds(codes, labels, ["regression"], n_folds=5, n_repeats=3, seed=7)
    assert not folds.fixed
    assert (folds.outer == usual.outer).all()


def test_a_fold_without_labels_is_told():
    codes, known = np.arange(30), np.arange(30) % 2
    folds = extend_folds(codes, np.ones((30, 1)), ["regression"], known, n_folds=3, n_repeats=1, seed=0)
    assert any("no label" in warning for warning in folds.warnings)


def test_fewer_groups_than_folds_are_refused():
    with pytest.raises(InputError, match="2 groups"):
        extend_folds(
            np.array([0, 0, 1]),
            np.ones((3, 1)),
            ["regression"],
            np.array([0, 0, -1]),
            n_folds=3,
            n_repeats=1,
            seed=0,
        )


def test_same_inputs_are_found_whatever_gaps_and_signs_of_zero():
    seen = Features(np.array([[0.0, np.nan], [1.0, 2.0], [1.0, 2.0]], np.float32), ("a", "b"), {})
    rows = Features(np.array([[1.0, 2.0], [-0.0, np.nan], [1.0, 2.5]], np.float32), ("a", "b"), {})
    assert like_rows(seen, rows).tolist() == [1, 0, -1]


def test_categories_tell_rows_apart():
    values = np.zeros((1, 1), np.float32)
    seen = Features(values, ("a",), {"route": np.array(["cast"], object)})
    assert like_rows(seen, Features(values, ("a",), {"route": np.array(["cast"], object)})).tolist() == [0]
    assert like_rows(seen, Features(values, ("a",), {"route": np.array([None], object)})).tolist() == [-1]


def test_a_composition_is_known_however_it_is_written():
    seen = see(
        pd.DataFrame({"alloy": ["FeNi", "Fe2Ni", "Cr"], "t": [1.0, 2.0, 3.0]}), "composition", np.array([2, 0, 1]),
        composition="alloy", numeric=("t",),
    )  # fmt: skip
    frame = pd.DataFrame({"alloy": ["Ni50Fe50", "Fe40Ni20", "Fe3Ni", "Cr"], "t": [9.0, 2.0, 2.0, 3.0]})
    groups, fold = find(seen, frame, composition="alloy", numeric=("t",))
    assert fold.tolist() == [2, 0, -1, 1]
    assert groups.n_groups == 4


def test_a_group_whose_rows_must_stay_apart_is_divided_and_unknown_rows_follow_the_majority():
    old = pd.DataFrame({"x": [1.0, 2.0, 3.0], "batch": ["a", "b", "c"]})
    seen = see(old, "batch", np.array([0, 1, 0]), numeric=("x",))
    frame = pd.DataFrame({"x": [1.0, 2.0, 3.0, 7.0], "batch": ["new", "new", "new", "new"]})
    groups, fold = find(seen, frame, numeric=("x",))
    assert fold.tolist() == [0, 1, 0, 0]
    assert groups.codes[0] == groups.codes[2] == groups.codes[3] != groups.codes[1]
    assert groups.labels.tolist() == ["new", "new"]


def test_rows_on_their_own_are_known_by_their_inputs_and_not_by_their_number():
    seen = see(pd.DataFrame({"x": [1.0, 2.0]}), "none", np.array([1, 0]), numeric=("x",))
    _, fold = find(seen, pd.DataFrame({"x": [5.0, 1.0]}), numeric=("x",))
    assert fold.tolist() == [-1, 1]


def test_rows_join_the_cluster_of_the_nearest_known_row():
    centres = RNG.normal(scale=20.0, size=(12, 2))
    old = pd.DataFrame(np.repeat(centres, 5, axis=0) + 0.1 * RNG.normal(size=(60, 2)), columns=["x", "y"])
    table = table_of(old, numeric=("x", "y"))
    fold = group_keys(table, "cluster").codes % 3
    seen = see(old, "cluster", fold, numeric=("x", "y"))
    near = pd.DataFrame(centres + 0.2, columns=["x", "y"])
    groups, known = find(seen, near, numeric=("x", "y"))
    assert known.tolist() == fold[::5].tolist()
    assert groups.labels[groups.codes].tolist() == seen.groups.labels[seen.groups.codes[::5]].tolist()


def test_left_out_elements_cannot_be_extended():
    frame = pd.DataFrame({"alloy": ["FeNi", "FeCr", "FeMo", "FeW"]})
    seen = see(frame, "element", np.arange(4), composition="alloy")
    with pytest.raises(InputError, match="left elements out"):
        find(seen, frame, composition="alloy")
