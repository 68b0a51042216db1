"""Populations of stacked networks: sampling, optimiser, early stopping, racing, checkpoints."""

from ._fitted import Fitted, MemberFit, RuleCurves
from ._hooks import EpochEnd, Hook
from ._influence import task_influence
from ._objective import DEFAULT_OPTIONS
from ._predict import State, predict
from ._probes import GradientProbe, Probes, shared_parts
from ._stack import count_parameters
from ._train import train

__all__ = [
    "DEFAULT_OPTIONS",
    "EpochEnd",
    "Fitted",
    "GradientProbe",
    "Hook",
    "MemberFit",
    "Probes",
    "RuleCurves",
    "State",
    "count_parameters",
    "predict",
    "shared_parts",
    "task_influence",
    "train",
]
