"""Functional forms: how a property's value depends on the factors of an alloy."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from scipy.special import expit

__all__ = ["N_FACTORS", "Form", "draw_charges", "draw_form"]

N_FACTORS = 3
CONTRAST = 2.0
"""How sharply a factor divides the elements into two sorts."""
LINEAR, MISMATCH, PRODUCT = 0.4, 1.0, 0.5
"""Sizes of the terms of a polynomial."""
LOG_SPREAD = 0.8
"""Standard deviation of the logarithm of a power law."""
STEP_WIDTH = 0.1
"""Width of a smooth step in units of the factor's spread."""
_FIRST, _SECOND = np.triu_indices(N_FACTORS, 1)


class Form(Protocol):
    """Values of alloys."""

    def __call__(self, fractions: np.ndarray) -> np.ndarray:
        """Values, ``(n,)``, of alloys given as ``(n, n_elements)`` fractions."""
        ...


@dataclass(frozen=True, eq=False)
class Polynomial:
    """Quadratic in the fractions x: sum of a <q>, b sum_{i<j} x_i x_j (q_i - q_j)^2, c (<q> - m)(<p> - n).

    Here <q> is the mean of a factor q over the alloy, p another factor, m and n are constants. The second term is
    Nordheim's x (1 - x) for two elements.
    """

    charges: np.ndarray
    centre: np.ndarray
    of_mean: np.ndarray
    of_mismatch: np.ndarray
    of_product: np.ndarray

    def __call__(self, fractions: np.ndarray) -> np.ndarray:
        """See `Form`."""
        mean, mismatch = _mean_and_mismatch(fractions, self.charges)
        products = _products(mean - self.centre)
        return mean @ self.of_mean + mismatch @ self.of_mismatch + products @ self.of_product


@dataclass(frozen=True, eq=False)
class Power:
    """Product over factors q of <exp(q)> to some power, where <> is the mean over the alloy."""

    charges: np.ndarray
    exponents: np.ndarray

    def __call__(self, fractions: np.ndarray) -> np.ndarray:
        """See `Form`."""
        return np.exp(_log_positive(fractions, self.charges) @ self.exponents)


@dataclass(frozen=True, eq=False)
class Threshold:
    """Plateaus: a smooth step 1 / (1 + exp(-(<q> - place) / width)) for each factor, and products of two steps."""

    charges: np.ndarray
    places: np.ndarray
    widths: np.ndarray
    of_step: np.ndarray
    of_product: np.ndarray

    def __call__(self, fractions: np.ndarray) -> np.ndarray:
        """See `Form`."""
        steps = expit((fractions @ self.charges.T - self.places) / self.widths)
        return steps @ self.of_step + _products(steps) @ self.of_product


def draw_charges(facts: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """What every element contributes to every factor: half known facts in random proportion, half chance.

    The sum is bent by tanh, so that a factor mostly says which of two sorts an element is of: linear functions of the
    fractions then explain little of a mismatch.

    Parameters
    ----------
    facts
        ``(n_elements, n_facts)``, standardised.
    generator
        Source of chance.

    Returns
    -------
    ``(N_FACTORS, n_elements)``, each row with mean 0 and standard deviation 1.
    """
    known = _standard(generator.standard_normal((N_FACTORS, facts.shape[1])) @ facts.T)
    chance = _standard(generator.standard_normal((N_FACTORS, len(facts))))
    return _standard(np.tanh(CONTRAST * _standard(known + chance)))


def draw_form(name: str, charges: np.ndarray, alloys: np.ndarray, generator: np.random.Generator) -> Form:
    """One function of the factors, its coefficients drawn.

    Parameters
    ----------
    name
        ``polynomial``, ``power`` or ``threshold``.
    charges
        ``(N_FACTORS, n_elements)``: the factors.
    alloys
        ``(n, n_elements)`` fractions of alloys that say how much a factor varies.
    generator
        Source of chance.
    """
    return _DRAWERS[name](charges, alloys, generator)


def _draw_polynomial(charges: np.ndarray, alloys: np.ndarray, generator: np.random.Generator) -> Form:
    mean, mismatch = _mean_and_mismatch(alloys, charges)
    centre, spread = mean.mean(axis=0), mean.std(axis=0)
    return Polynomial(
        charges,
        centre,
        LINEAR * _weights(generator) / spread,
        MISMATCH * _weights(generator) / mismatch.std(axis=0),
        PRODUCT * _weights(generator) / (spread[_FIRST] * spread[_SECOND]),
    )


def _draw_power(charges: np.ndarray, alloys: np.ndarray, generator: np.random.Generator) -> Form:
    logs = _log_positive(alloys, charges)
    exponents = _weights(generator) / logs.std(axis=0)
    return Power(charges, exponents * LOG_SPREAD / (logs @ exponents).std())


def _draw_threshold(charges: np.ndarray, alloys: np.ndarray, generator: np.random.Generator) -> Form:
    mean = alloys @ charges.T
    places = np.array([np.quantile(column, generator.uniform(0.3, 0.7)) for column in mean.T])
    widths = STEP_WIDTH * mean.std(axis=0)
    return Threshold(charges, places, widths, _weights(generator), _weights(generator))


_DRAWERS: dict[str, Callable[[np.ndarray, np.ndarray, np.random.Generator], Form]] = {
    "polynomial": _draw_polynomial,
    "power": _draw_power,
    "threshold": _draw_threshold,
}


def _weights(generator: np.random.Generator) -> np.ndarray:
    """Of either sign and none near 0, ``(N_FACTORS,)``."""
    return generator.uniform(0.5, 1.5, size=N_FACTORS) * generator.choice([-1.0, 1.0], size=N_FACTORS)


def _mean_and_mismatch(fractions: np.ndarray, charges: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    mean = fractions @ charges.T
    return mean, fractions @ (charges**2).T - mean**2


def _products(columns: np.ndarray) -> np.ndarray:
    """Of every two different columns."""
    return columns[:, _FIRST] * columns[:, _SECOND]


def _log_positive(fractions: np.ndarray, charges: np.ndarray) -> np.ndarray:
    return np.log(fractions @ np.exp(charges).T)


def _standard(rows: np.ndarray) -> np.ndarray:
    centred = rows - rows.mean(axis=1, keepdims=True)
    return centred / centred.std(axis=1, keepdims=True)
