"""Labels with gaps: read, coded, scored."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from sklearn.utils import check_array, check_consistent_length
from sklearn.utils.multiclass import check_classification_targets

__all__ = ["encode_classes", "group_codes", "mean_score", "read_labels"]


def read_labels(y: Any, *, numeric: bool) -> np.ndarray:
    """Y as a dense array with gaps: float64, or whatever classes are."""
    checks: dict[str, Any] = {"dtype": np.float64 if numeric else None, "ensure_all_finite": "allow-nan"}
    return check_array(y, ensure_2d=False, input_name="y", **checks)


def group_codes(groups: Any, X: np.ndarray) -> np.ndarray:
    """Integer group of each row."""
    if groups is None:
        return np.arange(len(X))
    check_consistent_length(X, groups)
    codes, _ = pd.factorize(np.asarray(groups))
    if (codes < 0).any():
        raise ValueError(f"groups has no value in {int((codes < 0).sum())} rows.")
    return codes


def encode_classes(column: np.ndarray, name: str) -> tuple[np.ndarray, np.ndarray]:
    """Classes of one target and the code of each label."""
    if column.dtype == object:
        text = [isinstance(label, str) for label in column]
        if any(text) and not all(text):
            raise ValueError(f"y mixes text with other labels in column {name}.")
        column = np.array(column.tolist())
    check_classification_targets(column)
    classes, codes = np.unique(column, return_inverse=True)
    if len(classes) < 2:
        raise ValueError(
            f"Classifier can't train when only one class is present: column {name} has {classes}."
        )
    return classes, codes


def mean_score(score: Any, labels: np.ndarray, predictions: np.ndarray, sample_weight: Any) -> float:
    """Mean over targets of a score of the measured labels."""
    labels, predictions = labels.reshape(len(labels), -1), predictions.reshape(len(predictions), -1)
    check_consistent_length(labels, predictions, sample_weight)
    weights = None if sample_weight is None else np.asarray(sample_weight)
    scores = []
    for truth, predicted in zip(labels.T, predictions.T, strict=True):
        known = ~pd.isna(truth)
        part = None if weights is None else weights[known]
        scores.append(score(truth[known].tolist(), predicted[known].tolist(), sample_weight=part))
    return float(np.mean(scores))
