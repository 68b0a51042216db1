"""Which inputs a property follows, and which form describes how."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..evaluation import correlated_posterior
from ._form_models import FORMS, fit_form, row_losses
from ._form_terms import FormSample, responses

__all__ = ["FormChoice", "choose_form", "direction_strength", "fold_losses", "main_directions"]

SLICES = 10
ALIKE = 0.8
NEGLIGIBLE = 0.005
"""Differences of scores under this are none, however small their error."""
WEAK = 0.02
"""Columns that explain less than this share of the spread are no directions."""


@dataclass(frozen=True, eq=False)
class FormChoice:
    """Which of the forms describes a property.

    Parameters
    ----------
    best
        The simplest form within one standard error of the best score; empty where nothing was scored.
    alike
        Forms within one standard error of the best score, simplest first.
    told
        Whether ``best`` is an answer: False where a power law and a polynomial, neither of which is a case
        of the other, are within one standard error.
    scores
        ``(n_forms,)`` share of the constant's loss that the form explains on rows it has not seen: R2 for
        regression, explained log loss for classes. NaN where the form was not fitted.
    errors
        ``(n_forms,)`` standard error of the score's distance from the best, corrected for overlapping
        training sets.
    """

    best: str
    alike: tuple[str, ...]
    told: bool
    scores: np.ndarray
    errors: np.ndarray


def choose_form(losses: np.ndarray, counts: np.ndarray) -> FormChoice:
    """The simplest form within one standard error of the best.

    Parameters
    ----------
    losses
        ``(n_folds, n_forms)`` mean loss of each form of `FORMS` on each fold's test rows.
    counts
        ``(n_folds,)`` test rows.
    """
    n_forms = len(FORMS)
    scores, errors = np.full(n_forms, np.nan), np.full(n_forms, np.nan)
    use = (counts > 0) & np.isfinite(losses[:, 0])
    reference = float(np.average(losses[use, 0], weights=counts[use])) if use.any() else 0.0
    if not reference > 0.0:
        return FormChoice("", (), False, scores, errors)
    losses, counts = losses[use], counts[use]
    scores = 1.0 - np.average(losses, axis=0, weights=counts) / reference
    leader = int(np.nanargmax(scores))
    ratio = 1.0 / max(len(losses) - 1, 1)
    for form in range(n_forms):
        gaps = (losses[:, form] - losses[:, leader]) / reference
        errors[form] = correlated_posterior(gaps, ratio).scale if np.isfinite(gaps).any() else np.nan
    gap = scores[leader] - scores
    near = np.isfinite(gap) & (gap <= np.maximum(np.where(np.isfinite(errors), errors, 0.0), NEGLIGIBLE))
    alike = tuple(form for form, close in zip(FORMS, near, strict=True) if close)
    told = alike[0] in ("constant", "linear") or not {"power", "polynomial"} <= set(alike)
    best = alike[0]
    if not told:
        best = max(("power", "polynomial"), key=lambda form: scores[FORMS.index(form)])
    return FormChoice(best, alike, told, scores, errors)


def fold_losses(
    train: FormSample, valid: FormSample, test: FormSample, forms: tuple[str, ...] = FORMS
) -> np.ndarray:
    """Mean loss of each form on the test rows, ``(n_forms,)``, NaN for a form that these columns do not take."""
    losses = np.full(len(forms), np.nan)
    for place, form in enumerate(forms):
        model = fit_form(form, train, valid)
        if model is not None:
            each = row_losses(test.kind, test.labels, model.predict(test.inputs))
            losses[place] = np.average(each, weights=test.weights)
    return losses


def direction_strength(sample: FormSample) -> np.ndarray:
    """Share of the labels' spread between slices of each column, ``(n_columns,)``, corrected for their number.

    Slices hold equal numbers of distinct values. The share is the correlation ratio (for classes: of the
    indicators), so a curve that rises and falls counts as much as one that only rises.
    """
    response = responses(sample)
    whole = float((sample.weights[:, None] * response**2).sum())
    strengths = np.zeros(sample.inputs.shape[1])
    n = len(response)
    if not whole > 0.0 or n < 3:
        return strengths
    for j, column in enumerate(sample.inputs.T):
        distinct = np.unique(column)
        if len(distinct) < 2:
            continue
        edges = np.unique(np.quantile(distinct, np.linspace(0, 1, SLICES + 1)[1:-1]))
        place = np.searchsorted(edges, column, side="left")
        weight = np.bincount(place, weights=sample.weights)
        sums = np.stack([np.bincount(place, weights=sample.weights * r) for r in response.T])
        used = weight > 0
        between = float((sums[:, used] ** 2 / weight[used]).sum())
        strengths[j] = 1.0 - (1.0 - between / whole) * (n - 1) / max(n - int(used.sum()), 1)
    return strengths


def main_directions(sample: FormSample, most: int) -> np.ndarray:
    """Columns the labels follow most, strongest first, none a near copy of a stronger one.

    Returns
    -------
    ``(n,)`` positions; fewer than ``most`` where the others explain next to nothing or correlate with a chosen
    one by more than 0.8.
    """
    strengths = direction_strength(sample)
    chosen: list[int] = []
    for j in np.argsort(-strengths, kind="stable").tolist():
        if strengths[j] < WEAK or len(chosen) == most:
            break
        column = sample.inputs[:, j]
        if all(abs(np.corrcoef(column, sample.inputs[:, k])[0, 1]) <= ALIKE for k in chosen):
            chosen.append(j)
    return np.array(chosen, dtype=np.int64)
