"""The numeric core: stacked populations of sparse multi-task networks. Tensors in, tensors out."""

from ._device import check_device
from ._types import (
    Checkpoint,
    Member,
    NetworkShape,
    Population,
    Reduction,
    Sampling,
    Setting,
    TaskWeights,
    TrainingData,
    TrainOptions,
)
from .training import EpochEnd, Fitted, Hook, MemberFit, State, predict, train

__all__ = [
    "Checkpoint",
    "EpochEnd",
    "Fitted",
    "Hook",
    "Member",
    "MemberFit",
    "NetworkShape",
    "Population",
    "Reduction",
    "Sampling",
    "Setting",
    "State",
    "TaskWeights",
    "TrainOptions",
    "TrainingData",
    "check_device",
    "predict",
    "train",
]
