"""Aligned-MTL: the gradient matrix with all singular values equal."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from ._geometry import geometry, spectrum
from ._protocol import BaseRule, RuleInput, RuleState

__all__ = ["Aligned"]


@dataclass(frozen=True)
class Aligned(BaseRule):
    """Independent component alignment.

    Senushkin et al. 2023, arXiv 2305.19000: ``a = sqrt(lambda_min) V Lambda^(-1/2) V' 1`` with the eigenvalues of
    the Gram, ``lambda_min`` the least that is not zero to rounding. Convention: a sum (all preferences 1).
    """

    name: ClassVar[str] = "aligned"
    needs: ClassVar[frozenset[str]] = frozenset({"gram"})

    def weights(self, inputs: RuleInput, state: RuleState) -> tuple[Tensor, RuleState]:
        """Closed form through the eigenvectors of the Gram."""
        tasks = geometry(inputs)
        values, vectors = spectrum(tasks.gram, tasks.norms, tasks.rounding)
        kept = values > 0.0
        least = torch.where(kept, values, torch.inf).amin(dim=-1, keepdim=True)
        shrink = torch.where(kept, (least / torch.where(kept, values, 1.0)).sqrt(), 0.0)
        ones = tasks.present.double().unsqueeze(-1)
        return tasks.final(
            inputs, (vectors @ (shrink.unsqueeze(-1) * (vectors.mT @ ones))).squeeze(-1)
        ), state
