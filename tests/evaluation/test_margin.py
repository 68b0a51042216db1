"""What difference matters, what noise leaves, and margins that leave nothing to find."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.metrics import average_precision_score, log_loss, mean_absolute_error

from miscible.errors import InputError, PlanError
from miscible.evaluation import check_margin, constant_error, margin_of_equivalence, noise_floor

RNG = np.random.default_rng(3)
HARDNESS = RNG.lognormal(5, 0.5, size=200)
GLASS = (RNG.random(200) < 0.2).astype(float)
PHASE = RNG.choice(3, size=200, p=[0.6, 0.3, 0.1]).astype(float)


def test_the_margin_is_the_users_or_a_share_of_error_or_of_what_noise_leaves() -> None:
    assert margin_of_equivalence(3.0, 100.0, 10.0) == 3.0
    assert margin_of_equivalence(None, 100.0, None) == pytest.approx(2.0)
    assert margin_of_equivalence(None, 100.0, 20.0) == pytest.approx(4.0)
    assert margin_of_equivalence(None, 100.0, 90.0) == pytest.approx(2.0)
    assert margin_of_equivalence(None, 100.0, 150.0) == pytest.approx(2.0)


def test_the_floor_is_what_a_perfect_model_scores_on_noisy_labels() -> None:
    truth = RNG.normal(0, 5, size=200_000)
    labels = truth + RNG.normal(0, 2, size=truth.size)
    error = labels - truth
    found = {metric: noise_floor(metric, 2.0, float(labels.var())) for metric in ("mae", "rmse", "r2")}
    expected = {
        "mae": np.abs(error).mean(),
        "rmse": np.sqrt((error**2).mean()),
        "r2": (error**2).mean() / labels.var(),
    }
    assert found == pytest.approx(expected, rel=0.02)
    assert noise_floor("spearman", 2.0, 1.0) is None
    assert noise_floor("mae", None, 1.0) is None
    assert noise_floor("mae", float("nan"), 1.0) is None


def test_constants_score_as_scikit_learns_do() -> None:
    rows = np.zeros((200, 1))
    median = DummyRegressor(strategy="median").fit(rows, HARDNESS).predict(rows)
    prior = DummyClassifier(strategy="prior")
    holes = np.append(HARDNESS, np.nan)
    assert constant_error("mae", "regression", holes) == pytest.approx(mean_absolute_error(HARDNESS, median))
    assert constant_error("rmse", "regression", HARDNESS) == pytest.approx(HARDNESS.std())
    assert constant_error("r2", "regression", HARDNESS) == pytest.approx(1.0)
    shares = prior.fit(rows, GLASS).predict_proba(rows)[:, 1]
    precision = average_precision_score(GLASS, shares)
    assert constant_error("average_precision", "binary", GLASS) == pytest.approx(1 - precision)
    expected = log_loss(PHASE, prior.fit(rows, PHASE).predict_proba(rows))
    assert constant_error("log_loss", "multiclass", PHASE) == pytest.approx(expected)
    assert np.isnan(constant_error("mae", "regression", np.full(3, np.nan)))


@pytest.mark.parametrize(
    ("metric", "kind", "labels", "limit"),
    [
        ("mae", "regression", HARDNESS, constant_error("mae", "regression", HARDNESS)),
        ("rmse", "regression", HARDNESS, HARDNESS.std()),
        ("log_loss", "multiclass", PHASE, constant_error("log_loss", "multiclass", PHASE)),
        ("r2", "regression", HARDNESS, 1.0),
        ("average_precision", "binary", GLASS, 1.0),
        ("recall@budget", "binary", GLASS, 1.0),
    ],
)
def test_a_margin_that_makes_all_models_equal_is_refused(
    metric: str, kind: str, labels: np.ndarray, limit: float
) -> None:
    check_margin(metric, kind, labels, None)
    check_margin(metric, kind, labels, 0.999 * limit)
    with pytest.raises(InputError, match="every model would count as equivalent"):
        check_margin(metric, kind, labels, 1.001 * limit)


def test_five_decades_are_refused_in_their_unit() -> None:
    with pytest.raises(
        InputError, match=r"t\.csv, column 'HV': the margin 5 log10\(HV\) is not below 0\.\d+ log10\(HV\)"
    ):
        check_margin(
            "mae", "regression", np.log10(HARDNESS), 5.0, unit="log10(HV)", source="t.csv", column="HV"
        )
    with pytest.raises(InputError, match=r"margin 5 is not below 1, the 1 − R² of"):
        check_margin("r2", "regression", HARDNESS, 5.0, unit="HV")
    with pytest.raises(PlanError):
        check_margin("r2", "binary", GLASS, 0.1)
