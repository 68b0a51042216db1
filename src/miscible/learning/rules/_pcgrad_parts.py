"""What PCGrad's gain could be made of, one part at a time: averaging, a change of length, a change of direction.

These are ablations, not remedies. Adam forgets a constant factor, but none of the factors here is constant: the number
of tasks in a batch changes from step to step, and so does how much surgery lengthens or shortens it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from ._pcgrad import PcGrad
from ._protocol import BaseRule, RuleInput, RuleState

__all__ = ["ABLATIONS", "Average", "PcGradAverage", "PcGradDirection", "PcGradLength"]


@dataclass(frozen=True)
class Average(BaseRule):
    """The mean of the active tasks' gradients instead of their sum: averaging alone."""

    name: ClassVar[str] = "average"
    needs: ClassVar[frozenset[str]] = frozenset()

    def weights(self, inputs: RuleInput, state: RuleState) -> tuple[Tensor, RuleState]:
        """One over the number of active tasks."""
        return inputs.final(torch.ones_like(inputs.task_weights)) / _count(inputs), state


@dataclass(frozen=True)
class PcGradAverage(PcGrad):
    """PCGrad's copies averaged instead of summed, as some public versions do."""

    name: ClassVar[str] = "pcgrad-average"

    def weights(self, inputs: RuleInput, state: RuleState) -> tuple[Tensor, RuleState]:
        """PCGrad's, over the number of active tasks."""
        surgery, state = super().weights(inputs, state)
        return surgery / _count(inputs), state


@dataclass(frozen=True)
class PcGradLength(PcGrad):
    """The plain sum, as long as PCGrad's step: rescaling without surgery."""

    name: ClassVar[str] = "pcgrad-length"

    def weights(self, inputs: RuleInput, state: RuleState) -> tuple[Tensor, RuleState]:
        """Equal weights, so that only the length is PCGrad's."""
        surgery, state = super().weights(inputs, state)
        plain = inputs.final(torch.ones_like(inputs.task_weights))
        return plain * _ratio(inputs, surgery, plain), state


@dataclass(frozen=True)
class PcGradDirection(PcGrad):
    """PCGrad's step, as long as the plain sum: surgery without rescaling."""

    name: ClassVar[str] = "pcgrad-direction"

    def weights(self, inputs: RuleInput, state: RuleState) -> tuple[Tensor, RuleState]:
        """PCGrad's, all scaled alike."""
        surgery, state = super().weights(inputs, state)
        plain = inputs.final(torch.ones_like(inputs.task_weights))
        return surgery * _ratio(inputs, plain, surgery), state


ABLATIONS = (Average.name, PcGradAverage.name, PcGradLength.name, PcGradDirection.name)
"""Rules that explain another one; sets of strategies leave them out."""


def _count(inputs: RuleInput) -> Tensor:
    return inputs.active.sum(dim=-1, keepdim=True).clamp_min(1).to(inputs.task_weights.dtype)


def _ratio(inputs: RuleInput, wanted: Tensor, own: Tensor) -> Tensor:
    """``(n_members, 1)`` length of the one step over that of the other; 1 where that has none."""
    pairs = inputs.active.unsqueeze(-1) & inputs.active.unsqueeze(-2)
    gram = torch.where(pairs, inputs.gram, 0.0)
    rounding = torch.finfo(gram.dtype).eps

    def square(weights: Tensor) -> tuple[Tensor, Tensor]:
        weights = weights.to(gram.dtype)
        value = (weights * (gram @ weights.unsqueeze(-1)).squeeze(-1)).sum(dim=-1, keepdim=True)
        largest = (weights**2 * gram.diagonal(dim1=-2, dim2=-1)).sum(dim=-1, keepdim=True)
        return value, 4.0 * rounding * largest

    (above, _), (below, doubt) = square(wanted), square(own)
    # Where gradients cancel to rounding, there is no direction to be scaled.
    seen = below > doubt
    ratio = (above.clamp_min(0.0) / torch.where(seen, below, 1.0)).sqrt()
    return torch.where(seen | below.isnan(), ratio, 1.0).to(wanted.dtype)
