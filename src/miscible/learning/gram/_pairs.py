"""The Gram pair by pair: no task's gradient is ever formed.

Pair ``p`` adds ``a_p d_p'`` to its task's gradient of a layer, so the inner product of two pairs there is
``(a_p . a_q)(d_p . d_q)``; the column of ones in ``a`` brings the bias along.
"""

from __future__ import annotations

import torch
from torch import Tensor

from ..nets import PairRecords, Pairs

__all__ = ["membership", "pair_gram", "pair_products", "write_weighted_pairs"]


def pair_products(records: PairRecords) -> Tensor:
    """``(K, P, P)`` inner products of the gradients of single pairs, over all layers."""
    total: Tensor | None = None
    for a, d in records.layers:
        products = torch.bmm(a, a.mT).mul_(torch.bmm(d, d.mT))
        total = products if total is None else total.add_(products)
    assert total is not None
    return total


def membership(pairs: Pairs, dtype: torch.dtype) -> Tensor:
    """``(K, P, n_tasks)``: 1 where a pair belongs to a task."""
    assert pairs.task is not None and pairs.mask is not None
    tasks = torch.arange(pairs.active.shape[1], device=pairs.task.device)
    return ((pairs.task.unsqueeze(2) == tasks) & pairs.mask.unsqueeze(2)).to(dtype)


def pair_gram(records: PairRecords) -> Tensor:
    """``(K, n_tasks, n_tasks)`` inner products of the task gradients."""
    products = pair_products(records)
    own = membership(records.pairs, products.dtype)
    return torch.bmm(own.mT, torch.bmm(products, own))


def write_weighted_pairs(records: PairRecords, weights: Tensor, out: list[Tensor]) -> None:
    """Write ``sum_t weights_t g_t`` of every shared layer.

    Parameters
    ----------
    records
        Consumed: its ``d`` are overwritten.
    weights
        ``(K, n_tasks)``.
    out
        ``(K, n_in + 1, n_out)`` a layer.
    """
    assert records.pairs.task is not None
    factor = weights.gather(1, records.pairs.task).unsqueeze(2)
    for (a, d), layer in zip(records.layers, out, strict=True):
        torch.bmm(a.mT, d.mul_(factor), out=layer)
