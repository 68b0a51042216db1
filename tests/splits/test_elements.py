"""Leave-element: what a test row holds, no training row does."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from miscible.errors import InputError
from miscible.inputs import featurize
from miscible.splits import FoldAssignment, Groups, assign_folds, group_keys, make_fold
from miscible.table import InputSpec, Property, Table

BASE = ("Fe", "Ni")
OTHERS = ("Cr", "Mo", "W", "V", "Ti", "Al", "Cu", "Mn")


def make_table(n: int = 240, seed: int = 0, others: tuple[str, ...] = OTHERS, plain: int = 20) -> Table:
    """Alloys of iron, nickel and one to three others; the first ``plain`` rows without others."""
    rng = np.random.default_rng(seed)
    formulas = []
    for row in range(n):
        extra = [] if row < plain else rng.choice(others, rng.integers(1, 4), replace=False).tolist()
        formulas.append("".join(f"{e}{rng.integers(5, 40)}" for e in (*BASE, *extra)))
    labels = rng.normal(100, 10, (n, 2))
    labels[rng.random(n) < 0.5, 1] = np.nan
    frame = pd.DataFrame({"alloy": formulas})
    return Table(
        frame=frame,
        inputs=InputSpec(composition="alloy"),
        properties=(Property("hardness"), Property("strength")),
        labels=labels,
        censored=np.zeros_like(labels),
        weights=np.ones(n),
    )


def assign(table: Table, groups: Groups, n_folds: int = 4, seed: int = 0) -> FoldAssignment:
    return assign_folds(
        groups.codes, table.labels, table.kinds, n_folds=n_folds, n_repeats=2, seed=seed,
        names=table.names, group_labels=groups.labels, holds=groups.holds,
    )  # fmt: skip


def elements_of(table: Table) -> list[set[str]]:
    """Read from the formulas anew: an oracle that knows nothing of fractions."""
    return [set("".join(c if c.isalpha() else " " for c in f).split()) for f in table.frame["alloy"]]


def test_test_rows_hold_an_element_that_no_training_row_holds() -> None:
    table = make_table()
    groups = group_keys(table, "element")
    folds = assign(table, groups)
    features = featurize(table.frame, table.inputs)
    held = elements_of(table)
    tested = []
    for r in range(2):
        for f in range(4):
            barred = folds.barred
            assert barred is not None
            data = make_fold(
                table, features, groups.codes, folds.outer[r], f, seed=1, barred=barred[r, f]
            )  # fmt: skip
            seen = set().union(*(held[i] for i in [*data.train_rows, *data.valid_rows]))
            for row in data.test_rows:
                new = held[row] - seen
                assert new or held[row] <= set(BASE)
            rows = np.concatenate([data.train_rows, data.valid_rows, data.test_rows])
            assert len(np.unique(rows)) == len(rows)
            assert not set(np.flatnonzero(barred[r, f])) & set(rows.tolist())
            assert np.array_equal(np.sort(np.r_[rows, np.flatnonzero(barred[r, f])]), np.arange(table.n_rows))
            assert np.isnan(data.targets[barred[r, f] | (folds.outer[r] == f)]).all()
            tested.append(data.test_rows)
    assert folds.barred is not None and folds.barred.any()
    assert np.array_equal(np.bincount(np.concatenate(tested)), np.full(table.n_rows, 2))


def test_labels_of_barred_rows_are_not_read() -> None:
    table = make_table()
    groups = group_keys(table, "element")
    folds = assign(table, groups)
    assert folds.barred is not None
    fold = int(folds.barred[0].sum(axis=1).argmax())
    barred = folds.barred[0, fold]
    features = featurize(table.frame, table.inputs)
    poisoned = np.where(barred[:, None], 1e300, table.labels)
    poison = Table(
        table.frame, table.inputs, table.properties, poisoned, table.censored, table.weights
    )  # fmt: skip
    one, two = (
        make_fold(t, features, groups.codes, folds.outer[0], fold, seed=1, barred=barred)
        for t in (table, poison)
    )
    for name in ("inputs", "targets", "train_rows", "valid_rows", "test_rows"):
        assert np.array_equal(getattr(one, name), getattr(two, name), equal_nan=name == "targets")


def test_a_row_belongs_to_its_rarest_element_that_can_be_left_out() -> None:
    table = make_table()
    held = elements_of(table)
    counts = {e: sum(e in h for h in held) for e in (*BASE, *OTHERS)}
    groups = group_keys(table, "element")
    for row, own in enumerate(groups.labels[groups.codes].tolist()):
        free = held[row] - set(BASE)
        if free:
            assert own in free
            assert counts[own] == min(counts[e] for e in free)
        else:
            assert own == "Fe-Ni"
    assert groups.holds is not None
    for g, label in enumerate(groups.labels.tolist()):
        assert groups.holds[:, g].tolist() == [label in h for h in held]


def test_rows_of_common_elements_only_are_counted_and_said() -> None:
    table = make_table(plain=60)
    warnings = assign(table, group_keys(table, "element")).warnings
    assert any(
        "60 of 240 rows hold only elements that over half of the rows hold (Fe, Ni)" in w for w in warnings
    )
    assert any(w.startswith("task 'hardness': 60 of 240 labels") for w in warnings)
    assert any("of the rows are left for training on average" in w for w in warnings)


def test_the_ratio_of_tested_to_trained_rows_counts_barred_rows_out() -> None:
    table = make_table()
    folds = assign(table, group_keys(table, "element"))
    ratios = []
    for r in range(2):
        for f in range(4):
            assert folds.barred is not None
            tested = int((folds.outer[r] == f).sum())
            ratios.append(tested / (table.n_rows - tested - int(folds.barred[r, f].sum())))
    assert folds.test_train_ratio == pytest.approx(np.mean(ratios))
    assert folds.test_train_ratio > 1 / 3
    assert FoldAssignment(folds.outer, 4).test_train_ratio == pytest.approx(1 / 3)


def test_the_same_seed_gives_the_same_folds() -> None:
    table = make_table()
    groups = group_keys(table, "element")
    first, again, other = assign(table, groups), assign(table, groups), assign(table, groups, seed=5)
    assert first.barred is not None and again.barred is not None
    assert np.array_equal(first.outer, again.outer) and np.array_equal(first.barred, again.barred)
    assert not np.array_equal(first.outer, other.outer)


def test_other_groups_bar_nothing() -> None:
    table = make_table()
    groups = group_keys(table, "system")
    assert groups.holds is None
    assert assign(table, groups).barred is None


def test_too_few_elements_are_refused() -> None:
    with pytest.raises(InputError, match=r"only 3 elements can be left out, fewer than the 4 folds"):
        table = make_table(others=("Cr", "Mo", "W"), plain=160)
        assign(table, group_keys(table, "element"))
    with pytest.raises(InputError, match=r"no element can be left out.*Group by composition"):
        group_keys(make_table(plain=240), "element")


def test_a_fold_without_a_row_to_train_on_is_refused() -> None:
    """Chromium is tested in one fold, iron and nickel in the other; every row holds one of the two."""
    rows = [f"{a}50{b}50" for a, b in (("Fe", "Cr"), ("Ni", "Cr"), ("Fe", "Mo"), ("Ni", "Mo"))] * 5
    table = make_table(20)
    frame = pd.DataFrame({"alloy": rows})
    table = Table(frame, table.inputs, table.properties, table.labels, table.censored, table.weights)
    groups = group_keys(table, "element")
    assert groups.labels.tolist() == ["Cr", "Fe", "Ni"]
    with pytest.raises(InputError, match=r"leaves no row to train on"):
        assign(table, groups, n_folds=2)


def test_the_word_needs_a_composition_unless_a_column_is_named_so() -> None:
    frame = pd.DataFrame({"x": [1.0, 2.0, 3.0], "element": ["a", "a", "b"]})
    labels = np.ones((3, 1))
    table = Table(frame, InputSpec(numeric=("x",)), (Property("p"),), labels, np.zeros((3, 1)), np.ones(3))
    assert group_keys(table, "element").codes.tolist() == [0, 0, 1]
    bare = Table(
        frame[["x"]], InputSpec(numeric=("x",)), (Property("p"),), labels, np.zeros((3, 1)), np.ones(3)
    )
    with pytest.raises(InputError, match=r"'element': it needs a composition input"):
        group_keys(bare, "element")
