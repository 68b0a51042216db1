"""Functional forms: how a property's value depends on the factors of an alloy."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np

__all__ = ["N_FACTORS", "Form", "draw_charges", "draw_form"]

N_FACTORS = 3
LOG_SPREAD = 0.6
"""Standard deviation of the logarithm of a power law."""
STEP_WIDTH = 0.15
"""Width of a smooth step in units of the factor's spread."""
_CHARGE_EXPONENT = 0.5


class Form(Protocol):
    """Values of alloys."""

    def __call__(self, fractions: np.ndarray) -> np.ndarray:
        """Values, ``(n,)``, of alloys given as ``(n, n_elements)`` fractions."""
        ...


@dataclass(frozen=True, eq=False)
class Polynomial:
    """Sum over factors q of a <q> + b sum_{i<j} x_i x_j (q_i - q_j)^2, quadratic in the fractions x.

    The second term is Nordheim's x (1 - x) for two elements; <q> is the mean over the alloy.
    """

    charges: np.ndarray
    of_mean: np.ndarray
    of_mismatch: np.ndarray

    def __call__(self, fractions: np.ndarray) -> np.ndarray:
        """See `Form`."""
        mean, mismatch = _mean_and_mismatch(fractions, self.charges)
        return mean @ self.of_mean + mismatch @ self.of_mismatch


@dataclass(frozen=True, eq=False)
class Power:
    """Product over factors of <exp(q / 2)> to some power."""

    charges: np.ndarray
    exponents: np.ndarray

    def __call__(self, fractions: np.ndarray) -> np.ndarray:
        """See `Form`."""
        return np.exp(_log_positive(fractions, self.charges) @ self.exponents)


@dataclass(frozen=True, eq=False)
class Threshold:
    """Sum of smooth steps, one a factor: height / (1 + exp(-(<q> - place) / width))."""

    charges: np.ndarray
    heights: np.ndarray
    places: np.ndarray
    widths: np.ndarray

    def __call__(self, fractions: np.ndarray) -> np.ndarray:
        """See `Form`."""
        distance = (fractions @ self.charges.T - self.places) / self.widths
        return (0.5 + 0.5 * np.tanh(distance / 2)) @ self.heights


def draw_charges(facts: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """What every element contributes to every factor: half known facts in random proportion, half chance.

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
    return _standard(known + _standard(generator.standard_normal((N_FACTORS, len(facts)))))


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
    a, b = _weights(generator), _weights(generator)
    return Polynomial(charges, a / mean.std(axis=0), b / mismatch.std(axis=0))


def _draw_power(charges: np.ndarray, alloys: np.ndarray, generator: np.random.Generator) -> Form:
    logs = _log_positive(alloys, charges)
    exponents = _weights(generator) / logs.std(axis=0)
    return Power(charges, exponents * LOG_SPREAD / (logs @ exponents).std())


def _draw_threshold(charges: np.ndarray, alloys: np.ndarray, generator: np.random.Generator) -> Form:
    mean = alloys @ charges.T
    places = np.array([np.quantile(column, generator.uniform(0.3, 0.7)) for column in mean.T])
    return Threshold(charges, _weights(generator), places, STEP_WIDTH * mean.std(axis=0))


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


def _log_positive(fractions: np.ndarray, charges: np.ndarray) -> np.ndarray:
    return np.log(fractions @ np.exp(_CHARGE_EXPONENT * charges).T)


def _standard(rows: np.ndarray) -> np.ndarray:
    centred = rows - rows.mean(axis=1, keepdims=True)
    return centred / centred.std(axis=1, keepdims=True)
