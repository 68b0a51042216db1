"""Additive functions of four shapes, fitted by penalised least squares or logistic regression."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, replace

import numpy as np
from scipy.special import softmax
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression

from ..evaluation import PROBABILITY_FLOOR
from ..table import Kind
from ._form_terms import Bend, FormSample, make_bends

__all__ = ["FORMS", "FormModel", "fit_form", "row_losses"]

FORMS: tuple[str, ...] = ("constant", "linear", "power", "polynomial", "spline")
"""In order of freedom: linear is a power law and a polynomial, and a spline bends like either."""

PENALTIES = (1e-3, 1e-1, 10.0, 1e3)
COSTS = (0.03, 3.0)


@dataclass(frozen=True, eq=False)
class FormModel:
    """A fitted function: a constant plus one curve a column.

    Parameters
    ----------
    form, kind
        Which shape, and what kind of task.
    coefficients
        By column, ``(n_terms, n_links)``; one link function but for multiclass tasks.
    intercepts
        ``(n_links,)``.
    exponents
        ``(n_columns,)`` of a power law; 0 stands for the logarithm, 1 where the form is no power.
    """

    form: str
    kind: str
    bends: tuple[Bend, ...]
    centres: tuple[np.ndarray, ...]
    coefficients: tuple[np.ndarray, ...]
    intercepts: np.ndarray

    @property
    def exponents(self) -> np.ndarray:
        """See the class."""
        return np.array([bend.exponent for bend in self.bends])

    def curve(self, column: int, values: np.ndarray) -> np.ndarray:
        """What one column adds, ``(n, n_links)``, before any link to probabilities."""
        terms = self.bends[column].terms(np.asarray(values, dtype=float))
        return (terms - self.centres[column]) @ self.coefficients[column]

    def predict(self, inputs: np.ndarray) -> np.ndarray:
        """Values ``(n, 1)``, or probabilities of all classes ``(n, n_classes)``."""
        total = np.repeat(self.intercepts[None], len(inputs), axis=0)
        for column in range(len(self.bends)):
            total = total + self.curve(column, inputs[:, column])
        if self.kind == Kind.REGRESSION:
            return total
        if self.kind == Kind.BINARY:
            total = np.column_stack([np.zeros(len(total)), total])
        return softmax(total, axis=1)


def fit_form(form: str, train: FormSample, valid: FormSample | None = None) -> FormModel | None:
    """Fit one form, additive over the columns.

    - ``linear``: a + b x.
    - ``polynomial``: a + b x + c x^2, written as Nordheim's a + b x + c x (1 - x) for fractions.
    - ``power``: a + b x^p, the exponent from a grid between -3 and 3 that holds the logarithm as p = 0, chosen
      column by column by least squares on what the other columns leave linearly. The constant a is fitted
      with b, so nothing is lost where the law does not pass through zero; a fit in two logarithms would
      force it to. Columns with zeros take positive exponents only, columns with negative values stay linear.
    - ``spline``: cubic, knots at quantiles of the distinct values.

    Parameters
    ----------
    form
        One of `FORMS`.
    train
        Rows to fit on.
    valid
        Rows that choose the strength of the penalty, after which both are fitted together; without them it
        is weak for a single column and moderate for several.

    Returns
    -------
    FormModel or None
        None for a power law without any column that is never negative.
    """
    whole = train if valid is None else _joined(train, valid)
    bends = make_bends(form, whole)
    if bends is None:
        return None
    if whole.kind != Kind.REGRESSION:
        return _logistic(form, bends, train, valid, whole)
    if valid is None or not bends or not len(valid.labels) or not len(train.labels):
        penalty = PENALTIES[0] if len(bends) < 2 else 1.0
    else:
        path = _ridge_path(form, bends, train, PENALTIES)
        losses = [
            float(
                np.average(
                    row_losses(valid.kind, valid.labels, m.predict(valid.inputs)), weights=valid.weights
                )
            )
            for m in path
        ]
        penalty = PENALTIES[int(np.argmin(losses))]
    return _ridge_path(form, bends, whole, (penalty,))[0]


def row_losses(kind: str, labels: np.ndarray, predicted: np.ndarray) -> np.ndarray:
    """Squared error, or log loss of the class, of each row.

    Parameters
    ----------
    labels
        ``(n,)``.
    predicted
        As `FormModel.predict` gives them.
    """
    if kind == Kind.REGRESSION:
        return (labels - predicted[:, 0]) ** 2
    chosen = np.take_along_axis(predicted, labels.astype(int)[:, None], axis=1)[:, 0]
    return -np.log(np.clip(chosen, PROBABILITY_FLOOR, 1.0))


def _joined(one: FormSample, other: FormSample) -> FormSample:
    return replace(
        one,
        inputs=np.concatenate([one.inputs, other.inputs]),
        labels=np.concatenate([one.labels, other.labels]),
        weights=np.concatenate([one.weights, other.weights]),
    )


def _design(bends: tuple[Bend, ...], sample: FormSample) -> tuple[list[np.ndarray], np.ndarray]:
    """Centres of the terms by column, and all terms centred, ``(n, n_terms)``."""
    terms = [bend.terms(sample.inputs[:, j]) for j, bend in enumerate(bends)]
    centres = [np.average(term, axis=0, weights=sample.weights) for term in terms]
    centred = [term - centre for term, centre in zip(terms, centres, strict=True)]
    return centres, np.hstack(centred) if centred else np.empty((len(sample.labels), 0))


def _split(bends: tuple[Bend, ...], centres: list[np.ndarray], wide: np.ndarray) -> tuple[np.ndarray, ...]:
    edges = np.cumsum([len(centre) for centre in centres])[:-1]
    return tuple(np.split(wide, edges)) if bends else ()


def _ridge_path(
    form: str, bends: tuple[Bend, ...], sample: FormSample, penalties: tuple[float, ...]
) -> list[FormModel]:
    """Ridge on standardised terms for every penalty, from one eigendecomposition."""
    centres, design = _design(bends, sample)
    weights = sample.weights / sample.weights.mean()
    scale = np.sqrt(np.average(design**2, axis=0, weights=weights)) if design.size else np.ones(0)
    scale = np.where(scale > 1e-12, scale, np.inf)
    design = design / scale
    centre = float(np.average(sample.labels, weights=weights))
    values, vectors = np.linalg.eigh(design.T @ (design * weights[:, None]))
    right = vectors.T @ (design.T @ (weights * (sample.labels - centre)))
    models = []
    for penalty in penalties:
        wide = (vectors @ (right / (np.maximum(values, 0.0) + penalty)) / scale)[:, None]
        parts = _split(bends, centres, wide)
        models.append(FormModel(form, sample.kind, bends, tuple(centres), parts, np.array([centre])))
    return models


def _logistic(
    form: str,
    bends: tuple[Bend, ...],
    train: FormSample,
    valid: FormSample | None,
    whole: FormSample,
) -> FormModel:
    if valid is None or not bends or len(np.unique(train.labels)) < 2 or not len(valid.labels):
        return _fit_logistic(form, bends, whole, 1.0)
    losses = []
    for cost in COSTS:
        predicted = _fit_logistic(form, bends, train, cost).predict(valid.inputs)
        losses.append(
            float(np.average(row_losses(valid.kind, valid.labels, predicted), weights=valid.weights))
        )
    return _fit_logistic(form, bends, whole, COSTS[int(np.argmin(losses))])


def _fit_logistic(form: str, bends: tuple[Bend, ...], sample: FormSample, cost: float) -> FormModel:
    """Classes that do not occur get a small share of the constant, and no slope."""
    centres, design = _design(bends, sample)
    codes, n = sample.labels.astype(int), sample.n_classes
    counts = np.bincount(codes, weights=sample.weights, minlength=n) + 0.5
    logits = np.log(counts / counts.sum())
    binary = sample.kind == Kind.BINARY
    n_links = 1 if binary else n
    wide = np.zeros((design.shape[1], n_links))
    intercepts = np.array([logits[1] - logits[0]]) if binary else logits
    present = np.unique(codes)
    if len(present) > 1 and design.shape[1]:
        scale = design.std(axis=0)
        scale = np.where(scale > 1e-12, scale, np.inf)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            model = LogisticRegression(C=cost, max_iter=100, tol=1e-3)
            model.fit(design / scale, codes, sample_weight=sample.weights)
        slopes = np.array(model.coef_).T / scale[:, None]
        constants = np.array(model.intercept_)
        if binary:
            wide, intercepts = slopes, constants
        elif len(present) == 2:
            wide[:, present[1]] = slopes[:, 0]
            intercepts = logits.copy()
            intercepts[present] = 0.0, constants[0]
            intercepts[[k for k in range(n) if k not in present]] = np.log(PROBABILITY_FLOOR)
        else:
            wide[:, present] = slopes
            intercepts = np.full(n, np.log(PROBABILITY_FLOOR))
            intercepts[present] = constants
    parts = _split(bends, centres, wide)
    return FormModel(form, sample.kind, bends, tuple(centres), parts, intercepts)
