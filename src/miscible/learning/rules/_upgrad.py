"""UPGrad: each gradient made harmless, then the mean."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor

from ._geometry import geometry
from ._programs import nonnegative_quadratic
from ._protocol import BaseRule, RuleInput, RuleState

__all__ = ["UpGrad"]


@dataclass(frozen=True)
class UpGrad(BaseRule):
    """Unconflicting projection of gradients.

    Quinton and Rey 2024, arXiv 2406.16232: project every gradient on the dual cone (directions that oppose no
    task) and average. Convention: a mean over the active tasks. One quadratic program a task, solved to
    rounding.
    """

    name: ClassVar[str] = "upgrad"
    needs: ClassVar[frozenset[str]] = frozenset({"gram"})
    non_conflicting: ClassVar[bool] = True

    def weights(self, inputs: RuleInput, state: RuleState) -> tuple[Tensor, RuleState]:
        """Mean of the projections; see the class."""
        tasks = geometry(inputs)
        cosines = tasks.regular_cosines
        # Unit gradient i becomes u_i + sum_j added_ij u_j.
        added = nonnegative_quadratic(cosines, cosines, tasks.present.double())
        total = tasks.norms + (tasks.norms.unsqueeze(-1) * added).sum(dim=1)
        return tasks.final(inputs, total * tasks.inverse_norms / tasks.count), state
