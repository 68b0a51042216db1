"""The share of two models in their mixture, against general optimisers."""

import numpy as np
import pytest
from scipy.optimize import minimize_scalar
from scipy.special import softmax
from sklearn.metrics import log_loss

from miscible.baselines import blend_weight


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def test_regression_share_minimises_squared_error(rng):
    y = rng.normal(size=60)
    a, b = y + rng.normal(size=60), y + 0.7 * rng.normal(size=60)
    w = rng.uniform(0.1, 3, 60)
    found = minimize_scalar(
        lambda s: np.sum(w * (s * a + (1 - s) * b - y) ** 2), bounds=(0, 1), method="bounded"
    ).x
    assert 0.1 < found < 0.6
    assert blend_weight(y, a, b, "regression", w) == pytest.approx(found, abs=1e-4)
    assert blend_weight(y, a[:, None], b[:, None], "regression", w) == blend_weight(y, a, b, "regression", w)


@pytest.mark.parametrize("kind", ["binary", "multiclass"])
def test_class_share_minimises_log_loss(rng, kind):
    n_classes = 2 if kind == "binary" else 3
    y = rng.integers(0, n_classes, 200)
    truth = np.eye(n_classes)[y]
    a, b = (softmax(np.log(n_classes) * truth + rng.normal(size=truth.shape), axis=1) for _ in range(2))
    losses = [log_loss(y, s * a + (1 - s) * b) for s in np.arange(101) / 100]
    best = np.argmin(losses) / 100
    assert 0.05 < best < 0.95
    given = (a[:, 1:], b[:, 1:]) if kind == "binary" else (a, b)
    assert blend_weight(y.astype(float), *given, kind) == pytest.approx(best)


def test_the_share_stays_between_the_two(rng):
    y = rng.normal(size=40)
    good, bad = y + 0.1, y + 5.0
    assert blend_weight(y, good, bad, "regression") == 1.0
    assert blend_weight(y, bad, good, "regression") == 0.0


def test_unmeasured_rows_do_not_count(rng):
    y = rng.normal(size=40)
    a, b = y + rng.normal(size=40), y + rng.normal(size=40)
    expected = blend_weight(y[:30], a[:30], b[:30], "regression")
    y[30:] = np.nan
    assert blend_weight(y, a, b, "regression") == expected


def test_nothing_to_learn_from_gives_half(rng):
    a, b = rng.normal(size=(2, 5))
    assert blend_weight(np.full(5, np.nan), a, b, "regression") == 0.5
    assert blend_weight(np.zeros(5), a, a, "regression") == 0.5


def test_a_model_without_predictions_gets_nothing(rng):
    y, a = rng.normal(size=(2, 5))
    nothing = np.full(5, np.nan)
    assert blend_weight(y, nothing, a, "regression") == 0.0
    assert blend_weight(y, a, nothing, "regression") == 1.0
