"""Shared rows and correlations against pandas and scipy, pair by pair."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import pearsonr, spearmanr

from miscible.audit import _overlap
from miscible.audit._overlap import masked_pearson, measure_overlap, overlap_findings
from miscible.table import Kind, Property


@pytest.fixture
def sparse_labels(rng):
    base = rng.normal(size=(300, 1))
    labels = np.exp(base + rng.normal(size=(300, 5)))
    labels[rng.random(labels.shape) < [0.1, 0.5, 0.5, 0.97, 0.7]] = np.nan
    return labels


def names(labels):
    return dict(zip("abcde", labels.T, strict=False))


def test_matches_pandas_and_scipy(make_table, sparse_labels):
    overlap = measure_overlap(make_table(names(sparse_labels)), sparse_labels)
    frame = pd.DataFrame(sparse_labels)
    np.testing.assert_allclose(overlap.pearson, frame.corr(min_periods=10), atol=1e-12)
    np.testing.assert_allclose(overlap.spearman, frame.corr("spearman", min_periods=10), atol=1e-12)
    assert overlap.ranks_per_pair
    assert np.isnan(overlap.pearson[3, 4])
    known = np.isfinite(sparse_labels)
    np.testing.assert_array_equal(overlap.shared, known.T.astype(int) @ known)


def test_ties_and_scipy_agree(make_table, rng):
    labels = rng.integers(0, 4, size=(60, 2)).astype(float)
    overlap = measure_overlap(make_table(names(labels)), labels)
    assert overlap.spearman[0, 1] == pytest.approx(spearmanr(*labels.T).statistic)
    assert overlap.pearson[0, 1] == pytest.approx(pearsonr(*labels.T).statistic)


def test_sparse_and_dense_products_agree(sparse_labels, monkeypatch):
    dense = masked_pearson(sparse_labels)
    monkeypatch.setattr(_overlap, "SPARSE_BELOW", 2.0)
    for a, b in zip(dense, masked_pearson(sparse_labels), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-12)


def test_far_offset_does_not_spoil_correlations(rng):
    values = rng.normal(size=(50, 2)) + np.array([1e8, -1e8])
    assert masked_pearson(values)[1][0, 1] == pytest.approx(pearsonr(*values.T).statistic, abs=1e-6)


def test_fewer_than_ten_shared_rows_and_constants_are_nan(make_table, rng):
    labels = np.full((40, 3), np.nan)
    labels[:20, 0], labels[11:31, 1], labels[:20, 2] = rng.normal(size=20), rng.normal(size=20), 3.0
    overlap = measure_overlap(make_table(names(labels)), labels)
    assert overlap.shared[0, 1] == 9
    assert np.isnan(overlap.spearman[0, 1]) and np.isnan(overlap.pearson[0, 1])
    assert np.isnan(overlap.pearson[0, 2]) and np.isnan(overlap.spearman[0, 2])
    assert np.isnan(overlap.spearman[2, 2]) and overlap.spearman[0, 0] == 1


def test_wide_tables_fall_back_to_ranks_within_the_column(make_table, sparse_labels, monkeypatch):
    monkeypatch.setattr(_overlap, "EXACT_BUDGET", 0)
    overlap = measure_overlap(make_table(names(sparse_labels)), sparse_labels)
    assert not overlap.ranks_per_pair
    ranks = pd.DataFrame(sparse_labels).rank()
    np.testing.assert_allclose(overlap.spearman, ranks.corr(min_periods=10), atol=1e-12)


def test_codes_of_several_classes_are_not_correlated(make_table, rng):
    labels = rng.integers(0, 3, size=(50, 2)).astype(float)
    prop = Property("b", Kind.MULTICLASS, classes=("x", "y", "z"))
    overlap = measure_overlap(make_table(names(labels), properties={"b": prop}), labels)
    assert np.isnan(overlap.pearson[0, 1]) and np.isnan(overlap.spearman[1, 1])
    assert overlap.shared[0, 1] == 50


def test_findings_tell_disjoint_from_thin(make_table):
    disjoint = np.full((40, 2), np.nan)
    disjoint[:20, 0], disjoint[20:, 1] = 1.0, 1.0
    (finding,) = overlap_findings(measure_overlap(make_table(names(disjoint)), disjoint))
    assert finding.severity == "warning" and "no row carries labels of two" in finding.message
    thin = disjoint.copy()
    thin[20:25, 0] = 1.0
    (finding,) = overlap_findings(measure_overlap(make_table(names(thin)), thin))
    assert finding.severity == "info" and "1 of 1 pairs" in finding.message
    full = np.ones((40, 2))
    assert overlap_findings(measure_overlap(make_table(names(full)), full)) == []
