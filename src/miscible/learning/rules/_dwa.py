"""Dynamic weight average."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from ._options import require_positive
from ._protocol import BaseRule, RuleInput, RuleState

__all__ = ["Dwa"]


@dataclass(frozen=True)
class Dwa(BaseRule):
    """More weight to tasks whose loss falls slowly from epoch to epoch.

    Liu, Johns and Davison 2019, arXiv 1803.10704: ``w = T softmax(r / temperature)`` with ``r_t`` the ratio of the
    last two epochs' mean losses; 1 in the first two epochs. Weights sum to the number of tasks; a task not seen
    in an epoch keeps its weight and its last loss.

    Parameters
    ----------
    temperature
        2 as in the paper; larger is closer to equal weights.
    """

    name: ClassVar[str] = "dwa"
    needs: ClassVar[frozenset[str]] = frozenset()
    temperature: float = 2.0

    def __post_init__(self) -> None:
        require_positive(self.name, temperature=self.temperature)

    def init(self, n_members: int, n_tasks: int, device: torch.device, dtype: torch.dtype) -> RuleState:
        """Weights 1 and previous losses NaN (not known yet); both ``(n_members, n_tasks)``."""
        weights = torch.ones(n_members, n_tasks, device=device, dtype=dtype)
        return {"weights": weights, "previous": torch.full_like(weights, torch.nan)}

    def weights(self, inputs: RuleInput, state: RuleState) -> tuple[Tensor, RuleState]:
        """The epoch's weights."""
        return inputs.final(state["weights"]), state

    def end_epoch(self, state: RuleState, losses: Tensor, seen: Tensor) -> RuleState:
        """Weights of the next epoch."""
        weights, previous = state["weights"], state["previous"]
        losses = losses.to(weights.dtype)
        ratio = torch.where(previous > 0.0, losses / previous, 1.0)
        logits = torch.where(seen, ratio / self.temperature, -torch.inf)
        none = ~seen.any(dim=-1, keepdim=True)
        share = torch.softmax(torch.where(none, 0.0, logits), dim=-1)
        mass = torch.where(seen, weights, 0.0).sum(dim=-1, keepdim=True)
        return {
            "weights": torch.where(seen, mass * share, weights),
            "previous": torch.where(seen, losses, previous),
        }
