"""The Gram from the gradients of the tasks, where a batch has too many pairs to look at all pairs of pairs."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

__all__ = ["task_gram", "write_weighted_tasks"]


def task_gram(gradients: Sequence[Tensor]) -> Tensor:
    """``(K, n_tasks, n_tasks)`` from gradients ``(K, n_tasks, n_in + 1, n_out)`` of every layer."""
    total: Tensor | None = None
    for layer in gradients:
        flat = layer.flatten(2)
        products = torch.bmm(flat, flat.mT)
        total = products if total is None else total.add_(products)
    assert total is not None
    return total


def write_weighted_tasks(gradients: Sequence[Tensor], weights: Tensor, out: Sequence[Tensor]) -> None:
    """Write ``sum_t weights_t g_t`` of every layer.

    Parameters
    ----------
    gradients
        As in :func:`task_gram`.
    weights
        ``(K, n_tasks)``.
    out
        ``(K, n_in + 1, n_out)`` a layer.
    """
    for tasks, layer in zip(gradients, out, strict=True):
        torch.bmm(weights.unsqueeze(1), tasks.flatten(2), out=layer.view(len(layer), 1, -1))
