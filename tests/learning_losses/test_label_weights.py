"""Weights of labels: by hand, and by what every weighting must keep."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy.ndimage import gaussian_filter1d
from sklearn.utils.class_weight import compute_sample_weight

from miscible.learning.losses import class_weights, lds_weights


@settings(deadline=None)
@given(
    hnp.arrays(np.float64, st.integers(1, 80), elements=st.floats(-100.0, 100.0)),
    st.floats(0.0, 10.0),
    st.integers(1, 60),
)
def test_weights_are_positive_bounded_and_of_mean_one(labels, sigma, n_bins):
    weights = lds_weights(labels, sigma=sigma, n_bins=n_bins)
    assert weights.shape == labels.shape and weights.dtype == np.float64
    assert weights.mean() == pytest.approx(1.0, abs=1e-12)
    assert (weights > 0.0).all() and (weights <= 10.0).all()


def test_without_smoothing_by_hand():
    # Bins [0, 1), [1, 2), [2, 3], [3, 4] hold 4, 0, 1, 1 labels; inverse roots 1/2 (four times), 1, 1.
    labels = np.array([0.0, 0.1, 0.2, 0.3, 2.5, 4.0])
    expected = np.array([0.5, 0.5, 0.5, 0.5, 1.0, 1.0]) * 6.0 / 4.0
    np.testing.assert_allclose(lds_weights(labels, sigma=0.0, n_bins=4), expected, rtol=1e-14)


@pytest.mark.parametrize("sigma", [0.5, 1.0, 2.0, 5.0])
def test_smoothing_follows_the_root_of_the_counts(sigma):
    labels = np.random.default_rng(3).beta(2.0, 2.0, size=600)
    counts, edges = np.histogram(labels, 20)
    density = gaussian_filter1d(np.sqrt(counts), sigma, mode="reflect")
    cell = np.clip(np.digitize(labels, edges) - 1, 0, 19)
    expected = 1.0 / density[cell]
    expected /= expected.mean()
    assert expected.max() < 10.0
    np.testing.assert_allclose(lds_weights(labels, sigma=sigma, n_bins=20), expected, rtol=1e-10)


def test_rare_labels_weigh_more():
    labels = np.concatenate([np.random.default_rng(0).normal(size=1000), np.linspace(4.0, 5.0, 10)])
    weights = lds_weights(labels, sigma=2.0)
    assert weights[1000:].min() > 2.0 * weights[np.abs(labels) < 0.5].max()


@pytest.mark.parametrize("labels", [np.array([4.2]), np.full(9, -1.5)])
def test_labels_without_spread_weigh_the_same(labels):
    np.testing.assert_array_equal(lds_weights(labels, sigma=2.0), np.ones(len(labels)))


def test_a_label_far_away_gets_the_ceiling_and_leaves_the_others_their_shape():
    generator = np.random.default_rng(5)
    body = generator.normal(size=5000)
    weights = lds_weights(np.append(body, 1e9), sigma=0.0)
    assert weights.max() == weights[-1] == 10.0
    assert weights.mean() == pytest.approx(1.0, abs=1e-12)
    # Without the ceiling the ratio is that of the roots of the counts.
    middle = weights[:-1][np.abs(body) < 0.2]
    assert weights[:-1].max() > 3.0 * middle.max()


def test_weights_do_not_change_with_scale_or_order():
    labels = np.random.default_rng(8).normal(size=200)
    weights = lds_weights(labels, sigma=1.0, n_bins=16)
    np.testing.assert_allclose(lds_weights(labels * 8.0, sigma=1.0, n_bins=16), weights, rtol=1e-12)
    np.testing.assert_allclose(lds_weights(labels[::-1], sigma=1.0, n_bins=16), weights[::-1], rtol=1e-12)


@settings(deadline=None)
@given(hnp.arrays(np.float64, st.integers(1, 50), elements=st.integers(0, 5)))
def test_class_weights_are_scikit_learns(codes):
    weights = class_weights(codes)
    np.testing.assert_allclose(weights, compute_sample_weight("balanced", codes), rtol=1e-12)
    assert weights.mean() == pytest.approx(1.0)


def test_class_weights_by_hand():
    assert class_weights(np.array([0, 0, 0, 2])).tolist() == [4 / 6, 4 / 6, 4 / 6, 2.0]


def test_nothing_weighs_nothing():
    assert lds_weights(np.zeros(0), sigma=1.0).shape == class_weights(np.zeros(0)).shape == (0,)


def test_an_unmeasured_label_is_refused():
    with pytest.raises(ValueError, match="finite"):
        lds_weights(np.array([1.0, np.nan]), sigma=1.0)
    with pytest.raises(ValueError, match="finite"):
        class_weights(np.array([1.0, np.nan]))
