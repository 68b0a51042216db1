"""scikit-learn estimators around one network strategy; NaN in y means not measured."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.utils import Tags
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import _check_sample_weight, check_is_fitted, validate_data

from .inputs import Features, Preparation
from .splits import FoldData, inner_split
from .strategies import Tuning, fit_networks, parse_strategy

__all__ = ["MultiTaskClassifier", "MultiTaskRegressor"]


class _MultiTask(BaseEstimator):
    """What both estimators do: prepare, split off a validation part, train the strategy's settings, average."""

    def __init__(
        self,
        strategy: str = "shared",
        *,
        rates: tuple[float, ...] = (1e-3, 3e-3),
        decays: tuple[float, ...] = (1e-2,),
        epochs: int = 60,
        patience: int = 15,
        validation: float = 0.2,
        random_state: int = 0,
        device: str = "cpu",
    ) -> None:
        self.strategy = strategy
        self.rates = rates
        self.decays = decays
        self.epochs = epochs
        self.patience = patience
        self.validation = validation
        self.random_state = random_state
        self.device = device

    def _fit(
        self,
        X: np.ndarray,
        labels: np.ndarray,
        kinds: tuple[str, ...],
        n_classes: tuple[int, ...],
        groups: Any,
        weights: np.ndarray,
    ) -> None:
        strategy = parse_strategy(self.strategy)
        codes = np.arange(len(X)) if groups is None else np.unique(groups, return_inverse=True)[1]
        rows = np.flatnonzero(np.isfinite(labels).any(axis=1))
        train_rows, valid_rows = inner_split(
            codes, labels, rows, fraction=self.validation, seed=self.random_state, kinds=kinds
        )
        names = tuple(f"x{i}" for i in range(X.shape[1]))
        features = Features(X.astype(np.float32), names, {})
        self.preparation_ = Preparation.fit(features, train_rows)
        fold = FoldData(
            inputs=self.preparation_.transform(features),
            targets=labels,
            train_rows=train_rows,
            valid_rows=valid_rows,
            test_rows=np.empty(0, int),
            weights=weights,
            kinds=kinds,
            n_classes=n_classes,
            preparation=self.preparation_,
            codes=codes,
        )
        tuning = Tuning(
            rates=self.rates,
            decays=self.decays,
            epochs=self.epochs,
            patience=self.patience,
            halving=(),
            finalists=1,
        )
        together = [tuple(range(len(kinds)))]
        if strategy.side == "separate":
            together = [(task,) for task in range(len(kinds))]
        self.ensembles_ = [
            fit_networks(strategy, [fold], tasks, tuning, seed=self.random_state, device=self.device)[
                0
            ].ensemble
            for tasks in together
        ]

    def _outputs(self, X: Any) -> np.ndarray:
        check_is_fitted(self, "ensembles_")
        X = validate_data(self, X, reset=False, dtype=np.float64, ensure_all_finite="allow-nan")
        inputs = self.preparation_.transform(
            Features(X.astype(np.float32), self.preparation_.features_in, {})
        )
        return np.concatenate([ensemble.predict(inputs) for ensemble in self.ensembles_], axis=1)

    def __sklearn_tags__(self) -> Tags:
        """NaN is welcome in X; y may have several columns."""
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.target_tags.multi_output = True
        tags.target_tags.required = True
        tags.non_deterministic = False
        return tags


