"""IMTL-G: equal projections on all unit gradients, weights summing to one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from ._geometry import Geometry, geometry, spectrum
from ._protocol import BaseRule, RuleInput, RuleState

__all__ = ["ImtlG", "equal_cosines"]

_LEAST_SUM = 1e-3


def equal_cosines(tasks: Geometry) -> Tensor:
    """Coefficients on unit gradients of the shortest vector with projection 1 on each (least squares if none).

    Returns
    -------
    Tensor
        ``(n_members, n_tasks)``.
    """
    values, vectors = spectrum(tasks.cosines, tasks.present.double(), tasks.rounding)
    inverse = torch.where(values > 0.0, 1.0 / torch.where(values > 0.0, values, 1.0), 0.0)
    ones = tasks.present.double().unsqueeze(-1)
    return (vectors @ (inverse.unsqueeze(-1) * (vectors.mT @ ones))).squeeze(-1)


@dataclass(frozen=True)
class ImtlG(BaseRule):
    """Impartial multi-task learning, its gradient part.

    Liu et al. 2021, ICLR, "Towards impartial multi-task learning": ``d . g_t / |g_t|`` is the same for all tasks
    and the weights sum to 1 (a mean). Weights may be negative, and with strongly conflicting gradients of unequal
    length the published normalisation can turn the step against all tasks, so freedom from conflict is not
    promised. Where the sum before normalisation is below 0.001 of the sum of magnitudes, that floor is divided by
    instead.
    """

    name: ClassVar[str] = "imtl-g"
    needs: ClassVar[frozenset[str]] = frozenset({"gram"})

    def weights(self, inputs: RuleInput, state: RuleState) -> tuple[Tensor, RuleState]:
        """Closed form through the pseudo-inverse of the cosines."""
        tasks = geometry(inputs)
        raw = equal_cosines(tasks) * tasks.inverse_norms
        total = raw.sum(dim=-1, keepdim=True)
        floor = _LEAST_SUM * raw.abs().sum(dim=-1, keepdim=True)
        total = torch.where(total.abs() < floor, floor, total)
        return tasks.final(inputs, raw / torch.where(total == 0.0, 1.0, total)), state
