"""Metrics, corrected tests and posteriors: numbers a reviewer accepts; knows no model."""

from ._averages import finite_mean, group_weights
from ._classification import PROBABILITY_FLOOR
from ._margin import check_margin, constant_error, margin_of_equivalence, noise_floor
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
from ._regions import RegionErrors, Regions, label_regions, region_errors
from ._replicates import ReplicateNoise, replicate_noise
from ._threshold import best_threshold

__all__ = [
    "DEFAULT_METRIC",
    "METRICS",
    "PROBABILITY_FLOOR",
    "Metric",
    "Posterior",
    "RegionErrors",
    "Regions",
    "ReplicateNoise",
    "best_threshold",
    "check_margin",
    "constant_error",
    "correlated_posterior",
    "declare",
    "default_metric",
    "finite_mean",
    "fold_scale",
    "get_metric",
    "group_weights",
    "holm",
    "label_regions",
    "margin_of_equivalence",
    "metric_error",
    "noise_floor",
    "region_errors",
    "replicate_noise",
    "score_table",
]
