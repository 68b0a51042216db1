"""The metrics by name, their error form, and which one decides."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

import numpy as np

from ..errors import PlanError
from ..text import suggest
from . import _classification as classification
from . import _regression as regression
from ._options import ScoreFunction, ScoreOptions

__all__ = [
    "DEFAULT_METRIC",
    "METRICS",
    "Metric",
    "default_metric",
    "fold_scale",
    "get_metric",
    "metric_error",
    "score_table",
]


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric.

    Parameters
    ----------
    name
        As in plans and reports.
    functions
        Score function in natural form, by kind.
    label
        For a reader, in natural form.
    lower_is_better
        Whether the natural form is already an error.
    words
        The error written out, where ``label`` is short.
    has_unit
        Whether scores are in the unit of the labels.
    """

    name: str
    functions: Mapping[str, ScoreFunction] = field(repr=False)
    label: str
    lower_is_better: bool = False
    words: str = ""
    has_unit: bool = False

    @property
    def short_error_label(self) -> str:
        """The error form, smaller is better, as short as can be."""
        return self.label if self.lower_is_better else f"1 − {self.label}"

    @property
    def error_label(self) -> str:
        """The error form, written out."""
        return self.words or self.short_error_label

    @property
    def kinds(self) -> tuple[str, ...]:
        """Kinds of property it is defined for."""
        return tuple(self.functions)


_RECALL_AT_BUDGET: dict[str, ScoreFunction] = {
    "regression": regression.recall_at_budget,
    "binary": classification.binary_recall_at_budget,
}
_LOG_LOSS: dict[str, ScoreFunction] = {
    "binary": classification.binary_log_loss,
    "multiclass": classification.multiclass_log_loss,
}
_BALANCED_ACCURACY: dict[str, ScoreFunction] = {
    "binary": classification.binary_balanced_accuracy,
    "multiclass": classification.multiclass_balanced_accuracy,
}


def _in_units(name: str, function: ScoreFunction, label: str, words: str) -> Metric:
    return Metric(name, {"regression": function}, label, True, words, True)


_ALL = (
    _in_units("mae", regression.mean_absolute_error, "MAE", "mean absolute error"),
    _in_units("rmse", regression.root_mean_squared_error, "RMSE", "root mean squared error"),
    Metric("r2", {"regression": regression.r2}, "R²"),
    _in_units("median_ae", regression.median_absolute_error, "median error", "median absolute error"),
    _in_units("p95_ae", regression.percentile_95_error, "95 % error", "95th percentile of absolute error"),
    Metric("spearman", {"regression": regression.spearman}, "Spearman ρ"),
    Metric("average_precision", {"binary": classification.average_precision}, "average precision"),
    Metric("log_loss", _LOG_LOSS, "log loss", True),
    Metric("brier", {"binary": regression.mean_squared_error}, "Brier score", True),
    Metric("roc_auc", {"binary": classification.roc_auc}, "ROC AUC"),
    Metric("f1", {"binary": classification.f1}, "F1"),
    Metric("recall", {"binary": classification.recall}, "recall"),
    Metric("precision", {"binary": classification.precision}, "precision"),
    Metric("balanced_accuracy", _BALANCED_ACCURACY, "balanced accuracy"),
    Metric("recall@budget", _RECALL_AT_BUDGET, "recall at budget"),
    Metric("accuracy", {"multiclass": classification.accuracy}, "accuracy"),
    Metric("macro_f1", {"multiclass": classification.macro_f1}, "macro F1"),
)

METRICS: Mapping[str, Metric] = MappingProxyType({m.name: m for m in _ALL})
"""Every metric by name."""

DEFAULT_METRIC: dict[str, str] = {
    "regression": "mae",
    "binary": "average_precision",
    "multiclass": "log_loss",
}
"""Decision metric of each kind under the goal ``characterise``."""

_SCREEN_METRIC = {"regression": "recall@budget", "binary": "recall@budget", "multiclass": "log_loss"}
_GOALS = {"characterise": DEFAULT_METRIC, "screen": _SCREEN_METRIC}


def get_metric(name: str, kind: str | None = None) -> Metric:
    """Look a metric up.

    Parameters
    ----------
    name
        Of the metric.
    kind
        Kind of property it shall judge, if that is to be checked.

    Raises
    ------
    PlanError
        There is no such metric, or it is not defined for this kind; the message names those that are.
    """
    fitting = [m.name for m in _ALL if kind is None or kind in m.kinds]
    choice = f"Choose one of: {', '.join(fitting)}."
    metric = METRICS.get(name)
    if metric is None:
        near = suggest(name, fitting, limit=1)
        guess = f" Did you mean {near[0]!r}?" if near else ""
        raise PlanError(f"there is no metric {name!r}.{guess}", hint=choice)
    if kind is not None and kind not in metric.kinds:
        raise PlanError(f"the metric {name!r} is not defined for a {kind} property.", hint=choice)
    return metric


def default_metric(kind: str, goal: str = "characterise") -> str:
    """Decision metric of a kind of property under a goal.

    Raises
    ------
    PlanError
        The goal is neither ``characterise`` (error) nor ``screen`` (recall at the user's budget).
    """
    if goal not in _GOALS:
        raise PlanError(f"there is no goal {goal!r}.", hint=f"Choose one of: {', '.join(_GOALS)}.")
    return _GOALS[goal][kind]


