"""Imbalance: batches counted exactly, spreads known, and a loss laid at the counts only where they cause it."""

import numpy as np
import pytest
import torch
from label_cases import TUNING, bare_fold, make_case, mixed_case

from miscible.diagnosis import exhibit_from_json, exhibit_to_json, find_imbalance, imbalance_exhibit
from miscible.diagnosis._balance import batch_shares, label_spread
from miscible.diagnosis._imbalance import BALANCED, equalised, judge_sweep
from miscible.diagnosis._subsample import n_labels
from miscible.evaluation import Posterior
from miscible.strategies import Tuning


@pytest.fixture(autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def union(n: tuple[int, ...], seed: int = 0) -> np.ndarray:
    """Disjoint labels, so many of each property, in random rows."""
    rng = np.random.default_rng(seed)
    labels = np.full((sum(n), len(n)), np.nan)
    labels[np.arange(sum(n)), np.repeat(np.arange(len(n)), n)] = rng.normal(size=sum(n))
    return labels[rng.permutation(sum(n))]


def test_batch_shares_are_those_of_drawn_batches():
    labels = union((400, 30, 10))
    labels[:20] = 1.0
    fold = bare_fold(labels, np.arange(len(labels)), ("regression",) * 3)
    found = batch_shares([fold, fold], Tuning(batch=16), 0.75)
    assert found.size == 16
    rng = np.random.default_rng(1)
    known = np.isfinite(fold.targets[fold.train_rows])
    known = known[known.any(axis=1)]
    drawn = np.stack([known[rng.permutation(len(known))[:16]] for _ in range(20_000)])
    assert found.n_rows == len(known)
    assert found.expected == pytest.approx(drawn.sum(axis=1).mean(axis=0), rel=0.03)
    assert found.without == pytest.approx((~drawn.any(axis=1)).mean(axis=0), abs=0.012)
    of_one = drawn.sum(axis=(1, 2)) == drawn.sum(axis=1).max(axis=1)
    alone = [(of_one & drawn[:, :, t].all(axis=1)).mean() for t in range(3)]
    assert found.alone == pytest.approx(alone, abs=0.012)


def test_the_union_of_the_paper():
    # 52,388 + 800 + 840 disjoint labels in batches of 32: computed by hand as binomials, which is close enough.
    labels = union((52_388, 800, 840))
    fold = bare_fold(labels, np.arange(len(labels)), ("regression",) * 3)
    found = batch_shares([fold], Tuning(batch=32), 0.8)
    assert found.without[1] == pytest.approx((1 - 800 / 54_028) ** 32, abs=0.03)
    assert found.alone[0] == pytest.approx((52_388 / 54_028) ** 32, abs=0.03)
    assert found.expected[1] == pytest.approx(32 * 800 / 54_028, abs=0.05)


def test_a_batch_larger_than_the_rows_holds_them_all():
    fold = bare_fold(np.array([[1.0, np.nan]] * 8 + [[np.nan, 1.0]] * 2), np.arange(10), ("regression",) * 2)
    found = batch_shares([fold], Tuning(), 0.8)
    assert found.without.tolist() == [0.0, 1.0] and found.alone.tolist() == [1.0, 0.0]


def test_spreads():
    rng = np.random.default_rng(0)
    even = label_spread("regression", rng.uniform(size=5000), 0)
    assert abs(even.skew) < 0.1 and even.empty == 0.0
    tailed = label_spread("regression", np.append(rng.uniform(0.0, 1.0, 990), 10.0), 0)
    assert tailed.skew > 3.0 and tailed.empty == pytest.approx(0.9)
    classes = label_spread("multiclass", np.array([0.0] * 9 + [1.0, np.nan]), 3)
    assert classes.classes == pytest.approx((0.9, 0.1, 0.0)) and np.isnan(classes.skew)
    assert np.isnan(label_spread("regression", np.ones(50), 0).skew)
    assert np.isnan(label_spread("regression", np.full(5, np.nan), 0).empty)
    few = label_spread("regression", np.append(rng.uniform(size=30), 5.0), 0)
    assert few.skew > 3.0 and np.isnan(few.empty)
    assert np.isnan(label_spread("regression", np.array([1.0, 2.0, 9.0]), 0).skew)


@pytest.mark.parametrize(
    ("loss", "equal", "balanced", "call"),
    [
        ((0.2, 0.02), (-0.2, 0.03), (0.0, 0.02), "imbalance"),
        ((0.2, 0.02), (0.1, 0.03), (-0.15, 0.02), "imbalance"),
        ((0.2, 0.02), (0.0, 0.02), (0.0, 0.02), "not imbalance"),
        ((0.2, 0.02), (-0.06, 0.005), (0.1, 0.02), "not imbalance"),
        ((0.2, 0.02), (-0.2, 0.3), (0.0, 0.02), "cannot tell"),
        ((0.2, 0.02), (0.0, 0.02), (0.0, 0.3), "cannot tell"),
        ((0.2, 0.2), (-0.2, 0.03), (-0.2, 0.03), "no loss"),
        ((-0.2, 0.02), (0.2, 0.02), (0.0, 0.02), "no loss"),
        ((np.nan, np.inf), (np.nan, np.inf), (0.0, 0.1), "cannot tell"),
        ((0.2, 0.02), (-0.2, np.inf), (-0.2, 0.01), "cannot tell"),
    ],
)
def test_calls(loss: tuple, equal: tuple, balanced: tuple, call: str):
    assert judge_sweep(*(Posterior(*values, 14.0) for values in (loss, equal, balanced))) == call


def test_equalising_cuts_the_larger_tasks_only():
    fold = bare_fold(union((900, 100, 30, 10)), np.arange(1040), ("regression",) * 4)
    own = n_labels(fold, 2)
    equal, root = equalised(fold, 2, 0.0, 7), equalised(fold, 2, 0.5, 7)
    assert [n_labels(equal, t) for t in range(4)] == [own, own, own, n_labels(fold, 3)]
    assert n_labels(root, 0) == round(np.sqrt(own * n_labels(fold, 0)))
    np.testing.assert_array_equal(equal.targets[:, 2:], fold.targets[:, 2:])
    assert np.isfinite(root.targets)[np.isfinite(equal.targets)].all()


def scarce(n: tuple[int, int], related: bool, seed: int = 0, **changes):
    """A scarce property beside a plentiful one that needs the network for something else, or for the same."""
    rng = np.random.default_rng(seed)
    inputs = rng.normal(size=(sum(n), 6))
    own = inputs[:, 0] + inputs[:, 1] + np.sin(inputs[:, 2])
    other = np.sin(3.0 * inputs[:, 3]) + 2.0 * inputs[:, 4] * inputs[:, 5] + np.cos(3.0 * inputs[:, 4])
    labels = np.column_stack([own, own if related else other]) + 0.02 * rng.normal(size=(sum(n), 2))
    labels[n[0] :, 0] = np.nan
    labels[: n[0], 1] = np.nan
    return make_case(inputs, labels, folds=5, seed=seed, **changes)


def test_a_property_drowned_by_the_sum_over_pairs_loses_by_imbalance():
    # Under a sum over pairs a property counts by its labels: what 1 in 20 says is hardly heard.
    tuning = {**TUNING, "epochs": 12}
    case = scarce((300, 6000), False, joint="shared+pair-sum+w32", quick=False, repeats=2, tuning=tuning)
    finding = find_imbalance(case)
    (sweep,) = finding.sweeps
    assert sweep.target == 0 and sweep.call == "imbalance"
    assert [v.name for v in sweep.levels] == ["all labels", "square root", "1 : 1", BALANCED]
    loss = [v.loss for v in sweep.levels]
    assert loss[0] > loss[1] > loss[2]
    assert sweep.levels[1].ratio == pytest.approx(np.sqrt(20.0))
    assert finding.ratios.tolist() == [20.0, 1.0]
    assert any("imbalance is the likely reason" in s for s in imbalance_exhibit(finding).answer)


def test_a_property_that_gains_by_its_twin_has_no_loss_to_explain():
    (sweep,) = find_imbalance(scarce((150, 1950), True)).sweeps
    assert sweep.call == "no loss"
    equal = sweep.levels[1]
    assert equal.name == "1 : 1" and sweep.levels[0].high < 0.0 < equal.change


def test_classes_a_rare_property_and_constant_inputs():
    finding = find_imbalance(mixed_case())
    assert finding.counts[3] == 3 and all(s.target != 3 for s in finding.sweeps)
    exhibit = imbalance_exhibit(finding)
    assert exhibit_from_json(exhibit_to_json(exhibit)) == exhibit
    assert len(finding.spreads[2].classes) == 3


def test_one_property_has_no_imbalance():
    rng = np.random.default_rng(0)
    finding = find_imbalance(make_case(rng.normal(size=(60, 2)), rng.normal(size=(60, 1))))
    assert not finding.sweeps
    assert "Only one property" in imbalance_exhibit(finding).answer[0]
