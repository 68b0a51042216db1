import numpy as np
import pytest

from miscible.experiments._kang_derived import wiedemann_franz
from miscible.experiments._nordheim import nordheim_scores


def binary_alloys(n=300, seed=0):
    rng = np.random.default_rng(seed)
    x = rng.random(n)
    pair = rng.integers(0, 3, n)
    fractions = np.zeros((n, 5))
    fractions[np.arange(n), pair] = x
    fractions[np.arange(n), pair + 1] = 1 - x
    return fractions, rng


def folds_of(n, n_folds=5):
    return (np.arange(n) % n_folds)[None]


def test_nordheims_rule_is_found_where_it_holds():
    fractions, rng = binary_alloys()
    values = 3.0 + 40.0 * (fractions * (1 - fractions)).sum(axis=1) + 0.1 * rng.normal(size=len(fractions))
    scores = nordheim_scores(fractions, values, folds_of(len(values)))
    assert scores.shape == (1, 5)
    assert scores.min() > 0.99


def test_and_not_where_it_does_not():
    fractions, rng = binary_alloys()
    values = rng.normal(size=len(fractions))
    assert nordheim_scores(fractions, values, folds_of(len(values))).mean() < 0.05


def test_a_fold_without_rows_is_not_known():
    fractions, rng = binary_alloys(20)
    folds = np.zeros((1, 20), int)
    folds[0, :3] = 2
    scores = nordheim_scores(fractions, rng.normal(size=20), folds)
    assert np.isnan(scores[0, 1])
    assert np.isfinite(scores[0, [0, 2]]).all()


def test_wiedemann_and_franz():
    # Copper: 1.68 uOhm cm at 300 K; L T / rho is 436 W / (m K), the handbook's electronic part about 400.
    assert wiedemann_franz(np.array([1.68]), positive=True)[0] == pytest.approx(435.7, rel=1e-3)
    assert np.isnan(wiedemann_franz(np.array([np.nan]), positive=True)).all()
    standardised = wiedemann_franz(np.array([-2.0, 0.0, 2.0]), positive=False)
    assert (standardised > 0).all()
    assert (np.diff(standardised) < 0).all()
