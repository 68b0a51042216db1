"""Several sparse classes at once."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
import pandas as pd
from sklearn.base import ClassifierMixin
from sklearn.metrics import accuracy_score

from ._base import MultiTask
from ._labels import encode_classes, mean_score, read_labels

__all__ = ["MultiTaskClassifier"]


class MultiTaskClassifier(ClassifierMixin, MultiTask):
    """One network strategy as a classifier of one or several sparse targets.

    Parameters are those of `MultiTaskRegressor`.

    Attributes
    ----------
    classes_ : numpy.ndarray or list of numpy.ndarray
        Class labels, one array per target when y has columns.

    See `MultiTaskRegressor` for the others.

    Examples
    --------
    >>> import numpy as np
    >>> from miscible.estimators import MultiTaskClassifier
    >>> X = np.random.default_rng(0).normal(size=(80, 2))
    >>> phase = np.where(X[:, 0] > 0, "fcc", "bcc").astype(object)
    >>> phase[::4] = None
    >>> model = MultiTaskClassifier(epochs=20).fit(X, phase)
    >>> model.classes_.tolist()
    ['bcc', 'fcc']
    >>> model.predict_proba(X[:3]).shape
    (3, 2)
    """

    classes_: Any

    def fit(self, X: Any, y: Any, groups: Any = None, sample_weight: Any = None) -> Self:
        """Learn from the rows that have a label.

        Parameters
        ----------
        X
            ``(n_samples, n_features)``, NaN = missing.
        y
            ``(n_samples,)`` or ``(n_samples, n_outputs)`` class labels; NaN or None = not measured.
        groups, sample_weight
            As in `MultiTaskRegressor.fit`.

        Raises
        ------
        ValueError
            As in `MultiTaskRegressor.fit`; also a target with one class only.
        PlanError, MiscibleError
            As in `MultiTaskRegressor.fit`.
        """
        X, labels, names = self._start(X, y, numeric=False)
        classes = []
        codes = np.full(labels.shape, np.nan)
        for t, (name, column) in enumerate(zip(names, labels.T, strict=True)):
            known = ~pd.isna(column)
            found, codes[known, t] = encode_classes(column[known], name)
            classes.append(found)
        kinds = tuple("binary" if len(c) == 2 else "multiclass" for c in classes)
        self._train(X, codes, kinds, tuple(len(c) for c in classes), groups, sample_weight)
        self.classes_ = classes if self.outputs_2d_ else classes[0]
        return self

    def predict_proba(self, X: Any) -> Any:
        """``(n_samples, n_classes)``, or a list of such arrays when y had columns."""
        probabilities = self._probabilities(self._outputs(X))
        return probabilities if self.outputs_2d_ else probabilities[0]

    def predict(self, X: Any) -> np.ndarray:
        """Most probable class, ``(n_samples,)`` or ``(n_samples, n_outputs)``."""
        probabilities = self._probabilities(self._outputs(X))
        picks = [c[p.argmax(axis=1)] for c, p in zip(self._class_lists(), probabilities, strict=True)]
        if not self.outputs_2d_:
            return picks[0]
        mixed = len({pick.dtype.kind for pick in picks}) > 1
        return np.stack([pick.astype(object) for pick in picks] if mixed else picks, axis=1)

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Accuracy over the measured labels, averaged over targets."""
        return mean_score(accuracy_score, read_labels(y, numeric=False), self.predict(X), sample_weight)

    def _class_lists(self) -> list[np.ndarray]:
        return self.classes_ if self.outputs_2d_ else [self.classes_]

    def _probabilities(self, outputs: np.ndarray) -> list[np.ndarray]:
        widths = [1 if len(classes) == 2 else len(classes) for classes in self._class_lists()]
        parts = np.split(outputs, np.cumsum(widths)[:-1], axis=1)
        return [np.hstack([1.0 - part, part]) if part.shape[1] == 1 else part for part in parts]
