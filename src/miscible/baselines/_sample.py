"""The labelled rows of one task in one fold, and the loss that settings are chosen by."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..evaluation import PROBABILITY_FLOOR
from ..splits import FoldData
from ..table import Kind

__all__ = ["Sample", "labelled_rows", "one_hot", "shortage", "task_loss", "task_sample"]


@dataclass(frozen=True, eq=False)
class Sample:
    """Labelled rows of one task; nothing of the test rows.

    Parameters
    ----------
    kind
        Of the task.
    n_classes
        Declared classes, also those without a training row; 0 for regression.
    inputs, labels, weights
        Training rows; weights have mean 1, so that penalties do not depend on their scale.
    valid_inputs, valid_labels, valid_weights
        Inner validation rows, for choices only; may be empty.
    """

    kind: str
    n_classes: int
    inputs: np.ndarray
    labels: np.ndarray
    weights: np.ndarray
    valid_inputs: np.ndarray
    valid_labels: np.ndarray
    valid_weights: np.ndarray

    @property
    def is_class(self) -> bool:
        """Whether labels are class codes."""
        return self.kind != Kind.REGRESSION

    @property
    def n_outputs(self) -> int:
        """Columns of a prediction."""
        return self.n_classes if self.kind == Kind.MULTICLASS else 1


def task_sample(fold: FoldData, task: int) -> Sample:
    """Training and validation rows that have a label of this task."""
    labels = fold.targets[:, task]
    train, valid = labelled_rows(fold, task)
    kind = str(fold.kinds[task])
    weights = np.asarray(fold.weights, dtype=float)
    weights = weights / weights[train].mean() if len(train) else weights
    return Sample(
        kind=kind,
        n_classes={Kind.REGRESSION: 0, Kind.BINARY: 2}.get(Kind(kind), int(fold.n_classes[task])),
        inputs=fold.inputs[train],
        labels=labels[train],
        weights=weights[train],
        valid_inputs=fold.inputs[valid],
        valid_labels=labels[valid],
        valid_weights=weights[valid],
    )


def one_hot(labels: np.ndarray, n_classes: int) -> np.ndarray:
    """Class codes to ``(n, n_classes)`` of 0 and 1."""
    return np.eye(n_classes)[labels.astype(int)]


def task_loss(
    kind: str, labels: np.ndarray, prediction: np.ndarray, weights: np.ndarray | None = None
) -> float:
    """Weighted mean squared error, or log loss for classes; NaN without labels.

    Parameters
    ----------
    kind
        Of the task.
    labels
        ``(n,)``.
    prediction
        ``(n, n_outputs)`` or ``(n,)`` where there is one output.
    weights
        ``(n,)``; all equal by default.
    """
    if len(labels) == 0:
        return float("nan")
    prediction = prediction.reshape(len(labels), -1)
    if kind == Kind.REGRESSION:
        losses = (prediction[:, 0] - labels) ** 2
    else:
        codes = labels.astype(int)[:, None]
        wide = np.column_stack([1.0 - prediction, prediction]) if kind == Kind.BINARY else prediction
        chosen = np.take_along_axis(wide, codes, axis=1)[:, 0]
        losses = -np.log(np.clip(chosen, PROBABILITY_FLOOR, 1.0))
    return float(np.average(losses, weights=weights))


def labelled_rows(fold: FoldData, task: int) -> tuple[np.ndarray, np.ndarray]:
    """Training and inner validation rows that have a label of this task."""
    known = np.isfinite(fold.targets[:, task])
    return fold.train_rows[known[fold.train_rows]], fold.valid_rows[known[fold.valid_rows]]


def shortage(sample: Sample, minimum: int) -> str:
    """Why nothing but the mean can be fitted; empty when there is enough."""
    n_train = len(sample.labels)
    if n_train == 0:
        return "mean of nothing: no label in the training part"
    if n_train < minimum:
        return f"mean instead: {n_train} training labels, at least {minimum} needed"
    if sample.inputs.shape[1] == 0:
        return "mean instead: no input varies in the training part"
    if sample.is_class and len(np.unique(sample.labels)) < 2:
        return "mean instead: one class in the training part"
    return ""
