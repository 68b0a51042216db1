"""How much there was to repair in a step."""

from __future__ import annotations

from torch import Tensor

__all__ = ["conflicts"]


def conflicts(gram: Tensor, active: Tensor) -> tuple[Tensor, Tensor]:
    """Count the pairs of active tasks whose gradients point against each other.

    The sign of an inner product does not depend on static task weights, so the plain Gram will do (a task with static
    weight 0 still counts). What is not finite counts as no conflict.

    Parameters
    ----------
    gram
        ``(n_members, n_tasks, n_tasks)``, symmetric; anything in rows and columns of inactive tasks.
    active
        ``(n_members, n_tasks)`` bool.

    Returns
    -------
    n_conflicting, n_pairs
        ``(n_members,)`` int64: unordered pairs of active tasks with a negative inner product, and all of them.
    """
    opposed = (gram < 0.0) & active.unsqueeze(-1) & active.unsqueeze(-2)
    # The diagonal is a square: negative at most through rounding, which is no conflict.
    n_conflicting = opposed.tril(-1).sum(dim=(-2, -1))
    count = active.sum(dim=-1)
    return n_conflicting, count * (count - 1) // 2
