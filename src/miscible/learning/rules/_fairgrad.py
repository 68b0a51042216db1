"""FairGrad: alpha-fair shares of the loss decrease."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from ._geometry import Geometry, geometry
from ._options import require_positive
from ._protocol import BaseRule, RuleInput, RuleState

__all__ = ["FairGrad", "fair_weights"]

_STEPS = 24
# Newton's last step squares it.
_CONVERGED = 1e-9


def fair_weights(tasks: Geometry, alpha: float) -> Tensor:
    """Solve ``G a = a^(-1 / alpha)`` with ``G`` divided by its Frobenius norm.

    With unit gradients and ``b = a |g|`` it is the stationary point of a convex function. Newton steps shortened
    to ``1 / (1 + delta)``, ``delta`` the largest relative decrease asked of an entry, keep ``b`` positive and never
    pass the minimum on their way while ``alpha >= 1``.

    Returns
    -------
    Tensor
        ``(n_members, n_tasks)``, positive where present.
    """
    power = 1.0 / alpha
    size = tasks.gram.square().sum(dim=(-2, -1)).sqrt().sqrt().unsqueeze(-1)
    share = torch.where(tasks.present, (size * tasks.inverse_norms) ** (1.0 - power), 1.0)
    cosines = tasks.regular_cosines + torch.diag_embed((~tasks.present).double())
    crowd = cosines.clamp_min(0.0).sum(dim=-1)
    b = (share / crowd) ** (1.0 / (1.0 + power))
    moving = tasks.count > 0
    for _ in range(_STEPS):
        wish = share * b**-power
        slope = (cosines @ b.unsqueeze(-1)).squeeze(-1) - wish
        factor = torch.linalg.cholesky_ex(cosines + torch.diag_embed(power * wish / b)).L
        change = -torch.cholesky_solve(slope.unsqueeze(-1), factor).squeeze(-1)
        relative = change / b
        decrease = (-relative).amax(dim=-1, keepdim=True).clamp_min(0.0)
        b = torch.where(moving, b + change / (1.0 + max(1.0, power) * decrease), b)
        # Every member stops on its own, whoever else is in the batch.
        moving = moving & (relative.abs().amax(dim=-1, keepdim=True) > _CONVERGED)
        if not moving.any():
            break
    return b * size * tasks.inverse_norms


@dataclass(frozen=True)
class FairGrad(BaseRule):
    """Fair resource allocation.

    Ban and Ji 2024, arXiv 2402.15638: the weights solve ``G a = a^(-1 / alpha)``; ``alpha = 1`` is Nash-MTL, large
    ``alpha`` approaches the best worst case. Convention: ``G`` is divided by its Frobenius norm first, as Nash-MTL
    does, so that the weights do not depend on the scale of the losses and one task keeps its gradient.

    Parameters
    ----------
    alpha
        Fairness; 2 as in the authors' runs on 11 and 40 tasks.
    """

    name: ClassVar[str] = "fairgrad"
    needs: ClassVar[frozenset[str]] = frozenset({"gram"})
    non_conflicting: ClassVar[bool] = True
    alpha: float = 2.0

    def __post_init__(self) -> None:
        require_positive(self.name, alpha=self.alpha)

    def weights(self, inputs: RuleInput, state: RuleState) -> tuple[Tensor, RuleState]:
        """Positive weights; see the class."""
        tasks = geometry(inputs)
        return tasks.final(inputs, fair_weights(tasks, self.alpha)), state
