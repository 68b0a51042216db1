"""Class probabilities that mean what they say.

Guo, Pleiss, Sun, Weinberger, "On calibration of modern neural networks", ICML 2017: temperature and bias of
the log-probabilities. With two classes this is Platt's logistic calibration.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize
from scipy.special import log_softmax, softmax

from ..evaluation import PROBABILITY_FLOOR

__all__ = ["Calibration", "fit_calibration"]


@dataclass(frozen=True, slots=True)
class Calibration:
    """``softmax(slope * log p + offsets)``; the identity for slope 1 and equal offsets.

    Parameters
    ----------
    slope
        Positive: below 1 the probabilities were too sure.
    offsets
        One per class.
    """

    slope: float
    offsets: tuple[float, ...]

    @property
    def is_identity(self) -> bool:
        """Whether probabilities stay as they are."""
        return self.slope == 1.0 and len(set(self.offsets)) == 1

    def apply(self, probability: np.ndarray) -> np.ndarray:
        """Calibrated ``(n, n_outputs)``: probability of class 1 (binary) or of every class."""
        if self.is_identity:
            return probability
        calibrated = softmax(self.slope * _logs(probability) + np.asarray(self.offsets), axis=1)
        return calibrated[:, 1:] if probability.shape[1] == 1 else calibrated


def fit_calibration(observed: np.ndarray, probability: np.ndarray, weights: np.ndarray) -> Calibration:
    """Most probable slope and offsets given out-of-fold probabilities.

    Log slope and offsets have standard normal priors, so that few labels leave the probabilities as they are.

    Parameters
    ----------
    observed
        ``(n,)`` class codes.
    probability
        ``(n, n_outputs)`` as predicted out of fold.
    weights
        ``(n,)``; one over the group's size counts every group once.
    """
    logs = _logs(probability)
    n_classes = logs.shape[1]
    truth = np.eye(n_classes)[observed.astype(int)]

    def loss(parameters: np.ndarray) -> tuple[float, np.ndarray]:
        slope, offsets = np.exp(parameters[0]), parameters[1:]
        log_probability = log_softmax(slope * logs + offsets, axis=1)
        error = weights[:, None] * (np.exp(log_probability) - truth)
        value = -np.sum(weights[:, None] * truth * log_probability) + 0.5 * np.sum(parameters**2)
        gradient = np.concatenate([[slope * np.sum(error * logs)], error.sum(axis=0)]) + parameters
        return float(value), gradient

    found = minimize(loss, np.zeros(1 + n_classes), jac=True, method="L-BFGS-B").x
    return Calibration(float(np.exp(found[0])), tuple(found[1:].tolist()))


def _logs(probability: np.ndarray) -> np.ndarray:
    """Log-probability of every class, ``(n, n_classes)``."""
    full = np.hstack([1.0 - probability, probability]) if probability.shape[1] == 1 else probability
    return np.log(np.clip(full, PROBABILITY_FLOOR, 1.0))
