"""Distributions fitted to labels: moments, recovery of a known mixture, awkward labels."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from miscible.learning.losses import LabelMixture, fit_histogram, fit_mixture, stack_mixtures

reals = hnp.arrays(np.float64, st.integers(1, 60), elements=st.floats(-1e3, 1e3))


@settings(deadline=None)
@given(reals, st.integers(1, 20))
def test_a_histogram_keeps_every_label_and_their_mean(labels, n_bins):
    histogram = fit_histogram(labels, n_bins)
    assert len(histogram.centres) <= n_bins
    assert (histogram.variances == 0.0).all() and (histogram.weights > 0.0).all()
    assert histogram.weights.sum() == pytest.approx(1.0)
    assert histogram.weights @ histogram.centres == pytest.approx(labels.mean(), abs=1e-9)


def test_a_histogram_by_hand():
    histogram = fit_histogram(np.array([0.0, 0.5, 0.1, 4.0]), 4)
    np.testing.assert_allclose(histogram.centres, [0.2, 4.0])
    np.testing.assert_allclose(histogram.weights, [0.75, 0.25])


def test_a_known_mixture_is_found_again():
    generator = np.random.default_rng(0)
    labels = np.concatenate([generator.normal(-3.0, 0.2, 300), generator.normal(2.0, 0.5, 900)])
    mixture = fit_mixture(labels, 2)
    np.testing.assert_allclose(mixture.centres, [-3.0, 2.0], atol=0.06)
    np.testing.assert_allclose(np.sqrt(mixture.variances), [0.2, 0.5], rtol=0.1)
    np.testing.assert_allclose(mixture.weights, [0.25, 0.75], atol=1e-3)


def test_a_mixture_has_the_moments_of_its_labels():
    labels = np.random.default_rng(1).gamma(2.0, size=800)
    mixture = fit_mixture(labels)
    assert len(mixture.centres) == 8
    mean = mixture.weights @ mixture.centres
    assert mean == pytest.approx(labels.mean(), abs=1e-8)
    second = mixture.weights @ (mixture.variances + mixture.centres**2)
    assert second - mean**2 == pytest.approx(labels.var(), rel=1e-3)


def test_a_mixture_is_the_same_again_and_moves_with_the_labels():
    labels = np.random.default_rng(2).normal(size=300)
    first, again = fit_mixture(labels, seed=3), fit_mixture(labels, seed=3)
    for one, other in zip(first, again, strict=True):
        np.testing.assert_array_equal(one, other)
    moved = fit_mixture(1000.0 * labels + 5.0, seed=3)
    np.testing.assert_allclose(moved.centres, 1000.0 * first.centres + 5.0, rtol=1e-5, atol=1e-3)
    np.testing.assert_allclose(moved.variances, 1e6 * first.variances, rtol=1e-5)


@pytest.mark.parametrize(("n", "size"), [(1, 1), (2, 1), (19, 1), (20, 2), (55, 5), (80, 8), (500, 8)])
def test_few_labels_get_few_components(n, size):
    assert len(fit_mixture(np.random.default_rng(n).normal(size=n)).centres) == size


def test_equal_labels_are_one_narrow_component():
    mixture = fit_mixture(np.full(50, 1.25))
    assert [part.tolist() for part in mixture] == [[1.25], [1e-4], [1.0]]


def test_heaps_of_equal_labels_have_no_more_components_than_heaps():
    labels = np.repeat([0.0, 1.0, 5.0], 40)
    mixture = fit_mixture(labels)
    np.testing.assert_allclose(mixture.centres, [0.0, 1.0, 5.0], atol=1e-6)
    assert (mixture.variances >= 0.99e-4 * labels.var()).all()


def test_many_labels_are_represented_by_their_quantiles():
    labels = np.random.default_rng(4).gamma(3.0, size=60_000)
    mixture = fit_mixture(labels, 4)
    assert mixture.weights @ mixture.centres == pytest.approx(labels.mean(), rel=2e-3)


@settings(deadline=None)
@given(reals)
def test_any_labels_give_a_mixture(labels):
    mixture = fit_mixture(labels, 3)
    assert np.isfinite(np.concatenate(mixture)).all()
    assert (mixture.variances > 0.0).all() and (mixture.weights > 0.0).all()
    assert mixture.weights.sum() == pytest.approx(1.0)


def test_mixtures_stack_into_padded_rows():
    one = LabelMixture(np.array([1.0]), np.array([0.5]), np.array([1.0]))
    two = LabelMixture(np.array([2.0, 3.0]), np.zeros(2), np.array([0.25, 0.75]))
    centres, variances, log_weights = stack_mixtures([one, None, two])
    assert centres.tolist() == [[1.0, 0.0], [0.0, 0.0], [2.0, 3.0]]
    assert variances.tolist() == [[0.5, 0.0], [0.0, 0.0], [0.0, 0.0]]
    np.testing.assert_allclose(np.exp(log_weights), [[1.0, 0.0], [0.0, 0.0], [0.25, 0.75]])
    assert stack_mixtures([None])[2].tolist() == [[-np.inf]]


@pytest.mark.parametrize("fit", [fit_mixture, fit_histogram])
@pytest.mark.parametrize("labels", [[], [1.0, np.nan]])
def test_labels_without_a_distribution_are_refused(fit, labels):
    with pytest.raises(ValueError, match="label"):
        fit(np.array(labels))


def test_no_components_are_refused():
    with pytest.raises(ValueError, match="n_components"):
        fit_mixture(np.ones(3), 0)
