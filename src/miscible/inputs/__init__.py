"""Inputs to numbers: features row by row, preparation and target scaling fitted on training rows."""

from ._alloy import ALLOY_DESCRIPTORS, alloy_descriptors
from ._cache import cache_folder
from ._features import Features
from ._featurize import describe_molecules, featurize
from ._preparation import Preparation
from ._scaling import TargetScaler

__all__ = [
    "ALLOY_DESCRIPTORS",
    "Features",
    "Preparation",
    "TargetScaler",
    "alloy_descriptors",
    "cache_folder",
    "describe_molecules",
    "featurize",
]