class MultiTaskRegressor(RegressorMixin, _MultiTask):
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
        Integer seed.
    device
        ``cpu`` or ``cuda``.

    Attributes
    ----------
    ensembles_ : list of NetworkEnsemble
        One for a shared network, one per target for independent ones.
    n_features_in_ : int
        Number of columns of X.
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
            ``(n_samples,)`` positive weights.

        Raises
        ------
        ValueError
            A target without any label.
        """
        X = validate_data(self, X, dtype=np.float64, ensure_all_finite="allow-nan", ensure_min_samples=2)
        labels = _labels(y, len(X), "float")
        self._one = labels.ndim == 1
        columns = labels.reshape(len(X), -1).astype(float)
        _check_measured(columns)
        weights = _check_sample_weight(sample_weight, X, dtype=np.float64)
        n_tasks = columns.shape[1]
        self._fit(X, columns, ("regression",) * n_tasks, (0,) * n_tasks, groups, weights)
        return self

    def predict(self, X: Any) -> np.ndarray:
        """``(n_samples,)`` or ``(n_samples, n_outputs)``, as y was."""
        outputs = self._outputs(X)
        return outputs[:, 0] if self._one else outputs


class MultiTaskClassifier(ClassifierMixin, _MultiTask):
    """One network strategy as a classifier of one or several sparse targets.

    Parameters are those of `MultiTaskRegressor`.

    Attributes
    ----------
    classes_ : numpy.ndarray or list of numpy.ndarray
        Class labels, one array per target when y has several columns.
    """

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
            A target without any label or with one class only.
        """
        X = validate_data(self, X, dtype=np.float64, ensure_all_finite="allow-nan", ensure_min_samples=2)
        labels = _labels(y, len(X), "class")
        self._one = labels.ndim == 1
        columns = labels.reshape(len(X), -1)
        measured = ~pd.isna(columns)
        classes = []
        codes = np.full(columns.shape, np.nan)
        for t, (column, known) in enumerate(zip(columns.T, measured.T, strict=True)):
            found, inverse = np.unique(column[known], return_inverse=True)
            if self._one:
                check_classification_targets(column[known])
            if len(found) < 2:
                raise ValueError(
                    f"Classifier can't train when only one class is present: target {t} has {len(found)}."
                )
            classes.append(found)
            codes[known, t] = inverse
        self.classes_ = classes[0] if self._one else classes
        self._class_lists = classes
        weights = _check_sample_weight(sample_weight, X, dtype=np.float64)
        kinds = tuple("binary" if len(c) == 2 else "multiclass" for c in classes)
        self._fit(X, codes, kinds, tuple(len(c) for c in classes), groups, weights)
        return self

    def predict_proba(self, X: Any) -> Any:
        """``(n_samples, n_classes)``, or a list of such arrays when y has several columns."""
        outputs = self._outputs(X)
        probabilities = []
        start = 0
        for classes in self._class_lists:
            width = 1 if len(classes) == 2 else len(classes)
            part = outputs[:, start : start + width]
            probabilities.append(np.hstack([1.0 - part, part]) if width == 1 else part)
            start += width
        return probabilities[0] if self._one else probabilities

    def predict(self, X: Any) -> np.ndarray:
        """Most probable class, ``(n_samples,)`` or ``(n_samples, n_outputs)``."""
        probabilities = self.predict_proba(X)
        if self._one:
            return self.classes_[probabilities.argmax(axis=1)]
        picks = [c[p.argmax(axis=1)] for c, p in zip(self._class_lists, probabilities, strict=True)]
        return np.stack(picks, axis=1)


def _labels(y: Any, n_rows: int, what: str) -> np.ndarray:
    if y is None:
        raise ValueError("This estimator requires y to be passed, but the target y is None.")
    labels = np.asarray(y)
    if labels.ndim not in (1, 2) or 0 in labels.shape:
        raise ValueError(
            f"y should be a 1d array or (n_samples, n_outputs), got an array of shape {labels.shape}."
        )
    if len(labels) != n_rows:
        raise ValueError(
            f"Found input variables with inconsistent numbers of samples: [{n_rows}, {len(labels)}]"
        )
    if what == "float":
        if np.iscomplexobj(labels):
            raise ValueError("Complex data not supported")
        labels = labels.astype(float)
        if np.isinf(labels).any():
            raise ValueError("Input y contains infinity or a value too large for dtype('float64').")
    return labels


def _check_measured(columns: np.ndarray) -> None:
    empty = np.flatnonzero(~np.isfinite(columns).any(axis=0))
    if empty.size:
        raise ValueError(f"y has no measured value in column(s) {empty.tolist()}.")
