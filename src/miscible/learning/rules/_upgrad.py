"""UPGrad: each gradient made harmless, then the mean."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from ._geometry import geometry
from ._interior import nonnegative_quadratic
from ._protocol import BaseRule, RuleInput, RuleState

__all__ = ["UpGrad"]

_CHUNK = 1_000_000


@dataclass(frozen=True)
class UpGrad(BaseRule):
    """Unconflicting projection of gradients.

    Quinton and Rey 2024, arXiv 2406.16232: project every gradient on the dual cone (directions that oppose no
    task) and average. Convention: a mean over the active tasks. One quadratic program a task, solved by interior
    points.
    """

    name: ClassVar[str] = "upgrad"
    needs: ClassVar[frozenset[str]] = frozenset({"gram"})
    non_conflicting: ClassVar[bool] = True

    def weights(self, inputs: RuleInput, state: RuleState) -> tuple[Tensor, RuleState]:
        """Mean of the projections; see the class."""
        tasks = geometry(inputs)
        cosines = tasks.regular_cosines
        # Unit gradient i becomes u_i + sum_j added_ij u_j; problems are solved in chunks to bound the memory.
        rows = cosines.split(max(1, _CHUNK // max(1, cosines.numel())), dim=1)
        present = tasks.present.double().unsqueeze(1)
        added = torch.cat([nonnegative_quadratic(cosines.unsqueeze(1), row, present) for row in rows], dim=1)
        total = tasks.norms + (tasks.norms.unsqueeze(-1) * added).sum(dim=1)
        return tasks.final(inputs, total * tasks.inverse_norms / tasks.count), state
