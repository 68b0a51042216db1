"""The index arrays of one step: which rows, and which (row, task) pairs on them."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

__all__ = ["Batch", "Blocks", "Pairs"]


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
        ``(n_blocks,)`` position of each block's head in ``active``; the first ``n_active`` count up. ``None`` where
        there are no others.
    owner
        ``(n_active,)`` member of each active head.
    """

    head: Tensor
    active: Tensor
    place: Tensor | None
    owner: Tensor


@dataclass(frozen=True, slots=True)
class Pairs:
    """The pairs of each member side by side, and which of its tasks they belong to.

    Tasks are counted within ``heads``: where members have many heads, only as many as the busiest member of the
    batch has at work are looked at.

    Parameters
    ----------
    by_task
        Whether the Gram is cheaper from the gradients of the tasks than pair by pair.
    slot
        ``(K, P)`` slots of each member's pairs, any slot of its own as padding; ``None`` where nobody needs it.
    mask
        ``(K, P)`` whether it is a pair.
    task
        ``(K, P)`` position of the pair's head in ``heads``.
    by_row
        Whether pair ``p`` of a member lies on its row ``p``.
    heads
        ``(K, A)`` distinct heads of every member, those at work among them; ``None`` where they are all heads in
        their own order.
    active
        ``(K, A)`` whether that head has a pair in the batch.
    block_task
        ``(n_blocks,)`` member times A plus task of each block; ``None`` without blocks.
    """

    by_task: bool
    slot: Tensor | None
    mask: Tensor | None
    task: Tensor | None
    by_row: bool
    heads: Tensor | None
    active: Tensor
    block_task: Tensor | None


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
        ``active[h][k]``: whether a head has a pair. Empty when blocks are used.
    slot_owner
        ``(n_slots,)`` member times number of heads plus head of each slot; ``None`` where not asked for.
    exists
        ``(K, n_heads)`` whether the member has that head; ``None`` where not asked for.
    pairs
        For rules; ``None`` where they were not asked for.
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
    slot_owner: Tensor | None
    exists: Tensor | None
    pairs: Pairs | None
