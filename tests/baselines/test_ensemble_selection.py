"""Shares of a convex combination of many models."""

from itertools import combinations_with_replacement

import numpy as np
import pytest
from scipy.optimize import minimize
from sklearn.metrics import log_loss

from miscible.baselines import _ensemble_selection as selection
from miscible.baselines import ensemble_weights


def simulated(
    rng: np.random.Generator, n: int, sizes: np.ndarray, common: float
) -> tuple[np.ndarray, np.ndarray]:
    """Labels, and predictions whose errors have these sizes and share a part of their variance."""
    labels = rng.normal(size=n)
    errors = np.sqrt(common) * rng.normal(size=n) + np.sqrt(1 - common) * rng.normal(size=(len(sizes), n))
    return labels, (labels + sizes[:, None] * errors)[:, :, None]


def expected(shares: np.ndarray, sizes: np.ndarray, common: float) -> float:
    """Root mean squared error of the mixture on rows without end."""
    return float(np.sqrt(common * (shares @ sizes) ** 2 + (1 - common) * np.sum((shares * sizes) ** 2)))


SCENES = {
    "equal": (np.full(12, 0.5), 0.5),
    "one is clearly best": (np.r_[0.3, np.linspace(0.6, 1.2, 11)], 0.5),
    "three good and nine poor": (np.r_[0.4, 0.42, 0.45, np.linspace(1, 2, 9)], 0.6),
    "a range": (np.linspace(0.4, 0.8, 12), 0.7),
    "alike": (np.linspace(0.5, 0.6, 12), 0.9),
    "two that complement each other": (np.r_[0.5, 0.5, np.linspace(0.9, 1.2, 10)], 0.0),
}


def study(n: int, n_draws: int = 60) -> dict[str, tuple[float, float]]:
    """By scene: mean error over that of the truly best model, and over that of the one with the least loss."""
    found = {}
    for k, (scene, (sizes, common)) in enumerate(SCENES.items()):
        ratios = []
        for draw in range(n_draws):
            labels, predictions = simulated(np.random.default_rng([n, k, draw]), n, sizes, common)
            got = expected(ensemble_weights(predictions, labels, "regression"), sizes, common)
            picked = sizes[np.argmin(((predictions[:, :, 0] - labels) ** 2).sum(axis=1))]
            ratios.append((got / sizes.min(), got / picked))
        found[scene] = tuple(np.mean(ratios, axis=0).tolist())
    return found


def test_with_twenty_labels_it_is_never_much_worse_than_the_best_single_and_better_on_average():
    found = study(20)
    assert max(over_best for over_best, _ in found.values()) < 1.04, found
    assert max(over_picked for _, over_picked in found.values()) < 1.04, found
    assert np.mean([over_picked for _, over_picked in found.values()]) < 0.92, found


def test_with_a_thousand_labels_it_comes_close_to_the_best_mixture():
    for sizes, common in SCENES.values():
        labels, predictions = simulated(np.random.default_rng(5), 1000, sizes, common)
        shares = ensemble_weights(predictions, labels, "regression")

        def error(free: np.ndarray, sizes=sizes, common=common) -> float:
            return expected(np.abs(free) / np.abs(free).sum(), sizes, common)

        best = min(minimize(error, start).fun for start in (np.ones(12), 1.0 / sizes**4))
        assert expected(shares, sizes, common) < 1.1 * best


def test_without_shrinkage_twenty_labels_would_overfit(monkeypatch):
    monkeypatch.setattr(selection, "_SHRINK", 0.0)
    monkeypatch.setattr(selection, "_BAGS", 1)
    assert max(over_best for over_best, _ in study(20).values()) > 1.08


