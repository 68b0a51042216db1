"""Shared trunk and heads of a stack of members: forward, backward, and the records later rules read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from ._batch import Batch
from ._chain import chain_backward, chain_forward
from ._heads import block_backward, block_forward, segment_backward, segment_forward
from ._layout import Layer, Layout

__all__ = ["Gradients", "Network", "Trace", "TrunkRecords", "Weights"]


@dataclass(frozen=True, slots=True)
class Weights:
    """Flat parameters (or gradients) of K members and views of their layers.

    Parameters
    ----------
    trunk
        ``(K, trunk_size)``.
    heads
        ``(K, n_heads, head_size)``.
    trunk_layers
        Views into ``trunk``.
    head_layers
        Views into ``heads``, one list of layers a head.
    """

    trunk: Tensor
    heads: Tensor
    trunk_layers: list[Layer]
    head_layers: list[list[Layer]]


@dataclass(frozen=True, slots=True)
class Gradients:
    """Gradients of one step.

    Parameters
    ----------
    trunk
        ``(K, trunk_size)``.
    heads
        ``(K, n_heads, head_size)``, or ``(n_active, head_size)`` where the batch uses blocks.
    """

    trunk: Tensor
    heads: Tensor


@dataclass(frozen=True, slots=True)
class TrunkRecords:
    """What every pair adds to the trunk's gradient: in each layer the outer product of ``a`` and ``d``.

    Parameters
    ----------
    layers
        Per trunk layer its inputs ``a (K, M, n_in)`` and its pre-activation gradients ``d (K, M, n_out)``,
        the pair's weight included. Summing ``a' d`` over slots gives the layer's gradient, summing ``d`` its
        bias gradient.
    head
        ``(K, M)`` head of each slot.
    mask
        ``(K, M)`` whether a slot holds a pair.
    """

    layers: list[tuple[Tensor, Tensor]]
    head: Tensor
    mask: Tensor


@dataclass(frozen=True, slots=True)
class Trace:
    """What the forward pass keeps for the backward pass."""

    trunk: list[Tensor]
    heads: list[list[Tensor]]
    gathered: list[Layer]
    outputs: Tensor


class Network:
    """Layouts of trunk and heads, and the passes over them.

    Parameters
    ----------
    n_inputs, trunk, head, n_outputs
        Widths; ``n_outputs`` is the largest of any task.
    n_heads
        Heads of every member.
    """

    def __init__(
        self, n_inputs: int, trunk: Sequence[int], head: Sequence[int], n_outputs: int, n_heads: int
    ) -> None:
        self.trunk = Layout((n_inputs, *trunk))
        self.head = Layout((trunk[-1], *head, n_outputs))
        self.n_heads = n_heads

    def weights(self, trunk: Tensor, heads: Tensor) -> Weights:
        """Views of the layers in flat buffers."""
        head_layers = [self.head.layers(heads[:, h]) for h in range(self.n_heads)]
        return Weights(trunk, heads, self.trunk.layers(trunk), head_layers)

    def forward(self, weights: Weights, inputs: Tensor, batch: Batch) -> Trace:
        """Outputs of every pair.

        Parameters
        ----------
        weights
            Of K members.
        inputs
            ``(K, B, n_inputs)`` the batch's rows.
        batch
            The step's indices.
        """
        trunk = chain_forward(inputs, weights.trunk_layers, relu_last=True)
        top = _on_slots(trunk[-1], batch)
        if batch.blocks is None:
            heads, outputs = segment_forward(top, weights.head_layers, batch)
            return Trace(trunk, heads, [], outputs)
        flat = weights.heads.reshape(-1, self.head.size)
        trace, gathered, outputs = block_forward(top, flat, self.head, batch, batch.blocks)
        return Trace(trunk, [trace], gathered, outputs)

    def backward(
        self, weights: Weights, trace: Trace, batch: Batch, d: Tensor, out: Weights, *, records: bool = False
    ) -> tuple[Gradients, TrunkRecords | None]:
        """Gradients of trunk and heads.

        Parameters
        ----------
        weights, trace, batch
            As in the forward pass.
        d
            ``(K, M, n_outputs)`` gradient at the outputs, pair weights included.
        out
            Where to write; with blocks only the trunk part is used.
        records
            Whether to carry the gradient of every pair through the trunk and hand it out. Otherwise the
            pairs of a row are summed first, which is cheaper where rows carry several labels.
        """
        if batch.blocks is None:
            d_top = segment_backward(trace.heads, weights.head_layers, out.head_layers, out.heads, d, batch)
            heads = out.heads
        else:
            heads, d_top = block_backward(trace.heads[0], trace.gathered, self.head, d, batch, batch.blocks)
        if records:
            inputs = [_on_slots(a, batch) for a in trace.trunk]
        else:
            inputs, d_top = trace.trunk, _sum_to_rows(d_top, batch)
        _, kept = chain_backward(
            inputs,
            weights.trunk_layers,
            out.trunk_layers,
            d_top,
            relu_last=True,
            to_input=False,
            keep=records,
        )
        gradients = Gradients(out.trunk, heads)
        if not records:
            return gradients, None
        return gradients, TrunkRecords(
            list(zip(inputs, kept, strict=False)), self._slot_heads(batch), batch.weight > 0
        )

    def _slot_heads(self, batch: Batch) -> Tensor:
        if batch.blocks is not None:
            size = batch.n_members * batch.n_slots // batch.blocks.head.numel()
            heads = batch.blocks.head.repeat_interleave(size) % self.n_heads
            return heads.view(batch.n_members, batch.n_slots)
        bounds = torch.tensor(batch.bounds, device=batch.weight.device)
        heads = torch.arange(self.n_heads, device=bounds.device).repeat_interleave(bounds.diff())
        return heads.expand(batch.n_members, -1)


def _on_slots(rows: Tensor, batch: Batch) -> Tensor:
    """``(K, B, width)`` to ``(K, M, width)``."""
    gathered = rows.flatten(0, 1).index_select(0, batch.slot_row)
    return gathered.view(batch.n_members, batch.n_slots, rows.shape[-1])


def _sum_to_rows(slots: Tensor, batch: Batch) -> Tensor:
    """``(K, M, width)`` to ``(K, B, width)``: the sum over each row's pairs."""
    assert batch.bag_slots is not None and batch.bag_starts is not None
    total, _, _, _ = torch.embedding_bag(
        slots.flatten(0, 1), batch.bag_slots, batch.bag_starts, False, 0, False, None, True
    )
    return total.view(batch.n_members, batch.n_rows, slots.shape[-1])
