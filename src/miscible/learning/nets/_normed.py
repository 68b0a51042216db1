"""The trunk's chain, with or without layer normalisation before each ReLU.

``y = scale * (z - mean) / deviation + shift`` over the units of a layer (Ba, Kiros and Hinton 2016, arXiv
1607.06450). Scale and shift are one more shared layer, of a single input that is always 1: ``(K, 1, 2 n_out)``, scales
first. What a pair adds to its gradient is then an outer product like any other, and the Gram needs no special case.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from ._chain import (
    Activations,
    Group,
    OnesColumn,
    chain_backward,
    chain_forward,
    cut,
    group_outer,
    group_product,
    group_product_back,
    relu_backward,
)

__all__ = ["Normed", "Trunk", "normed_backward", "trunk_backward", "trunk_forward"]

_TINY = 1e-5
"""Added to the variance, as torch.nn.LayerNorm does."""


class Normed(NamedTuple):
    """Normalised values ``(n, n_out)`` and inverse deviations ``(n, 1)`` of one layer."""

    values: Tensor
    inverse: Tensor

    def rows(self, index: Tensor) -> Normed:
        """The same for some rows."""
        return Normed(self.values.index_select(0, index), self.inverse.index_select(0, index))


class Trunk(NamedTuple):
    """Inputs of the trunk's layers and its output, and what normalisation did (nothing without it)."""

    activations: list[Activations]
    norms: list[Normed]


def trunk_forward(x: Tensor, groups: Sequence[Group], ones: OnesColumn, depth: int, *, norm: bool) -> Trunk:
    """Run the trunk on rows ``(n, n_in + 1)``; with ``norm`` layer ``depth + i`` scales and shifts layer ``i``."""
    if not norm:
        plain = [group._replace(layers=group.layers[:depth]) for group in groups]
        return Trunk(chain_forward(x, plain, ones, "trunk", relu_last=True), [])
    trace, norms = [cut(x, groups)], []
    for i in range(depth):
        z = group_product(trace[-1], groups, i).flat
        z = z - z.mean(dim=1, keepdim=True)
        inverse = torch.rsqrt(z.square().mean(dim=1, keepdim=True) + _TINY)
        values = z.mul_(inverse)
        norms.append(Normed(values, inverse))
        scaled = cut(torch.empty_like(values), groups)
        for group, part, out in zip(groups, cut(values, groups).parts, scaled.parts, strict=True):
            scale, shift = group.layers[depth + i].weight.chunk(2, dim=2)
            torch.addcmul(shift, scale, part, out=out)
        trace.append(cut(ones.rectified(scaled.flat, ("trunk", i)), groups))
    return Trunk(trace, norms)


def trunk_backward(
    trunk: Trunk,
    groups: Sequence[Group],
    gradients: Sequence[Sequence[Tensor]] | None,
    d: Tensor,
    keep: list[tuple[int, Tensor, Tensor]] | None = None,
) -> None:
    """Carry the gradient ``d (n, width)`` at the trunk's output down to its first layer.

    Parameters
    ----------
    trunk, groups
        Rows cut into groups with their layers.
    gradients
        For each group where the layers' gradients go; ``None`` to leave them out.
    d
        May be overwritten.
    keep
        Takes, for every layer, its number, its inputs and its pre-activation gradients, flat.
    """
    depth = len(trunk.activations) - 1
    if not trunk.norms:
        kept: list[Tensor] | None = None if keep is None else []
        plain = [group._replace(layers=group.layers[:depth]) for group in groups]
        chain_backward(trunk.activations, plain, gradients, d, relu_last=True, to_input=False, keep=kept)
        for i, at in zip(range(depth - 1, -1, -1), kept or [], strict=keep is not None):
            assert keep is not None
            keep.append((i, trunk.activations[i].flat, at))
        return
    always = d.new_ones(len(d), 1)
    here = cut(d, groups)
    for i in range(depth - 1, -1, -1):
        relu_backward(here.flat, trunk.activations[i + 1].flat[:, :-1], 0, grad_input=here.flat)
        both = cut(torch.cat([here.flat * trunk.norms[i].values, here.flat], dim=1), groups)
        if gradients is not None:
            group_outer(cut(always, groups), both, [own[depth + i] for own in gradients])
        below = cut(normed_backward(trunk.norms[i], here, groups, depth + i), groups)
        if gradients is not None:
            group_outer(trunk.activations[i], below, [own[i] for own in gradients])
        if keep is not None:
            keep += [(depth + i, always, both.flat), (i, trunk.activations[i].flat, below.flat)]
        if i:
            here = group_product_back(below, groups, i)


def normed_backward(normed: Normed, d: Activations, groups: Sequence[Group], layer: int) -> Tensor:
    """Gradient before normalisation from that behind scale and shift, which are the groups' ``layer``."""
    at_values = cut(torch.empty_like(d.flat), groups)
    for group, part, out in zip(groups, d.parts, at_values.parts, strict=True):
        scale, _ = group.layers[layer].weight.chunk(2, dim=2)
        torch.mul(part, scale, out=out)
    flat, values = at_values.flat, normed.values
    along = (flat * values).mean(dim=1, keepdim=True)
    return (flat - flat.mean(dim=1, keepdim=True) - values * along).mul_(normed.inverse)
