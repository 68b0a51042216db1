"""Shared trunk and heads of a stack of members: forward, backward, and the records later rules read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from ._batch import Batch, Blocks
from ._chain import Activations, Group, Layer, OnesColumn, chain_backward, chain_forward, cut, prepare
from ._layout import Layout

__all__ = ["Network", "Trace", "TrunkRecords", "Views", "Weights"]


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


class Views:
    """Weights as the passes use them: views of the first k members, made once for every k."""

    def __init__(self, weights: Weights) -> None:
        self.weights = weights
        self._trunks: dict[int, list[Layer]] = {}
        self._heads: dict[tuple[int, int], list[Layer]] = {}

    def trunk(self, k: int) -> list[Layer]:
        """Trunk layers."""
        if k not in self._trunks:
            self._trunks[k] = [prepare(layer[:k]) for layer in self.weights.trunk]
        return self._trunks[k]

    def head(self, h: int, k: int) -> list[Layer]:
        """Layers of one head."""
        if (h, k) not in self._heads:
            self._heads[h, k] = [prepare(layer[h, :k]) for layer in self.weights.heads]
        return self._heads[h, k]


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
    """What the forward pass keeps: activations and groups of trunk and heads.

    Hidden activations stay valid until the network's next forward pass.
    """

    trunk: list[Activations]
    heads: list[Activations]
    groups: list[Group]

    @property
    def outputs(self) -> Tensor:
        """``(n_slots, n_outputs)`` raw outputs."""
        return self.heads[-1].flat


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
        self._ones = OnesColumn()

    def forward(self, views: Views, inputs: Tensor, batch: Batch) -> Trace:
        """Outputs of every slot.

        Parameters
        ----------
        views
            Weights of the stack; its first ``batch.n_members`` members take part.
        inputs
            ``(K * B, n_inputs + 1)`` the batch's rows, with a last column of ones.
        batch
            The step's indices.
        """
        k = batch.n_members
        group = Group(k, batch.n_rows, views.trunk(k))
        trunk = chain_forward(inputs, [group], self._ones, "trunk", relu_last=True)
        top = trunk[-1].flat.index_select(0, batch.slot_row)
        if batch.blocks is None:
            groups = [Group(k, m, views.head(h, k)) for h, m in enumerate(batch.runs) if m]
        else:
            n_blocks = len(batch.blocks.head)
            layers = [layer.flatten(0, 1).index_select(0, batch.blocks.head) for layer in views.weights.heads]
            groups = [Group(n_blocks, top.shape[0] // n_blocks, [prepare(layer) for layer in layers])]
        heads = chain_forward(top, groups, self._ones, "head", relu_last=False)
        return Trace(trunk, heads, groups)

    def backward(
        self, views: Views, trace: Trace, batch: Batch, d: Tensor, out: Views, *, records: bool = False
    ) -> tuple[Weights, TrunkRecords | None]:
        """Gradients of trunk and heads.

        Parameters
        ----------
        views, trace, batch
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
        if batch.blocks is None:
            head_layers = [out.head(h, k) for h, m in enumerate(batch.runs) if m]
            gradients = [[layer.weight for layer in layers] for layers in head_layers]
        else:
            gradients = [[torch.empty_like(layer.weight) for layer in trace.groups[0].layers]]
        d_top = chain_backward(trace.heads, trace.groups, gradients, d, relu_last=False, to_input=True)
        heads = out.weights.heads
        if batch.blocks is not None:
            heads = _by_active_head(gradients[0], batch.blocks)
        gradients = [[layer.weight for layer in out.trunk(k)]]
        if not records:
            group = Group(k, batch.n_rows, views.trunk(k))
            d_rows = _sum_to_rows(d_top, batch)
            chain_backward(trace.trunk, [group], gradients, d_rows, relu_last=True, to_input=False)
            return Weights(out.weights.trunk, heads), None
        assert batch.members is not None
        members = batch.members
        group = Group(k, members.slot.shape[1], views.trunk(k))
        slot = members.slot.flatten()
        row = batch.slot_row[slot]
        inputs = [cut(a.flat[row], [group]) for a in trace.trunk]
        d_pairs = d_top[slot] * members.mask.view(-1, 1)
        kept: list[Tensor] = []
        chain_backward(inputs, [group], gradients, d_pairs, relu_last=True, to_input=False, keep=kept)
        pairs = [
            (a.parts[0], d_layer.view(k, group.size, -1))
            for a, d_layer in zip(inputs, reversed(kept), strict=False)
        ]
        return Weights(out.weights.trunk, heads), TrunkRecords(pairs, members.head, members.mask)


def _by_active_head(each: Sequence[Tensor], blocks: Blocks) -> tuple[Tensor, ...]:
    """Gradients of blocks summed to those of the active heads."""
    place, n_active = blocks.place, len(blocks.active)
    if place is None:
        return tuple(each)
    return tuple(g.new_zeros(n_active, *g.shape[1:]).index_add_(0, place, g) for g in each)


def _sum_to_rows(slots: Tensor, batch: Batch) -> Tensor:
    """``(n_slots, width)`` to ``(K * B, width)``: the sum over each row's pairs."""
    assert batch.bag_slots is not None and batch.bag_starts is not None
    return torch.embedding_bag(slots, batch.bag_slots, batch.bag_starts, False, 0, False, None, True)[0]
