"""How much of a property another one tells by itself, or in a product with one input."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.stats import rankdata

from ..table import Kind
from ._form_models import fit_form, row_losses
from ._form_terms import FormSample

__all__ = ["Law", "ProductLaw", "best_law", "fit_product", "product_law", "told_by"]

EXACT = 1e-12
CURVES = ("linear", "power", "spline")
WORDS = {"linear": "{}", "power": "power of {}", "spline": "curve of {}", "ranks": "rank of {}"}


@dataclass(frozen=True, slots=True)
class Law:
    """A formula for one property in terms of another.

    Parameters
    ----------
    explained
        Share of a constant's loss that it explains on rows not seen, as in `FormChoice.scores`.
    text
        Such as ``resistivity^-1 x temperature^1`` or ``curve of yield_strength``.
    without
        Share that the best model without the other property leaves; NaN where unknown.
    """

    explained: float
    text: str
    without: float = float("nan")


@dataclass(frozen=True, eq=False)
class ProductLaw:
    """``log t = constant + exponents of s and of one input``.

    Parameters
    ----------
    column
        Which input enters, -1 for none.
    coefficients
        ``(3,)`` constant, exponent of s, exponent of the input.
    """

    column: int
    coefficients: np.ndarray

    def predict(self, log_s: np.ndarray, log_inputs: np.ndarray) -> np.ndarray:
        """``(n,)`` logarithms."""
        constant, of_s, of_input = self.coefficients
        own = log_inputs[:, self.column] if self.column >= 0 else 0.0
        return constant + of_s * log_s + of_input * own


def fit_product(log_t: np.ndarray, log_s: np.ndarray | None, log_inputs: np.ndarray) -> ProductLaw:
    """Least squares in logarithms; an input enters only where it more than halves the squares left.

    Parameters
    ----------
    log_t
        ``(n,)``.
    log_s
        ``(n,)``; None: without the other property.
    log_inputs
        ``(n, n_columns)``.
    """
    n = len(log_t)
    base = [np.ones(n)] + ([] if log_s is None else [log_s])
    best, column, left = np.zeros(3), -1, np.inf
    for j in range(-1, log_inputs.shape[1]):
        design = np.column_stack([*base, *([] if j < 0 else [log_inputs[:, j]])])
        solution = np.linalg.lstsq(design, log_t, rcond=None)[0]
        squares = float(((log_t - design @ solution) ** 2).sum())
        if squares < left and (column >= 0 or j < 0 or squares < 0.5 * left):
            place = [0] + ([] if log_s is None else [1]) + ([] if j < 0 else [2])
            best, column, left = np.zeros(3), j, squares
            best[place] = solution
        if left < EXACT * log_t.var() * n:
            break
    return ProductLaw(column, best)


def product_law(
    source: str,
    names: tuple[str, ...],
    folds: list[tuple[np.ndarray, np.ndarray]],
    log_t: np.ndarray,
    log_s: np.ndarray,
    log_inputs: np.ndarray,
    to_model: Callable[[np.ndarray], np.ndarray],
) -> Law:
    """Product of the other property and one input, fitted on training rows and scored on test rows.

    Parameters
    ----------
    source, names
        Of the other property and of the inputs.
    folds
        Positions ``(training, test)`` in the arrays that follow.
    log_t, log_s, log_inputs
        ``(n,)``, ``(n,)`` and ``(n, n_columns)`` natural logarithms.
    to_model
        Values of the property to model space, where R2 is taken.
    """
    left = np.zeros(3)
    text = ""
    for train, test in folds:
        if not train.size or not test.size:
            continue
        truth = to_model(np.exp(log_t[test]))
        law = fit_product(log_t[train], log_s[train], log_inputs[train])
        bare = fit_product(log_t[train], None, log_inputs[train])
        constant = float(to_model(np.exp(log_t[train])).mean())
        for place, guess in enumerate(
            (
                np.full(len(test), constant),
                to_model(np.exp(law.predict(log_s[test], log_inputs[test]))),
                to_model(np.exp(bare.predict(log_s[test], log_inputs[test]))),
            )
        ):
            left[place] += float(((truth - guess) ** 2).sum())
        if not text:
            text = f"{source}^{law.coefficients[1]:.3g}"
            if law.column >= 0:
                text += f" x {names[law.column]}^{law.coefficients[2]:.3g}"
    if not left[0] > 0.0:
        return Law(float("nan"), "")
    return Law(1.0 - left[1] / left[0], text, left[2] / left[0])


def told_by(samples: list[tuple[FormSample, FormSample]]) -> dict[str, float]:
    """Share of a constant's loss explained by curves of the other property alone, by form.

    Parameters
    ----------
    samples
        One (training, test) pair a fold, whose inputs are the other property.

    Notes
    -----
    For two numbers ``ranks`` is the squared rank correlation over all test rows, which no far value and no
    choice of scale can spoil.
    """
    constant, losses = 0.0, dict.fromkeys(CURVES, 0.0)
    for train, test in samples:
        if not len(train.labels) or not len(test.labels):
            continue
        constant += _loss("constant", train, test)
        for form in CURVES:
            losses[form] += _loss(form, train, test)
    if not constant > 0.0:
        return {}
    told = {form: 1.0 - loss / constant for form, loss in losses.items() if np.isfinite(loss)}
    x = np.concatenate([test.inputs[:, 0] for _, test in samples])
    y = np.concatenate([test.labels for _, test in samples])
    if samples[0][0].kind == Kind.REGRESSION and np.ptp(x) > 0.0 and np.ptp(y) > 0.0:
        told["ranks"] = float(np.corrcoef(rankdata(x), rankdata(y))[0, 1]) ** 2
    return told


def best_law(source: str, told: dict[str, float], product: Law | None, without: float) -> Law:
    """The formula that explains most; a curve of the other property alone unless the product is clearly better.

    Parameters
    ----------
    source
        Name of the other property.
    told
        As `told_by` gives it.
    product
        As `product_law` gives it.
    without
        Share that a model without the other property leaves.
    """
    alone = Law(float("nan"), "", without)
    if told:
        form = max(told, key=lambda name: told[name])
        alone = Law(told[form], WORDS[form].format(source), without)
    if product is None or 1.0 - product.explained >= 0.5 * (1.0 - alone.explained):
        return alone
    return Law(product.explained, product.text, float(np.fmin(product.without, without)))


def _loss(form: str, train: FormSample, test: FormSample) -> float:
    model = fit_form(form, train)
    if model is None:
        return float("nan")
    return float((test.weights * row_losses(test.kind, test.labels, model.predict(test.inputs))).sum())
