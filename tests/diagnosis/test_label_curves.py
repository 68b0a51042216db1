"""Learning curves: laws are recovered, more labels buy what they should, and thinning touches what it may."""

from itertools import pairwise

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from label_cases import TUNING, bare_fold, make_case, mixed_case
from scipy.stats import linregress
from scipy.stats import t as student

from miscible.diagnosis import exhibit_from_json, exhibit_to_json, find_labels, labels_exhibit
from miscible.diagnosis._label_fit import _gradient, fit_curve, read_gain
from miscible.diagnosis._labels import asked
from miscible.diagnosis._subsample import n_labels, thin
from miscible.errors import InputError


@pytest.fixture(autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@settings(max_examples=50)
@given(
    a=st.floats(0.0, 5.0),
    b=st.floats(1.0, 50.0),
    c=st.floats(0.2, 1.5),
    n=st.integers(100, 10_000),
)
def test_a_power_law_without_noise_is_recovered(a: float, b: float, c: float, n: int):
    counts = n * np.array([0.25, 0.5, 0.75, 1.0])
    truth = a + b * (counts / n) ** -c
    fit = fit_curve(counts, np.tile(truth[:, None], (1, 3)))
    assert fit.form == "power law"
    assert fit.c == pytest.approx(c, abs=1e-3)
    assert fit.a == pytest.approx(a, abs=0.02 * b)
    gain = read_gain(counts, np.tile(truth[:, None], (1, 3)), n, 0.25)
    assert gain.change == pytest.approx(b * (2.0**-c - 1.0), rel=1e-3)
    assert gain.low - 1e-9 * b <= gain.change <= gain.high + 1e-9 * b


def test_three_counts_bear_a_line_in_the_logarithms():
    rng = np.random.default_rng(0)
    counts = np.array([50.0, 100.0, 200.0])
    errors = 9.0 * counts[:, None] ** -0.4 * np.exp(0.1 * rng.normal(size=(3, 8)))
    line = linregress(np.log(counts), np.log(errors.mean(axis=1)))
    fit = fit_curve(counts, errors)
    assert fit.form == "power law without floor" and fit.a == 0.0
    assert (fit.b, fit.c) == pytest.approx((np.exp(line.intercept), -line.slope))
    expected = np.exp(line.intercept) * (260.0**line.slope - 200.0**line.slope)
    assert read_gain(counts, errors, 60, 0.25).change == pytest.approx(expected)


def test_the_range_is_the_corrected_interval_over_folds():
    counts = np.array([50.0, 100.0, 200.0])
    # Folds that differ by a factor only: each one's gain is its factor times that of the mean curve.
    factors = 1.0 + 0.1 * np.random.default_rng(0).normal(size=8)
    errors = np.outer(9.0 * counts**-0.4, factors)
    each = 9.0 * factors * (260.0**-0.4 - 200.0**-0.4)
    reach = student.ppf(0.975, 7) * np.sqrt(each.var(ddof=1) * (1 / 8 + 0.25))
    gain = read_gain(counts, errors, 60, 0.25)
    assert (gain.low, gain.high) == pytest.approx((each.mean() - reach, each.mean() + reach))


def test_the_deviation_of_a_fold_is_what_a_change_of_its_errors_does():
    rng = np.random.default_rng(2)
    counts = np.array([50.0, 100.0, 150.0, 200.0])
    mean = 1.0 + 9.0 * counts**-0.6 + 0.01 * rng.normal(size=4)
    ends = np.array([200.0, 300.0])
    for floor in (True, False):
        fit = fit_curve(counts, mean[:, None], floor=floor)
        slopes = _gradient(fit, counts, mean, ends)
        for i, slope in enumerate(slopes):
            moved = mean + 1e-6 * (np.arange(4) == i)
            if floor:
                a, b = np.linalg.lstsq(np.column_stack([np.ones(4), counts**-fit.c]), moved, rcond=None)[0]
                after = a + b * ends**-fit.c
            else:
                after = fit_curve(counts, moved[:, None], floor=False).at(ends)
            assert (np.diff(after)[0] - np.diff(fit.at(ends))[0]) / 1e-6 == pytest.approx(slope, rel=1e-3)


def test_no_range_promises_an_error_below_zero():
    counts = np.array([50.0, 100.0, 200.0])
    errors = np.random.default_rng(0).exponential(size=(3, 3))
    gain = read_gain(counts, errors, 200, 0.5)
    assert gain.low >= -errors[-1].mean()


def test_nothing_is_read_beyond_twice_the_labels_or_from_one_count():
    counts, errors = np.array([50.0, 100.0, 200.0]), np.array([[3.0, 3.1], [2.0, 2.2], [1.0, 1.1]])
    assert np.isfinite(read_gain(counts, errors, 200, 0.25).change)
    assert np.isnan(read_gain(counts, errors, 201, 0.25).change)
    errors[:2] = np.nan
    assert fit_curve(counts, errors).form == "none"
    assert np.isnan(read_gain(counts, errors, 60, 0.25).change)


def test_a_round_without_an_error_is_left_out():
    counts, errors = (
        np.array([50.0, 100.0, 200.0]),
        np.array([[3.0, 3.1, 9.0], [2.0, 2.2, np.nan], [1.0, 1.1, 0.0]]),
    )
    assert read_gain(counts, errors, 60, 0.25) == read_gain(counts, errors[:, :2], 60, 0.25)


def test_what_is_asked_suits_the_count():
    assert asked(800) == (80, 60, 800)
    assert asked(52_388) == (5239, 5000, 52_388)
    assert asked(40) == (4, 40)


def thinned_table(seed: int = 0, kind: str = "regression"):
    rng = np.random.default_rng(seed)
    targets = np.column_stack([rng.integers(0, 3, 200), rng.normal(size=200)]).astype(float)
    targets[rng.random(targets.shape) < 0.3] = np.nan
    return targets, bare_fold(targets, rng.integers(0, 50, 200), (kind, "regression"))


@pytest.mark.parametrize("kind", ["regression", "multiclass"])
def test_thinning_is_nested_exact_and_touches_nothing_else(kind: str):
    _, fold = thinned_table(kind=kind)
    before = fold.targets.copy()
    kept = {}
    for count in (100, 60, 30, 7, 1, 0):
        fewer = thin(fold, {0: count}, seed=5)
        assert n_labels(fewer, 0) == count
        np.testing.assert_array_equal(fewer.targets[:, 1], before[:, 1])
        assert np.isnan(fewer.targets[fold.test_rows]).all()
        assert fewer.inputs is fold.inputs and fewer.train_rows is fold.train_rows
        known = np.isfinite(fewer.targets[:, 0])
        np.testing.assert_array_equal(fewer.targets[known, 0], before[known, 0])
        kept[count] = set(np.flatnonzero(known))
    counts = sorted(kept)
    assert all(kept[a] < kept[b] for a, b in pairwise(counts))
    np.testing.assert_array_equal(fold.targets, before)
    assert set(np.flatnonzero(np.isfinite(thin(fold, {0: 60}, seed=6).targets[:, 0]))) != kept[60]


def test_thinning_keeps_whole_groups_and_the_share_of_validation():
    _, fold = thinned_table()
    total = n_labels(fold, 0)
    fewer = thin(fold, {0: total // 2}, seed=1)
    for rows in (fold.train_rows, fold.valid_rows):
        before = np.isfinite(fold.targets[rows, 0])
        after = np.isfinite(fewer.targets[rows, 0])
        assert after.sum() == pytest.approx(before.sum() / 2, abs=1)
        codes = fold.codes[rows]
        cut = [g for g in np.unique(codes) if 0 < after[codes == g].sum() < before[codes == g].sum()]
        assert len(cut) <= 1


def test_thinning_keeps_every_class():
    targets = np.zeros((500, 1))
    targets[::25] = 1.0
    targets[1::25] = 2.0
    fold = bare_fold(targets, np.arange(500), ("multiclass",))
    for count in (6, 40, 120):
        labels = thin(fold, {0: count}, seed=0).targets[fold.train_rows, 0]
        shares = np.bincount(labels[np.isfinite(labels)].astype(int), minlength=3)
        assert (shares > 0).all() and shares[0] >= shares.sum() // 4
    assert shares[1] / shares.sum() == pytest.approx(0.04, abs=0.02)


def test_a_count_beyond_what_there_is_changes_nothing_and_none_is_negative():
    _, fold = thinned_table()
    np.testing.assert_array_equal(thin(fold, {0: 10_000}, seed=0).targets, fold.targets)
    with pytest.raises(ValueError, match="-1"):
        thin(fold, {0: -1}, seed=0)


def twins(seed: int = 0, related: bool = True, **changes):
    """A scarce property and a plentiful one: its twin, or nothing like it."""
    rng = np.random.default_rng(seed)
    inputs = rng.normal(size=(900, 6))
    signal = np.sin(2.0 * inputs[:, 0]) + inputs[:, 1] + inputs[:, 2] * inputs[:, 3]
    other = signal if related else rng.permutation(signal)
    labels = np.column_stack([signal, other]) + 0.05 * rng.normal(size=(900, 2))
    labels[150:, 0] = np.nan
    return make_case(inputs, labels, folds=5, seed=seed, **changes)


def test_more_labels_of_a_property_and_of_its_twin_lower_its_error():
    finding = find_labels(twins(quick=False))
    own = {c.learner: c for c in finding.curves_of(0, True)}
    assert set(own) == {"shared", "independent", "lightgbm"}
    assert own["lightgbm"].counts.tolist() == [37.5, 75.0, 112.5, 150.0]
    for learner in ("shared", "lightgbm"):
        assert own[learner].gains[-1].high < 0.0
        assert own[learner].gains[1].more == 60
    (of_twin,) = finding.curves_of(0, False)
    assert of_twin.labels_of == 1 and of_twin.counts[-1] == 900
    assert of_twin.errors.mean(axis=1)[0] > 1.2 * of_twin.error
    np.testing.assert_array_equal(of_twin.errors[-1], own["shared"].errors[-1])
    text = " ".join(labels_exhibit(finding).answer)
    assert "60 more labels of p0" in text and "more labels of p1" in text


def test_labels_of_an_unrelated_property_buy_nothing_sure():
    finding = find_labels(twins(related=False))
    (curve,) = finding.curves_of(0, False)
    assert curve.gains[-1].high > 0.0


def test_classes_a_rare_property_and_constant_inputs():
    finding = find_labels(mixed_case())
    assert 3 in finding.left_out and len(finding.targets) == 2
    exhibit = labels_exhibit(finding)
    assert exhibit_from_json(exhibit_to_json(exhibit)) == exhibit


def test_one_property_has_curves_of_its_own_and_three_labels_none():
    rng = np.random.default_rng(0)
    tuning = {**TUNING, "epochs": 2}
    inputs, labels = rng.normal(size=(60, 2)), rng.normal(size=(60, 1))
    finding = find_labels(make_case(inputs, labels, tuning=tuning))
    assert [c.learner for c in finding.curves] == ["independent", "lightgbm"]
    assert not finding.curves_of(0, False)
    labels[3:] = np.nan
    labels[:3, 0] = 1.0, 2.0, 3.0
    with pytest.raises(InputError, match="at least 40 labels, found 3"):
        find_labels(make_case(inputs, labels, tuning=tuning))
