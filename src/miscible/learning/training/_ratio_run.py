"""Learned ratios at work in one epoch of one stack: they scale the sources' gradients and learn from the target."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor

from .._types import Setting
from ..nets import Batch, TopGradients, Trace
from ..transfer import Snapshot, TransferPlan, free_gradients, preconditioned, source_effects, source_weights
from ._optimiser import BETA_FIRST, BETA_SECOND, EPSILON, Optimiser
from ._stack import Stack

__all__ = ["RatioRun", "fresh_ratios"]

_SLOW = 0.99
"""Adam's second beta: there are some hundred updates."""
_TINY = 1e-30


def fresh_ratios(n_members: int, n_heads: int, device: torch.device, dtype: torch.dtype) -> dict[str, Tensor]:
    """State of ratios before the first step."""
    names = ("free", "first", "second")
    state = {name: torch.zeros(n_members, n_heads, device=device, dtype=dtype) for name in names}
    return {**state, "updates": torch.zeros(n_members, device=device, dtype=dtype)}


class RatioRun:
    """Scales gradients at every step and updates the ratios at every ``plan.every``-th.

    Parameters
    ----------
    plan
        How ratios are learned.
    stack
        Its members' ratio states are read, and replaced by :meth:`finish`.
    settings
        Of the members.
    held_out_gradient
        From the number of an update to the gradients of its held-out loss on the shared layers, as they are then.
    sources
        ``(K, n_heads)`` bool.
    trust
        ``(K,)`` of `shrinkage`.
    groups
        ``(K, n_heads)`` int64; sources with equal numbers share a ratio; ``None``: each has its own.
    """

    def __init__(
        self,
        plan: TransferPlan,
        stack: Stack,
        settings: Sequence[Setting],
        held_out_gradient: Callable[[int], Sequence[Tensor]],
        sources: Tensor,
        trust: Tensor,
        groups: Tensor | None,
    ) -> None:
        self._plan, self._stack, self._held_out = plan, stack, held_out_gradient
        self._sources, self._trust, self._groups = sources, trust, groups
        self._rates = np.array([setting.rate for setting in settings])
        self._state = {name: value.clone() for name, value in stack.ratios.items()}
        self._weights = source_weights(self._state["free"], sources, trust, plan.cap)
        self._scale = torch.where(sources, self._weights, 1.0)
        self._snapshot: Snapshot | None = None
        self._due = -1

    def scaled(self, top: TopGradients, batch: Batch) -> TopGradients:
        """Gradients above the shared layers times the ratio of their task."""
        assert batch.slot_owner is not None
        return top.scaled(self._scale.flatten().index_select(0, batch.slot_owner))

    def look(self, number: int, trace: Trace, batch: Batch, top: TopGradients) -> None:
        """Keep step ``number`` before it is taken, where its effect will be asked for."""
        if number % self._plan.every:
            return
        assert batch.slot_owner is not None
        layers = [layer[: batch.n_members] for layer in self._stack.weights.trunk]
        self._snapshot = Snapshot.of(
            trace, layers, batch.slot_row, batch.slot_owner, top.top, copy=self._plan.horizon > 1
        )
        self._due = number + self._plan.horizon - 1

    def learn(self, number: int, batch: Batch, optimiser: Optimiser) -> None:
        """After step ``number``: judge the step that was kept, where its time has come."""
        if self._snapshot is None or number != self._due:
            return
        k, n_heads = batch.n_members, self._sources.shape[1]
        snapshot, self._snapshot = self._snapshot.of_first(k, n_heads), None
        effects = source_effects(snapshot, self._direction(number, k, optimiser), n_heads)
        self._update(-effects, k)

    def finish(self) -> np.ndarray:
        """End the epoch; ratios ``(K, n_heads)`` as they are now, NaN where there is no source."""
        self._stack.ratios.update(self._state)
        return torch.where(self._sources, self._weights, torch.nan).cpu().numpy()

    def _direction(self, number: int, k: int, optimiser: Optimiser) -> list[Tensor]:
        """What a unit of every gradient did to the parameters, applied to the held-out gradient.

        Over several steps it is what momentum still adds of it; the gradients of the later steps, and the second
        moments, are taken to be what they were.
        """
        gradients = self._held_out(number // self._plan.every)
        steps = optimiser.shared_steps(k)
        first = 1.0 - BETA_FIRST**self._plan.horizon
        clipped = optimiser.last_factors(k, ago=self._plan.horizon - 1)
        factor = self._rates[:k] * first / (1.0 - BETA_FIRST**steps) * clipped
        like = self._stack.weights.trunk[0]
        scale = like.new_tensor(factor).view(-1, 1, 1)
        correction = like.new_tensor(1.0 - BETA_SECOND**steps)
        return [
            preconditioned(gradient[:k], second[:k], correction, EPSILON).mul_(scale)
            for gradient, second in zip(gradients, self._stack.second.trunk, strict=True)
        ]

    def _update(self, effects: Tensor, k: int) -> None:
        """One step of Adam on the free parameters of the first ``k`` members."""
        plan, state = self._plan, {name: value[:k] for name, value in self._state.items()}
        sources, trust = self._sources[:k], self._trust[:k]
        gradient = free_gradients(state["free"], sources, trust, plan.cap, effects)
        if self._groups is not None:
            groups = self._groups[:k]
            gradient = torch.zeros_like(gradient).scatter_add_(1, groups, gradient).gather(1, groups)
            gradient = torch.where(sources, gradient, 0.0)
        sound = torch.isfinite(gradient).all(dim=1, keepdim=True)
        gradient = torch.where(sound, gradient, 0.0)
        state["updates"].add_(1.0)
        times = state["updates"].unsqueeze(1)
        state["first"].lerp_(gradient, 1.0 - BETA_FIRST)
        state["second"].lerp_(gradient.square(), 1.0 - _SLOW)
        root = (state["second"] / (1.0 - _SLOW**times)).sqrt_().clamp_min_(_TINY)
        state["free"].sub_(plan.rate * state["first"] / (1.0 - BETA_FIRST**times) / root)
        self._weights[:k] = source_weights(state["free"], sources, trust, plan.cap)
        self._scale = torch.where(self._sources, self._weights, 1.0)
