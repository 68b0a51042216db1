"""What a rule is: task statistics of one step in, weights of the task gradients out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Protocol

import torch
from torch import Tensor

__all__ = ["NEEDS", "BaseRule", "Rule", "RuleInput", "RuleState", "all_finite", "blemish"]

RuleState = dict[str, Tensor]
"""Tensors whose first dimension is ``n_members``, so that members may leave by indexing."""

NEEDS = frozenset({"gram", "last-gram", "losses", "order", "losses-after"})
"""What a rule may ask of a step, see :class:`Rule`."""


@dataclass(frozen=True, slots=True)
class RuleInput:
    """What one step knows about the tasks of every member.

    Static task weights enter here and nowhere else: task ``t`` has loss ``task_weights[t] * losses[t]`` and
    gradient ``task_weights[t] * g_t``, and every rule works on those.

    Parameters
    ----------
    gram
        ``(n_members, n_tasks, n_tasks)`` inner products of the task gradients without static weights: on all
        shared parameters for a rule that needs ``"gram"``, on the last shared layer for one that needs
        ``"last-gram"`` (only the diagonal is read there). Rows and columns of inactive tasks may hold anything.
    losses
        ``(n_members, n_tasks)`` task losses of the batch; anything where inactive.
    active
        ``(n_members, n_tasks)`` bool: the task has a label in the batch.
    order
        ``(n_members, n_tasks)`` independent uniform keys; tasks are visited by increasing key.
    task_weights
        ``(n_members, n_tasks)`` static, not negative. Their dtype is that of the answer.
    """

    gram: Tensor
    losses: Tensor
    active: Tensor
    order: Tensor
    task_weights: Tensor

    @property
    def scaled_gram(self) -> Tensor:
        """Gram of the statically weighted gradients, zero in rows and columns of inactive tasks."""
        pairs = self.active.unsqueeze(-1) & self.active.unsqueeze(-2)
        weights = self.task_weights.to(self.gram.dtype)
        scale = weights.unsqueeze(-1) * weights.unsqueeze(-2)
        return torch.where(pairs, self.gram * scale, 0.0)

    @property
    def scaled_losses(self) -> Tensor:
        """Statically weighted losses, zero where inactive."""
        return torch.where(self.active, self.losses * self.task_weights, 0.0)

    def final(self, combination: Tensor) -> Tensor:
        """Weights of the plain gradients from weights of the statically weighted ones; zero where inactive."""
        weights = combination.to(self.task_weights.dtype) * self.task_weights
        return torch.where(self.active, weights, 0.0)


class Rule(Protocol):
    """A pure function from the tasks' gradients, seen through their Gram, to weights.

    Attributes
    ----------
    name
        As in plans.
    needs
        Subset of :data:`NEEDS`: ``"gram"`` or ``"last-gram"`` (which Gram ``RuleInput.gram`` holds), ``"losses"``,
        ``"order"`` (random keys), ``"losses-after"`` (:meth:`after_step` must be called). A field not asked for is
        not read.
    non_conflicting
        Promised: to first order the step raises no active task's loss.
    """

    name: ClassVar[str]
    needs: ClassVar[frozenset[str]]
    non_conflicting: ClassVar[bool]

    def init(self, n_members: int, n_tasks: int, device: torch.device, dtype: torch.dtype) -> RuleState:
        """State before the first step."""
        ...

    def weights(self, inputs: RuleInput, state: RuleState) -> tuple[Tensor, RuleState]:
        """Weights ``w`` of the step direction ``sum_t w_t g_t`` and the state after the step.

        Inactive tasks get 0 and keep their state; without active tasks all weights are 0. A member whose numbers
        are not finite gets NaN and leaves the others alone.
        """
        ...

    def after_step(self, inputs: RuleInput, losses_after: Tensor, state: RuleState) -> RuleState:
        """State after the same batch's losses ``(n_members, n_tasks)`` were seen again behind the step."""
        ...

    def end_epoch(self, state: RuleState, losses: Tensor, seen: Tensor) -> RuleState:
        """State after an epoch with mean training losses ``(n_members, n_tasks)`` of the tasks ``seen``."""
        ...


def blemish(gram: Tensor) -> Tensor:
    """``(n_members, 1)``: 0, or NaN where an entry of the member's Gram is not finite."""
    return (gram * 0.0).sum(dim=(-2, -1)).unsqueeze(-1)


def all_finite(gram: Tensor) -> Tensor:
    """``(n_members, 1)`` bool: every entry of the member's Gram is finite."""
    return blemish(gram) == 0.0


class BaseRule:
    """A rule without state."""

    name: ClassVar[str]
    needs: ClassVar[frozenset[str]]
    non_conflicting: ClassVar[bool] = False

    def init(self, n_members: int, n_tasks: int, device: torch.device, dtype: torch.dtype) -> RuleState:
        """Nothing to remember."""
        return {}

    def after_step(self, inputs: RuleInput, losses_after: Tensor, state: RuleState) -> RuleState:
        """Nothing to learn from a step."""
        return state

    def end_epoch(self, state: RuleState, losses: Tensor, seen: Tensor) -> RuleState:
        """Nothing to learn from an epoch."""
        return state
