"""The Gram pair by pair: no task's gradient is ever formed.

Pair ``p`` adds ``a_p d_p'`` to its task's gradient of a layer, so the inner product of two pairs there is
``(a_p . a_q)(d_p . d_q)``; the column of ones in ``a`` brings the bias along.
"""

from __future__ import annotations

import torch
from torch import Tensor

from ..nets import PairRecords, Pairs

__all__ = ["membership", "pair_gram", "pair_products", "write_weighted_pairs"]

_LONG = 128
"""From this many pairs on the symmetry of their products is worth another call."""


def pair_products(records: PairRecords) -> Tensor:
    """``(K, P, P)`` inner products of the gradients of single pairs, over all layers."""
    a = records.layers[0][0]
    n = a.shape[1]
    if n < _LONG:
        return _products(records, slice(n), slice(n))
    # Symmetric: a quarter is copied, not computed.
    first, second = slice(n // 2), slice(n // 2, n)
    total = a.new_empty(len(a), n, n)
    total[:, first, first] = _products(records, first, first)
    total[:, second, second] = _products(records, second, second)
    total[:, second, first] = crossed = _products(records, second, first)
    total[:, first, second] = crossed.mT
    return total


def _products(records: PairRecords, rows: slice, columns: slice) -> Tensor:
    """A block of them."""
    total: Tensor | None = None
    for a, d in records.layers:
        products = torch.bmm(a[:, rows], a[:, columns].mT)
        products.mul_(torch.bmm(d[:, rows], d[:, columns].mT))
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
    k, n = products.shape[:2]
    n_tasks, task = records.pairs.active.shape[1], records.pairs.task
    assert task is not None
    # Padding belongs to some task, and its products are 0.
    place = (task + torch.arange(0, k * n_tasks, n_tasks, device=task.device).unsqueeze(1)).flatten()
    rows = products.new_zeros(k * n_tasks, n).index_add_(0, place, products.view(-1, n))
    columns = rows.view(k, n_tasks, n).mT.reshape(-1, n_tasks)
    return products.new_zeros(k * n_tasks, n_tasks).index_add_(0, place, columns).view(k, n_tasks, n_tasks)


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
