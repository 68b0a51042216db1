"""GradVac: gradients turned towards their usual cosine."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from ._options import require_within
from ._protocol import BaseRule, RuleInput, RuleState, all_finite
from ._visits import in_order, visiting_order

__all__ = ["GradVac"]

# Targets closer to 1 would ask for unbounded corrections.
_LARGEST_TARGET = 1.0 - 1e-6


@dataclass(frozen=True)
class GradVac(BaseRule):
    """Gradient vaccine.

    Wang et al. 2021, arXiv 2010.05874: as PCGrad (one shared visiting order, a sum), but each pair has a target
    cosine, the running mean of the cosines met, and a copy below it is turned until it meets it. Running means start
    at 0, where the step equals PCGrad's, and stay as they are for pairs that are not both active.

    Parameters
    ----------
    beta
        Share of the new cosine in the running mean; 0.01 as in the paper.
    """

    name: ClassVar[str] = "gradvac"
    needs: ClassVar[frozenset[str]] = frozenset({"gram", "order"})
    beta: float = 0.01

    def __post_init__(self) -> None:
        require_within(self.name, 0.0, 1.0, beta=self.beta)

    def init(self, n_members: int, n_tasks: int, device: torch.device, dtype: torch.dtype) -> RuleState:
        """Target cosines ``(n_members, n_tasks, n_tasks)``, all 0."""
        return {"targets": torch.zeros(n_members, n_tasks, n_tasks, device=device, dtype=dtype)}

    def weights(self, inputs: RuleInput, state: RuleState) -> tuple[Tensor, RuleState]:
        """One round a visited task, over all copies at once."""
        order = visiting_order(inputs.order)
        gram = inputs.scaled_gram
        finite = all_finite(gram)
        gram = in_order(gram, order)
        targets = in_order(state["targets"], order)
        norms = gram.diagonal(dim1=-2, dim2=-1).clamp_min(0.0).sqrt()
        known = norms > 0.0
        inverse = torch.where(known, 1.0 / norms, 0.0)
        square = norms**2
        added = torch.zeros_like(gram)
        updated = []
        for j in range(gram.shape[-1]):
            dots = gram[:, :, j]
            if j > 0:
                dots = dots + (added[:, :, :j] @ gram[:, :j, j, None]).squeeze(-1)
            length = square.sqrt()
            cosine = (dots * inverse[:, j, None] / torch.where(length > 0.0, length, 1.0)).clamp(-1.0, 1.0)
            target = targets[:, :, j]
            aim = target.clamp(-_LARGEST_TARGET, _LARGEST_TARGET)
            turn = aim * ((1.0 - cosine**2) / (1.0 - aim**2)).sqrt() - cosine
            pair = known & known[:, j, None]
            pair[:, j] = False
            coefficient = torch.where(pair & (cosine < target), length * turn * inverse[:, j, None], 0.0)
            added[:, :, j] = coefficient
            square = square + coefficient * (2.0 * dots + coefficient * gram[:, j, j, None])
            square = square.clamp_min(0.0)
            updated.append(torch.where(pair, target + self.beta * (cosine - target), target))
        visited = torch.where(finite, 1.0 + added.sum(dim=1), torch.nan)
        weights = inputs.final(torch.empty_like(visited).scatter(1, order, visited))
        return weights, {"targets": in_order(torch.stack(updated, dim=-1), order.argsort(dim=-1))}
