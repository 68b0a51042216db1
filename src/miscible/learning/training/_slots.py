"""Which slot every pair of a step takes: runs of slots for few heads, blocks for many."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

__all__ = ["SEGMENT_HEADS", "BlockPlan", "SlotPlan", "assign_slots"]

SEGMENT_HEADS = 12
"""Up to this many heads each owns a run of slots; above, slots come in blocks with gathered weights."""

_BLOCK_SIZES = (1, 2, 4, 8, 16, 32, 64)
_BLOCK_COST = 16.0
"""Cost of gathering one head's weights and scattering their gradient, counted in slots."""


@dataclass(frozen=True, slots=True)
class BlockPlan:
    """Blocks of all steps; each is one head of one member.

    Within a step the first block of every busy head comes first, sorted by member and head, then all others in the
    same order: their gradients are added to those of the first without moving these.

    Parameters
    ----------
    member, head
        ``(n_blocks,)`` whose it is.
    busy_member, busy_head
        ``(n_busy,)`` the same without repetition within a step.
    place
        ``(n_blocks,)`` position in the busy list of its step.
    n_blocks, n_busy
        ``(n_steps,)``.
    """

    member: np.ndarray
    head: np.ndarray
    busy_member: np.ndarray
    busy_head: np.ndarray
    place: np.ndarray
    n_blocks: np.ndarray
    n_busy: np.ndarray


@dataclass(frozen=True, slots=True)
class SlotPlan:
    """Slots of all steps.

    Parameters
    ----------
    slot
        ``(n_pairs,)`` slot of each pair, counted over all steps.
    member, head
        ``(n_slots,)`` member and head of each slot, padding included.
    n_slots
        ``(n_steps,)``.
    runs
        ``(n_steps, n_heads)`` slots a member has for each head, when every head owns a run.
    blocks
        Otherwise.
    """

    slot: np.ndarray
    member: np.ndarray
    head: np.ndarray
    n_slots: np.ndarray
    runs: np.ndarray | None
    blocks: BlockPlan | None


def assign_slots(
    counts: np.ndarray,
    n_active: np.ndarray,
    member: np.ndarray,
    head: np.ndarray,
    step: np.ndarray,
    multiple: int = 0,
) -> SlotPlan:
    """Give every pair a slot.

    Parameters
    ----------
    counts
        ``(n_members, n_heads, n_steps)`` pairs.
    n_active
        ``(n_steps,)`` members that take part: the first of the stack.
    member, head, step
        ``(n_pairs,)``, sorted in this order.
    multiple
        Where not 0, runs have a positive multiple of this length, so that fewer shapes occur.
    """
    group = (member * counts.shape[1] + head) * counts.shape[2] + step
    rank = np.arange(len(group)) - (np.cumsum(counts) - counts.ravel())[group]
    if counts.shape[1] <= SEGMENT_HEADS:
        return _runs(counts, n_active, member, head, step, rank, multiple)
    return _blocks(counts, member, head, step, rank)


def _runs(
    counts: np.ndarray,
    n_active: np.ndarray,
    member: np.ndarray,
    head: np.ndarray,
    step: np.ndarray,
    rank: np.ndarray,
    multiple: int,
) -> SlotPlan:
    runs = counts.max(axis=0).T
    if multiple:
        runs = np.maximum(-(-runs // multiple), 1) * multiple
    sizes = runs * n_active[:, None]
    starts = (np.cumsum(sizes) - sizes.ravel()).reshape(sizes.shape)
    slot = starts[step, head] + member * runs[step, head] + rank
    taking_part = np.arange(counts.shape[0]) < n_active[:, None, None]
    each = np.broadcast_to(runs[:, :, None], (*runs.shape, counts.shape[0]))
    owner = np.broadcast_to(np.arange(counts.shape[0]), each.shape)
    heads = np.broadcast_to(np.arange(runs.shape[1])[:, None], each.shape)
    filled = np.broadcast_to(taking_part, each.shape)
    times = each[filled]
    return SlotPlan(
        slot, np.repeat(owner[filled], times), np.repeat(heads[filled], times), sizes.sum(axis=1), runs, None
    )


def _blocks(
    counts: np.ndarray, member: np.ndarray, head: np.ndarray, step: np.ndarray, rank: np.ndarray
) -> SlotPlan:
    size = _block_size(counts)
    needed = (-(-counts // size)).transpose(2, 0, 1)
    busy_step, busy_member, busy_head = np.nonzero(needed)
    n_busy = np.bincount(busy_step, minlength=len(needed))
    n_blocks = needed.sum(axis=(1, 2))
    # Where each step's first and other blocks start.
    start = np.cumsum(n_blocks) - n_blocks
    more = needed[busy_step, busy_member, busy_head] - 1
    n_more = n_blocks - n_busy
    first_of = np.zeros(needed.shape, np.int64)
    other_of = np.zeros(needed.shape, np.int64)
    place = np.arange(len(busy_step)) - (np.cumsum(n_busy) - n_busy)[busy_step]
    other = (start + n_busy - np.cumsum(n_more) + n_more)[busy_step] + np.cumsum(more) - more
    first_of[busy_step, busy_member, busy_head] = start[busy_step] + place
    other_of[busy_step, busy_member, busy_head] = other
    order = np.empty(int(n_blocks.sum()), np.int64)
    order[start[busy_step] + place] = np.arange(len(busy_step))
    extra = np.repeat(np.arange(len(busy_step)), more)
    order[np.repeat(other - np.cumsum(more) + more, more) + np.arange(len(extra))] = extra
    plan = BlockPlan(
        member=busy_member[order],
        head=busy_head[order],
        busy_member=busy_member,
        busy_head=busy_head,
        place=place[order],
        n_blocks=n_blocks,
        n_busy=n_busy,
    )
    nth, inside = np.divmod(rank, size)
    at = step, member, head
    block = np.where(nth == 0, first_of[at], other_of[at] + nth - 1)
    return SlotPlan(
        block * size + inside,
        np.repeat(plan.member, size),
        np.repeat(plan.head, size),
        n_blocks * size,
        None,
        plan,
    )


def _block_size(counts: np.ndarray) -> int:
    """The size that costs least over all steps, padding and gathers together."""
    present = counts[counts > 0]
    costs = [float((-(-present // size)).sum()) * (size + _BLOCK_COST) for size in _BLOCK_SIZES]
    return _BLOCK_SIZES[int(np.argmin(costs))]
