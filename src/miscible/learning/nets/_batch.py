"""The index arrays of one step: which rows, and which (row, task) pairs on them."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

__all__ = ["Batch", "Blocks"]


@dataclass(frozen=True, slots=True)
class Blocks:
    """Slots in equal blocks, each of one head, so that cost follows the pairs and not the number of heads.

    Parameters
    ----------
    head
        ``(n_members * n_blocks,)`` head of every block in the flattened ``(n_members, n_heads)``.
    active
        ``(n_active,)`` the heads with a pair in this batch, in the same flattened numbering, ascending.
    place
        ``(n_members * n_blocks,)`` position of each block's head in ``active``; ``n_active`` for padding.
    single
        Whether every active head has exactly one block and there is no padding.
    """

    head: Tensor
    active: Tensor
    place: Tensor
    single: bool


@dataclass(frozen=True, slots=True)
class Batch:
    """One step of a stack of members.

    The trunk runs on rows, the heads on slots; a slot holds one pair or is padding with weight 0.

    Parameters
    ----------
    n_members, n_rows, n_slots, n_heads
        Sizes K, B, M and H.
    rows
        ``(K * B,)`` rows of the flattened inputs.
    slot_row
        ``(K * M,)`` position of each slot's row in the flattened ``(K, B)``.
    target, weight
        ``(K, M)`` label and factor of its loss.
    code
        Loss of each pair (see ``losses``), one number or ``(K, M)``.
    bounds
        ``H + 1`` slot columns: head ``h`` owns ``bounds[h]:bounds[h + 1]``. Empty when blocks are used.
    blocks
        The other layout of slots, for many heads.
    bag_slots, bag_starts
        Slots of each row of the flattened ``(K, B)``: those of row ``r`` are
        ``bag_slots[bag_starts[r]:bag_starts[r + 1]]``. ``None`` where no backward pass is meant.
    busy, active
        ``(K, H)`` 1 where a head has a pair, as a tensor and as nested lists (empty when blocks are used).
    """

    n_members: int
    n_rows: int
    n_slots: int
    n_heads: int
    rows: Tensor
    slot_row: Tensor
    target: Tensor
    weight: Tensor
    code: Tensor | int
    bounds: list[int]
    blocks: Blocks | None
    bag_slots: Tensor | None
    bag_starts: Tensor | None
    busy: Tensor
    active: list[list[bool]]
