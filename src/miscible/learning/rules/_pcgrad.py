"""PCGrad: projections away from conflict."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from ._protocol import BaseRule, RuleInput, RuleState, all_finite
from ._visits import in_order, visiting_order

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
        order = visiting_order(inputs.order)
        gram = inputs.scaled_gram
        finite = all_finite(gram)
        gram = in_order(gram, order)
        diagonal = gram.diagonal(dim1=-2, dim2=-1)
        inverse = torch.where(diagonal > 0.0, 1.0 / diagonal, 0.0)
        added = torch.zeros_like(gram)
        for j in range(gram.shape[-1]):
            dots = gram[:, :, j]
            if j > 0:
                dots = dots + (added[:, :, :j] @ gram[:, :j, j, None]).squeeze(-1)
            coefficient = (-dots).clamp_min(0.0) * inverse[:, j, None]
            coefficient[:, j] = 0.0
            added[:, :, j] = coefficient
        visited = torch.where(finite, 1.0 + added.sum(dim=1), torch.nan)
        return inputs.final(torch.empty_like(visited).scatter(1, order, visited)), state
