"""Nash-MTL: the bargaining solution."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor

from ._fairgrad import fair_weights
from ._geometry import geometry
from ._protocol import BaseRule, RuleInput, RuleState

__all__ = ["Nash"]


@dataclass(frozen=True)
class Nash(BaseRule):
    """Multi-task learning as a bargaining game.

    Navon et al. 2022, arXiv 2202.01017: the weights solve ``G a = 1 / a``. Convention: ``G`` is divided by its
    Frobenius norm first, as in the authors' code. Their clipping of the step to length 1 and their reuse of old
    weights are left out, and the equation is solved to rounding at every step.
    """

    name: ClassVar[str] = "nash"
    needs: ClassVar[frozenset[str]] = frozenset({"gram"})
    non_conflicting: ClassVar[bool] = True

    def weights(self, inputs: RuleInput, state: RuleState) -> tuple[Tensor, RuleState]:
        """Positive weights; see the class."""
        tasks = geometry(inputs)
        return tasks.final(inputs, fair_weights(tasks, 1.0)), state
