"""ConFIG: equal cosines, length as the projections add up."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from ._geometry import geometry
from ._imtl_g import equal_cosines
from ._protocol import BaseRule, RuleInput, RuleState

__all__ = ["Config"]


@dataclass(frozen=True)
class Config(BaseRule):
    """Conflict-free inverse gradients.

    Liu, Chu and Thuerey 2024, arXiv 2408.11104: the direction with equal cosines to all gradients, with length
    ``sum_t g_t . direction``. Convention: a sum. Free of conflict while the gradients are linearly independent;
    otherwise a least-squares compromise, so it is not promised.
    """

    name: ClassVar[str] = "config"
    needs: ClassVar[frozenset[str]] = frozenset({"gram"})

    def weights(self, inputs: RuleInput, state: RuleState) -> tuple[Tensor, RuleState]:
        """Closed form through the pseudo-inverse of the cosines."""
        tasks = geometry(inputs)
        unit = equal_cosines(tasks)
        projections = (tasks.cosines @ unit.unsqueeze(-1)).squeeze(-1)
        square = (unit * projections).sum(dim=-1, keepdim=True)
        length = (tasks.norms * projections).sum(dim=-1, keepdim=True) / torch.where(
            square > 0.0, square, 1.0
        )
        return tasks.final(inputs, length * unit * tasks.inverse_norms), state
