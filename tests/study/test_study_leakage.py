"""No group in two folds, and no label of an outer test row read before the outer scoring."""

from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from small_studies import EVERYTHING, context_of, outer_folds, small_frame, small_plan, small_table

from miscible.splits import FoldAssignment
from miscible.splits import group_keys as groups_of
from miscible.strategies import MIXTURES, parse_strategy
from miscible.study import Plan, RunFolder, StudyResult, fold_data
from miscible.study._cells import cells_of_repeat
from miscible.study._executors import InProcess
from miscible.study._results import assemble
from miscible.table import Table


def poisoned(frame: pd.DataFrame, rows: np.ndarray, *, classes: bool = True) -> pd.DataFrame:
    """Every label of these rows changed; gaps stay gaps, because fold balance may read those."""
    changed = frame.copy()
    changed.loc[rows, "hardness"] = 1000.0 - 7.0 * changed.loc[rows, "hardness"]
    changed.loc[rows, "scarce"] *= -1.0
    if classes:
        changed.loc[rows, "ductile"] = 1.0 - changed.loc[rows, "ductile"]
        changed.loc[rows, "phase"] = (changed.loc[rows, "phase"] + 1.0) % 3
    return changed


def study(plan: Plan, table: Table, folds: FoldAssignment, path: Path) -> StudyResult:
    """Run every cell of the given folds."""
    context = context_of(plan, table, folds.outer, path)
    (path / "cells").mkdir(parents=True)
    assert list(InProcess(context).run(cells_of_repeat(plan.parsed_strategies(), 0, table.counts), None))
    return assemble(plan, table, groups_of(table, "group"), folds, RunFolder(path), ())


def assert_same_fold(before: StudyResult, after: StudyResult, fold: int, rounding: float) -> None:
    """Predictions, inner scores, thresholds, mixtures and everything kept of the networks.

    To the last bit where no network is involved; networks within ``rounding``, with the very same settings.
    """
    rows = before.folds.outer[0] == fold
    for name in EVERYTHING:
        tolerance = rounding if parse_strategy(name).is_network or name in MIXTURES else 0.0
        for one, other in (
            (before.outer[name][0, rows], after.outer[name][0, rows]),
            (before.inner[name][0, fold], after.inner[name][0, fold]),
            (before.thresholds[name][0, fold], after.thresholds[name][0, fold]),
        ):
            np.testing.assert_allclose(one, other, rtol=tolerance, atol=tolerance, err_msg=name)
    for mixture, key in product(MIXTURES, [(0, fold, task) for task in range(before.table.n_tasks)]):
        one, other = (dict(result.mixtures[mixture].get(key, ())) for result in (before, after))
        assert one == pytest.approx(other, abs=10 * rounding)
    for cells in zip(before.cells, after.cells, strict=True):
        one, other = ([n for n in cell.networks if n["fold"] == fold] for cell in cells)
        assert [(n["rate"], n["decay"], n["best_epoch"]) for n in one] == [
            (n["rate"], n["decay"], n["best_epoch"]) for n in other
        ]
    for (name, task, own), (ensemble, position) in before.ensembles.items():
        if own == fold:
            other = after.ensembles[name, task, own]
            assert other[1] == position
            for key, array in ensemble.state.items():
                np.testing.assert_allclose(array, other[0].state[key], rtol=rounding, atol=rounding)


@pytest.mark.parametrize(("classes", "rounding"), [(False, 0.0), (True, 1e-5)])
@settings(deadline=None, max_examples=2, derandomize=True, phases=[Phase.generate])
@given(st.integers(0, 2**16), st.integers(60, 110), st.sampled_from([0.5, 0.9]), st.integers(0, 2))
def test_poisoned_test_labels_change_nothing_of_their_fold(
    classes: bool, rounding: float, seed: int, n_rows: int, density: float, fold: int
):
    """Bit for bit, but for one thing: the folds of a network strategy are trained side by side.

    Poisoned classes change the inner splits of the *other* folds, which rightly learn from them, and thereby
    the shapes of the stacked products: the order of sums, and so the rounding, but nothing else.
    """
    plan = small_plan(EVERYTHING, split={"repeats": 1}, seed=seed, tuning={"halving": []})
    frame = small_frame(n_rows, seed, density)
    table = small_table(frame, np.random.default_rng(seed).uniform(0.5, 2.0, n_rows))
    folds = outer_folds(plan, table)
    rows = folds.outer[0] == fold
    other = small_table(poisoned(frame, rows, classes=classes), table.weights)
    with TemporaryDirectory() as here:
        before = study(plan, table, folds, Path(here) / "before")
        after = study(plan, other, folds, Path(here) / "after")
    assert_same_fold(before, after, fold, rounding)
    # The poison is strong: the other folds learn from it, and the outer scores see it.
    elsewhere = (folds.outer[0] != fold) & np.isfinite(table.labels[:, 0])
    assert not np.array_equal(before.outer["ridge"][0, elsewhere], after.outer["ridge"][0, elsewhere])
    assert before.errors("mean", 0)[0, fold] != after.errors("mean", 0)[0, fold]


