"""A stack of Linear-ReLU layers for many members at once, with its backward pass written out."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from ._layout import Layer

__all__ = ["chain_backward", "chain_forward"]


def chain_forward(x: Tensor, layers: Sequence[Layer], *, relu_last: bool) -> list[Tensor]:
    """Inputs of every layer, then the output.

    Parameters
    ----------
    x
        ``(n_members, n, n_in)``.
    layers
        Weight ``(n_members, n_in, n_out)`` and bias ``(n_members, 1, n_out)`` of each layer.
    relu_last
        Whether the last layer is rectified like the others.
    """
    trace = [x]
    last = len(layers) - 1
    for i, (weight, bias) in enumerate(layers):
        x = torch.baddbmm(bias, x, weight)
        if relu_last or i < last:
            x.relu_()
        trace.append(x)
    return trace


def chain_backward(
    trace: Sequence[Tensor],
    layers: Sequence[Layer],
    gradients: Sequence[Layer],
    d: Tensor,
    *,
    relu_last: bool,
    to_input: bool,
    keep: bool = False,
) -> tuple[Tensor | None, list[Tensor]]:
    """Write the layers' gradients and pass the gradient on to the input.

    Parameters
    ----------
    trace
        What :func:`chain_forward` returned.
    layers
        The same layers.
    gradients
        Where to write, views shaped like the layers.
    d
        Gradient at the output; may be overwritten.
    relu_last
        As in the forward pass.
    to_input
        Whether the gradient at the input is wanted.
    keep
        Whether the pre-activation gradients are wanted.

    Returns
    -------
    tuple
        Gradient at the input or ``None``; pre-activation gradients in layer order, empty unless kept.
    """
    kept: list[Tensor] = []
    last = len(layers) - 1
    for i in range(last, -1, -1):
        if relu_last or i < last:
            torch.ops.aten.threshold_backward.grad_input(d, trace[i + 1], 0, grad_input=d)
        weight_out, bias_out = gradients[i]
        torch.bmm(trace[i].transpose(1, 2), d, out=weight_out)
        torch.sum(d, dim=1, keepdim=True, out=bias_out)
        if keep:
            kept.append(d)
        if i == 0 and not to_input:
            return None, kept[::-1]
        d = torch.bmm(d, layers[i][0].transpose(1, 2))
    return d, kept[::-1]
