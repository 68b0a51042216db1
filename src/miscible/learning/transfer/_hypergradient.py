"""What every source did for the target's held-out loss, to first order, with one product for all sources.

A step moves the shared layers by ``-c P g`` with ``g = sum_s r_s g_s``, ``P`` the optimiser's preconditioner and ``c``
its factor. With ``v`` the gradient of the target's held-out loss after the step and ``P`` held fixed, the derivative
of that loss with respect to ``r_s`` is ``-c (P v) . g_s``. The product with every ``g_s`` at once is a directional
derivative: push ``P v`` forward through the shared layers and see how the loss of each pair would change.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from ..nets import Trace

__all__ = ["Snapshot", "preconditioned", "source_effects"]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A step as it was before the parameters moved.

    Parameters
    ----------
    activations
        Inputs of the shared layers and their output, ``(K, B, width + 1)`` each, last column 1.
    weights
        ``(K, n_in + 1, n_out)`` of the shared layers.
    slot_row
        ``(n_slots,)`` row of each slot in the flattened ``(K, B)``.
    slot_owner
        ``(n_slots,)`` member times number of heads plus head.
    top
        ``(n_slots, width)`` gradient of every pair's loss at the shared layers' output, without ratios.
    """

    activations: list[Tensor]
    weights: list[Tensor]
    slot_row: Tensor
    slot_owner: Tensor
    top: Tensor

    @classmethod
    def of(
        cls,
        trace: Trace,
        layers: Sequence[Tensor],
        slot_row: Tensor,
        slot_owner: Tensor,
        top: Tensor,
        *,
        copy: bool,
    ) -> Snapshot:
        """Keep what a forward pass left behind; ``copy`` where another one follows before it is used."""
        kept = [a.parts[0].clone() if copy else a.parts[0] for a in trace.trunk.activations]
        # The first layer's weights are not asked for: its inputs do not move.
        weights = [layer if i == 0 else layer.clone() for i, layer in enumerate(layers)]
        return cls(kept, weights, slot_row, slot_owner, top)

    def of_first(self, k: int, n_heads: int) -> Snapshot:
        """The same for the first ``k`` members, those still at work later."""
        if len(self.activations[0]) == k:
            return self
        own = (self.slot_owner < k * n_heads).nonzero().squeeze(1)
        return Snapshot(
            [a[:k] for a in self.activations],
            [w[:k] for w in self.weights],
            self.slot_row.index_select(0, own),
            self.slot_owner.index_select(0, own),
            self.top.index_select(0, own),
        )


def preconditioned(gradient: Tensor, second: Tensor, correction: Tensor, epsilon: float) -> Tensor:
    """Adam's preconditioner on a gradient ``(K, n_in + 1, n_out)``, from its second moments.

    Parameters
    ----------
    correction
        ``(K,)`` of ``1 - beta2^t``.
    epsilon
        Added to the root.
    """
    root = (second / correction.view(-1, 1, 1)).sqrt_().add_(epsilon)
    return gradient / root


def source_effects(snapshot: Snapshot, direction: Sequence[Tensor], n_heads: int) -> Tensor:
    """Change of every task's batch loss when the shared layers move along a direction.

    Parameters
    ----------
    snapshot
        Of the step.
    direction
        ``(K, n_in + 1, n_out)`` for every shared layer.
    n_heads
        Of a member.

    Returns
    -------
    Tensor
        ``(K, n_heads)``: the inner product of each task's gradient on the shared layers with the direction.
    """
    moved: Tensor | None = None
    for i, along in enumerate(direction):
        change = torch.bmm(snapshot.activations[i], along)
        if moved is not None:
            change.baddbmm_(moved, snapshot.weights[i][:, :-1])
        moved = change.mul_(snapshot.activations[i + 1][:, :, :-1] > 0)
    assert moved is not None
    at_slots = moved.flatten(0, 1).index_select(0, snapshot.slot_row)
    each = torch.linalg.vecdot(at_slots, snapshot.top)
    total = each.new_zeros(len(moved) * n_heads)
    return total.index_add_(0, snapshot.slot_owner, each).view(-1, n_heads)
