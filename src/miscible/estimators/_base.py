"""What both estimators do: prepare, split off a validation part, train every setting, keep the best."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from pydantic import ValidationError
from sklearn.base import BaseEstimator
from sklearn.utils import Tags, check_consistent_length, check_random_state
from sklearn.utils.validation import _check_sample_weight, check_is_fitted, validate_data

from ..errors import MiscibleError, PlanError
from ..inputs import Features, Preparation
from ..learning import check_device
from ..splits import FoldData, inner_split
from ..strategies import NetworkEnsemble, Strategy, Tuning, fit_networks, parse_strategy, sensible_strategies
from ._labels import group_codes, read_labels

__all__ = ["MultiTask"]


class MultiTask(BaseEstimator):
    """Parameters and training shared by both estimators."""

    ensembles_: list[NetworkEnsemble]
    preparation_: Preparation
    outputs_2d_: bool

    def __init__(
        self,
        strategy: str = "shared",
        *,
        rates: Sequence[float] = (1e-3, 3e-3),
        decays: Sequence[float] = (1e-2,),
        epochs: int = 60,
        patience: int = 15,
        validation: float = 0.2,
        random_state: int | np.random.RandomState | None = 0,
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

    def _start(self, X: Any, y: Any, *, numeric: bool) -> tuple[np.ndarray, np.ndarray, list[str]]:
        """Validated X, labels ``(n_samples, n_outputs)`` and their names; sets ``outputs_2d_``."""
        X = validate_data(self, X, dtype=np.float32, ensure_all_finite="allow-nan", ensure_min_samples=2)
        if y is None:
            raise ValueError("This estimator requires y to be passed, but the target y is None.")
        labels = read_labels(y, numeric=numeric)
        check_consistent_length(X, labels)
        self.outputs_2d_ = labels.ndim == 2
        columns = labels.reshape(len(X), -1)
        names = [str(name) for name in getattr(y, "columns", range(columns.shape[1]))]
        empty = [names[t] for t in np.flatnonzero(np.all(pd.isna(columns), axis=0))]
        if empty:
            raise ValueError(f"y has no measured value in column(s) {', '.join(empty)}.")
        return X, columns, names

    def _train(
        self,
        X: np.ndarray,
        labels: np.ndarray,
        kinds: tuple[str, ...],
        n_classes: tuple[int, ...],
        groups: Any,
        sample_weight: Any,
    ) -> None:
        """Learn from rows with a label and a positive weight."""
        tuning = self._tuning()
        strategy = self._strategy(kinds, tuning.batch_size(round((1.0 - self.validation) * len(X))))
        check_device(self.device)
        seed = self.random_state
        if not isinstance(seed, int | np.integer):
            seed = check_random_state(seed).randint(np.iinfo(np.int32).max)
        weights = _check_sample_weight(sample_weight, X, dtype=np.float64, ensure_non_negative=True)
        codes = group_codes(groups, X)
        rows = np.flatnonzero(np.isfinite(labels).any(axis=1) & (weights > 0))
        train_rows, valid_rows = inner_split(
            codes, labels, rows, fraction=self.validation, seed=int(seed), kinds=kinds
        )
        features = Features(X, tuple(f"x{i}" for i in range(X.shape[1])), {})
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
        alone = strategy.side == "separate"
        together = [(t,) for t in range(len(kinds))] if alone else [tuple(range(len(kinds)))]
        fits = [
            fit_networks(
                strategy,
                [fold],
                tasks,
                tuning,
                seed=int(seed),
                names=[str(t) for t in tasks],
                device=self.device,
            )[0]
            for tasks in together
        ]
        if not all(fit.ensemble.state for fit in fits):
            raise MiscibleError("training diverged at every rate.", hint="Try smaller rates.")
        self.ensembles_ = [fit.ensemble for fit in fits]

    def _strategy(self, kinds: tuple[str, ...], batch_size: int) -> Strategy:
        strategy = parse_strategy(self.strategy)
        if not strategy.is_network:
            raise PlanError(
                f"strategy {self.strategy!r} is no network.", hint="Choose shared or independent."
            )
        sensible_strategies((strategy.name,), [str(t) for t in range(len(kinds))], kinds, batch_size)
        return strategy

    def _tuning(self) -> Tuning:
        try:
            return Tuning(
                rates=tuple(self.rates),
                decays=tuple(self.decays),
                epochs=self.epochs,
                patience=self.patience,
                halving=(),
                finalists=1,
            )
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            raise ValueError(
                f"{'.'.join(map(str, first['loc']))}: {first['msg']}, found {first['input']!r}."
            ) from error

    def _outputs(self, X: Any) -> np.ndarray:
        """``(n_samples, n_columns)``: one column per regression or binary target, else one per class."""
        check_is_fitted(self)
        X = validate_data(self, X, reset=False, dtype=np.float32, ensure_all_finite="allow-nan")
        inputs = self.preparation_.transform(Features(X, self.preparation_.features_in, {}))
        return np.concatenate([ensemble.predict(inputs) for ensemble in self.ensembles_], axis=1)

    def __sklearn_tags__(self) -> Tags:
        """NaN is welcome in X, and y may have several columns."""
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.target_tags.multi_output = True
        tags.target_tags.required = True
        return tags
