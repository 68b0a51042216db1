"""Plain sum."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from ._protocol import BaseRule, RuleInput, RuleState

__all__ = ["Sum"]


@dataclass(frozen=True)
class Sum(BaseRule):
    """Every active task with weight 1: the sum of the (statically weighted) losses."""

    name: ClassVar[str] = "sum"
    needs: ClassVar[frozenset[str]] = frozenset()

    def weights(self, inputs: RuleInput, state: RuleState) -> tuple[Tensor, RuleState]:
        """Ones."""
        return inputs.final(torch.ones_like(inputs.task_weights)), state
