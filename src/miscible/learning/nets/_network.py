"""Shared layers and heads of a stack of members: forward pass, and the way back to where sharing begins."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from ._batch import Batch, Blocks
from ._chain import Activations, Group, OnesColumn, chain_backward, chain_forward, group_product, prepare
from ._layout import Layout
from ._mixing import Mixed, Mixing, Slots, TopGradients
from ._normed import Trunk, trunk_forward
from ._weights import Views

__all__ = ["Calibration", "Network", "Trace"]


@dataclass(frozen=True, slots=True)
class Calibration:
    """Factor and offset ``(n_slots, width)`` of the trunk's output on every slot, where features are smoothed."""

    scale: Tensor
    shift: Tensor


@dataclass(frozen=True, slots=True)
class Trace:
    """What the forward pass keeps: activations and groups of trunk and heads.

    Hidden activations stay valid until the network's next forward pass.

    Parameters
    ----------
    trunk
        On rows.
    top
        ``(n_slots, width + 1)`` the trunk's output on slots.
    heads
        Inputs of the heads' layers and their output, on slots.
    groups
        Slots cut by head and member, with the heads' layers.
    slots, mixed
        Of the mixing; ``None`` without one.
    calibration
        As given.
    """

    trunk: Trunk
    top: Tensor
    heads: list[Activations]
    groups: list[Group]
    slots: Slots | None = None
    mixed: Mixed | None = None
    calibration: Calibration | None = None

    @property
    def outputs(self) -> Tensor:
        """``(n_slots, n_outputs)`` raw outputs."""
        return self.heads[-1].flat


