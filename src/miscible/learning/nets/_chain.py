"""A stack of Linear-ReLU layers for many networks at once, with its backward pass written out.

Rows lie flat, ``(n, width)``, and are cut into groups: the rows of a group are shared out evenly among its networks.
The trunk of K members is one group; heads are a group each. Inputs and hidden activations carry a last column of
ones (see ``Layout``).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

__all__ = [
    "Activations",
    "Group",
    "Layer",
    "OnesColumn",
    "chain_backward",
    "chain_forward",
    "cut",
    "group_outer",
    "group_product",
    "group_product_back",
    "prepare",
    "relu_backward",
]


class Layer(NamedTuple):
    """Stacked weights ``(K, n_in + 1, n_out)``, and the same without bias, transposed, for the way back."""

    weight: Tensor
    back: Tensor


class Group(NamedTuple):
    """``n`` networks with ``size`` rows each, and their layers."""

    n: int
    size: int
    layers: Sequence[Layer]


def prepare(weight: Tensor, *, bias: bool = True) -> Layer:
    """Views a layer is used through."""
    return Layer(weight, (weight[:, :-1] if bias else weight).transpose(1, 2))


class OnesColumn:
    """Reusable buffers whose last column is one, so that it is written only when a buffer is made.

    What a forward pass puts there holds until the next forward pass of the same chain.
    """

    def __init__(self) -> None:
        self._buffers: dict[object, Tensor] = {}

    def rectified(self, z: Tensor, key: object) -> Tensor:
        """ReLU of ``z (n, width)`` with the column of ones, ``(n, width + 1)``."""
        n, width = z.shape
        buffer = self._buffers.get(key)
        if buffer is None or buffer.shape[0] < n or buffer.device != z.device or buffer.dtype != z.dtype:
            buffer = z.new_ones(n + n // 4, width + 1)
            self._buffers[key] = buffer
        result = buffer[:n]
        torch.clamp_min(z, 0, out=result[:, :-1])
        return result


class Activations(NamedTuple):
    """Flat rows, and the same cut into groups, ``(networks, size, width)`` each."""

    flat: Tensor
    parts: list[Tensor]


def cut(flat: Tensor, groups: Sequence[Group]) -> Activations:
    """Rows ``(n, width)`` with views of each group's share."""
    width = flat.shape[1]
    if len(groups) == 1:
        return Activations(flat, [flat.view(groups[0].n, groups[0].size, width)])
    shares = flat.split_with_sizes([group.n * group.size for group in groups])
    parts = [share.view(group.n, group.size, width) for share, group in zip(shares, groups, strict=True)]
    return Activations(flat, parts)


def chain_forward(
    x: Tensor, groups: Sequence[Group], ones: OnesColumn, name: str, *, relu_last: bool
) -> list[Activations]:
    """Inputs of every layer, then the output.

    Parameters
    ----------
    x
        ``(n, n_in + 1)``.
    groups
        Of the rows, in order.
    ones, name
        Where hidden activations live.
    relu_last
        Whether the last layer is rectified (and given its column of ones) like the others.
    """
    trace = [cut(x, groups)]
    last = len(groups[0].layers) - 1
    for i in range(last + 1):
        z = group_product(trace[-1], groups, i)
        trace.append(cut(ones.rectified(z.flat, (name, i)), groups) if relu_last or i < last else z)
    return trace


def chain_backward(
    trace: Sequence[Activations],
    groups: Sequence[Group],
    gradients: Sequence[Sequence[Tensor]] | None,
    d: Tensor,
    *,
    relu_last: bool,
    to_input: bool,
    keep: list[Tensor] | None = None,
) -> Tensor:
    """Write the layers' gradients and carry the gradient towards the input.

    Parameters
    ----------
    trace, groups
        As in :func:`chain_forward`.
    gradients
        For each group contiguous tensors shaped like its layers, overwritten; ``None`` to leave them out.
    d
        ``(n, n_out)`` gradient at the output (without a column of ones); may be overwritten.
    relu_last
        As in the forward pass.
    to_input
        Whether to go on to the input.
    keep
        Takes the pre-activation gradients, last layer first.

    Returns
    -------
    Tensor
        ``(n, n_in)`` gradient at the input, or the first layer's pre-activation gradient where the way ends.
    """
    depth = len(trace) - 1
    here = cut(d, groups)
    for i in range(depth - 1, -1, -1):
        if relu_last or i < depth - 1:
            relu_backward(here.flat, trace[i + 1].flat[:, :-1], 0, grad_input=here.flat)
        if keep is not None:
            keep.append(here.flat)
        if gradients is not None:
            group_outer(trace[i], here, [own[i] for own in gradients])
        if i == 0 and not to_input:
            break
        here = group_product_back(here, groups, i)
    return here.flat


def group_product(rows: Activations, groups: Sequence[Group], i: int) -> Activations:
    """Rows times layer ``i`` of their group."""
    width = groups[0].layers[i].weight.shape[2]
    z = cut(rows.flat.new_empty(rows.flat.shape[0], width), groups)
    for group, part, out in zip(groups, rows.parts, z.parts, strict=True):
        _product(part, group.layers[i].weight, out)
    return z


def group_outer(rows: Activations, d: Activations, gradients: Sequence[Tensor]) -> None:
    """Write the gradient of one layer of every group: the sum of the outer products of its rows."""
    for part, d_part, out in zip(rows.parts, d.parts, gradients, strict=True):
        _outer(part, d_part, out)


def group_product_back(d: Activations, groups: Sequence[Group], i: int) -> Activations:
    """Gradient at the input of layer ``i``, without the column of ones."""
    before = cut(d.flat.new_empty(d.flat.shape[0], groups[0].layers[i].back.shape[2]), groups)
    for group, d_part, out in zip(groups, d.parts, before.parts, strict=True):
        _product_back(d_part, group.layers[i].back, out)
    return before


relu_backward = torch.ops.aten.threshold_backward.grad_input

# Products with one output column are slow as they stand; turned round they are not.


def _product(rows: Tensor, weight: Tensor, out: Tensor) -> None:
    if weight.shape[2] == 1:
        torch.bmm(weight.transpose(1, 2), rows.transpose(1, 2), out=out.view(out.shape[0], 1, -1))
    else:
        torch.bmm(rows, weight, out=out)


def _outer(rows: Tensor, d: Tensor, out: Tensor) -> None:
    if d.shape[2] == 1:
        torch.bmm(d.transpose(1, 2), rows, out=out.view(out.shape[0], 1, -1))
    else:
        torch.bmm(rows.transpose(1, 2), d, out=out)


def _product_back(d: Tensor, back: Tensor, out: Tensor) -> None:
    if d.shape[2] == 1:
        torch.mul(d, back, out=out)
    else:
        torch.bmm(d, back, out=out)
