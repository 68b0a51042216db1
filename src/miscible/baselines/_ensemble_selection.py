"""Weights of a convex combination of many models, chosen on few held-out labels."""

from __future__ import annotations

import numpy as np

from ..evaluation import PROBABILITY_FLOOR
from ..table import Kind

__all__ = ["LEAST_SHARE", "ensemble_weights"]

LEAST_SHARE = 0.02
"""Models with less are left out: what is scored is what is deployed."""

_BAGS = 20
_STEPS = 25
_MOST_AT_START = 5
_PRESENT = 0.75
_SHRINK = 200.0
_POWER = 4.0


def ensemble_weights(
    predictions: np.ndarray,
    labels: np.ndarray,
    kind: str,
    weights: np.ndarray | None = None,
    codes: np.ndarray | None = None,
    seed: int = 0,
) -> np.ndarray:
    """Shares of models in a mixture with a small squared error or log loss.

    Greedy forward selection with replacement (Caruana et al. 2004): from the best few on, the model that lowers
    the loss most is added again and again, and the best of the mixtures passed is kept. That is done in bags,
    each with a bootstrap sample of the groups and a random three quarters of the models (the best among them), and
    averaged.

    Few labels choose badly, and less than they seem to where models were stopped and tuned by them. So the answer is
    drawn towards all models by n / (n + 200) with n labelled groups, with shares that fall with the fourth power of a
    model's loss. That is the best model alone where it is clearly the best.

    Parameters
    ----------
    predictions
        ``(n_candidates, n_rows, n_outputs)`` in model space.
    labels
        ``(n_rows,)``, NaN where unmeasured.
    kind
        Of the task.
    weights
        ``(n_rows,)`` sample weights.
    codes
        ``(n_rows,)`` group of each row; every row for itself by default.
    seed
        Of the bags.

    Returns
    -------
    ``(n_candidates,)``
        Non-negative, summing to 1; none between 0 and 0.02 unless there are so many. Models that predict NaN for
        a labelled row get nothing; all that can get the same without labels.

    Raises
    ------
    ValueError
        No model predicts every labelled row.
    """
    labels = np.asarray(labels, dtype=float)
    known = np.isfinite(labels)
    predictions = np.asarray(predictions, dtype=float)[:, known]
    able = np.isfinite(predictions).all(axis=(1, 2))
    if not able.any():
        raise ValueError("no model predicts every labelled row")
    shares = np.zeros(len(predictions))
    shares[able] = 1.0 / able.sum()
    if not known.any() or able.sum() == 1:
        return shares
    weight = np.ones(known.sum()) if weights is None else np.asarray(weights, dtype=float)[known]
    groups = np.arange(known.sum()) if codes is None else np.unique(codes[known], return_inverse=True)[1]
    losses = _Losses(predictions[able], labels[known], kind)
    shares[able] = _kept(_shrunk(losses, weight, groups, np.random.default_rng(seed)))
    return shares


class _Losses:
    """Loss of mixtures of models on labelled rows.

    Squared error is quadratic in the residuals, log loss a function of the probability of the true class; both
    mix as the predictions do.
    """

    def __init__(self, predictions: np.ndarray, labels: np.ndarray, kind: str) -> None:
        self.is_class = kind != Kind.REGRESSION
        if kind == Kind.REGRESSION:
            self.parts = predictions[:, :, 0] - labels
        elif kind == Kind.BINARY:
            self.parts = np.where(labels > 0, predictions[:, :, 0], 1.0 - predictions[:, :, 0])
        else:
            self.parts = predictions[:, np.arange(len(labels)), labels.astype(int)]

    def each(self, mixed: np.ndarray) -> np.ndarray:
        """Loss by row of residuals or probabilities."""
        return -np.log(np.clip(mixed, PROBABILITY_FLOOR, 1.0)) if self.is_class else mixed**2

    def scorer(self, weights: np.ndarray) -> _Scorer:
        """Of bags with these row weights, ``(n_bags, n_rows)``, each summing to 1."""
        if self.is_class:
            return _Scorer(self, weights, None)
        n_models, n_bags = len(self.parts), len(weights)
        products = (self.parts[:, None] * self.parts[None]).reshape(n_models**2, -1)
        return _Scorer(self, weights, (weights @ products.T).reshape(n_bags, n_models, n_models))


class _Scorer:
    def __init__(self, losses: _Losses, weights: np.ndarray, gram: np.ndarray | None) -> None:
        self.losses, self.weights, self.gram = losses, weights, gram

    def with_one_more(self, counts: np.ndarray) -> np.ndarray:
        """Loss after adding each model to each bag's mixture, ``(n_bags, n_models)``; counts likewise."""
        size = counts.sum(axis=1, keepdims=True) + 1.0
        if self.gram is not None:
            pulled = np.einsum("bij,bj->bi", self.gram, counts)
            own = np.diagonal(self.gram, axis1=1, axis2=2)
            return ((counts * pulled).sum(axis=1, keepdims=True) + 2.0 * pulled + own) / size**2
        total = counts @ self.losses.parts
        columns = [
            np.einsum("bn,bn->b", self.weights, self.losses.each((total + part) / size))
            for part in self.losses.parts
        ]
        return np.stack(columns, axis=1)


def _shrunk(losses: _Losses, weight: np.ndarray, groups: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    n_groups, n_models = int(groups.max()) + 1, len(losses.parts)
    each = losses.each(losses.parts)
    best = int(np.argmin(each @ weight))
    drawn = rng.multinomial(n_groups, np.full(n_groups, 1.0 / n_groups), size=_BAGS)[:, groups] * weight
    present = rng.random((_BAGS, n_models)) < _PRESENT
    present[:, best] = True
    chosen = _greedy(losses.scorer(drawn / drawn.sum(axis=1, keepdims=True)), present).mean(axis=0)
    least = np.maximum(each @ weight, np.finfo(float).tiny)
    all_in = (least.min() / least) ** _POWER
    trust = n_groups / (n_groups + _SHRINK)
    return trust * chosen + (1.0 - trust) * all_in / all_in.sum()


def _greedy(scorer: _Scorer, present: np.ndarray) -> np.ndarray:
    """Shares of the models by bag, ``(n_bags, n_models)``; only those present in a bag count."""
    bags, counts = np.arange(len(present)), np.zeros(present.shape)
    order = np.argsort(np.where(present, scorer.with_one_more(counts), np.inf), axis=1, kind="stable")
    kept, least = counts.copy(), np.full(len(present), np.inf)
    for step in range(_MOST_AT_START + _STEPS):
        if step == _MOST_AT_START:
            counts = kept.copy()
        losses = np.where(present, scorer.with_one_more(counts), np.inf)
        pick = order[:, min(step, len(order[0]) - 1)] if step < _MOST_AT_START else losses.argmin(axis=1)
        counts[bags, pick] += 1
        better = losses[bags, pick] < least
        kept[better], least = counts[better], np.minimum(least, losses[bags, pick])
    return kept / kept.sum(axis=1, keepdims=True)


def _kept(shares: np.ndarray) -> np.ndarray:
    kept = np.where(shares >= min(LEAST_SHARE, shares.max()), shares, 0.0)
    return kept / kept.sum()
