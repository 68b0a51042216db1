"""CAGrad: the best worst case near the mean gradient."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from ._geometry import geometry
from ._options import require_positive
from ._programs import best_descent
from ._protocol import BaseRule, RuleInput, RuleState

__all__ = ["CaGrad"]


@dataclass(frozen=True)
class CaGrad(BaseRule):
    """Conflict-averse gradient descent.

    Liu et al. 2021, arXiv 2110.14048: ``d`` maximises ``min_t g_t . d`` over ``|d - g_0| <= c |g_0|`` with the mean
    gradient ``g_0``, so ``d = g_0 + c |g_0| g_w / |g_w|``. Convention: a mean, divided by ``1 + c`` (one of the
    rescalings of the authors' code), so that one task, or equal tasks, keep their gradient.

    Parameters
    ----------
    c
        Radius of the ball; 0.4 as in the paper's supervised experiments.
    """

    name: ClassVar[str] = "cagrad"
    needs: ClassVar[frozenset[str]] = frozenset({"gram"})
    c: float = 0.4

    def __post_init__(self) -> None:
        require_positive(self.name, c=self.c)

    def weights(self, inputs: RuleInput, state: RuleState) -> tuple[Tensor, RuleState]:
        """Mean plus the worst-case correction; see the class."""
        tasks = geometry(inputs)
        uniform = tasks.present.double() / tasks.count
        projections = (tasks.gram @ uniform.unsqueeze(-1)).squeeze(-1)
        radius = self.c * (uniform * projections).sum(dim=-1, keepdim=True).clamp_min(0.0).sqrt()
        offset = torch.where(radius > 0.0, projections / radius, 0.0)
        _, x = best_descent(tasks.regular_gram, offset, tasks.present.double())
        return tasks.final(inputs, (uniform + radius * x) / (1.0 + self.c)), state
