"""FAMO: equal relative decrease of all losses."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from ._adam import adam, adam_state
from ._options import require_positive, require_within
from ._protocol import BaseRule, RuleInput, RuleState

__all__ = ["Famo"]

_LEAST_LOSS = 1e-8


@dataclass(frozen=True)
class Famo(BaseRule):
    """Fast adaptive multitask optimisation.

    Liu et al. 2023, arXiv 2306.03792: the step follows ``sum_t z_t grad log L_t`` with ``z`` the softmax of learned
    logits over the active tasks, rescaled so that the weights ``z_t / L_t`` sum to 1 (a mean). After the step the same
    batch's losses are measured again, and the logits of tasks whose log loss fell most are lowered, by Adam with
    weight decay. Losses must be positive; they count as at least 1e-8. Static task weights cancel.

    Parameters
    ----------
    learning_rate, decay
        Of Adam on the logits; 0.025 and 0.01 as in the authors' code.
    """

    name: ClassVar[str] = "famo"
    needs: ClassVar[frozenset[str]] = frozenset({"losses", "losses-after"})
    learning_rate: float = 0.025
    decay: float = 0.01

    def __post_init__(self) -> None:
        require_positive(self.name, learning_rate=self.learning_rate)
        require_within(self.name, 0.0, 1.0, decay=self.decay)

    def init(self, n_members: int, n_tasks: int, device: torch.device, dtype: torch.dtype) -> RuleState:
        """Logits 0 and Adam's moments; all ``(n_members, n_tasks)``."""
        logits = torch.zeros(n_members, n_tasks, device=device, dtype=dtype)
        return {"logits": logits, **adam_state(logits)}

    def weights(self, inputs: RuleInput, state: RuleState) -> tuple[Tensor, RuleState]:
        """Shares over losses; the state changes only in :meth:`after_step`."""
        losses = inputs.scaled_losses.clamp_min(_LEAST_LOSS).to(state["logits"].dtype)
        raw = _shares(state["logits"], inputs.active) / losses
        total = raw.sum(dim=-1, keepdim=True)
        return inputs.final(raw / torch.where(total == 0.0, 1.0, total)), state

    def after_step(self, inputs: RuleInput, losses_after: Tensor, state: RuleState) -> RuleState:
        """Move the logits by the decrease of the log losses."""
        logits = state["logits"]
        before = inputs.losses.to(logits.dtype).clamp_min(_LEAST_LOSS)
        after = losses_after.to(logits.dtype).clamp_min(_LEAST_LOSS)
        decrease = torch.where(inputs.active, torch.log(before / after), 0.0)
        shares = _shares(logits, inputs.active)
        gradient = shares * (decrease - (shares * decrease).sum(dim=-1, keepdim=True))
        moved, moments = adam(
            logits, gradient + self.decay * logits, inputs.active, state, self.learning_rate
        )
        return {"logits": moved, **moments}


def _shares(logits: Tensor, active: Tensor) -> Tensor:
    """Softmax over the active tasks, 0 elsewhere."""
    none = ~active.any(dim=-1, keepdim=True)
    shares = torch.softmax(torch.where(active | none, logits, -torch.inf), dim=-1)
    return torch.where(active, shares, 0.0)
