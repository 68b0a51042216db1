"""The index arrays of one step: which rows, and which (row, task) pairs on them."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

__all__ = ["Batch", "Blocks", "Members"]


@dataclass(frozen=True, slots=True)
class Blocks:
    """Slots in equal blocks, each of one head, so that cost follows the pairs and not the number of heads.

    Parameters
    ----------
    head
        ``(n_blocks,)`` head of every block, as head times the stack's members plus member.
    active
        ``(n_active,)`` the heads with a pair in this batch, in the same numbering.
    place
        ``(n_blocks,)`` position of each block's head in ``active``; ``None`` where that is its own position.
    owner
        ``(n_active,)`` member of each active head.
    """

    head: Tensor
    active: Tensor
    place: Tensor | None
    owner: Tensor


@dataclass(frozen=True, slots=True)
class Members:
    """The slots of each member side by side, for records.

    Parameters
    ----------
    slot
        ``(K, P)`` slots of each member's pairs, any slot of its own as padding.
    mask
        ``(K, P)`` whether it is a pair.
    head
        ``(K, P)`` head of the pair.
    """

    slot: Tensor
    mask: Tensor
    head: Tensor


@dataclass(frozen=True, slots=True)
class Batch:
    """One step of a stack of members.

    The trunk runs on rows, the heads on slots; a slot holds one pair, or is padding with weight 0.

    Parameters
    ----------
    n_members, n_rows
        Sizes K and B.
    rows
        ``(K * B,)`` rows of the flattened inputs.
    slot_row
        ``(n_slots,)`` position of each slot's row in the flattened ``(K, B)``.
    target, weight
        ``(n_slots,)`` label and factor of its loss.
    code
        Loss of each pair (see ``losses``), one number or ``(n_slots,)``.
    runs
        Slots of each head: head ``h`` has the next ``K * runs[h]`` slots, ``runs[h]`` a member. Empty when
        blocks are used.
    blocks
        The other layout of slots, for many heads.
    bag_slots, bag_starts
        Slots of each row of the flattened ``(K, B)``: those of row ``r`` are
        ``bag_slots[bag_starts[r]:bag_starts[r + 1]]``. ``None`` where no backward pass is meant.
    active
        ``active[k][h]``: whether a head has a pair. Empty when blocks are used.
    members
        For records; ``None`` where they were not asked for.
    """

    n_members: int
    n_rows: int
    rows: Tensor
    slot_row: Tensor
    target: Tensor
    weight: Tensor
    code: Tensor | int
    runs: list[int]
    blocks: Blocks | None
    bag_slots: Tensor | None
    bag_starts: Tensor | None
    active: list[list[bool]]
    members: Members | None
