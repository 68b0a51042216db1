"""Extremely randomised trees."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import skops.io
from sklearn.ensemble import ExtraTreesClassifier, ExtraTreesRegressor

from ..files import write_atomic
from ..table import Kind
from ._model import register_model
from ._sample import Sample, task_loss
from ._state import read_state, write_state

__all__ = ["ForestModel", "fit_extra_trees"]

N_TREES = 100
N_TRIAL_TREES = 10
LEAVES = {Kind.REGRESSION: (1, 3), Kind.BINARY: (3, 10), Kind.MULTICLASS: (3, 10)}
CANDIDATES = {Kind.REGRESSION: 1 / 3, Kind.BINARY: 0.1, Kind.MULTICLASS: 0.1}
MIN_CANDIDATES = 8
TRUSTED = ["sklearn.tree._tree.Tree"]

Forest = ExtraTreesRegressor | ExtraTreesClassifier


@register_model("extra-trees")
@dataclass(frozen=True, eq=False)
class ForestModel:
    """A scikit-learn forest.

    Parameters
    ----------
    forest
        Fitted.
    kind
        Of the task.
    n_classes
        Declared classes; one without a training row gets probability 0.
    """

    forest: Forest
    kind: str
    n_classes: int
    note: str = ""

    def predict(self, inputs: np.ndarray) -> np.ndarray:
        """Mean over the trees."""
        if isinstance(self.forest, ExtraTreesRegressor):
            return self.forest.predict(inputs)[:, None]
        probabilities = np.zeros((len(inputs), self.n_classes))
        probabilities[:, np.asarray(self.forest.classes_, dtype=int)] = self.forest.predict_proba(inputs)
        return probabilities[:, 1:] if self.kind == Kind.BINARY else probabilities

    def save(self, folder: Path) -> None:
        """Write the forest."""
        state = {"kind": str(self.kind), "n_classes": self.n_classes, "note": self.note}
        write_atomic(folder / "forest.skops", skops.io.dumps(self.forest, compression=8))
        write_state(folder, "forest", state)

    @classmethod
    def load(cls, folder: Path) -> ForestModel:
        """Read what `save` wrote; nothing but scikit-learn's own types is trusted."""
        forest = skops.io.load(folder / "forest.skops", trusted=TRUSTED)
        return cls(forest, **read_state(folder, "forest"))


def fit_extra_trees(sample: Sample, *, seed: int, n_threads: int) -> ForestModel:
    """A few trees of each leaf size race on inner validation; the winner grows to the full forest."""
    leaves = LEAVES[Kind(sample.kind)]
    has_choice = len(sample.valid_labels) > 0
    trials = [
        _grow(sample, leaf, N_TRIAL_TREES, seed, n_threads) for leaf in (leaves if has_choice else leaves[:1])
    ]
    if has_choice:
        losses = [
            task_loss(
                sample.kind, sample.valid_labels, trial.predict(sample.valid_inputs), sample.valid_weights
            )
            for trial in trials
        ]
        trials = [trials[int(np.argmin(losses))]]
    forest = trials[0].forest.set_params(n_estimators=N_TREES, warm_start=True)
    forest.fit(sample.inputs, sample.labels, sample.weights)
    return ForestModel(forest.set_params(n_jobs=1), str(sample.kind), sample.n_classes)


def _grow(sample: Sample, leaf: int, n_trees: int, seed: int, n_threads: int) -> ForestModel:
    n_inputs = sample.inputs.shape[1]
    forest: Forest = ExtraTreesClassifier() if sample.is_class else ExtraTreesRegressor()
    forest.set_params(
        n_estimators=n_trees,
        min_samples_leaf=leaf,
        max_features=max(min(n_inputs, MIN_CANDIDATES), round(CANDIDATES[Kind(sample.kind)] * n_inputs)),
        random_state=seed,
        n_jobs=n_threads,
    )
    forest.fit(sample.inputs, sample.labels, sample.weights)
    return ForestModel(forest, str(sample.kind), sample.n_classes)
