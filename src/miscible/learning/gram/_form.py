"""Which form of the Gram is cheaper."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

__all__ = ["Form", "cheaper_form"]

Form = Literal["pairs", "tasks"]

_TRAFFIC = 4.0
"""Writing and reading the gradient of one task once more, counted in multiply-adds an entry."""


def cheaper_form(
    shapes: Sequence[tuple[int, int]], n_pairs: int, n_tasks: int, n_slots: int, diagonal: bool = False
) -> Form:
    """Compare the work of both forms for one member.

    Parameters
    ----------
    shapes
        ``(n_in + 1, n_out)`` of every shared layer.
    n_pairs
        Pairs of the batch.
    n_tasks
        Tasks with a pair.
    n_slots
        Slots of the batch, padding included.
    diagonal
        Whether lengths are all that is wanted, and no step is made of it.
    """
    size = sum(n_in * n_out for n_in, n_out in shapes)
    reach = sum(n_in + n_out for n_in, n_out in shapes)
    by_pairs = n_pairs**2 * reach + (0 if diagonal else n_pairs * size)
    by_tasks = n_slots * size + (0 if diagonal else n_tasks**2 * size) + _TRAFFIC * n_tasks * size
    return "pairs" if by_pairs <= by_tasks else "tasks"
