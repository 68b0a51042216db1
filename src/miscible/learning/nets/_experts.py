"""Multi-gate mixture of experts: every task mixes the same few experts in its own proportions."""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from ._chain import cut, group_outer, group_product, group_product_back
from ._mixing import Mixed, Slots, TopGradients

__all__ = ["Experts"]


@dataclass(frozen=True)
class Experts:
    """``f_t = sum_e softmax(V_t h)_e relu(W_e h)``, Ma et al. 2018 (KDD, 10.1145/3219819.3220007).

    Shared are the trunk below and the experts, which together are the side layer; the gates are the tasks' own.

    Parameters
    ----------
    n_top
        Width of the trunk's top.
    n_experts
        Number of experts.
    width
        Units of an expert.
    """

    n_top: int
    n_experts: int
    width: int
    inner_shape: tuple[int, int] | None = None
    own_start: float | None = None
    l1: float = 0.0
    last_is_side: bool = True

    @property
    def n_side(self) -> int:
        """All experts side by side."""
        return self.n_experts * self.width

    @property
    def own_shape(self) -> tuple[int, int] | None:
        """The gate's layer."""
        return self.n_top + 1, self.n_experts

    def side_columns(self, head: int) -> list[int] | None:
        """None stand for a head."""
        return None

    def forward(self, slots: Slots) -> Mixed:
        """See `Mixing`."""
        gates = torch.softmax(group_product(cut(slots.top, slots.own), slots.own, 0).flat, dim=1)
        experts = slots.side.view(-1, self.n_experts, self.width).clamp_min(0.0)
        features = torch.einsum("ne,new->nw", gates, experts)
        return Mixed(F.pad(features, (0, 1), value=1.0), (gates, experts))

    def backward(self, slots: Slots, mixed: Mixed, d: Tensor, own_gradients: list[Tensor]) -> TopGradients:
        """See `Mixing`."""
        gates, experts = mixed.kept
        at_gates = torch.einsum("nw,new->ne", d, experts)
        at_logits = cut(gates * (at_gates - (gates * at_gates).sum(dim=1, keepdim=True)), slots.own)
        group_outer(cut(slots.top, slots.own), at_logits, own_gradients)
        at_side = gates.unsqueeze(2) * d.unsqueeze(1) * (experts > 0.0)
        return TopGradients(group_product_back(at_logits, slots.own, 0).flat, at_side.flatten(1))
