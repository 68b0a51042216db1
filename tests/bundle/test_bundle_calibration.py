"""Calibrated probabilities: what they undo, what they leave alone."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.special import expit, logit, softmax
from sklearn.metrics import log_loss

from miscible.bundle import Calibration, fit_calibration


def test_identity_leaves_probabilities_alone() -> None:
    p = np.linspace(0.01, 0.99, 9)[:, None]
    np.testing.assert_allclose(Calibration(1.0, (0.0, 0.0)).apply(p), p)
    q = np.random.default_rng(0).dirichlet(np.ones(4), size=5)
    np.testing.assert_allclose(Calibration(1.0, (0.3,) * 4).apply(q), q)


def test_undoes_too_sure_binary_probabilities() -> None:
    rng = np.random.default_rng(1)
    true = expit(rng.normal(size=20_000) * 1.5)
    observed = (rng.random(20_000) < true).astype(float)
    told = expit(2.0 * logit(true) + 1.0)[:, None]
    found = fit_calibration(observed, told, np.ones(20_000))
    assert found.slope == pytest.approx(0.5, abs=0.02)
    np.testing.assert_allclose(found.apply(told)[:, 0], true, atol=0.02)


def test_undoes_biased_multiclass_probabilities_on_new_rows() -> None:
    rng = np.random.default_rng(2)
    true = rng.dirichlet(np.ones(3), size=6000)
    observed = np.array([rng.choice(3, p=p) for p in true])
    told = softmax(1.8 * np.log(true) + [0.0, 1.0, -1.0], axis=1)
    found = fit_calibration(observed[:3000], told[:3000], np.ones(3000))
    after = found.apply(told[3000:])
    np.testing.assert_allclose(after.sum(axis=1), 1.0)
    truth = log_loss(observed[3000:], true[3000:])
    assert log_loss(observed[3000:], after) < truth + 0.005 < log_loss(observed[3000:], told[3000:])


def test_minimises_the_penalised_log_loss() -> None:
    rng = np.random.default_rng(3)
    p = rng.dirichlet(np.ones(3), size=40)
    y, w = rng.integers(0, 3, 40), rng.uniform(0.2, 1.0, 40)

    def objective(parameters: np.ndarray) -> float:
        q = softmax(np.exp(parameters[0]) * np.log(p) + parameters[1:], axis=1)
        return -np.sum(w * np.log(q[np.arange(40), y])) + 0.5 * np.sum(parameters**2)

    best = minimize(objective, np.zeros(4), method="Nelder-Mead", options={"maxiter": 5000, "fatol": 1e-10})
    found = fit_calibration(y.astype(float), p, w)
    assert objective(np.array([np.log(found.slope), *found.offsets])) == pytest.approx(best.fun, abs=1e-5)


def test_few_labels_change_little_and_a_constant_model_is_survived() -> None:
    p = np.array([[0.9], [0.2]])
    few = fit_calibration(np.array([1.0, 0.0]), p, np.ones(2))
    np.testing.assert_allclose(few.apply(p), p, atol=0.1)
    constant = np.full((200, 1), 0.5)
    observed = (np.arange(200) < 40).astype(float)
    found = fit_calibration(observed, constant, np.ones(200)).apply(constant)
    np.testing.assert_allclose(found, 0.2, atol=0.02)
    extreme = np.array([[0.0], [1.0]])
    assert np.isfinite(few.apply(extreme)).all()
