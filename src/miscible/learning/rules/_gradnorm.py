"""GradNorm: gradient lengths steered towards a common training rate."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from ._adam import adam, adam_state
from ._options import require_positive, require_within
from ._protocol import BaseRule, RuleInput, RuleState

__all__ = ["GradNorm"]

_LEAST_WEIGHT = 1e-3


@dataclass(frozen=True)
class GradNorm(BaseRule):
    """Gradient normalisation.

    Chen et al. 2018, arXiv 1711.02257: with ``n_t = |w_t g_t|`` at the last shared layer and the relative loss
    ratio ``r_t = (L_t / L_t(0)) / mean``, the learned weights ``w`` descend on ``sum_t |n_t - mean(n) r_t^alpha|``
    with the target held fixed. As ``n_t`` is ``w_t`` times a length read off the Gram, that gradient is
    ``sign(n_t - target_t) |g_t|``: no second pass. Weights start at 1, move by Adam, stay at least 0.001 and keep
    their sum (the number of tasks; over the tasks of the step, so absent ones stay as they are). ``L_t(0)`` is the
    mean over the first epoch, until when all weights are 1.

    Parameters
    ----------
    alpha
        Strength of the pull towards a common rate. The paper uses 0.12 to 1.5 by data set; 1 lies between.
    learning_rate
        Of Adam on the weights; 0.025 as in the paper.
    """

    name: ClassVar[str] = "gradnorm"
    needs: ClassVar[frozenset[str]] = frozenset({"last-gram", "losses"})
    alpha: float = 1.0
    learning_rate: float = 0.025

    def __post_init__(self) -> None:
        require_within(self.name, 0.0, 10.0, alpha=self.alpha)
        require_positive(self.name, learning_rate=self.learning_rate)

    def init(self, n_members: int, n_tasks: int, device: torch.device, dtype: torch.dtype) -> RuleState:
        """Weights 1, initial losses NaN (not known yet), and Adam's moments; all ``(n_members, n_tasks)``."""
        weights = torch.ones(n_members, n_tasks, device=device, dtype=dtype)
        return {"weights": weights, "initial": torch.full_like(weights, torch.nan), **adam_state(weights)}

    def end_epoch(self, state: RuleState, losses: Tensor, seen: Tensor) -> RuleState:
        """Take the mean loss of the first epoch in which a task was seen as its initial loss."""
        initial = state["initial"]
        first = seen & initial.isnan()
        return {**state, "initial": torch.where(first, losses.to(initial.dtype), initial)}

    def weights(self, inputs: RuleInput, state: RuleState) -> tuple[Tensor, RuleState]:
        """Current weights; the state holds those of the next step."""
        weights, initial = state["weights"], state["initial"]
        ready = inputs.active & (initial > 0.0)
        lengths = inputs.gram.diagonal(dim1=-2, dim2=-1).clamp_min(0.0).sqrt_().to(weights.dtype)
        lengths = torch.where(ready, lengths * inputs.task_weights, 0.0).to(weights.dtype)
        norms = weights * lengths
        ratio = torch.where(ready, (inputs.losses / initial).clamp_min_(0.0), 0.0).to(weights.dtype)
        rate = _share(ratio)
        if self.alpha != 1.0:
            # The number of tasks cancels where alpha is 1.
            count = ready.sum(dim=-1, keepdim=True).clamp_min(1)
            rate = (rate * count) ** self.alpha / count
        above = norms - norms.sum(dim=-1, keepdim=True) * rate
        moved, moments = adam(weights, above.sign_().mul_(lengths), ready, state, self.learning_rate)
        kept = ready.to(weights.dtype)
        moved = _share(moved.clamp_min_(_LEAST_WEIGHT) * kept) * (weights * kept).sum(dim=-1, keepdim=True)
        return inputs.final(weights), {**state, "weights": torch.where(ready, moved, weights), **moments}


def _share(values: Tensor) -> Tensor:
    """Values that are not negative, divided by their sum; zeros if that is zero."""
    total = values.sum(dim=-1, keepdim=True)
    return values / torch.where(total == 0.0, 1.0, total)
