"""Bins and their smoothing against NumPy's histogram, SciPy's filter and values worked by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy.ndimage import gaussian_filter1d

from miscible.learning.losses import bin_of, label_bins, smoothing_matrix

reals = hnp.arrays(np.float64, st.integers(1, 60), elements=st.floats(-1e6, 1e6))


@settings(deadline=None)
@given(st.integers(1, 40), st.floats(0.0, 30.0), st.integers(0, 2**32 - 1))
def test_smoothing_is_scipys_gaussian_filter(n_bins, sigma, seed):
    values = np.random.default_rng(seed).random(n_bins)
    expected = gaussian_filter1d(values, sigma, mode="reflect") if sigma > 0.01 else values
    np.testing.assert_allclose(smoothing_matrix(n_bins, sigma) @ values, expected, rtol=0, atol=1e-12)


@settings(deadline=None)
@given(st.integers(1, 40), st.floats(0.0, 30.0))
def test_smoothing_neither_loses_nor_makes_counts(n_bins, sigma):
    matrix = smoothing_matrix(n_bins, sigma)
    np.testing.assert_allclose(matrix.sum(0), 1.0, atol=1e-12)
    np.testing.assert_allclose(matrix, matrix.T, atol=1e-15)
    assert (matrix >= 0.0).all()


def test_a_kernel_that_reaches_one_bin_by_hand():
    side = np.exp(-0.5 / 0.3**2)
    whole = 1.0 + 2.0 * side
    expected = [[1 + side, side, 0], [side, 1, side], [0, side, 1 + side]]
    np.testing.assert_allclose(smoothing_matrix(3, 0.3), np.array(expected) / whole, rtol=1e-14)


@pytest.mark.parametrize("sigma", [-1.0, np.nan, np.inf])
def test_a_sigma_that_is_no_width_is_refused(sigma):
    with pytest.raises(ValueError, match="sigma"):
        smoothing_matrix(5, sigma)


def test_bins_of_ordinary_labels_are_numpys():
    labels = np.random.default_rng(0).normal(size=500)
    counts, edges = np.histogram(labels, 50)
    ours = label_bins(labels)
    np.testing.assert_allclose(ours, edges, rtol=0, atol=1e-14)
    np.testing.assert_array_equal(np.bincount(bin_of(labels, ours), minlength=50), counts)


@settings(deadline=None)
@given(reals, st.integers(1, 60))
def test_every_label_has_a_bin_and_order_is_kept(labels, n_bins):
    edges = label_bins(labels, n_bins)
    cell = bin_of(labels, edges)
    assert edges.shape == (n_bins + 1,)
    assert (np.diff(edges) >= 0.0).all() and edges[0] < edges[-1]
    assert cell.min() >= 0 and cell.max() < n_bins
    order = np.argsort(labels, kind="stable")
    assert (np.diff(cell[order]) >= 0).all()


def test_a_label_on_an_edge_belongs_to_the_bin_above():
    assert bin_of(np.array([-1.0, 0.0, 1.0, 2.0, 4.0, 9.0]), np.array([0.0, 1.0, 2.0, 4.0])).tolist() == [
        0,
        0,
        1,
        2,
        2,
        2,
    ]


def test_equal_labels_share_the_middle():
    edges = label_bins(np.full(7, 3.0), 5)
    assert bin_of(np.full(7, 3.0), edges).tolist() == [2] * 7


def test_a_gross_outlier_does_not_stretch_the_bins():
    labels = np.append(np.linspace(0.0, 1.0, 99), 1e6)
    edges = label_bins(labels, 50)
    # Quartiles of the 100 labels are near 0.25 and 0.75, five times their distance beyond is below 4.
    assert edges[0] == 0.0 and edges[-1] < 4.0
    assert bin_of(labels, edges)[-1] == 49
    mirrored = label_bins(-labels, 50)
    np.testing.assert_allclose(mirrored, -edges[::-1], rtol=1e-14)


def test_a_long_tail_is_no_outlier():
    labels = np.concatenate([np.random.default_rng(1).normal(size=90), np.linspace(50.0, 60.0, 10)])
    assert label_bins(labels)[-1] > 58.0


def test_a_heap_does_not_shrink_the_bins_to_nothing():
    labels = np.array([0.0] * 98 + [5.0, -5.0])
    edges = label_bins(labels)
    assert (edges[0], edges[-1]) == (-5.0, 5.0)


@pytest.mark.parametrize("labels", [[], [1.0, np.nan], [np.inf]])
def test_labels_that_cannot_be_binned_are_refused(labels):
    with pytest.raises(ValueError, match="label"):
        label_bins(np.array(labels))


def test_no_bins_are_refused():
    with pytest.raises(ValueError, match="n_bins"):
        label_bins(np.ones(3), 0)
