"""What a bundle is made from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..baselines import FittedModel
from ..inputs import Features, Preparation
from ..table import InputSpec, Property

__all__ = ["BundleParts", "TaskPart"]


@dataclass(frozen=True, eq=False)
class TaskPart:
    """One property with the models that answer for it.

    Parameters
    ----------
    property
        The task.
    strategy, reason
        Which model won, and the sentence that says why.
    error, metric
        Out-of-fold error in the error form of the decision metric.
    call
        Verdict on sharing: MIX, SEPARATE, EITHER or UNDECIDED.
    models
        One per fold; model ``f`` reads inputs made by preparation ``f``.
    out_of_fold
        ``(n_rows, n_outputs)`` in model space, each row by the model of its fold; NaN where not run.
    observed
        ``(n_rows,)`` in model space, class codes for classes, NaN = unmeasured.
    threshold
        Uncalibrated probability from which a binary property reads as its second class; NaN means 1/2.
    """

    property: Property
    strategy: str
    reason: str
    error: float
    metric: str
    call: str
    models: tuple[FittedModel, ...]
    out_of_fold: np.ndarray
    observed: np.ndarray
    threshold: float = 0.5


@dataclass(frozen=True, eq=False)
class BundleParts:
    """Everything `write_bundle` needs; the training rows themselves are not written.

    Parameters
    ----------
    tasks
        One per deployed property.
    spec
        Input columns new rows must have.
    preparations
        One per fold.
    fold_of_row, codes
        ``(n_rows,)`` outer fold and group of each training row.
    features
        Raw features of the training rows, for the domain check.
    plan_toml
        The plan that repeats the run.
    versions
        Package name to version.
    source, group
        Where the rows came from and what kept them apart, for the card.
    limits, citations
        Sentences and BibTeX for the card.
    """

    tasks: tuple[TaskPart, ...]
    spec: InputSpec
    preparations: tuple[Preparation, ...]
    fold_of_row: np.ndarray
    codes: np.ndarray
    features: Features
    plan_toml: str
    versions: dict[str, str]
    source: str = "table"
    group: str = ""
    limits: tuple[str, ...] = ()
    citations: tuple[str, ...] = ()
