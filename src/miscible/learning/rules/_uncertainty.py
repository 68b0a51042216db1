"""Homoscedastic uncertainty."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from ._adam import adam, adam_state
from ._options import require_positive
from ._protocol import BaseRule, RuleInput, RuleState

__all__ = ["Uncertainty"]

_LARGEST = 10.0


@dataclass(frozen=True)
class Uncertainty(BaseRule):
    """Weights from learned task noise.

    Kendall, Gal and Cipolla 2018, arXiv 1705.07115: regression ``L / (2 e^s) + s / 2``, classification
    ``L / e^s + s / 2``, minimised over ``s`` together with the network. Up to a shift of ``s`` by ``log 2`` and a
    factor 2 both are ``L e^-s + s``, which is used for all kinds, so every task starts at weight ``e^-s = 1`` and
    is drawn to ``1 / L``. ``s`` moves by Adam within -10 and 10. A static task weight scales ``L`` and so is
    learned away.

    Parameters
    ----------
    learning_rate
        Of Adam on ``s``. The paper trains ``s`` like any parameter; 0.01, ten times Adam's usual step, lets it
        travel within the few thousand steps of a small table.
    """

    name: ClassVar[str] = "uncertainty"
    needs: ClassVar[frozenset[str]] = frozenset({"losses"})
    learning_rate: float = 0.01

    def __post_init__(self) -> None:
        require_positive(self.name, learning_rate=self.learning_rate)

    def init(self, n_members: int, n_tasks: int, device: torch.device, dtype: torch.dtype) -> RuleState:
        """``s = 0`` and Adam's moments; all ``(n_members, n_tasks)``."""
        log_variance = torch.zeros(n_members, n_tasks, device=device, dtype=dtype)
        return {"log_variance": log_variance, **adam_state(log_variance)}

    def weights(self, inputs: RuleInput, state: RuleState) -> tuple[Tensor, RuleState]:
        """``e^-s``; the state holds ``s`` of the next step."""
        log_variance = state["log_variance"]
        precision = torch.exp(-log_variance)
        gradient = 1.0 - inputs.scaled_losses.to(precision.dtype) * precision
        moved, moments = adam(log_variance, gradient, inputs.active, state, self.learning_rate)
        return inputs.final(precision), {"log_variance": moved.clamp(-_LARGEST, _LARGEST), **moments}
