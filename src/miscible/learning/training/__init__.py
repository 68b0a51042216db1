"""Populations of stacked networks: sampling, optimiser, early stopping, racing, checkpoints."""

from ._fitted import Fitted, MemberFit
from ._hooks import EpochEnd, Hook
from ._predict import State, predict
from ._train import train

__all__ = ["EpochEnd", "Fitted", "Hook", "MemberFit", "State", "predict", "train"]
