"""Task relation graphs: every task's state takes something of the other tasks' states."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

import torch
import torch.nn.functional as F
from torch import Tensor

from ._chain import cut, group_outer, group_product, group_product_back
from ._mixing import Inner, Mixed, Slots, TopGradients

__all__ = ["DynamicRelation", "Relation", "influence"]


@dataclass(frozen=True)
class Relation:
    """``v_t = u_t + M sum_{s != t} A_ts u_s`` with task states ``u_t = relu(W_t h)``.

    Shared are the trunk, all task states (the side layer: any task may read them) and ``M``; row ``t`` of ``A`` is
    task ``t``'s own. At ``A = 0`` this is hard sharing with the states as first layer of the heads.

    Parameters
    ----------
    n_heads
        Tasks.
    width
        Units of a state.
    start
        Where the entries of ``A`` start.
    l1
        Weight of the sum of ``|A_ts|`` in the loss.
    """

    n_heads: int
    width: int
    start: float = 0.0
    l1: float = 0.0
    last_is_side: bool = False

    @property
    def n_side(self) -> int:
        """All states side by side."""
        return self.n_heads * self.width

    @property
    def inner_shape(self) -> tuple[int, int] | None:
        """``M``."""
        return self.width, self.width

    @property
    def own_shape(self) -> tuple[int, int] | None:
        """One row of ``A``: a layer without inputs is its bias."""
        return 1, self.n_heads

    @property
    def own_start(self) -> float | None:
        """Of ``A``."""
        return self.start

    def side_columns(self, head: int) -> list[int] | None:
        """Its state."""
        return list(range(head * self.width, (head + 1) * self.width))

    def forward(self, slots: Slots) -> Mixed:
        """See `Mixing`."""
        rows = group_product(cut(slots.top[:, -1:], slots.own), slots.own, 0).flat
        states = slots.side.view(-1, self.n_heads, self.width).clamp_min(0.0)
        return _mixed(slots, states, rows * slots.others, (rows,))

    def backward(self, slots: Slots, mixed: Mixed, d: Tensor, own_gradients: list[Tensor]) -> TopGradients:
        """See `Mixing`."""
        weights, states, messages, _ = mixed.kept
        at_weights, at_states = _back_through_messages(slots, weights, states, d)
        at_rows = cut(at_weights * slots.others, slots.own)
        group_outer(cut(slots.top[:, -1:], slots.own), at_rows, own_gradients)
        at_side = at_states.mul_(states > 0.0).flatten(1)
        return TopGradients(d.new_zeros(len(d), slots.top.shape[1] - 1), at_side, Inner(messages, d))


@dataclass(frozen=True)
class DynamicRelation:
    """As `Relation`, with ``A`` a function of the input: softmax over the other tasks of ``q_t . k_s / sqrt(size)``.

    Query ``q_t`` and key ``k_s`` are linear in the trunk's top; nobody, with logit 0, stands among the others, so that
    all influence can fade. Shared are the trunk, the states and keys (the side layer) and ``M``; the queries are the
    tasks' own.

    Parameters
    ----------
    n_top
        Width of the trunk's top.
    n_heads
        Tasks.
    width
        Units of a state.
    size
        Units of queries and keys.
    """

    n_top: int
    n_heads: int
    width: int
    size: int = 16
    own_start: float | None = None
    l1: float = 0.0
    last_is_side: bool = False

    @property
    def n_side(self) -> int:
        """All states, then all keys."""
        return self.n_heads * (self.width + self.size)

    @property
    def inner_shape(self) -> tuple[int, int] | None:
        """``M``."""
        return self.width, self.width

    @property
    def own_shape(self) -> tuple[int, int] | None:
        """The query's layer."""
        return self.n_top + 1, self.size

    def side_columns(self, head: int) -> list[int] | None:
        """Its state and its key."""
        keys = self.n_heads * self.width + head * self.size
        return [*range(head * self.width, (head + 1) * self.width), *range(keys, keys + self.size)]

    def forward(self, slots: Slots) -> Mixed:
        """See `Mixing`."""
        query = group_product(cut(slots.top, slots.own), slots.own, 0).flat
        states = slots.side[:, : self.n_heads * self.width].view(-1, self.n_heads, self.width).clamp_min(0.0)
        keys = slots.side[:, self.n_heads * self.width :].view(-1, self.n_heads, self.size)
        logits = torch.einsum("nk,nhk->nh", query, keys) / sqrt(self.size)
        logits = logits.masked_fill(~slots.others, -torch.inf)
        weights = torch.softmax(F.pad(logits, (0, 1)), dim=1)[:, :-1]
        return _mixed(slots, states, weights, (query, keys))

    def backward(self, slots: Slots, mixed: Mixed, d: Tensor, own_gradients: list[Tensor]) -> TopGradients:
        """See `Mixing`."""
        weights, states, messages, query, keys = mixed.kept
        at_weights, at_states = _back_through_messages(slots, weights, states, d)
        at_logits = weights * (at_weights - (weights * at_weights).sum(dim=1, keepdim=True))
        at_logits /= sqrt(self.size)
        at_query = cut(torch.einsum("nh,nhk->nk", at_logits, keys), slots.own)
        group_outer(cut(slots.top, slots.own), at_query, own_gradients)
        at_keys = at_logits.unsqueeze(2) * query.unsqueeze(1)
        at_side = torch.cat([at_states.mul_(states > 0.0).flatten(1), at_keys.flatten(1)], dim=1)
        at_top = group_product_back(at_query, slots.own, 0).flat
        return TopGradients(at_top, at_side, Inner(messages, d))


def _mixed(slots: Slots, states: Tensor, weights: Tensor, kept: tuple[Tensor, ...]) -> Mixed:
    """States with their messages; ``weights (n_slots, n_heads)`` are 0 for the slot's own task."""
    messages = torch.einsum("nh,nhw->nw", weights, states)
    own = states[torch.arange(len(states), device=states.device), slots.head]
    features = own + group_product(cut(messages, slots.inner), slots.inner, 0).flat
    return Mixed(F.pad(features, (0, 1), value=1.0), (weights, states, messages, *kept))


def _back_through_messages(slots: Slots, weights: Tensor, states: Tensor, d: Tensor) -> tuple[Tensor, Tensor]:
    """Gradients at the weights of the messages and at the states."""
    at_messages = group_product_back(cut(d, slots.inner), slots.inner, 0).flat
    at_weights = torch.einsum("nw,nhw->nh", at_messages, states)
    at_states = weights.unsqueeze(2) * at_messages.unsqueeze(1)
    at_states[torch.arange(len(states), device=states.device), slots.head] += d
    return at_weights, at_states


def influence(slots: Slots, mixed: Mixed) -> Tensor:
    """Share of each slot's task state that comes from every other task, ``(n_slots, n_heads)``.

    ``|A_ts M u_s| / |u_t|``; 0 where the state itself is 0.
    """
    weights, states = mixed.kept[:2]
    n, n_heads, width = states.shape
    groups = [group._replace(size=group.size * n_heads) for group in slots.inner]
    sent = group_product(cut(states.reshape(n * n_heads, width), groups), groups, 0).flat
    sent = torch.linalg.vector_norm(sent.view(n, n_heads, width), dim=2) * weights.abs()
    own = torch.linalg.vector_norm(states[torch.arange(n, device=states.device), slots.head], dim=1)
    return torch.where(own.unsqueeze(1) > 0.0, sent / own.unsqueeze(1), 0.0)
