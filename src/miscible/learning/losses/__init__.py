"""Losses of pairs, their gradients, what raw outputs mean; weights and corrections for crowded labels."""

from ._balanced_mse import batch_correction, mixture_correction
from ._bins import bin_of, label_bins, smoothing_matrix
from ._features import FeatureStatistics, recolour
from ._focal import focal_gradients, focal_losses
from ._label_density import LabelMixture, fit_histogram, fit_mixture, stack_mixtures
from ._pairs import BINARY, REGRESSION, output_activation, pair_code, pair_gradients, pair_losses
from ._smoothing import class_weights, lds_weights

__all__ = [
    "BINARY",
    "REGRESSION",
    "FeatureStatistics",
    "LabelMixture",
    "batch_correction",
    "bin_of",
    "class_weights",
    "fit_histogram",
    "fit_mixture",
    "focal_gradients",
    "focal_losses",
    "label_bins",
    "lds_weights",
    "mixture_correction",
    "output_activation",
    "pair_code",
    "pair_gradients",
    "pair_losses",
    "recolour",
    "smoothing_matrix",
    "stack_mixtures",
]
