"""Inner products of expected task gradients, without the noise of the sample in them."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from ..nets import PairRecords
from ._pairs import membership, pair_products

__all__ = ["UnbiasedGram", "unbiased_gram"]


class UnbiasedGram(NamedTuple):
    """Estimates of one probe.

    Parameters
    ----------
    gram
        ``(K, n_tasks, n_tasks)`` unbiased estimate of the inner products of the expected gradients (of the mean pair);
        NaN where fewer than two rows carry the pair of tasks. The diagonal may be negative: it is an estimate.
    split_half
        ``(K, n_tasks)`` cosine between the gradients of two random halves of a task's pairs, NaN with fewer than
        two pairs: what a cosine of 1 looks like under this much noise.
    half_square
        ``(K, n_tasks)`` product of the lengths of the mean gradients of these halves: a squared length with the noise
        of half the sample in it.
    """

    gram: Tensor
    split_half: Tensor
    half_square: Tensor


def unbiased_gram(records: PairRecords, row: Tensor, half: Tensor) -> UnbiasedGram:
    """Leave out what is not independent: a pair with itself, and two pairs of the same row.

    Parameters
    ----------
    records
        Of unweighted pair losses.
    row
        ``(K, P)`` row of each pair.
    half
        ``(K, P)`` bool: which random half of its task each pair falls into.
    """
    products = pair_products(records)
    own = membership(records.pairs, products.dtype)
    apart = (row.unsqueeze(2) != row.unsqueeze(1)).to(products.dtype)
    total = own.mT @ (products * apart) @ own
    count = own.mT @ apart @ own
    gram = torch.where(count > 0.0, total / count.clamp_min(1.0), torch.nan)
    first, second = own * half.unsqueeze(2), own * ~half.unsqueeze(2)

    def inner(left: Tensor, right: Tensor) -> Tensor:
        return (left * (products @ right)).sum(dim=1)

    length = (inner(first, first) * inner(second, second)).clamp_min(0.0).sqrt()
    length = torch.where(length > 0.0, length, torch.nan)
    n_products = first.sum(dim=1) * second.sum(dim=1)
    return UnbiasedGram(gram, inner(first, second) / length, length / n_products)
