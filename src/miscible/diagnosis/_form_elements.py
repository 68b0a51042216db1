"""Inputs as a materials scientist names them, and forms that all elements enter."""

from __future__ import annotations

import numpy as np

from ..chemistry import ELEMENTS
from ..inputs import Features
from ..table import InputSpec
from ._form_models import fit_form, row_losses
from ._form_terms import FormSample

__all__ = ["ELEMENT_FORMS", "element_losses", "plain_columns"]

ELEMENT_FORMS = ("mixture", "Nordheim terms alone", "mixture and Nordheim terms", "mixture and pairs")
FRACTION = "fraction "
HASHED, DESCRIBED = "morgan ", "rdkit "
MOST_ELEMENTS, MOST_PAIRED = 25, 12
FEWEST_ROWS = 10


def plain_columns(features: Features, inputs: InputSpec) -> tuple[np.ndarray, tuple[str, ...], np.ndarray]:
    """Numeric columns that have a meaning of their own: fractions, descriptors, the user's numbers.

    Statistics over element properties (copies of each other by the dozen) and hashed counts are left out.

    Returns
    -------
    positions, names, fractions
        ``(n,)`` columns of ``features.numeric``, what to call them, and ``(n,)`` bool where it is the fraction
        of an element, from a composition or a column of the user's named by an element and between 0 and 1.
    """
    own = set(inputs.numeric)
    positions, names, fractions = [], [], []
    for place, name in enumerate(features.names):
        if name in own:
            keep, label = True, name
            fraction = name in ELEMENTS and _is_share(features.numeric[:, place])
        elif name.startswith(HASHED):
            continue
        else:
            fraction = name.startswith(FRACTION)
            keep = fraction or " " not in name or name.startswith(DESCRIBED)
            label = name.removeprefix(FRACTION) if fraction else name.replace("_", " ")
        if keep:
            positions.append(place)
            names.append(label)
            fractions.append(fraction)
    return np.array(positions, dtype=np.int64), tuple(names), np.array(fractions, dtype=bool)


def _is_share(column: np.ndarray) -> bool:
    known = column[np.isfinite(column)]
    return bool(len(known)) and float(known.min()) >= 0.0 and float(known.max()) <= 1.0


def element_losses(train: FormSample, valid: FormSample, test: FormSample) -> np.ndarray:
    """Mean test loss of each form of `ELEMENT_FORMS`, NaN without two elements that occur often enough.

    With fractions x over the elements of at least 10 training rows, at most 25: the mixture has terms a_i x_i,
    Nordheim's are b_i x_i (1 - x_i) with a factor for each element, and pairs are b_ij x_i x_j over the 12 most
    frequent elements. All are penalised, with the strength chosen on the validation rows.
    """
    losses = np.full(len(ELEMENT_FORMS), np.nan)
    present = (train.inputs > 0).sum(axis=0) * train.fractions
    order = np.argsort(-present, kind="stable")
    elements = order[present[order] >= FEWEST_ROWS][:MOST_ELEMENTS]
    if len(elements) < 2:
        return losses
    for place in range(len(ELEMENT_FORMS)):
        a, b, c = (_designed(sample, elements, place) for sample in (train, valid, test))
        model = fit_form("linear", a, b)
        assert model is not None
        each = row_losses(c.kind, c.labels, model.predict(c.inputs))
        losses[place] = np.average(each, weights=c.weights)
    return losses


def _designed(sample: FormSample, elements: np.ndarray, place: int) -> FormSample:
    x = sample.inputs[:, elements]
    bend = x * (1.0 - x)
    paired = x[:, :MOST_PAIRED]
    one, other = np.triu_indices(paired.shape[1], 1)
    designs = (x, bend, np.hstack([x, bend]), np.hstack([x, paired[:, one] * paired[:, other]]))
    design = designs[place]
    return FormSample(
        design, sample.labels, sample.weights, sample.kind, sample.n_classes, np.zeros(design.shape[1], bool)
    )
