"""The order in which tasks are visited."""

from __future__ import annotations

from torch import Tensor

__all__ = ["in_order", "visiting_order"]


def visiting_order(keys: Tensor) -> Tensor:
    """``(n_members, n_tasks)`` task visited at each round, by increasing key."""
    return keys.argsort(dim=-1)


def in_order(matrix: Tensor, order: Tensor) -> Tensor:
    """Rows and columns of ``(n_members, n_tasks, n_tasks)`` rearranged as visited."""
    rows = matrix.gather(1, order.unsqueeze(-1).expand_as(matrix))
    return rows.gather(2, order.unsqueeze(1).expand_as(matrix))
