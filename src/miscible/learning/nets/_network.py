"""Shared trunk and heads of a stack of members: forward, backward, and the records later rules read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from ._batch import Batch, Blocks
from ._chain import chain_backward, chain_forward
from ._layout import Layout

__all__ = ["Network", "Trace", "TrunkRecords", "Weights"]


@dataclass(frozen=True, slots=True)
class Weights:
    """Layers of K members, or their gradients, or their moments.

    Parameters
    ----------
    trunk
        ``(K, n_in + 1, n_out)`` a layer.
    heads
        ``(n_heads, K, n_in + 1, n_out)`` a layer; as gradients of a batch with blocks
        ``(n_active, n_in + 1, n_out)``.
    """

    trunk: tuple[Tensor, ...]
    heads: tuple[Tensor, ...]

    def empty_like(self) -> Weights:
        """New tensors of these shapes."""
        return Weights(
            tuple(torch.empty_like(t) for t in self.trunk), tuple(torch.empty_like(t) for t in self.heads)
        )


@dataclass(frozen=True, slots=True)
class TrunkRecords:
    """What every pair adds to the trunk's gradient: in each layer the outer product of ``a`` and ``d``.

    Parameters
    ----------
    layers
        Per trunk layer its inputs ``a (K, P, n_in + 1)``, the last column 1 (for the bias), and its
        pre-activation gradients ``d (K, P, n_out)``, the pair's weight included and 0 for padding. The
        layer's gradient is the sum of ``a d'`` over the pairs.
    head
        ``(K, P)`` head of each pair.
    mask
        ``(K, P)`` false for padding.
    """

    layers: list[tuple[Tensor, Tensor]]
    head: Tensor
    mask: Tensor


@dataclass(frozen=True, slots=True)
class Trace:
    """What the forward pass keeps: activations of trunk and heads, gathered weights, ``(n_slots, n_outputs)``."""

    trunk: list[Tensor]
    heads: list[list[Tensor]]
    gathered: list[Tensor]
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

    def forward(self, weights: Weights, inputs: Tensor, batch: Batch) -> Trace:
        """Outputs of every slot.

        Parameters
        ----------
        weights
            Of the stack; its first ``batch.n_members`` members take part.
        inputs
            ``(K, B, n_inputs + 1)`` the batch's rows, with a last column of ones.
        batch
            The step's indices.
        """
        k = batch.n_members
        trunk = chain_forward(inputs, [layer[:k] for layer in weights.trunk], relu_last=True)
        top = trunk[-1].flatten(0, 1).index_select(0, batch.slot_row)
        if batch.blocks is not None:
            gathered = [layer.flatten(0, 1).index_select(0, batch.blocks.head) for layer in weights.heads]
            trace = chain_forward(_by_block(top, batch.blocks), gathered, relu_last=False)
            return Trace(trunk, [trace], gathered, trace[-1].flatten(0, 1))
        heads: list[list[Tensor]] = []
        for h, part in enumerate(_by_head(top, batch)):
            layers = [layer[h, :k] for layer in weights.heads]
            heads.append([] if part is None else chain_forward(part, layers, relu_last=False))
        outputs = [trace[-1].flatten(0, 1) for trace in heads if trace]
        return Trace(trunk, heads, [], outputs[0] if len(outputs) == 1 else torch.cat(outputs))

    def backward(
        self, weights: Weights, trace: Trace, batch: Batch, d: Tensor, out: Weights, *, records: bool = False
    ) -> tuple[Weights, TrunkRecords | None]:
        """Gradients of trunk and heads.

        Parameters
        ----------
        weights, trace, batch
            As in the forward pass.
        d
            ``(n_slots, n_outputs)`` gradient at the outputs, pair weights included.
        out
            Where to write, shaped like the weights; with blocks the heads come back in a tensor of their own.
            Heads without a slot are not written.
        records
            Whether to carry the gradient of every pair through the trunk and hand it out. Otherwise the
            pairs of a row are summed first, which is cheaper where rows carry several labels.
        """
        k = batch.n_members
        d_top = d.new_empty(d.shape[0], self.trunk.widths[-1])
        if batch.blocks is not None:
            heads = _block_gradients(trace, batch.blocks, d, d_top)
        else:
            heads = out.heads
            parts = zip(_by_head(d, batch), _by_head(d_top, batch), trace.heads, strict=True)
            for h, (part, d_input, own) in enumerate(parts):
                if part is not None:
                    layers = [layer[h, :k] for layer in weights.heads]
                    gradients = [layer[h, :k] for layer in out.heads]
                    chain_backward(own, layers, gradients, part, relu_last=False, d_input=d_input)
        layers, gradients = [layer[:k] for layer in weights.trunk], [layer[:k] for layer in out.trunk]
        if not records:
            d_rows = _sum_to_rows(d_top, batch)
            chain_backward(trace.trunk, layers, gradients, d_rows, relu_last=True, d_input=None)
            return Weights(out.trunk, heads), None
        assert batch.members is not None
        members = batch.members
        row = batch.slot_row[members.slot.flatten()]
        inputs = [a.flatten(0, 1)[row].view(*members.slot.shape, -1) for a in trace.trunk]
        d_pairs = d_top[members.slot] * members.mask.unsqueeze(-1)
        kept = chain_backward(inputs, layers, gradients, d_pairs, relu_last=True, d_input=None, keep=True)
        pairs = list(zip(inputs, kept, strict=False))
        return Weights(out.trunk, heads), TrunkRecords(pairs, members.head, members.mask)


def _by_head(slots: Tensor, batch: Batch) -> list[Tensor | None]:
    """``(n_slots, width)`` as views ``(K, m, width)``, one a head; ``None`` for a head without slots."""
    k = batch.n_members
    parts = slots.split([k * m for m in batch.runs])
    return [part.view(k, m, -1) if m else None for part, m in zip(parts, batch.runs, strict=True)]


def _by_block(slots: Tensor, blocks: Blocks) -> Tensor:
    """``(n_slots, width)`` as a view ``(n_blocks, size, width)``."""
    return slots.view(len(blocks.head), -1, slots.shape[-1])


def _block_gradients(trace: Trace, blocks: Blocks, d: Tensor, d_top: Tensor) -> tuple[Tensor, ...]:
    """Gradients of the active heads, layer by layer; writes the gradient at the trunk's output."""
    each = [torch.empty_like(layer) for layer in trace.gathered]
    chain_backward(
        trace.heads[0],
        trace.gathered,
        each,
        _by_block(d, blocks),
        relu_last=False,
        d_input=_by_block(d_top, blocks),
    )
    place, n_active = blocks.place, len(blocks.active)
    if place is None:
        return tuple(each)
    return tuple(g.new_zeros(n_active, *g.shape[1:]).index_add_(0, place, g) for g in each)


def _sum_to_rows(slots: Tensor, batch: Batch) -> Tensor:
    """``(n_slots, width)`` to ``(K, B, width)``: the sum over each row's pairs."""
    assert batch.bag_slots is not None and batch.bag_starts is not None
    total, _, _, _ = torch.embedding_bag(
        slots, batch.bag_slots, batch.bag_starts, False, 0, False, None, True
    )
    return total.view(batch.n_members, batch.n_rows, -1)
