"""GradVac: gradients turned towards their usual cosine."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from ._options import require_within
from ._protocol import BaseRule, RuleInput, RuleState, blemish
from ._visits import in_order, put_back, rounds, visiting_order

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
        order = visiting_order(inputs.order, inputs.active)
        gram = in_order(inputs.scaled_gram, order)
        targets = in_order(state["targets"], order)
        norms = gram.diagonal(dim1=-2, dim2=-1).clamp_min(0.0).sqrt()
        known = norms > 0.0
        inverse = torch.where(known, 1.0 / norms, 0.0)
        pairs = known.unsqueeze(-1) & known.unsqueeze(-2)
        pairs.diagonal(dim1=-2, dim2=-1).fill_(False)
        opposed = gram * inverse.unsqueeze(-1) * -inverse.unsqueeze(-2)
        copies = _Copies(opposed, torch.where(pairs.mT, targets.mT, 0.0).to(gram.dtype))
        rounds(opposed, copies.opposed, copies.added, copies.visit)
        added = (copies.added @ norms.unsqueeze(-1)).squeeze(-1)
        visited = (added * inverse).add_(1.0).add_(blemish(gram))
        weights = inputs.final(visited.new_zeros(inputs.active.shape).scatter_(1, order, visited))
        cosines = copies.cosines().mT.to(targets.dtype)
        targets = torch.where(pairs, targets + self.beta * (cosines - targets), targets)
        return weights, {"targets": put_back(state["targets"], order, targets)}


class _Copies:
    """Copies of all gradients, by round and copy, relative to each copy's first length.

    Attributes
    ----------
    opposed
        Minus the products with the unit gradient of the round.
    added
        Multiples of the unit gradients put in so far.
    squares
        Square lengths before the round.
    slopes
        Tangent-like form ``target / sqrt(1 - target^2)`` of the target cosines: what a copy needs along a unit
        gradient for each unit of length across it.
    """

    def __init__(self, opposed: Tensor, targets: Tensor) -> None:
        self.opposed = opposed.clone()
        # A copy does not visit itself. Finite, so that a product with 0 is 0.
        self.opposed.diagonal(dim1=-2, dim2=-1).fill_(-0.25 * torch.finfo(opposed.dtype).max)
        self.added = torch.empty_like(opposed)
        self.squares = torch.ones_like(opposed)
        aims = targets.clamp(-_LARGEST_TARGET, _LARGEST_TARGET)
        self.slopes = aims / (1.0 - aims**2).sqrt()
        # What is shorter is made of rounding and has no direction.
        self.least = torch.finfo(opposed.dtype).eps

    def visit(self, j: int, row: Tensor) -> None:
        """Add the visited gradient where it takes the copy up to the target cosine."""
        square, added = self.squares[:, j : j + 1], self.added[:, j : j + 1]
        across = torch.addcmul(square, row, row, value=-1.0).clamp_min_(0.0).sqrt_()
        torch.addcmul(row, self.slopes[:, j : j + 1], across, out=added).clamp_min_(0.0)
        if j + 1 < self.squares.shape[1]:
            longer = torch.add(added, row, alpha=-2.0)
            torch.addcmul(square, added, longer, out=self.squares[:, j + 1 : j + 2]).clamp_min_(self.least)

    def cosines(self) -> Tensor:
        """With the gradient of the round, before it was added."""
        return (-self.opposed / self.squares.sqrt()).clamp_(-1.0, 1.0)
