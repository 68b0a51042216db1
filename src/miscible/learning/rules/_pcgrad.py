"""PCGrad: projections away from conflict."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from ._protocol import BaseRule, RuleInput, RuleState, blemish
from ._visits import in_order, rounds, visiting_order

__all__ = ["PcGrad"]


@dataclass(frozen=True)
class PcGrad(BaseRule):
    """Gradient surgery.

    Yu et al. 2020, arXiv 2001.06782: a copy of each gradient visits the other tasks in random order and loses its
    component along every original gradient it points against; the copies are summed (weights are at least 1; above 1
    where surgery happened). All copies of a member visit in the same order, drawn afresh at every step: each
    copy's order is as random as with an order of its own, so the expected step is that of the paper. Projections act
    on all shared parameters as one vector. Only with two tasks is the step free of conflict.
    """

    name: ClassVar[str] = "pcgrad"
    needs: ClassVar[frozenset[str]] = frozenset({"gram", "order"})

    def weights(self, inputs: RuleInput, state: RuleState) -> tuple[Tensor, RuleState]:
        """One round a visited task, over all copies at once."""
        order = visiting_order(inputs.order, inputs.active)
        gram = in_order(inputs.scaled_gram, order)
        diagonal = gram.diagonal(dim1=-2, dim2=-1)
        inverse = torch.where(diagonal > 0.0, -1.0 / diagonal, 0.0)
        # The multiple of gradient j that takes away what a copy has along it; wanted where positive.
        unit = gram * inverse.unsqueeze(-1)
        added = unit.clone()
        # A copy does not visit itself.
        added.diagonal(dim1=-2, dim2=-1).fill_(-torch.inf)
        rounds(unit, added, added, _keep_positive)
        visited = added.sum(dim=-1).add_(1.0).add_(blemish(gram))
        return inputs.final(visited.new_zeros(inputs.active.shape).scatter_(1, order, visited)), state


def _keep_positive(_: int, row: Tensor) -> None:
    row.clamp_min_(0.0)