def metric_error(
    metric: str,
    y_true: np.ndarray,
    y_pred: np.ndarray,
    *,
    scale: float = 1.0,
    weights: np.ndarray | None = None,
    budget: float = 0.1,
    threshold: float | np.ndarray = 0.5,
    kind: str | None = None,
) -> float:
    """A metric in its error form: smaller is better.

    Parameters
    ----------
    metric
        Name of the metric.
    y_true
        ``(n,)`` labels in model space; rows without a label (NaN) are left out.
    y_pred
        ``(n,)`` or ``(n, 1)`` values or probabilities of class 1, or ``(n, n_classes)`` probabilities.
    scale
        Denominator of R2, from `fold_scale`; other metrics ignore it.
    weights
        ``(n,)`` sample weights; MAE, RMSE, R2, average precision, log loss and Brier score read them.
    budget
        Share of the rows that can be looked at, for ``recall@budget``.
    threshold
        Probability from which a row counts as class 1, for F1, recall, precision and balanced accuracy; one
        for all rows, or ``(n,)`` where folds have their own.
    kind
        Kind of the property; if not given, read off the metric and the shape of the predictions (for
        ``recall@budget`` also off the labels: only 0 and 1 means binary).

    Returns
    -------
    float
        NaN where no row has a label, where a prediction of a labelled row is not finite (the model was
        not run or diverged), and where the metric is undefined: scores that compare classes with one
        class only, ``spearman`` and ``recall@budget`` with constant labels or fewer than two.

    Raises
    ------
    PlanError
        There is no such metric, or it is not defined for this kind.
    """
    truth, prediction, options = _labelled(y_true, y_pred, weights, scale, budget, threshold)
    kind = kind or _guess_kind(get_metric(metric), truth, prediction)
    chosen = get_metric(metric, kind)
    value = _score(chosen.functions[kind], truth, prediction, options)
    return value if chosen.lower_is_better else 1.0 - value


def fold_scale(metric: str, y_all: np.ndarray) -> float:
    """Denominator that makes folds average to the pooled value.

    Returns
    -------
    float
        For ``r2`` the variance of all the table's labels of the task (``y_all``, NaN = unmeasured), or 1
        if they do not vary; for other metrics 1.
    """
    if metric != "r2":
        return 1.0
    labels = y_all[np.isfinite(y_all)]
    variance = float(np.var(labels)) if labels.size else 0.0
    return variance if variance > 0 else 1.0


def score_table(
    kind: str,
    y_true: np.ndarray,
    y_pred: np.ndarray,
    threshold: float | np.ndarray = 0.5,
    *,
    weights: np.ndarray | None = None,
    budget: float = 0.1,
) -> dict[str, float]:
    """Every metric of a kind in its natural form; arguments as in `metric_error`.

    R2 divides by the (weighted) variance of the labels given here and is NaN where they do not vary.
    """
    truth, prediction, options = _labelled(y_true, y_pred, weights, 1.0, budget, threshold)
    if truth.size:
        centre = np.average(truth, weights=options.weights)
        variance = float(np.average((truth - centre) ** 2, weights=options.weights))
        options = ScoreOptions(
            options.weights, variance if np.ptp(truth) else np.nan, budget, options.threshold
        )
    return {
        m.name: _score(m.functions[kind], truth, prediction, options) for m in _ALL if kind in m.kinds
    }  # fmt: skip


def _labelled(
    y_true: np.ndarray,
    y_pred: np.ndarray,
    weights: np.ndarray | None,
    scale: float,
    budget: float,
    threshold: float | np.ndarray,
) -> tuple[np.ndarray, np.ndarray, ScoreOptions]:
    """Labelled rows in float64, a single column flattened."""
    truth = np.asarray(y_true, dtype=np.float64)
    prediction = np.asarray(y_pred, dtype=np.float64)
    if prediction.ndim == 2 and prediction.shape[1] == 1:
        prediction = prediction[:, 0]
    if truth.ndim != 1 or len(prediction) != len(truth):
        raise ValueError(f"labels {np.shape(y_true)} and predictions {np.shape(y_pred)} do not match")
    weights = np.ones(len(truth)) if weights is None else np.asarray(weights, dtype=np.float64)
    rows = np.isfinite(truth)
    own = threshold[rows] if isinstance(threshold, np.ndarray) else threshold
    return truth[rows], prediction[rows], ScoreOptions(weights[rows], scale, budget, own)


def _guess_kind(metric: Metric, truth: np.ndarray, prediction: np.ndarray) -> str:
    if prediction.ndim == 2:
        return "multiclass"
    single = [k for k in metric.kinds if k != "multiclass"] or ["multiclass"]
    if len(single) == 1:
        return single[0]
    return "binary" if np.isin(truth, (0.0, 1.0)).all() else "regression"


def _score(
    function: ScoreFunction, truth: np.ndarray, prediction: np.ndarray, options: ScoreOptions
) -> float:
    if truth.size == 0 or not np.isfinite(prediction).all():
        return np.nan
    return function(truth, prediction, options)
