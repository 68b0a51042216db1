"""Labelled rows, and how one of their columns becomes the terms of a form."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from sklearn.preprocessing import SplineTransformer

from ..table import Kind

__all__ = ["Bend", "FormSample", "make_bends", "responses"]

EXPONENTS = (-3.0, -2.0, -1.5, -1.0, -0.5, 0.0, 0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 2.5, 3.0)
SPLINE_PIECES = 5


@dataclass(frozen=True, eq=False)
class FormSample:
    """Labelled rows of one task.

    Parameters
    ----------
    inputs
        ``(n, n_columns)`` finite, in the units of the columns.
    labels
        ``(n,)`` in model space, class codes for classes.
    weights
        ``(n,)``.
    kind, n_classes
        Of the task.
    fractions
        ``(n_columns,)`` bool: amounts between 0 and 1, whose polynomial is Nordheim's.
    """

    inputs: np.ndarray
    labels: np.ndarray
    weights: np.ndarray
    kind: str
    n_classes: int
    fractions: np.ndarray

    def take(self, rows: np.ndarray) -> FormSample:
        """The same sample with these rows, by position or mask."""
        return replace(self, inputs=self.inputs[rows], labels=self.labels[rows], weights=self.weights[rows])

    def columns(self, columns: np.ndarray) -> FormSample:
        """The same sample with these columns."""
        return replace(self, inputs=self.inputs[:, columns], fractions=self.fractions[columns])


@dataclass(frozen=True, eq=False)
class Bend:
    """How one column becomes the terms of its form; values beyond ``low`` and ``high`` count as these."""

    form: str
    low: float
    high: float
    centre: float
    scale: float
    fraction: bool = False
    exponent: float = 1.0
    spline: SplineTransformer | None = None

    def terms(self, values: np.ndarray) -> np.ndarray:
        """``(n, n_terms)``."""
        x = np.clip(values, self.low, self.high)
        plain = (x - self.centre) / self.scale
        if self.form == "polynomial":
            return np.column_stack([plain, x * (1.0 - x) if self.fraction else plain**2])
        if self.form == "power" and self.low >= 0.0:
            return _power(x / self.scale, self.exponent)[:, None]
        if self.form == "spline" and self.spline is not None:
            return self.spline.transform(x[:, None])
        return plain[:, None]


def responses(sample: FormSample) -> np.ndarray:
    """Centred labels ``(n, 1)``, or centred indicators of the classes, ``(n, n_classes)``."""
    if sample.kind == Kind.REGRESSION:
        wide = sample.labels[:, None]
    else:
        wide = np.eye(sample.n_classes)[sample.labels.astype(int)]
    return wide - np.average(wide, axis=0, weights=sample.weights)


def make_bends(form: str, sample: FormSample) -> tuple[Bend, ...] | None:
    """Terms of every column, with knots and exponents learned from the sample; see `fit_form`."""
    if form == "constant":
        return ()
    bends = []
    for column, fraction in zip(sample.inputs.T, sample.fractions, strict=True):
        low, high, spread = float(column.min()), float(column.max()), float(column.std())
        scale = float(np.median(column[column > 0])) if form == "power" and low >= 0 and high > 0 else spread
        bend = Bend(form, low, high, float(column.mean()), scale if scale > 0 else 1.0, bool(fraction))
        bends.append(replace(bend, spline=_spline(column)) if form == "spline" else bend)
    if form != "power":
        return tuple(bends)
    if not any(bend.low >= 0.0 for bend in bends):
        return None
    return _with_exponents(tuple(bends), sample)


def _spline(column: np.ndarray) -> SplineTransformer | None:
    """Cubic pieces between quantiles of the distinct values; None where there are too few of them."""
    knots = np.unique(np.quantile(np.unique(column), np.linspace(0.0, 1.0, SPLINE_PIECES + 1)))
    if len(knots) < 3:
        return None
    spline = SplineTransformer(
        degree=3,
        knots=knots[:, None],  # pyright: ignore[reportArgumentType]
        extrapolation="constant",
        include_bias=False,
    )
    return spline.fit(column[:, None])


def _power(x: np.ndarray, exponent: float) -> np.ndarray:
    return np.log(x) if exponent == 0.0 else x**exponent


def _with_exponents(bends: tuple[Bend, ...], sample: FormSample) -> tuple[Bend, ...]:
    """The exponents with the least squares on what the other columns leave linearly."""
    root = np.sqrt(sample.weights)[:, None]
    response = responses(sample)
    design = np.column_stack([sample.inputs - sample.inputs.mean(axis=0), np.ones(len(response))])
    slopes = np.linalg.lstsq(design * root, response * root, rcond=None)[0]
    rest = response - design @ slopes
    chosen = []
    for j, bend in enumerate(bends):
        if bend.low < 0.0:
            chosen.append(bend)
            continue
        own = (rest + design[:, [j]] * slopes[j]) * root
        grid = [p for p in EXPONENTS if bend.low > 0.0 or p > 0.0]
        left = []
        for p in grid:
            terms = np.column_stack([np.ones(len(own)), _power(sample.inputs[:, j] / bend.scale, p)]) * root
            fitted = np.linalg.lstsq(terms, own, rcond=None)[0]
            left.append(float(((own - terms @ fitted) ** 2).sum()))
        chosen.append(replace(bend, exponent=grid[int(np.argmin(left))]))
    return tuple(chosen)