class Network:
    """Layouts of shared and own layers, and the passes over them.

    ``Weights.trunk`` holds the trunk's layers, then the scales and shifts of their normalisation, then the side and the
    inner layer of the mixing; ``Weights.heads`` the heads' layers, then the mixing's own layer.

    Parameters
    ----------
    n_inputs, trunk, head, n_outputs
        Widths; ``n_outputs`` is the largest of any task.
    n_heads
        Heads of every member.
    mixing
        What stands between trunk and heads; nothing by default.
    norm
        Whether the trunk's layers are normalised.
    """

    def __init__(
        self,
        n_inputs: int,
        trunk: Sequence[int],
        head: Sequence[int],
        n_outputs: int,
        n_heads: int,
        mixing: Mixing | None = None,
        *,
        norm: bool = False,
    ) -> None:
        self.trunk = Layout((n_inputs, *trunk))
        self.head = Layout((trunk[-1] if mixing is None else mixing.width, *head, n_outputs))
        self.n_heads = n_heads
        self.mixing = mixing
        self.depth = len(trunk)
        self.norm = norm
        self.n_trunk = self.depth * (2 if norm else 1)
        self._ones = OnesColumn()

    @property
    def shared_shapes(self) -> tuple[tuple[int, int], ...]:
        """Rows and columns of every shared layer."""
        shapes = list(self.trunk.shapes)
        if self.norm:
            shapes += [(1, 2 * width) for width in self.trunk.widths[1:]]
        if self.mixing is not None and self.mixing.n_side:
            shapes.append((self.trunk.widths[-1] + 1, self.mixing.n_side))
        if self.mixing is not None and self.mixing.inner_shape is not None:
            shapes.append(self.mixing.inner_shape)
        return tuple(shapes)

    @property
    def last_shape(self) -> tuple[int, int]:
        """Of the last layer that all tasks share: the trunk's last, or the side layer of a mixing that says so."""
        last_is_side = self.mixing is not None and self.mixing.last_is_side
        return self.shared_shapes[self.n_trunk if last_is_side else self.depth - 1]

    @property
    def own_shapes(self) -> tuple[tuple[int, int], ...]:
        """Rows and columns of every layer of a task's own."""
        own = None if self.mixing is None else self.mixing.own_shape
        return self.head.shapes if own is None else (*self.head.shapes, own)

    @property
    def n_parameters(self) -> tuple[int, int]:
        """Parameters of the shared layers, and of one task's own."""
        return sum(i * o for i, o in self.shared_shapes), sum(i * o for i, o in self.own_shapes)

    def run_trunk(self, views: Views, inputs: Tensor, k: int) -> Trunk:
        """Run the trunk on rows ``(K * B, n_inputs + 1)``."""
        group = Group(k, inputs.shape[0] // k, views.trunk(k))
        return trunk_forward(inputs, [group], self._ones, self.depth, norm=self.norm)

    def forward(
        self,
        views: Views,
        trunk: Trunk,
        batch: Batch,
        calibration: Calibration | None = None,
    ) -> Trace:
        """Outputs of every slot.

        Parameters
        ----------
        views
            Weights of the stack; its first ``batch.n_members`` members take part.
        trunk
            From :meth:`run_trunk` on the batch's rows.
        batch
            The step's indices.
        calibration
            Of the trunk's output on the slots.
        """
        k = batch.n_members
        top = trunk.activations[-1].flat.index_select(0, batch.slot_row)
        if calibration is not None:
            top[:, :-1].mul_(calibration.scale).add_(calibration.shift)
        groups = self._groups(views, batch, top.shape[0])
        slots = mixed = None
        features = top
        if self.mixing is not None:
            side = self.side_outputs(views, trunk, k).index_select(0, batch.slot_row)
            slots = self.slots(views, batch, groups, top, side)
            mixed = self.mixing.forward(slots)
            features = mixed.features
        n_layers = len(self.head.shapes)
        groups = [group._replace(layers=group.layers[:n_layers]) for group in groups]
        heads = chain_forward(features, groups, self._ones, "head", relu_last=False)
        return Trace(trunk, top, heads, groups, slots, mixed, calibration)

    def backward_heads(
        self, views: Views, trace: Trace, batch: Batch, d: Tensor, out: Views
    ) -> tuple[tuple[Tensor, ...], TopGradients]:
        """Gradients of what tasks own, and every slot's gradients where the shared layers begin.

        Parameters
        ----------
        views, trace, batch
            As in the forward pass.
        d
            ``(n_slots, n_outputs)`` gradient at the outputs, pair weights included.
        out
            Where to write, shaped like the weights; with blocks the gradients come back in tensors of their own,
            ``(n_active, n_in + 1, n_out)``. Heads without a slot are not written.
        """
        k, n_layers = batch.n_members, len(self.head.shapes)
        if batch.blocks is None:
            gradients = [[layer.weight for layer in out.head(h, k)] for h, m in enumerate(batch.runs) if m]
        else:
            n_blocks = len(batch.blocks.head)
            gradients = [[d.new_empty(n_blocks, *shape) for shape in self.own_shapes]]
        heads = [own[:n_layers] for own in gradients]
        at_features = chain_backward(trace.heads, trace.groups, heads, d, relu_last=False, to_input=True)
        if self.mixing is None or trace.slots is None or trace.mixed is None:
            top = TopGradients(at_features)
        else:
            own = [layers[n_layers] for layers in gradients] if self.mixing.own_shape else []
            top = self.mixing.backward(trace.slots, trace.mixed, at_features, own)
        if trace.calibration is not None:
            top = TopGradients(top.top * trace.calibration.scale, top.side, top.inner)
        result = out.weights.heads
        if batch.blocks is not None:
            result = _by_active_head(gradients[0], batch.blocks)
        self._add_penalty(views, batch, result)
        return result, top

    def side_outputs(self, views: Views, trunk: Trunk, k: int) -> Tensor:
        """``(K * B, n_side)`` output of the side layer on rows; without columns where there is none."""
        assert self.mixing is not None
        top = trunk.activations[-1]
        if not self.mixing.n_side:
            return top.flat[:, :0]
        return group_product(top, [Group(k, top.flat.shape[0] // k, [views.trunk(k)[self.n_trunk]])], 0).flat

    def slots(self, views: Views, batch: Batch, groups: Sequence[Group], top: Tensor, side: Tensor) -> Slots:
        """What the mixing reads."""
        assert self.mixing is not None and batch.slot_owner is not None and batch.exists is not None
        member, head = batch.slot_owner // self.n_heads, batch.slot_owner % self.n_heads
        others = batch.exists.index_select(0, member)
        others = others & (torch.arange(self.n_heads, device=head.device) != head.unsqueeze(1))
        own = [group._replace(layers=group.layers[len(self.head.shapes) :]) for group in groups]
        inner = []
        if self.mixing.inner_shape is not None:
            weight = views.weights.trunk[-1]
            if batch.blocks is not None:
                weight = weight.index_select(0, batch.blocks.head % weight.shape[0])
            inner = [group._replace(layers=[prepare(weight[: group.n], bias=False)]) for group in groups]
        return Slots(top, side, head, others, own, inner)

    def _groups(self, views: Views, batch: Batch, n_slots: int) -> list[Group]:
        """Slots by head and member, with all layers a task owns."""
        k = batch.n_members
        if batch.blocks is None:
            return [Group(k, m, views.head(h, k)) for h, m in enumerate(batch.runs) if m]
        n_blocks = len(batch.blocks.head)
        layers = [layer.flatten(0, 1).index_select(0, batch.blocks.head) for layer in views.weights.heads]
        return [Group(n_blocks, n_slots // n_blocks, [prepare(layer) for layer in layers])]

    def _add_penalty(self, views: Views, batch: Batch, gradients: Sequence[Tensor]) -> None:
        """The mixing's L1 penalty on the own layers of the tasks in the batch."""
        if self.mixing is None or not self.mixing.l1:
            return
        own = views.weights.heads[-1]
        if batch.blocks is not None:
            own = own.flatten(0, 1).index_select(0, batch.blocks.active)
            gradients[-1].add_(torch.sign(own), alpha=self.mixing.l1)
            return
        k = batch.n_members
        there = own.new_tensor(batch.active)[:, :k, None, None]
        for h, m in enumerate(batch.runs):
            if m:
                gradients[-1][h, :k].addcmul_(torch.sign(own[h, :k]), there[h], value=self.mixing.l1)


def _by_active_head(each: Sequence[Tensor], blocks: Blocks) -> tuple[Tensor, ...]:
    """Gradients of blocks summed to those of the active heads, in place."""
    place, n_active = blocks.place, len(blocks.active)
    if place is None:
        return tuple(each)
    return tuple(g[:n_active].index_add_(0, place[n_active:], g[n_active:]) for g in each)
