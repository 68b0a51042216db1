"""The domain check against scikit-learn's nearest neighbours."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.neighbors import NearestNeighbors

from miscible.bundle import Domain, fit_domain


def test_distances_are_those_of_an_independent_search() -> None:
    rng = np.random.default_rng(0)
    train = rng.normal(size=(300, 8)).astype(np.float32)
    new = (3 * rng.normal(size=(50, 8))).astype(np.float32)
    domain = fit_domain(train, np.arange(300))
    found = NearestNeighbors(n_neighbors=5).fit(train).kneighbors(new)[0].mean(axis=1)
    np.testing.assert_allclose(domain.distance(new) * domain.limit, found, rtol=1e-4)


def test_border_holds_95_percent_judged_without_their_own_group() -> None:
    rng = np.random.default_rng(1)
    codes = np.arange(600) // 3
    train = (rng.normal(size=(200, 4))[codes] + 0.01 * rng.normal(size=(600, 4))).astype(np.float32)
    distances = []
    for row in range(600):
        others = train[codes != codes[row]]
        nearest = np.sort(np.linalg.norm(others - train[row], axis=1))[:5]
        distances.append(nearest.mean())
    assert fit_domain(train, codes).limit == pytest.approx(np.quantile(distances, 0.95), rel=1e-3)


def test_wide_inputs_are_condensed_without_losing_sight() -> None:
    """Training rows span 10 of 200 directions; a step along another one must be seen."""
    rng = np.random.default_rng(2)
    basis = np.linalg.qr(rng.normal(size=(200, 11)))[0]
    train = (rng.normal(size=(400, 10)) @ basis[:, :10].T).astype(np.float32)
    domain = fit_domain(train, np.arange(400))
    assert domain.reference.shape == (400, 65)
    new = (rng.normal(size=(200, 10)) @ basis[:, :10].T).astype(np.float32)
    assert 0.8 < (domain.distance(new) <= 1).mean() < 1.0
    outside = new + (10 * basis[:, 10]).astype(np.float32)
    assert (domain.distance(outside) > 1).all()


def test_many_rows_are_thinned_out_the_same_way_each_time() -> None:
    rng = np.random.default_rng(3)
    train = rng.normal(size=(6000, 3)).astype(np.float32)
    first, second = (fit_domain(train, np.arange(6000)) for _ in range(2))
    assert len(first.reference) == 4096 and first.limit == second.limit
    np.testing.assert_array_equal(first.reference, second.reference)


@pytest.mark.parametrize("n_inputs", [0, 2])
def test_degenerate_training_rows(n_inputs: int) -> None:
    same = np.ones((7, n_inputs), dtype=np.float32)
    domain = fit_domain(same, np.zeros(7, dtype=int))
    assert (domain.distance(same) <= 1).all()
    alone = fit_domain(same[:1], np.zeros(1, dtype=int))
    assert np.isfinite(alone.distance(same + 1)).all()


def test_domain_arrays_round_trip() -> None:
    rng = np.random.default_rng(4)
    domain = fit_domain(rng.normal(size=(50, 3)).astype(np.float32), np.arange(50))
    new = rng.normal(size=(5, 3)).astype(np.float32)
    np.testing.assert_array_equal(Domain.from_arrays(domain.to_arrays()).distance(new), domain.distance(new))
