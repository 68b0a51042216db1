"""From every slot's gradient at the top of the shared layers to the gradients of those layers.

There are three ways down. On rows the pairs of a row are summed first: the plain step. Pair by pair, every pair
keeps its own gradient at every layer, and what it adds to a layer's gradient is an outer product. By task, the
gradients of a layer are formed for every task of every member.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from ._batch import Batch, Pairs
from ._chain import Activations, Group, cut, group_outer, group_product_back, prepare
from ._mixing import TopGradients
from ._network import Network, Trace
from ._normed import Trunk, trunk_backward
from ._weights import Views

__all__ = ["PairRecords", "Scratch", "backward_rows", "pair_records", "task_gradients"]


@dataclass(frozen=True, slots=True)
class PairRecords:
    """What every pair adds to the gradients of the shared layers: in each layer the outer product of ``a`` and ``d``.

    Parameters
    ----------
    layers
        Per shared layer, in the order of ``Weights.trunk``, its inputs ``a (K, P, n_in + 1)``, the last column 1
        (for the bias), and its pre-activation gradients ``d (K, P, n_out)``, the pair's weight included and 0 for
        padding. The layer's gradient is the sum of ``a d'`` over the pairs.
    pairs
        Whose they are.
    """

    layers: list[tuple[Tensor, Tensor]]
    pairs: Pairs


class Scratch:
    """Tensors kept from step to step: fresh memory costs more than the numbers written to it."""

    def __init__(self) -> None:
        self._kept: dict[object, Tensor] = {}

    def zeros_once(self, key: object, shape: Sequence[int], like: Tensor) -> Tensor:
        """A tensor of this shape, zero when it is first asked for and as it was left after that."""
        key = (key, *shape, like.dtype, like.device)
        if key not in self._kept:
            self._kept[key] = like.new_zeros(shape)
        return self._kept[key]


def backward_rows(
    network: Network,
    views: Views,
    trace: Trace,
    batch: Batch,
    top: TopGradients,
    out: Views,
    extra: Tensor | None = None,
) -> None:
    """Write the gradients of all shared layers.

    Parameters
    ----------
    network, views, trace, batch
        As in the forward pass.
    top
        From ``Network.backward_heads``.
    out
        Shaped like the weights.
    extra
        ``(K * B, width)`` more gradient at the trunk's output on the rows, of what is no pair's.
    """
    k = batch.n_members
    gradients = [layer.weight for layer in out.trunk(k)]
    d_rows = _sum_to_rows(top.top, batch)
    if extra is not None:
        d_rows.add_(extra)
    if top.side is not None:
        layer = views.trunk(k)[network.n_trunk]
        side = cut(_sum_to_rows(top.side, batch), [Group(k, batch.n_rows, [layer])])
        group_outer(trace.trunk.activations[-1], side, [gradients[network.n_trunk]])
        d_rows.add_(group_product_back(side, [Group(k, batch.n_rows, [layer])], 0).flat)
    if top.inner is not None and trace.slots is not None:
        groups = trace.slots.inner
        each = _inner_gradients(top, groups)
        if batch.blocks is None:
            torch.sum(torch.stack(each), dim=0, out=gradients[-1])
        else:
            member = batch.blocks.head % views.weights.trunk[0].shape[0]
            gradients[-1].zero_().index_add_(0, member, each[0])
    trunk_backward(trace.trunk, [Group(k, batch.n_rows, views.trunk(k))], [gradients], d_rows)


def pair_records(
    network: Network, views: Views, trace: Trace, batch: Batch, top: TopGradients
) -> PairRecords:
    """Carry every pair's gradient down the shared layers; nothing is written."""
    pairs, k = batch.pairs, batch.n_members
    assert pairs is not None and pairs.slot is not None and pairs.mask is not None
    slot, n = pairs.slot.flatten(), pairs.slot.shape[1]
    mask = pairs.mask.view(-1, 1)
    group = Group(k, n, views.trunk(k))
    trunk = trace.trunk
    if not pairs.by_row:
        trunk = _on_rows(trunk, batch.slot_row.index_select(0, slot), [group])
    d = top.top.index_select(0, slot).mul_(mask)
    above: list[tuple[Tensor, Tensor]] = []
    if top.side is not None:
        side_group = [Group(k, n, [views.trunk(k)[network.n_trunk]])]
        side = cut(top.side.index_select(0, slot).mul_(mask), side_group)
        above.append((trunk.activations[-1].parts[0], side.parts[0]))
        d.add_(group_product_back(side, side_group, 0).flat)
    if top.inner is not None:
        a, at_inner = (part.index_select(0, slot) for part in top.inner)
        above.append((a.view(k, n, -1), at_inner.mul_(mask).view(k, n, -1)))
    kept: list[tuple[int, Tensor, Tensor]] = []
    trunk_backward(trunk, [group], None, d, kept)
    in_order = sorted(kept, key=lambda layer: layer[0])
    layers = [(a.view(k, n, -1), at.view(k, n, -1)) for _, a, at in in_order]
    return PairRecords([*layers, *above], pairs)


