"""Linear models with a quadratic penalty."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from scipy.special import expit, softmax
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression, Ridge

from ..table import Kind
from ._model import register_model
from ._sample import Sample, task_loss
from ._state import read_state, write_state

__all__ = ["LinearModel", "fit_linear", "fit_ridge"]

ALPHAS = tuple(10.0**k for k in range(4, -3, -1))
COSTS = tuple(10.0**k for k in range(-4, 2))
DEFAULT_ALPHA = 10.0
DEFAULT_COST = 0.1
LINKS = {
    "identity": lambda values: values,
    "sigmoid": expit,
    "softmax": lambda values: softmax(values, axis=1),
}


@register_model("linear")
@dataclass(frozen=True, eq=False)
class LinearModel:
    """``link(inputs @ coefficients + intercepts)``.

    Parameters
    ----------
    coefficients
        ``(n_inputs, n_outputs)``.
    intercepts
        ``(n_outputs,)``; minus infinity for a class without a training row.
    link
        Identity for regression, sigmoid for binary, softmax for multiclass.
    """

    coefficients: np.ndarray
    intercepts: np.ndarray
    link: Literal["identity", "sigmoid", "softmax"]
    note: str = ""

    def predict(self, inputs: np.ndarray) -> np.ndarray:
        """In float64, whatever the inputs."""
        return LINKS[self.link](inputs.astype(float) @ self.coefficients + self.intercepts)

    def save(self, folder: Path) -> None:
        """Write coefficients and link."""
        arrays = {"coefficients": self.coefficients, "intercepts": self.intercepts}
        write_state(folder, "linear", {"link": self.link, "note": self.note}, arrays)

    @classmethod
    def load(cls, folder: Path) -> LinearModel:
        """Read what `save` wrote."""
        return cls(**read_state(folder, "linear"))


def fit_ridge(sample: Sample, *, seed: int, n_threads: int) -> LinearModel:
    """Ridge regression, or logistic regression for classes; the penalty is chosen on inner validation."""
    return fit_linear(sample, *((COSTS, DEFAULT_COST) if sample.is_class else (ALPHAS, DEFAULT_ALPHA)))[0]


def fit_linear(sample: Sample, penalties: Sequence[float], default: float) -> tuple[LinearModel, float]:
    """The linear model whose penalty is best on inner validation, and its loss there.

    Parameters
    ----------
    sample
        Labelled rows.
    penalties
        To try, the strongest first: of ridge regression, or the costs of logistic regression for classes.
    default
        Penalty without validation labels; the loss is NaN then.
    """
    path = (_logistic_path if sample.is_class else _ridge_path)(sample, penalties)
    if len(sample.valid_labels) == 0:
        return path[default], float("nan")
    losses = {
        penalty: task_loss(
            sample.kind, sample.valid_labels, m.predict(sample.valid_inputs), sample.valid_weights
        )
        for penalty, m in path.items()
    }
    best = min(losses, key=losses.__getitem__)
    return path[best], losses[best]


def _ridge_path(sample: Sample, alphas: Sequence[float]) -> dict[float, LinearModel]:
    inputs = sample.inputs.astype(float)
    path = {}
    for alpha in alphas:
        fitted = Ridge(alpha).fit(inputs, sample.labels, sample.weights)
        path[alpha] = LinearModel(fitted.coef_[:, None], np.atleast_1d(fitted.intercept_), "identity")
    return path


def _logistic_path(sample: Sample, costs: Sequence[float]) -> dict[float, LinearModel]:
    """From the strongest penalty on, each start at the last solution.

    A path point stopped before convergence is a candidate like any other: validation judges it.
    """
    inputs = sample.inputs.astype(float)
    model = LogisticRegression(max_iter=200, tol=1e-4, warm_start=True)
    path = {}
    for cost in costs:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            model.set_params(C=cost).fit(inputs, sample.labels, sample.weights)
        path[cost] = _from_logistic(model, sample)
    return path


def _from_logistic(model: LogisticRegression, sample: Sample) -> LinearModel:
    coefficients, intercepts = np.array(model.coef_).T, np.array(model.intercept_)
    if sample.kind == Kind.BINARY:
        return LinearModel(coefficients, intercepts, "sigmoid")
    present = np.asarray(model.classes_, dtype=int)
    wide = np.zeros((len(coefficients), sample.n_classes))
    shift = np.full(sample.n_classes, -np.inf)
    if len(present) == 2:
        wide[:, present[1:]], shift[present] = coefficients, (0.0, intercepts[0])
    else:
        wide[:, present], shift[present] = coefficients, intercepts
    return LinearModel(wide, shift, "softmax")
