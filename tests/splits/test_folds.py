"""Outer folds and the inner split over random sparse tables."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from miscible.errors import InputError, PlanError
from miscible.splits import assign_folds, inner_split

KINDS = ("regression", "binary", "multiclass")


@st.composite
def sparse_tables(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray, tuple[str, ...], int, int]:
    """Group codes, labels, kinds, number of folds, seed; groups from singletons to a few huge ones."""
    seed = draw(st.integers(0, 2**32 - 1))
    n_rows, n_tasks = draw(st.integers(12, 150)), draw(st.integers(1, 6))
    rng = np.random.default_rng(seed)
    n_folds = draw(st.integers(2, 6))
    kinds = tuple(draw(st.sampled_from(KINDS)) for _ in range(n_tasks))
    density = draw(st.sampled_from([0.02, 0.2, 1.0]))
    labels = rng.integers(0, 3, (n_rows, n_tasks)).astype(float)
    labels[:, [k == "binary" for k in kinds]] %= 2
    labels[rng.random((n_rows, n_tasks)) > density * rng.random(n_tasks)] = np.nan
    grouping = draw(st.sampled_from(["singletons", "even", "skewed"]))
    if grouping == "singletons":
        codes = rng.permutation(n_rows)
    else:
        n_groups = draw(st.integers(n_folds, n_rows))
        raw = rng.random(n_rows) ** (1 if grouping == "even" else 4)
        codes = (raw * n_groups).astype(int)
        codes[:n_folds] = np.arange(n_folds)
    return codes, labels, kinds, n_folds, draw(st.integers(0, 1000))


@settings(deadline=None, max_examples=80)
@given(sparse_tables())
def test_every_row_is_tested_once_a_repeat_with_its_whole_group(case: tuple) -> None:
    codes, labels, kinds, n_folds, seed = case
    folds = assign_folds(codes, labels, kinds, n_folds=n_folds, n_repeats=2, seed=seed)
    assert folds.outer.shape == (2, len(codes))
    assert folds.outer.dtype == np.int16
    for outer in folds.outer:
        assert set(outer.tolist()) == set(range(n_folds))
        for group in np.unique(codes):
            assert len(np.unique(outer[codes == group])) == 1


@settings(deadline=None, max_examples=80)
@given(sparse_tables(), st.floats(0.1, 0.5))
def test_the_inner_split_keeps_groups_whole_and_covers_both_sides(case: tuple, fraction: float) -> None:
    codes, labels, kinds, n_folds, seed = case
    outer = assign_folds(codes, labels, kinds, n_folds=n_folds, n_repeats=1, seed=seed).outer[0]
    rows = np.flatnonzero(outer != 0)
    train, valid = inner_split(codes, labels, rows, fraction=fraction, seed=seed, kinds=kinds)
    assert np.array_equal(np.sort(np.concatenate([train, valid])), rows)
    assert not set(codes[train]) & set(codes[valid])
    assert len(train) > 0
    for t in range(labels.shape[1]):
        held = np.unique(codes[rows[np.isfinite(labels[rows, t])]])
        # Fewer than four groups a task can contradict each other; with one, training has it.
        if len(held) >= 4:
            assert np.isfinite(labels[train, t]).any()
            assert np.isfinite(labels[valid, t]).any()


@settings(deadline=None, max_examples=80)
@given(sparse_tables())
def test_labels_are_shared_out_evenly_up_to_the_size_of_a_group(case: tuple) -> None:
    codes, labels, kinds, n_folds, seed = case
    sizes = np.bincount(codes)
    if sizes.max() > 0.05 * len(codes):
        codes, sizes = np.arange(len(codes)), np.ones(1)
    outer = assign_folds(codes, labels, kinds, n_folds=n_folds, n_repeats=1, seed=seed).outer[0]
    counted = [np.ones(len(codes), dtype=bool), *np.isfinite(labels).T]
    counted += [labels[:, t] == c for t, k in enumerate(kinds) if k != "regression" for c in range(3)]
    for stratum in counted:
        shares = np.bincount(outer[stratum], minlength=n_folds)
        assert np.abs(shares - stratum.sum() / n_folds).max() <= sizes.max() + 2


@settings(deadline=None, max_examples=30)
@given(sparse_tables())
def test_the_seed_decides_everything(case: tuple) -> None:
    codes, labels, kinds, n_folds, seed = case
    first = assign_folds(codes, labels, kinds, n_folds=n_folds, n_repeats=2, seed=seed)
    again = assign_folds(codes, labels, kinds, n_folds=n_folds, n_repeats=2, seed=seed)
    assert np.array_equal(first.outer, again.outer)
    assert first.warnings == again.warnings
    more = assign_folds(codes, labels, kinds, n_folds=n_folds, n_repeats=3, seed=seed)
    assert np.array_equal(first.outer, more.outer[:2])
    rows = np.arange(len(codes))
    split = [inner_split(codes, labels, r, seed=seed, kinds=kinds) for r in (rows, rows[::-1])]
    assert np.array_equal(split[0][1], split[1][1])


@settings(deadline=None, max_examples=30)
@given(sparse_tables())
def test_shuffled_rows_stay_in_the_folds_and_sides_of_their_groups(case: tuple) -> None:
    codes, labels, kinds, n_folds, seed = case
    order = np.random.default_rng(seed).permutation(len(codes))
    straight, shuffled = (
        assign_folds(c, y, kinds, n_folds=n_folds, n_repeats=1, seed=seed).outer[0]
        for c, y in ((codes, labels), (codes[order], labels[order]))
    )
    assert np.array_equal(shuffled, straight[order])
    _, valid = inner_split(codes, labels, np.flatnonzero(straight != 0), seed=seed, kinds=kinds)
    rows = np.flatnonzero(shuffled != 0)
    _, valid_shuffled = inner_split(codes[order], labels[order], rows, seed=seed, kinds=kinds)
    assert np.array_equal(np.sort(order[valid_shuffled]), valid)


def test_only_gaps_and_classes_of_labels_are_read() -> None:
    rng = np.random.default_rng(0)
    labels = np.where(rng.random((200, 3)) < 0.4, rng.random((200, 3)), np.nan)
    codes = rng.integers(0, 60, 200)
    outer = [
        assign_folds(codes, y, ["regression"] * 3, n_folds=5, n_repeats=2, seed=0).outer
        for y in (labels, labels * -7 + 3)
    ]
    assert np.array_equal(outer[0], outer[1])


def test_repeats_and_seeds_differ_even_where_a_few_groups_hold_most_rows() -> None:
    codes = np.repeat(np.arange(30), np.arange(1, 31))
    labels = np.ones((len(codes), 1))
    folds = assign_folds(codes, labels, ["regression"], n_folds=5, n_repeats=4, seed=0)
    other = assign_folds(codes, labels, ["regression"], n_folds=5, n_repeats=1, seed=1)
    together = [outer[:, None] == outer[None, :] for outer in (*folds.outer, other.outer[0])]
    for i in range(5):
        for j in range(i):
            assert np.mean(together[i] == together[j]) < 0.9
    sizes = np.array([np.bincount(outer) for outer in folds.outer])
    assert np.ptp(sizes) <= 10


def test_a_scarce_task_is_spread_as_evenly_as_a_frequent_one() -> None:
    rng = np.random.default_rng(0)
    labels = np.full((5000, 3), np.nan)
    labels[:4950, 0] = 1.0
    labels[4950:4990, 1] = np.arange(40) % 4 == 0
    labels[4990:, 2] = 1.0
    order = rng.permutation(5000)
    folds = assign_folds(
        np.arange(5000), labels[order], ["regression", "binary", "regression"], n_folds=5, n_repeats=3, seed=0
    )
    for outer in folds.outer:
        for task in range(3):
            assert np.ptp(np.bincount(outer[np.isfinite(labels[order, task])], minlength=5)) <= 1
        assert (np.bincount(outer[labels[order, 1] == 1], minlength=5) == 2).all()
    assert folds.warnings == ()


def test_one_label_of_a_scarce_task_outweighs_many_of_a_frequent_one() -> None:
    rng = np.random.default_rng(0)
    codes = np.repeat(np.arange(100), rng.integers(1, 60, 100))
    labels = np.full((len(codes), 2), np.nan)
    labels[:, 0] = 1.0
    labels[np.searchsorted(codes, rng.choice(100, 10, replace=False)), 1] = 1.0
    folds = assign_folds(codes, labels, ["regression"] * 2, n_folds=5, n_repeats=5, seed=0)
    for outer in folds.outer:
        assert (np.bincount(outer[labels[:, 1] == 1], minlength=5) == 2).all()
        assert np.ptp(np.bincount(outer)) <= 0.05 * len(codes)


def test_other_rows_make_room_for_a_large_group() -> None:
    codes = np.concatenate([np.zeros(300, dtype=int), np.arange(1, 701)])
    labels = np.ones((1000, 1))
    folds = assign_folds(
        codes,
        labels,
        ["regression"],
        n_folds=5,
        n_repeats=1,
        seed=0,
        group_labels=[f"g{i}" for i in range(701)],
    )
    assert sorted(np.bincount(folds.outer[0]).tolist()) == [175, 175, 175, 175, 300]
    assert len(folds.warnings) == 1
    assert "'g0' holds 300 of 1,000 rows (30%)" in folds.warnings[0]


def test_scarce_tasks_are_reported_by_name_and_do_not_crash() -> None:
    labels = np.full((40, 5), np.nan)
    labels[:, 0] = 1.0
    labels[:3, 1] = 1.0
    labels[:20, 2] = 1.0
    labels[:20, 3] = 0.0
    labels[0, 3] = 1.0
    folds = assign_folds(
        np.arange(40), labels, ["regression", "regression", "binary", "binary", "regression"],
        n_folds=5, n_repeats=2, seed=0, names=["full", "three", "same", "rare", "empty"],
    )  # fmt: skip
    text = "\n".join(folds.warnings)
    assert "'three' has a label in only 3 of the groups, fewer than the 5 folds: 4 of 10 test folds" in text
    assert "'same' has labels of one class only" in text
    assert "'rare' has a label of class 1 in only 1 of the groups" in text
    assert "'empty' has no label" in text
    assert "'full'" not in text
    named = assign_folds(
        np.arange(40), labels[:, 2:4], ["binary", "binary"],
        n_folds=5, n_repeats=2, seed=0, names=["same", "rare"], classes=[("a", "b"), ("crystal", "glass")],
    )  # fmt: skip
    assert any("'rare' has a label of class 'glass' in only 1 of the groups" in w for w in named.warnings)


def test_a_fold_without_a_label_is_reported_even_where_there_are_groups_enough() -> None:
    codes = np.concatenate([np.zeros(50, dtype=int), np.arange(1, 6).repeat(10)])
    labels = np.full((100, 2), np.nan)
    labels[:, 0] = 1.0
    labels[[50, 60, 70, 80, 90], 1] = 1.0
    labels[50:100, 0] = np.nan
    folds = assign_folds(codes, labels, ["regression"] * 2, n_folds=5, n_repeats=1, seed=0, names=["a", "b"])
    assert any("'a' has a label in only 1 of the groups" in w for w in folds.warnings)


def test_group_codes_need_not_be_dense() -> None:
    codes = np.arange(60) * 1000 - 7
    outer = assign_folds(codes, np.ones((60, 1)), ["regression"], n_folds=3, n_repeats=1, seed=0).outer
    assert (np.bincount(outer[0]) == 20).all()


def test_impossible_requests_are_refused() -> None:
    codes, labels = np.array([0, 0, 1, 2]), np.ones((4, 1))
    with pytest.raises(InputError, match="3 groups, fewer than the 5 folds"):
        assign_folds(codes, labels, ["regression"], n_folds=5, n_repeats=1, seed=0)
    with pytest.raises(PlanError, match="1 folds"):
        assign_folds(codes, labels, ["regression"], n_folds=1, n_repeats=1, seed=0)
    with pytest.raises(PlanError, match="not between 0 and 1"):
        inner_split(codes, labels, np.arange(4), fraction=1.0, seed=0)


@pytest.mark.parametrize("fraction", [0.1, 0.2, 0.5])
def test_validation_holds_its_fraction_of_every_task(fraction: float) -> None:
    rng = np.random.default_rng(0)
    labels = np.where(rng.random((4000, 8)) < np.geomspace(0.02, 0.9, 8), rng.random((4000, 8)), np.nan)
    codes = rng.integers(0, 2000, 4000)
    rows = np.flatnonzero(rng.random(4000) < 0.8)
    train, valid = inner_split(codes, labels, rows, fraction=fraction, seed=1)
    held = np.isfinite(labels[valid]).sum(axis=0)
    share = held / (held + np.isfinite(labels[train]).sum(axis=0))
    assert np.abs(share - fraction).max() < 0.03
    assert len(valid) / len(rows) == pytest.approx(fraction, abs=0.01)


def test_two_groups_of_a_task_are_parted_and_one_stays_in_training() -> None:
    for seed in range(20):
        labels = np.full((100, 4), np.nan)
        labels[:, 0] = 1.0
        labels[[10, 20], 1] = 1.0
        labels[30, 2] = 1.0
        labels[[40, 50], 3] = [0.0, 1.0]
        kinds = ["regression", "regression", "regression", "binary"]
        train, valid = inner_split(np.arange(100), labels, np.arange(100), seed=seed, kinds=kinds)
        assert len({10, 20} & set(train)) == len({10, 20} & set(valid)) == 1
        assert len({40, 50} & set(train)) == 1
        assert 30 in train
        assert len(valid) == pytest.approx(20, abs=2)


def test_contradicting_tasks_and_single_groups_do_not_crash() -> None:
    labels = np.array([[1, np.nan, 1], [1, 1, np.nan], [np.nan, 1, 1]], dtype=float)
    train, valid = inner_split(np.arange(3), labels, np.arange(3), seed=0)
    assert len(train) + len(valid) == 3
    train, valid = inner_split(np.zeros(3, dtype=int), labels, np.arange(3), seed=0)
    assert (len(train), len(valid)) == (3, 0)
    train, valid = inner_split(np.arange(3), labels, np.array([], dtype=int), seed=0)
    assert (len(train), len(valid)) == (0, 0)