def widths(plan: Plan, table: Table, folds: FoldAssignment) -> list[int]:
    context = context_of(plan, table, folds.outer, Path("unused"))
    return [fold_data(context, 0, f).inputs.shape[1] for f in range(3)]


def test_columns_that_other_folds_gain_or_lose_by_the_poison_do_not_reach_a_fold(tmp_path: Path):
    """A column constant in one training part is dropped there, and poisoned classes move inner splits.

    The widest fold must not decide where the networks of all folds start.
    """
    plan = small_plan(("mean", "independent+w32", "shared+w32"), split={"repeats": 1})
    for seed in range(100):
        frame = small_frame(60, seed)
        table = small_table(frame)
        folds = outer_folds(plan, table)
        other = small_table(poisoned(frame, folds.outer[0] == 0))
        if max(widths(plan, table, folds)) != max(widths(plan, other, folds)):
            break
    else:
        pytest.fail("no table found whose widest fold changes")
    before = study(plan, table, folds, tmp_path / "before")
    after = study(plan, other, folds, tmp_path / "after")
    rows = folds.outer[0] == 0
    for name in ("independent+w32", "shared+w32"):
        np.testing.assert_allclose(
            after.outer[name][0, rows], before.outer[name][0, rows], rtol=1e-4, atol=1e-4
        )


def test_a_poisoned_fold_stays_the_same_where_its_neighbours_stop_early(tmp_path: Path):
    """Other folds of the population learn from the poison and leave at other epochs: rounding at most.

    Members are stacked; which of them are side by side decides the order of sums.
    """
    plan = small_plan(
        ("mean", "independent+w32", "shared+w32"),
        split={"repeats": 1},
        tuning={"epochs": 40, "patience": 2, "halving": [3, 6], "rates": [1e-3, 4e-3, 2e-2], "finalists": 2},
    )
    frame = small_frame(100, 5)
    table = small_table(frame)
    folds = outer_folds(plan, table)
    before = study(plan, table, folds, tmp_path / "before")
    after = study(plan, small_table(poisoned(frame, folds.outer[0] == 1)), folds, tmp_path / "after")
    epochs = [[n["epochs"] for c in r.cells for n in c.networks if n["fold"] != 1] for r in (before, after)]
    assert epochs[0] != epochs[1]
    rows = folds.outer[0] == 1
    for name in ("independent+w32", "shared+w32"):
        np.testing.assert_allclose(
            after.outer[name][0, rows], before.outer[name][0, rows], rtol=1e-4, atol=1e-4
        )
    for one, other in zip(before.cells, after.cells, strict=True):
        kept = [[(n["rate"], n["epochs"]) for n in c.networks if n["fold"] == 1] for c in (one, other)]
        assert kept[0] == kept[1]


@settings(deadline=None, max_examples=15, derandomize=True)
@given(st.integers(0, 2**16), st.integers(20, 120), st.integers(3, 5), st.integers(6, 60))
def test_groups_stay_whole_and_test_labels_are_gone_in_every_fold(
    seed: int, n_rows: int, n_folds: int, n_groups: int
):
    frame = small_frame(n_rows, seed, n_groups=n_groups)
    table = small_table(frame)
    if frame["group"].nunique() < n_folds:
        return
    plan = small_plan(split={"folds": n_folds}, seed=seed)
    folds = outer_folds(plan, table)
    context = context_of(plan, table, folds.outer, Path("unused"))
    for r in range(plan.split.repeats):
        assert (frame.assign(fold=folds.outer[r]).groupby("group")["fold"].nunique() == 1).all()
        for f in range(n_folds):
            data = fold_data(context, r, f)
            parts = [set(frame["group"].iloc[p]) for p in (data.train_rows, data.valid_rows, data.test_rows)]
            assert not parts[0] & parts[1]
            assert not (parts[0] | parts[1]) & parts[2]
            assert np.isnan(data.targets[data.test_rows]).all()


def test_the_poison_test_can_fail(tmp_path: Path):
    """A fold that does read the poisoned rows is not the same."""
    plan = small_plan(EVERYTHING, split={"repeats": 1})
    frame = small_frame()
    folds = outer_folds(plan, small_table(frame))
    before = study(plan, small_table(frame), folds, tmp_path / "before")
    after = study(plan, small_table(poisoned(frame, folds.outer[0] == 0)), folds, tmp_path / "after")
    for name in EVERYTHING:
        if name not in MIXTURES:
            rows = folds.outer[0] == 1
            assert not np.array_equal(before.outer[name][0, rows], after.outer[name][0, rows]), name
    with pytest.raises(AssertionError):
        assert_same_fold(before, after, 1, 1e-3)
