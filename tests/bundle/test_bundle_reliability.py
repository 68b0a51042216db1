"""Reliability, calibration error and the choice to calibrate at all."""

import numpy as np
import pytest
from scipy.special import expit, logit, softmax
from sklearn.calibration import calibration_curve

from miscible.bundle import choose_calibration, cross_calibrated, fit_calibration, reliability_curve


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def test_binary_bins_are_those_of_scikit_learn(rng):
    p = rng.random(500) ** 2
    y = (rng.random(500) < p).astype(float)
    curve = reliability_curve(y, p[:, None], np.arange(500))
    observed, stated = calibration_curve(y, p, n_bins=10)
    np.testing.assert_allclose(curve.stated, stated)
    np.testing.assert_allclose(curve.observed, observed)
    assert curve.count.sum() == 500
    assert curve.error == pytest.approx(np.sum(curve.count * np.abs(observed - stated)) / 500)


def test_multiclass_judges_the_likeliest_class():
    probability = np.array([[0.62, 0.30, 0.08], [0.10, 0.64, 0.26], [0.02, 0.03, 0.95], [0.0, 0.0, 1.0]])
    curve = reliability_curve(np.array([0.0, 2.0, 2.0, 2.0]), probability, np.arange(4))
    np.testing.assert_allclose(curve.stated, [0.63, 0.975])
    np.testing.assert_allclose(curve.observed, [0.5, 1.0])
    assert curve.error == pytest.approx(0.5 * 0.13 + 0.5 * 0.025)


def test_a_group_counts_once_in_the_curve():
    y, p = np.array([1.0, 0.0, 1.0]), np.array([[0.31], [0.34], [0.92]])
    once = reliability_curve(y, p, np.arange(3))
    often = np.array([0, 1] + [2] * 50)
    many = reliability_curve(y[often], p[often], often)
    np.testing.assert_allclose(many.weight, once.weight)
    assert many.error == pytest.approx(once.error)
    assert many.count.tolist() == [2, 50]


def test_no_labels_no_curve():
    curve = reliability_curve(np.empty(0), np.empty((0, 1)), np.empty(0, int))
    assert len(curve.count) == 0
    assert np.isnan(curve.error)


def test_each_fold_is_calibrated_by_the_others(rng):
    p = rng.random((300, 1))
    y, folds = (rng.random(300) < p[:, 0] ** 2).astype(float), np.arange(300) % 3
    crossed = cross_calibrated(y, p, np.arange(300), folds)
    for fold in range(3):
        own = folds == fold
        expected = fit_calibration(y[~own], p[~own], np.ones(200)).apply(p[own])
        np.testing.assert_allclose(crossed[own], expected)
    flipped = np.where(folds == 1, 1 - y, y)
    again = cross_calibrated(flipped, p, np.arange(300), folds)
    np.testing.assert_array_equal(again[folds == 1], crossed[folds == 1])


@pytest.mark.parametrize("n_classes", [2, 3])
def test_calibration_is_kept_where_it_helps(rng, n_classes):
    true = softmax(rng.normal(size=(900, n_classes)), axis=1)
    y = np.array([rng.choice(n_classes, p=row) for row in true]).astype(float)
    told = softmax(3.0 * np.log(true), axis=1)
    told = told[:, 1:] if n_classes == 2 else told
    folds = np.arange(900) % 5
    found = choose_calibration(y, told, np.arange(900), folds)
    assert found.slope == pytest.approx(1 / 3, abs=0.07)
    crossed = cross_calibrated(y, told, np.arange(900), folds)
    before, after = (reliability_curve(y, p, np.arange(900)).error for p in (told, crossed))
    assert after < 0.5 * before


def test_honest_probabilities_are_mostly_left_alone():
    left_alone = 0
    for seed in range(20):
        rng = np.random.default_rng(seed)
        p = expit(rng.normal(size=60) + logit(0.3))
        y = (rng.random(60) < p).astype(float)
        found = choose_calibration(y, p[:, None], np.arange(60), np.arange(60) % 5)
        left_alone += found.slope == 1.0 and set(found.offsets) == {0.0}
    assert left_alone >= 10


def test_one_fold_cannot_show_that_calibration_helps(rng):
    p = rng.random((100, 1))
    y = (rng.random(100) < p[:, 0] ** 3).astype(float)
    same = np.zeros(100, int)
    np.testing.assert_array_equal(cross_calibrated(y, p, np.arange(100), same), p)
    assert choose_calibration(y, p, np.arange(100), same).slope == 1.0
