"""The order in which tasks are visited, and the rounds of visits."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

__all__ = ["in_order", "put_back", "rounds", "visiting_order"]

# Long enough for the products between blocks to matter, short enough to stay in a processor's cache.
_BLOCK = 24


def visiting_order(keys: Tensor, active: Tensor) -> Tensor:
    """Tasks by increasing key, the inactive ones last.

    Parameters
    ----------
    keys
        ``(n_members, n_tasks)``.
    active
        ``(n_members, n_tasks)`` bool.

    Returns
    -------
    Tensor
        ``(n_members, n_rounds)`` task visited at each round. In main memory, where looking costs nothing, as many
        rounds as the member with the most active tasks needs; elsewhere ``n_tasks``.
    """
    order = torch.where(active, keys, torch.inf).argsort(dim=-1)
    if keys.device.type != "cpu" or keys.numel() == 0:
        return order
    return order[:, : int(active.sum(dim=-1).amax())]


def in_order(matrix: Tensor, order: Tensor) -> Tensor:
    """Rows and columns of ``(n_members, n_tasks, n_tasks)`` as visited, ``(n_members, n_rounds, n_rounds)``."""
    return matrix.flatten(1).gather(1, _places(matrix, order)).unflatten(1, (order.shape[1], order.shape[1]))


def put_back(matrix: Tensor, order: Tensor, values: Tensor) -> Tensor:
    """Copy of ``matrix`` with what :func:`in_order` took from it replaced by ``values``."""
    return matrix.flatten(1).scatter(1, _places(matrix, order), values.flatten(1)).view_as(matrix)


def _places(matrix: Tensor, order: Tensor) -> Tensor:
    return (order.unsqueeze(-1) * matrix.shape[-1] + order.unsqueeze(1)).flatten(1)


def rounds(unit: Tensor, dots: Tensor, added: Tensor, visit: Callable[[int, Tensor], None]) -> None:
    """Visit the tasks one after another, keeping the products of every copy with the visited gradient.

    The products change by a multiple of a row at every visit. Within a block of rounds they are brought up to date
    when a task's turn comes; behind it, those of all later rounds at once.

    Parameters
    ----------
    unit
        ``(n_members, n_rounds, n_rounds)``: entry ``(j, k)`` is what one more of gradient ``k`` in a copy adds to
        its ``dots`` of round ``j``.
    dots
        ``(n_members, n_rounds, n_rounds)`` by round and copy, before any visit; overwritten with those met.
    added
        ``(n_members, n_rounds, n_rounds)`` multiples of each gradient in each copy, written by ``visit``. May be
        ``dots`` itself.
    visit
        Called with the round and its ``dots`` ``(n_members, 1, n_rounds)``; sets that row of ``added``.
    """
    n_rounds = unit.shape[-1]
    rows, units = dots.split(1, dim=1), unit.split(1, dim=1)
    for start in range(0, n_rounds, _BLOCK):
        stop = min(start + _BLOCK, n_rounds)
        visit(start, rows[start])
        for j in range(start + 1, stop):
            visit(j, rows[j].baddbmm_(units[j][..., start:j], added[:, start:j]))
        if stop < n_rounds:
            dots[:, stop:].baddbmm_(unit[:, stop:, start:stop], added[:, start:stop])
