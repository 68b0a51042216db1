"""A stack of Linear-ReLU layers for many members at once, with its backward pass written out.

Inputs and hidden activations carry a last column of ones (see ``Layout``).
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

__all__ = ["chain_backward", "chain_forward", "rectified"]


def rectified(z: Tensor) -> Tensor:
    """ReLU of ``(K, n, width)``, with the column of ones: ``(K, n, width + 1)``."""
    result = z.new_ones(z.shape[0], z.shape[1], z.shape[2] + 1)
    torch.clamp_min(z, 0, out=result[..., :-1])
    return result


def chain_forward(x: Tensor, layers: Sequence[Tensor], *, relu_last: bool) -> list[Tensor]:
    """Inputs of every layer, then the output.

    Parameters
    ----------
    x
        ``(K, n, n_in + 1)``.
    layers
        ``(K, n_in + 1, n_out)`` each.
    relu_last
        Whether the last layer is rectified (and given its column of ones) like the others.
    """
    trace = [x]
    last = len(layers) - 1
    for i, layer in enumerate(layers):
        z = torch.bmm(trace[-1], layer)
        trace.append(rectified(z) if relu_last or i < last else z)
    return trace


def chain_backward(
    trace: Sequence[Tensor],
    layers: Sequence[Tensor],
    gradients: Sequence[Tensor],
    d: Tensor,
    *,
    relu_last: bool,
    d_input: Tensor | None,
    keep: bool = False,
) -> list[Tensor]:
    """Write the layers' gradients, and the one at the input where it is wanted.

    Parameters
    ----------
    trace
        What :func:`chain_forward` returned.
    layers
        The same layers.
    gradients
        Contiguous tensors shaped like the layers, overwritten.
    d
        Gradient at the output (without the column of ones); may be overwritten.
    relu_last
        As in the forward pass.
    d_input
        ``(K, n, n_in)`` contiguous, overwritten; or ``None``.
    keep
        Whether the pre-activation gradients are wanted.

    Returns
    -------
    list
        Pre-activation gradients in layer order; empty unless kept.
    """
    kept: list[Tensor] = []
    last = len(layers) - 1
    for i in range(last, -1, -1):
        if relu_last or i < last:
            torch.ops.aten.threshold_backward.grad_input(d, trace[i + 1][..., :-1], 0, grad_input=d)
        torch.bmm(trace[i].transpose(1, 2), d, out=gradients[i])
        if keep:
            kept.append(d)
        weights = layers[i][:, :-1].transpose(1, 2)
        if i > 0:
            d = torch.bmm(d, weights)
        elif d_input is not None:
            torch.bmm(d, weights, out=d_input)
    return kept[::-1]
