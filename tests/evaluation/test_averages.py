"""Group weights and means over what is finite."""

import numpy as np

from miscible.evaluation import finite_mean, group_weights


def test_every_group_weighs_one():
    codes = np.array([7, 7, 2, 7, 5, 5])
    np.testing.assert_allclose(group_weights(codes), [1 / 3, 1 / 3, 1, 1 / 3, 1 / 2, 1 / 2])
    assert len(group_weights(np.empty(0, int))) == 0


def test_mean_is_that_of_numpy_without_what_is_not_finite():
    rng = np.random.default_rng(0)
    values = rng.normal(size=(5, 40, 3))
    masked = np.ma.masked_array(values, rng.random(values.shape) < 0.4)
    masked[:, 3, 1] = np.ma.masked
    given = masked.filled(np.nan)
    given[0, 5, 2] = np.inf
    masked[0, 5, 2] = np.ma.masked
    np.testing.assert_allclose(finite_mean(given), masked.mean(axis=0).filled(np.nan))
    assert np.isnan(finite_mean(given)[3, 1])
