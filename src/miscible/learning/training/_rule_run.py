"""A rule at work in one epoch of one stack: its state, its answers, and what is worth telling of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from ..nets import Batch
from ..rules import Rule, RuleInput, RuleState, conflicts
from ._stack import Stack

__all__ = ["RuleRun", "RuleStory"]

_NOTICEABLE = 1e-4
"""Weights closer to 1 than this count as plain."""


@dataclass(frozen=True, slots=True)
class RuleStory:
    """One epoch of a rule, per member of a stack.

    Parameters
    ----------
    weights
        ``(K, n_heads)`` mean weight of a task's gradient over the steps that had it; NaN where none had.
    acted
        ``(K,)`` share of steps in which some weight was not 1.
    conflicts
        ``(K,)`` share of pairs of active tasks with a negative inner product; NaN where no Gram was at hand.
    """

    weights: np.ndarray
    acted: np.ndarray
    conflicts: np.ndarray


class RuleRun:
    """Asks the rule at every step.

    Parameters
    ----------
    rule
        The rule.
    stack
        Its members' rule states are read, and replaced by :meth:`finish`.
    order
        ``(K, n_steps, n_heads)`` random keys; ``None`` for rules that need none.
    """

    def __init__(self, rule: Rule, stack: Stack, order: Tensor | None) -> None:
        self.rule = rule
        self.needs_gram = "gram" in rule.needs
        self.needs_last = "last-gram" in rule.needs
        self.needs_losses = "losses" in rule.needs
        self.looks_back = "losses-after" in rule.needs
        self._stack = stack
        self._state: RuleState = dict(stack.rule)
        self._order = order
        weight = stack.weights.trunk[0]
        shape = stack.n_members, stack.steps.shape[1] - 1
        self._ones = weight.new_ones(shape)
        self._zeros = weight.new_zeros(shape)
        self._weights = weight.new_zeros(shape)
        self._losses = weight.new_zeros(shape)
        self._seen = weight.new_zeros(shape)
        self._acted = weight.new_zeros(shape[0])
        self._steps = weight.new_zeros(shape[0])
        self._conflicts = weight.new_zeros(2, shape[0])
        # Small steps are told of together at the end: one at a time they would cost as much as the rule.
        self._noted: list[tuple[Tensor, Tensor, Tensor, Tensor]] = []
        self._inputs: RuleInput | None = None

    def weigh(self, step: int, gram: Tensor | None, losses: Tensor | None, batch: Batch) -> Tensor:
        """Weights of the tasks' gradients.

        Parameters
        ----------
        step
            From 0.
        gram
            ``(K, n_tasks, n_tasks)``, tasks as in ``batch.pairs``; of a rule that needs the last layer's, its
            diagonal ``(K, n_heads)``.
        losses
            ``(K, n_heads)`` task losses of the batch, see ``Objective.losses``.

        Returns
        -------
        Tensor
            ``(K, n_tasks)``.
        """
        k = batch.n_members
        assert batch.pairs is not None
        heads, active = batch.pairs.heads, batch.pairs.active
        ones = self._ones[:k, : active.shape[1]]
        order = ones if self._order is None else _chosen(self._order[:k, step], heads)
        known = self._zeros[:k, : active.shape[1]] if losses is None else _chosen(losses, heads)
        if gram is None:
            gram = ones
        matrix = gram if gram.ndim == 3 else torch.diag_embed(gram)
        inputs = RuleInput(matrix, known, active, order, ones)
        state = {name: _chosen_state(value[:k], heads) for name, value in self._state.items()}
        weights, moved = self.rule.weights(inputs, state)
        self._remember(moved, k, heads)
        if heads is None:
            self._noted.append((weights, active, matrix if self.needs_gram else known, known))
        else:
            self._tell(weights, active, matrix if self.needs_gram else None, known, heads)
        self._inputs = inputs if self.looks_back else None
        return weights

    def look_back(self, losses: Tensor, batch: Batch) -> None:
        """Show the rule the batch's losses ``(K, n_heads)`` after the step."""
        assert self._inputs is not None and batch.pairs is not None
        k, heads = batch.n_members, batch.pairs.heads
        state = {name: _chosen_state(value[:k], heads) for name, value in self._state.items()}
        self._remember(self.rule.after_step(self._inputs, _chosen(losses, heads), state), k, heads)

    def finish(self, epoch_losses: np.ndarray) -> RuleStory:
        """End the epoch.

        Parameters
        ----------
        epoch_losses
            ``(K, n_heads)`` mean training losses, NaN where a task was not seen; used by rules that ask for no
            losses of single steps.
        """
        self._tell_noted()
        seen = self._seen > 0.0
        times = self._seen.clamp_min(1.0)
        losses = self._losses / times
        if not self.needs_losses:
            losses = torch.as_tensor(epoch_losses, dtype=losses.dtype, device=losses.device).nan_to_num()
        self._stack.rule.update(self.rule.end_epoch(self._state, losses, seen))
        weights = torch.where(seen, self._weights / times, torch.nan)
        shares = self._conflicts[0] / torch.where(self._conflicts[1] > 0.0, self._conflicts[1], torch.nan)
        acted = self._acted / self._steps.clamp_min(1.0)
        return RuleStory(weights.cpu().numpy(), acted.cpu().numpy(), shares.cpu().numpy())

    def _remember(self, moved: RuleState, k: int, heads: Tensor | None) -> None:
        for name, value in moved.items():
            whole = self._state[name]
            if heads is None and k == len(whole):
                self._state[name] = value
                continue
            whole = whole.clone() if whole is self._stack.rule.get(name) else whole
            if heads is None:
                whole[:k] = value
            elif whole.ndim == 2:
                whole[:k].scatter_(1, heads, value)
            else:
                member = torch.arange(k, device=heads.device).view(-1, 1, 1)
                whole[member, heads.unsqueeze(2), heads.unsqueeze(1)] = value
            self._state[name] = whole

    def _tell(
        self, weights: Tensor, active: Tensor, gram: Tensor | None, losses: Tensor, heads: Tensor | None
    ) -> None:
        """Note one step, or several at once: ``(..., K, n_tasks)``."""
        k = weights.shape[-2]
        there = active.to(weights.dtype)
        acted = ((weights - there).abs() > _NOTICEABLE).any(dim=-1).to(weights.dtype)
        self._acted[:k] += acted.view(-1, k).sum(dim=0)
        self._steps[:k] += acted.numel() // k
        for total, value in ((self._weights, weights), (self._seen, there), (self._losses, losses * there)):
            if heads is None:
                total[:k] += value.view(-1, *value.shape[-2:]).sum(dim=0)
            else:
                total[:k].scatter_add_(1, heads, value)
        if gram is not None:
            counted = torch.stack(conflicts(gram.flatten(0, -3), active.flatten(0, -2)))
            self._conflicts[:, :k] += counted.view(2, -1, k).sum(dim=1)

    def _tell_noted(self) -> None:
        """Note the steps kept back, those of as many members together."""
        for k in {len(step[0]) for step in self._noted}:
            own = [step for step in self._noted if len(step[0]) == k]
            weights, active, losses = (torch.stack([step[i] for step in own]) for i in (0, 1, 3))
            gram = torch.stack([step[2] for step in own]) if self.needs_gram else None
            self._tell(weights, active, gram, losses, None)
        self._noted.clear()


def _chosen(values: Tensor, heads: Tensor | None) -> Tensor:
    """``(K, n_heads)`` to ``(K, n_tasks)``."""
    return values if heads is None else values.gather(1, heads)


def _chosen_state(values: Tensor, heads: Tensor | None) -> Tensor:
    if heads is None:
        return values
    if values.ndim == 2:
        return values.gather(1, heads)
    member = torch.arange(len(heads), device=heads.device).view(-1, 1, 1)
    return values[member, heads.unsqueeze(2), heads.unsqueeze(1)]