def task_gradients(
    network: Network, views: Views, trace: Trace, batch: Batch, top: TopGradients, scratch: Scratch
) -> list[Tensor]:
    """Gradients of every task on every shared layer, ``(K, n_tasks, n_in + 1, n_out)``; tasks as in ``batch.pairs``."""
    pairs = batch.pairs
    assert pairs is not None
    k, n_tasks = pairs.active.shape
    blocks = batch.blocks
    shapes = network.shared_shapes
    whole: list[Tensor] = []
    if blocks is None:
        present = [h for h, m in enumerate(batch.runs) if m]
        whole = [scratch.zeros_once(i, (n_tasks, k, *s), top.top) for i, s in enumerate(shapes)]
        for tasks in whole:
            for h in range(n_tasks):
                if h not in present:
                    tasks[h].zero_()
        each = [[tasks[h] for tasks in whole] for h in present]
        shared = views.trunk(k)
        groups = [group._replace(layers=shared) for group in trace.groups]
    else:
        n_blocks = len(blocks.head)
        member = blocks.head % views.weights.trunk[0].shape[0]
        each = [[top.top.new_empty(n_blocks, *s) for s in shapes]]
        layers = [prepare(layer.index_select(0, member)) for layer in views.weights.trunk]
        groups = [group._replace(layers=layers) for group in trace.groups]
    trunk = _on_rows(trace.trunk, batch.slot_row, groups)
    d = top.top.clone()
    if top.side is not None:
        side = cut(top.side, groups)
        group_outer(trunk.activations[-1], side, [own[network.n_trunk] for own in each])
        d.add_(group_product_back(side, groups, network.n_trunk).flat)
    if top.inner is not None:
        group_outer(cut(top.inner.a, groups), cut(top.inner.d, groups), [own[-1] for own in each])
    trunk_backward(trunk, groups, each, d)
    if blocks is None:
        return [tasks.transpose(0, 1) for tasks in whole]
    assert pairs.block_task is not None
    return [
        g.new_zeros(k * n_tasks, *g.shape[1:]).index_add_(0, pairs.block_task, g).unflatten(0, (k, n_tasks))
        for g in each[0]
    ]


def _on_rows(trunk: Trunk, rows: Tensor, groups: Sequence[Group]) -> Trunk:
    """What the trunk did on some rows, cut into groups."""
    return Trunk(
        [cut(a.flat.index_select(0, rows), groups) for a in trunk.activations],
        [normed.rows(rows) for normed in trunk.norms],
    )


def _inner_gradients(top: TopGradients, groups: Sequence[Group]) -> list[Tensor]:
    """Gradient of the inner layer of every group."""
    assert top.inner is not None
    a, d = cut(top.inner.a, groups), cut(top.inner.d, groups)
    each = [part.new_empty(part.shape[0], part.shape[2], at.shape[2]) for part, at in _zip_parts(a, d)]
    group_outer(a, d, each)
    return each


def _zip_parts(a: Activations, d: Activations) -> list[tuple[Tensor, Tensor]]:
    return list(zip(a.parts, d.parts, strict=True))


def _sum_to_rows(slots: Tensor, batch: Batch) -> Tensor:
    """``(n_slots, width)`` to ``(K * B, width)``: the sum over each row's pairs."""
    assert batch.bag_slots is not None and batch.bag_starts is not None
    return torch.embedding_bag(slots, batch.bag_slots, batch.bag_starts, False, 0, False, None, True)[0]
