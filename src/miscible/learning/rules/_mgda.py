"""MGDA: the shortest vector of the gradients' hull."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from ._geometry import geometry
from ._programs import best_descent
from ._protocol import BaseRule, RuleInput, RuleState

__all__ = ["Mgda"]


@dataclass(frozen=True)
class Mgda(BaseRule):
    """Multiple-gradient descent: the min-norm convex combination.

    Désidéri 2012, C. R. Math. 350, 313; Sener and Koltun 2018, arXiv 1810.04650. Convention: weights sum to 1 (a
    mean), gradients are not normalised first, so the shortest gradient dominates. Solved
    to rounding, not by the Frank-Wolfe steps of the second paper.
    """

    name: ClassVar[str] = "mgda"
    needs: ClassVar[frozenset[str]] = frozenset({"gram"})
    non_conflicting: ClassVar[bool] = True

    def weights(self, inputs: RuleInput, state: RuleState) -> tuple[Tensor, RuleState]:
        """Point of the simplex; see the class."""
        tasks = geometry(inputs)
        simplex, _ = best_descent(tasks.regular_gram, torch.zeros_like(tasks.norms), tasks.present.double())
        return tasks.final(inputs, simplex), state