@pytest.mark.parametrize("kind", ["regression", "binary", "multiclass"])
def test_greedy_selection_finds_what_trying_every_small_mixture_finds(kind: str, monkeypatch):
    """Three models, mixtures of up to four: from the best start on, no single addition is missed."""
    rng = np.random.default_rng(2)
    n = 80
    if kind == "regression":
        labels, predictions = simulated(rng, n, np.array([0.5, 0.6, 0.9]), 0.2)
    else:
        labels = rng.integers(0, 2 if kind == "binary" else 3, n).astype(float)
        logits = rng.normal(size=(3, n, 3)) + 1.5 * np.eye(3)[labels.astype(int)]
        probability = np.exp(logits) / np.exp(logits).sum(axis=2, keepdims=True)
        predictions = probability
        if kind == "binary":
            two = probability[:, :, :2] / probability[:, :, :2].sum(axis=2, keepdims=True)
            predictions = two[:, :, 1:]
    weights = rng.lognormal(size=n)

    def loss(shares: np.ndarray) -> float:
        mixed = np.tensordot(shares, predictions, axes=1)
        if kind == "regression":
            return float(weights @ (mixed[:, 0] - labels) ** 2)
        return log_loss(labels, mixed[:, 0] if kind == "binary" else mixed, sample_weight=weights)

    losses = selection._Losses(predictions, labels, kind)
    monkeypatch.setattr(selection, "_STEPS", 40)
    shares = selection._greedy(losses.scorer(weights[None] / weights.sum()), np.ones((1, 3), bool))[0]
    assert shares.sum() == pytest.approx(1.0)
    small = [np.bincount(c, minlength=3) / 4 for c in combinations_with_replacement(range(3), 4)]
    assert loss(shares) <= min(loss(s) for s in small) + 1e-9
    assert loss(shares) < min(loss(s) for s in np.eye(3))


def test_shares_are_a_mixture_without_crumbs():
    labels, predictions = simulated(np.random.default_rng(0), 60, np.linspace(0.4, 1.5, 20), 0.4)
    shares = ensemble_weights(predictions, labels, "regression")
    assert shares.sum() == pytest.approx(1.0)
    assert (shares[shares > 0] >= 0.02).all() and (shares == 0).any()
    np.testing.assert_array_equal(ensemble_weights(predictions, labels, "regression"), shares)
    many = ensemble_weights(np.zeros((70, 0, 1)), np.zeros(0), "regression")
    np.testing.assert_allclose(many, 1 / 70)


def test_what_cannot_be_used_gets_nothing():
    labels, predictions = simulated(np.random.default_rng(1), 40, np.array([0.5, 0.5, 0.5]), 0.3)
    clean = ensemble_weights(predictions[:, 5:], labels[5:], "regression")
    labels[:5] = np.nan
    predictions[0, 2] = np.nan
    np.testing.assert_array_equal(ensemble_weights(predictions, labels, "regression"), clean)
    predictions[0, 20] = np.nan
    shares = ensemble_weights(predictions, labels, "regression")
    assert shares[0] == 0.0 and shares[1:].sum() == pytest.approx(1.0)
    np.testing.assert_array_equal(
        ensemble_weights(predictions, np.full(40, np.nan), "regression"), np.full(3, 1 / 3)
    )
    with pytest.raises(ValueError, match="no model"):
        ensemble_weights(np.full((2, 40, 1), np.nan), labels, "regression")


def test_rows_of_one_group_count_as_one_label():
    """Each of 12 labels measured 30 times over is still 12 labels: the answer is drawn as far to equal shares."""
    labels, predictions = simulated(np.random.default_rng(4), 12, np.array([0.5, 0.55, 0.6, 0.65]), 0.2)
    alone = ensemble_weights(predictions, labels, "regression")
    codes = np.repeat(np.arange(12), 30)
    grouped = ensemble_weights(predictions[:, codes], labels[codes], "regression", codes=codes)
    np.testing.assert_allclose(grouped, alone, atol=1e-9)
    assert not np.allclose(
        ensemble_weights(predictions[:, codes], labels[codes], "regression"), alone, atol=0.02
    )


def test_weights_say_which_rows_count():
    """Two models, each right on a half of the rows."""
    rng = np.random.default_rng(6)
    labels = rng.normal(size=400)
    half = np.arange(400) < 200
    predictions = np.stack([np.where(half, labels, 0.0), np.where(half, 0.0, labels)])[:, :, None]
    shares = ensemble_weights(predictions, labels, "regression", np.where(half, 9.0, 1.0))
    assert shares[0] > 0.8
    assert abs(ensemble_weights(predictions, labels, "regression")[0] - 0.5) < 0.2
