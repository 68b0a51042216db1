"""Metrics, corrected tests and posteriors: numbers a reviewer accepts; knows no model."""

from ._metrics import (
    DEFAULT_METRIC,
    METRICS,
    Metric,
    default_metric,
    fold_scale,
    get_metric,
    metric_error,
    score_table,
)
from ._multiplicity import declare, holm
from ._posterior import Posterior, correlated_posterior
from ._replicates import ReplicateNoise, replicate_noise
from ._threshold import best_threshold

__all__ = [
    "DEFAULT_METRIC",
    "METRICS",
    "Metric",
    "Posterior",
    "ReplicateNoise",
    "best_threshold",
    "correlated_posterior",
    "declare",
    "default_metric",
    "fold_scale",
    "get_metric",
    "holm",
    "metric_error",
    "replicate_noise",
    "score_table",
]
