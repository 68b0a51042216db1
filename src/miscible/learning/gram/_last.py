"""Squared lengths of the task gradients on the last layer that all tasks share: what GradNorm looks at."""

from __future__ import annotations

import torch
from torch import Tensor

from ..nets import (
    Batch,
    Group,
    Network,
    Pairs,
    TopGradients,
    Trace,
    Views,
    cut,
    group_product_back,
    normed_backward,
    prepare,
    relu_backward,
)

__all__ = ["last_norms"]

_MOST_PAIRS = 64
"""Groups up to this size are looked at pair by pair; the gradients of larger ones are formed."""


def last_norms(network: Network, views: Views, trace: Trace, batch: Batch, top: TopGradients) -> Tensor:
    """``(K, n_heads)`` squared length of every task's gradient; 0 for a task without a pair.

    The layer is the trunk's last, or the side layer of a mixing that says so (the experts).

    Parameters
    ----------
    network, views, trace, batch
        As in the forward pass.
    top
        From ``Network.backward_heads``.
    """
    k, pairs = batch.n_members, batch.pairs
    groups = trace.groups
    if pairs is not None and (pairs.slot is None or pairs.heads is not None):
        pairs = None
    if pairs is not None and pairs.by_row and top.side is None and not trace.trunk.norms:
        return _row_by_row(trace, top, pairs)
    if network.mixing is not None and network.mixing.last_is_side and top.side is not None:
        a, d = trace.top, top.side
    else:
        d = top.top
        if top.side is not None:
            d = d + _through_side(network, views, batch, groups, top.side)
        below, at_end = (a.flat.index_select(0, batch.slot_row) for a in trace.trunk.activations[-2:])
        d = d * (at_end[:, :-1] > 0.0)
        if trace.trunk.norms:
            normed = trace.trunk.norms[-1].rows(batch.slot_row)
            d = normed_backward(
                normed, cut(d, groups), _shared_groups(views, batch, groups), network.n_trunk - 1
            )
        a = below
    if pairs is not None:
        return _pair_by_pair(a, d, pairs)
    inputs, at_layer = cut(a, groups), cut(d, groups)
    if batch.blocks is None:
        norms = d.new_zeros(network.n_heads, k)
        heads = [h for h, m in enumerate(batch.runs) if m]
        for h, rows, own in zip(heads, inputs.parts, at_layer.parts, strict=True):
            norms[h] = _squares(rows, own)
        return norms.mT
    blocks = batch.blocks
    n_active = len(blocks.active)
    squares = _squares(inputs.parts[0][:n_active], at_layer.parts[0][:n_active])
    if blocks.place is not None:
        # Only heads with several blocks need their gradient as a whole.
        place, which = blocks.place[n_active:].unique(return_inverse=True)
        first, more = (
            torch.bmm(inputs.parts[0][chosen].mT, at_layer.parts[0][chosen])
            for chosen in (place, slice(n_active, None))
        )
        squares[place] = first.index_add_(0, which, more).flatten(1).square().sum(dim=1)
    n_members = views.weights.trunk[0].shape[0]
    norms = d.new_zeros(network.n_heads, n_members)
    norms.view(-1)[blocks.active] = squares
    return norms[:, :k].mT


def _pair_by_pair(a: Tensor, d: Tensor, pairs: Pairs) -> Tensor:
    """The same from all pairs of a member at once."""
    assert pairs.slot is not None and pairs.mask is not None and pairs.task is not None
    k, n = pairs.slot.shape
    slot = pairs.slot.flatten()
    rows = a.index_select(0, slot).view(k, n, -1)
    own = d.index_select(0, slot).mul_(pairs.mask.view(-1, 1)).view(k, n, -1)
    return _by_task(rows, own, pairs)


def _row_by_row(trace: Trace, top: TopGradients, pairs: Pairs) -> Tensor:
    """The same of a plain trunk where every pair lies on a row of its own: no row need be copied."""
    assert pairs.slot is not None and pairs.mask is not None
    below, at_end = trace.trunk.activations[-2:]
    d = top.top.index_select(0, pairs.slot.flatten()).mul_(pairs.mask.view(-1, 1))
    relu_backward(d, at_end.flat[:, :-1], 0, grad_input=d)
    return _by_task(below.parts[0], d.view(*pairs.slot.shape, -1), pairs)


def _by_task(rows: Tensor, own: Tensor, pairs: Pairs) -> Tensor:
    """Sums of the products ``(K, P, P)`` of pairs within a task."""
    assert pairs.task is not None
    products = torch.bmm(rows, rows.mT).mul_(torch.bmm(own, own.mT))
    products.mul_(pairs.task.unsqueeze(2) == pairs.task.unsqueeze(1))
    return own.new_zeros(pairs.active.shape).scatter_add_(1, pairs.task, products.sum(dim=2))


def _through_side(
    network: Network, views: Views, batch: Batch, groups: list[Group], at_side: Tensor
) -> Tensor:
    """What the side layer passes back to the top of every slot."""
    own = _shared_groups(views, batch, groups)
    return group_product_back(cut(at_side, own), own, network.n_trunk).flat


def _shared_groups(views: Views, batch: Batch, groups: list[Group]) -> list[Group]:
    """Slots by head and member with the shared layers of the member."""
    layers = views.trunk(batch.n_members)
    if batch.blocks is not None:
        member = batch.blocks.head % views.weights.trunk[0].shape[0]
        layers = [prepare(layer.index_select(0, member)) for layer in views.weights.trunk]
    return [group._replace(layers=layers) for group in groups]


def _squares(rows: Tensor, d: Tensor) -> Tensor:
    """Squared norm of ``rows' d`` of every group, ``(n_groups,)``."""
    if rows.shape[1] <= _MOST_PAIRS:
        return (torch.bmm(rows, rows.mT) * torch.bmm(d, d.mT)).sum(dim=(1, 2))
    return torch.bmm(rows.mT, d).flatten(1).square().sum(dim=1)
