"""Which slot every pair of a step takes: runs of columns for few heads, blocks for many."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

__all__ = ["SEGMENT_HEADS", "BlockPlan", "SlotPlan", "assign_slots"]

SEGMENT_HEADS = 12
"""Up to this many heads each owns a run of columns; above, slots come in blocks with gathered weights."""

_BLOCK_SIZES = (1, 2, 4, 8, 16, 32, 64)
_BLOCK_COST = 16.0
"""Cost of gathering one head's weights and scattering their gradient, counted in slots."""


@dataclass(frozen=True, slots=True)
class BlockPlan:
    """Blocks of all steps, sorted by step, member, head.

    Parameters
    ----------
    size
        Slots of a block.
    step, member, head, column
        ``(n_blocks,)`` where each block lies; ``column`` counts blocks.
    """

    size: int
    step: np.ndarray
    member: np.ndarray
    head: np.ndarray
    column: np.ndarray


@dataclass(frozen=True, slots=True)
class SlotPlan:
    """Columns of the pairs.

    Parameters
    ----------
    column
        ``(n_pairs,)`` slot column of each pair within its member and step.
    width
        ``(n_steps,)`` slot columns of each step.
    bounds
        ``(n_steps, n_heads + 1)`` first column of each head, when every head owns a run.
    blocks
        Otherwise.
    """

    column: np.ndarray
    width: np.ndarray
    bounds: np.ndarray | None
    blocks: BlockPlan | None


def assign_slots(counts: np.ndarray, member: np.ndarray, head: np.ndarray, step: np.ndarray) -> SlotPlan:
    """Give every pair a slot.

    Parameters
    ----------
    counts
        ``(n_members, n_heads, n_steps)`` pairs.
    member, head, step
        ``(n_pairs,)``, sorted in this order.
    """
    group = (member * counts.shape[1] + head) * counts.shape[2] + step
    rank = np.arange(len(group)) - (np.cumsum(counts) - counts.ravel())[group]
    if counts.shape[1] <= SEGMENT_HEADS:
        bounds = np.zeros((counts.shape[2], counts.shape[1] + 1), np.int64)
        bounds[:, 1:] = np.cumsum(counts.max(axis=0), axis=0).T
        return SlotPlan(bounds[step, head] + rank, bounds[:, -1], bounds, None)
    size = _block_size(counts)
    needed = -(-counts // size)
    first = np.cumsum(needed, axis=1) - needed
    width = needed.sum(axis=1).max(axis=0) * size
    by_step = needed.transpose(2, 0, 1)
    where = np.nonzero(by_step)
    times = by_step[where]
    within = np.arange(times.sum()) - np.repeat(np.cumsum(times) - times, times)
    step_of, member_of, head_of = (np.repeat(axis, times) for axis in where)
    column = first[member_of, head_of, step_of] + within
    blocks = BlockPlan(size, step_of, member_of, head_of, column)
    return SlotPlan(first[member, head, step] * size + rank, width, None, blocks)


def _block_size(counts: np.ndarray) -> int:
    """The size that costs least over all steps, padding and gathers together."""
    present = counts[counts > 0]
    costs = [float((-(-present // size)).sum()) * (size + _BLOCK_COST) for size in _BLOCK_SIZES]
    return _BLOCK_SIZES[int(np.argmin(costs))]
