"""Many properties at once, and the noise floor of replicates."""

from __future__ import annotations

import numpy as np
import pytest

from miscible.evaluation import declare, holm, replicate_noise


def test_holm_by_hand() -> None:
    adjusted = holm(np.array([0.01, 0.04, 0.03, 0.005]))
    assert adjusted == pytest.approx([0.03, 0.06, 0.06, 0.02])


def test_holm_stops_at_one_and_leaves_out_what_was_not_tested() -> None:
    assert holm(np.array([0.5, np.nan, 0.6])) == pytest.approx([1.0, np.nan, 1.0], nan_ok=True)
    assert holm(np.array([])).size == 0
    assert holm(np.array([0.04])) == pytest.approx([0.04])


def test_holm_rejects_exactly_what_the_step_down_procedure_rejects() -> None:
    rng = np.random.default_rng(0)
    for _ in range(200):
        p = rng.beta(0.4, 1.0, 7)
        rejected = np.zeros(7, dtype=bool)
        for step, i in enumerate(np.argsort(p)):
            if p[i] > 0.05 / (7 - step):
                break
            rejected[i] = True
        assert ((holm(p) <= 0.05) == rejected).all()


def test_declare_goes_on_while_the_mean_error_is_within_the_level() -> None:
    errors = np.array([0.10, 0.01, 0.02, 0.30, 0.07])
    assert declare(errors).tolist() == [True, True, True, False, True]
    assert declare(errors, level=0.04).tolist() == [False, True, True, False, True]
    assert declare(errors, level=0.005).tolist() == [False] * 5


def test_declare_takes_equality_and_never_nan() -> None:
    assert declare(np.full(3, 0.05)).all()
    assert declare(np.array([np.nan, 0.01])).tolist() == [False, True]
    assert declare(np.array([])).size == 0


def test_declared_statements_are_wrong_at_most_as_often_as_promised() -> None:
    rng = np.random.default_rng(0)
    errors = rng.beta(0.5, 3.0, (400, 30))
    wrong = rng.random(errors.shape) < errors
    chosen = np.array([declare(row) for row in errors])
    assert 0.03 < wrong[chosen].mean() <= 0.055


def test_replicate_noise_by_hand() -> None:
    values = np.array([1.0, 3.0, 5.0, 5.0, 8.0, 100.0, np.nan])
    keys = np.array(["a", "a", "b", "b", "b", "c", "c"])
    noise = replicate_noise(values, keys)
    assert noise.std == pytest.approx(np.sqrt((1 + 1 + 1 + 1 + 4) / 3))
    assert noise.n_replicated == 2
    assert noise.mae_floor == pytest.approx(noise.std * np.sqrt(2 / np.pi))


def test_replicate_noise_finds_the_error_of_a_perfect_model() -> None:
    rng = np.random.default_rng(0)
    keys = rng.integers(0, 3000, 9000)
    truth = keys * 0.1
    values = truth + rng.normal(0, 0.7, 9000)
    noise = replicate_noise(values, keys)
    assert noise.std == pytest.approx(0.7, rel=0.03)
    assert noise.mae_floor == pytest.approx(np.abs(values - truth).mean(), rel=0.03)


def test_without_replicates_there_is_no_floor() -> None:
    noise = replicate_noise(np.array([1.0, 2.0, np.nan]), np.array([0, 1, 1]))
    assert noise.n_replicated == 0
    assert np.isnan(noise.std)
    assert np.isnan(noise.mae_floor)
