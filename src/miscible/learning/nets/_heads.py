"""Heads on pairs, for the two layouts of slots."""

from __future__ import annotations

import torch
from torch import Tensor

from ._batch import Batch, Blocks
from ._chain import chain_backward, chain_forward
from ._layout import Layer, Layout

__all__ = ["block_backward", "block_forward", "segment_backward", "segment_forward"]


def segment_forward(top: Tensor, heads: list[list[Layer]], batch: Batch) -> tuple[list[list[Tensor]], Tensor]:
    """Run every head on its own columns of the slots.

    Parameters
    ----------
    top
        ``(K, M, width)`` trunk outputs on slots.
    heads
        Layers of each head.
    batch
        With ``bounds``.

    Returns
    -------
    tuple
        One trace a head (empty where it owns no slot) and the outputs ``(K, M, n_outputs)``.
    """
    traces: list[list[Tensor]] = []
    outputs: list[Tensor] = []
    for layers, start, stop in zip(heads, batch.bounds, batch.bounds[1:], strict=False):
        trace = chain_forward(top[:, start:stop], layers, relu_last=False) if stop > start else []
        traces.append(trace)
        outputs += trace[-1:]
    return traces, outputs[0] if len(outputs) == 1 else torch.cat(outputs, dim=1)


def segment_backward(
    traces: list[list[Tensor]],
    heads: list[list[Layer]],
    gradients: list[list[Layer]],
    gradient: Tensor,
    d: Tensor,
    batch: Batch,
) -> Tensor:
    """Write every head's gradient and return the one at the trunk's output, ``(K, M, width)``.

    ``gradients`` are views of ``gradient (K, n_heads, size)``; heads without a slot get zeros.
    """
    at_top: list[Tensor] = []
    for h, (start, stop) in enumerate(zip(batch.bounds, batch.bounds[1:], strict=False)):
        if stop == start:
            gradient[:, h].zero_()
            continue
        d_top, _ = chain_backward(
            traces[h], heads[h], gradients[h], d[:, start:stop], relu_last=False, to_input=True
        )
        assert d_top is not None
        at_top.append(d_top)
    return at_top[0] if len(at_top) == 1 else torch.cat(at_top, dim=1)


def block_forward(
    top: Tensor, flat: Tensor, layout: Layout, batch: Batch, blocks: Blocks
) -> tuple[list[Tensor], list[Layer], Tensor]:
    """Run heads on blocks of slots with gathered weights.

    Parameters
    ----------
    top
        ``(K, M, width)`` trunk outputs on slots.
    flat
        ``(K * n_heads, size)`` parameters of all heads.
    layout
        Of one head.
    batch, blocks
        The step's indices.

    Returns
    -------
    tuple
        Trace, gathered layers, outputs ``(K, M, n_outputs)``.
    """
    layers = layout.layers(flat.index_select(0, blocks.head))
    n_blocks = blocks.head.numel()
    trace = chain_forward(top.view(n_blocks, -1, top.shape[-1]), layers, relu_last=False)
    return trace, layers, trace[-1].view(batch.n_members, batch.n_slots, -1)


def block_backward(
    trace: list[Tensor], layers: list[Layer], layout: Layout, d: Tensor, batch: Batch, blocks: Blocks
) -> tuple[Tensor, Tensor]:
    """Gradients of the active heads ``(n_active, size)``, and at the trunk's output ``(K, M, width)``."""
    n_blocks = blocks.head.numel()
    each = d.new_empty(n_blocks, layout.size)
    d_top, _ = chain_backward(
        trace,
        layers,
        layout.layers(each),
        d.reshape(n_blocks, -1, d.shape[-1]),
        relu_last=False,
        to_input=True,
    )
    assert d_top is not None
    n_active = blocks.active.numel()
    if not blocks.single:
        # Padding goes to a row of its own, so that a member's numbers never meet a neighbour's.
        each = each.new_zeros(n_active + 1, layout.size).index_add_(0, blocks.place, each)[:n_active]
    return each, d_top.view(batch.n_members, batch.n_slots, -1)
