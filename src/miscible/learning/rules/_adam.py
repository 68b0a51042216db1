"""Adam with its own step count for every task."""

from __future__ import annotations

import torch
from torch import Tensor

from ._protocol import RuleState

__all__ = ["adam", "adam_state"]

_FIRST_DECAY = 0.9
_SECOND_DECAY = 0.999
# Far below any gradient met here: learned weights must not depend on the scale of the losses.
_EPSILON = 1e-18


def adam_state(parameter: Tensor) -> RuleState:
    """Moments and step counts shaped like the parameter."""
    return {name: torch.zeros_like(parameter) for name in ("first", "second", "steps")}


def adam(
    parameter: Tensor, gradient: Tensor, active: Tensor, state: RuleState, learning_rate: float
) -> tuple[Tensor, RuleState]:
    """One step of Adam (Kingma and Ba 2015: decays 0.9 and 0.999) on the active entries; the others stay.

    Returns
    -------
    parameter, state
        ``state`` holds only what :func:`adam_state` made.
    """
    gradient = torch.where(active, gradient, 0.0)
    steps = state["steps"] + active
    first = (_FIRST_DECAY * state["first"]).add_(gradient, alpha=1.0 - _FIRST_DECAY)
    first = torch.where(active, first, state["first"])
    second = (_SECOND_DECAY * state["second"]).addcmul_(gradient, gradient, value=1.0 - _SECOND_DECAY)
    second = torch.where(active, second, state["second"])
    mean = first / (1.0 - _FIRST_DECAY**steps)
    size = (second / (1.0 - _SECOND_DECAY**steps)).sqrt_().add_(_EPSILON)
    # Before the first step 0 is divided by 0; such an entry is not active.
    change = mean.div_(size).mul_(learning_rate)
    return torch.where(active, parameter - change, parameter), {
        "first": first,
        "second": second,
        "steps": steps,
    }
