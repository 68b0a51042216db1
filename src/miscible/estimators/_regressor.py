"""Several sparse numbers at once."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from sklearn.base import RegressorMixin
from sklearn.metrics import r2_score

from ._base import MultiTask
from ._labels import mean_score, read_labels

__all__ = ["MultiTaskRegressor"]


class MultiTaskRegressor(RegressorMixin, MultiTask):
    """One network strategy as a regressor of one or several sparse targets.

    Parameters
    ----------
    strategy
        ``shared``, ``independent`` or a product such as ``shared+balanced``.
    rates, decays
        Learning rates x weight decays to try; the best by validation is kept.
    epochs, patience
        At most so many epochs; stop after so many without a better validation loss.
    validation
        Share of the rows (whole groups) kept for early stopping.
    random_state
        Seed, or where to draw one from.
    device
        ``cpu`` or ``cuda``.

    Attributes
    ----------
    ensembles_ : list of NetworkEnsemble
        One for a shared network, one per target for independent ones.
    preparation_ : Preparation
        Imputation and scaling of X.
    outputs_2d_ : bool
        Whether y had columns.
    n_features_in_ : int
        Number of columns of X.
    feature_names_in_ : numpy.ndarray
        Their names, where X had names.

    Examples
    --------
    >>> import numpy as np
    >>> from miscible.estimators import MultiTaskRegressor
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(80, 2))
    >>> Y = np.column_stack([X[:, 0], X[:, 0] - X[:, 1]])
    >>> Y[::2, 1] = np.nan
    >>> model = MultiTaskRegressor(epochs=20).fit(X, Y)
    >>> model.predict(X[:3]).shape
    (3, 2)
    >>> model.score(X, Y) > 0.5
    True
    """

    def fit(self, X: Any, y: Any, groups: Any = None, sample_weight: Any = None) -> Self:
        """Learn from the rows that have a label.

        Parameters
        ----------
        X
            ``(n_samples, n_features)``, NaN = missing.
        y
            ``(n_samples,)`` or ``(n_samples, n_outputs)``, NaN = not measured.
        groups
            ``(n_samples,)``: rows of one group stay on one side of the validation split.
        sample_weight
            ``(n_samples,)``; rows of weight 0 are left out.

        Raises
        ------
        ValueError
            X, y, groups, weights or a parameter cannot be used.
        PlanError
            An unknown strategy or device.
        MiscibleError
            Training diverged with every setting.
        """
        X, labels, _ = self._start(X, y, numeric=True)
        n_tasks = labels.shape[1]
        self._train(X, labels, ("regression",) * n_tasks, (0,) * n_tasks, groups, sample_weight)
        return self

    def predict(self, X: Any) -> np.ndarray:
        """``(n_samples,)`` or ``(n_samples, n_outputs)``, as y was."""
        outputs = self._outputs(X)
        return outputs if self.outputs_2d_ else outputs[:, 0]

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """R2 over the measured labels, averaged over targets."""
        return mean_score(r2_score, read_labels(y, numeric=True), self.predict(X), sample_weight)
