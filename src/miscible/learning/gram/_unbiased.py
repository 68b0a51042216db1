"""Inner products of expected task gradients, without the noise of the sample in them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from ..nets import PairRecords, Pairs
from ._pairs import membership, pair_products

__all__ = ["UnbiasedGram", "unbiased_gram", "unbiased_grams"]


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
    return _estimate(pair_products(records), records.pairs, row, half)


def unbiased_grams(
    records: PairRecords, row: Tensor, half: Tensor, parts: Sequence[tuple[int, ...]]
) -> list[UnbiasedGram]:
    """The same for several parts of the shared layers, each a tuple of layers; layers are multiplied once."""
    each = [pair_products(PairRecords([layer], records.pairs)) for layer in records.layers]
    known: dict[tuple[int, ...], UnbiasedGram] = {}
    for part in parts:
        if part not in known:
            products = each[part[0]].clone()
            for i in part[1:]:
                products.add_(each[i])
            known[part] = _estimate(products, records.pairs, row, half)
    return [known[part] for part in parts]


def _estimate(products: Tensor, pairs: Pairs, row: Tensor, half: Tensor) -> UnbiasedGram:
    own = membership(pairs, products.dtype)
    apart = (row.unsqueeze(2) != row.unsqueeze(1)).to(products.dtype)
    total = own.mT @ (products * apart) @ own
    count = own.mT @ apart @ own
    gram = torch.where(count > 0.0, total / count.clamp_min(1.0), torch.nan)
    first, second = own * half.unsqueeze(2), own * ~half.unsqueeze(2)
    of_first, of_second = (products @ torch.cat([first, second], dim=2)).chunk(2, dim=2)
    length = ((first * of_first).sum(dim=1) * (second * of_second).sum(dim=1)).clamp_min(0.0).sqrt()
    length = torch.where(length > 0.0, length, torch.nan)
    n_products = first.sum(dim=1) * second.sum(dim=1)
    return UnbiasedGram(gram, (first * of_second).sum(dim=1) / length, length / n_products)
