"""The pairs of every step side by side, for rules."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from ..gram import cheaper_form
from ..nets import Pairs
from ._slots import SEGMENT_HEADS, SlotPlan

__all__ = ["PairRequest", "plan_pairs"]


@dataclass(frozen=True, slots=True)
class PairRequest:
    """What a rule or a loss asks of the pairs of a step.

    Parameters
    ----------
    shapes
        ``(n_in + 1, n_out)`` of the layers whose Gram is asked for, which decide its form; ``None`` for no Gram.
    compact
        Whether many heads are cut down to those at work.
    side_by_side
        Whether pairs are laid out side by side whatever the form.
    diagonal
        Whether the lengths of the gradients are all that is asked for.
    """

    shapes: tuple[tuple[int, int], ...] | None = None
    compact: bool = False
    side_by_side: bool = False
    diagonal: bool = False


def plan_pairs(
    plan: SlotPlan,
    counts: np.ndarray,
    member: np.ndarray,
    head: np.ndarray,
    step: np.ndarray,
    slot: np.ndarray,
    within: np.ndarray,
    n_active: np.ndarray,
    height: np.ndarray,
    request: PairRequest,
    device: torch.device,
) -> list[Pairs]:
    """Pairs of each step.

    Parameters
    ----------
    plan
        Slots of all steps.
    counts
        ``(n_members, n_heads, n_steps)`` pairs.
    member, head, step, slot, within
        ``(n_pairs,)``: whose it is, its step, its slot there, and the position of its row in the member's batch.
    n_active, height
        ``(n_steps,)`` members at work, and rows of a member.
    request
        What is asked for.
    """
    n_members, n_heads, n_steps = counts.shape
    there = (counts > 0).transpose(2, 0, 1)
    n_tasks = int(there.sum(axis=2).max()) if request.compact and n_heads > SEGMENT_HEADS else n_heads
    heads = position = None
    if n_tasks < n_heads:
        order = np.argsort(~there, axis=2, kind="stable")
        heads = order[:, :, :n_tasks]
        position = np.argsort(order, axis=2)
        there = np.take_along_axis(there, heads, axis=2)
    task = head if position is None else position[step, member, head]
    block_task: Sequence[torch.Tensor | None] = [None] * n_steps
    if plan.blocks is not None:
        blocks = plan.blocks
        at = np.repeat(np.arange(n_steps), blocks.n_blocks)
        of_block = blocks.head if position is None else position[at, blocks.member, blocks.head]
        flat = torch.as_tensor(blocks.member * n_tasks + of_block).to(device)
        block_task = flat.split(blocks.n_blocks.tolist())
    key = step * n_members + member
    sizes = np.bincount(key, minlength=n_steps * n_members)
    n_slots = int((plan.n_slots / n_active).max())
    n_pairs = int(sizes.max())
    present = int(there.sum(axis=2).max())
    nothing: list[None] = [None] * n_steps
    slots = masks = tasks = nothing
    by_row = False
    form = "tasks"
    if request.shapes is not None:
        form = cheaper_form(request.shapes, n_pairs, present, n_slots, request.diagonal)
    by_task = form == "tasks"
    if request.side_by_side or not by_task:
        order = np.argsort(key, kind="stable")
        starts = np.cumsum(sizes) - sizes
        rank = np.arange(len(order)) - starts[key[order]]
        rows = key * int(height.max()) + within
        by_row = np.bincount(rows).max() == 1
        width = n_pairs
        if by_row:
            rank, width = within[order], int(height.max())
        first = np.zeros(n_steps * n_members, np.int64)
        first[sizes > 0] = slot[order][starts[sizes > 0]]
        table = np.repeat(first[:, None], width, axis=1)
        mask = np.zeros(table.shape, bool)
        of_pair = np.zeros(table.shape, np.int64)
        place = key[order], rank
        table[place], mask[place], of_pair[place] = slot[order], True, task[order]
        shape = (n_steps, n_members, width)
        cuts = [
            (slice(k), slice(h if by_row else width))
            for k, h in zip(n_active.tolist(), height.tolist(), strict=True)
        ]
        slots, masks, tasks = (
            [own[cut].contiguous() for own, cut in zip(torch.as_tensor(a.reshape(shape)).to(device), cuts, strict=True)]
            for a in (table, mask, of_pair)
        )  # fmt: skip
    active = torch.as_tensor(there).to(device)
    chosen = None if heads is None else torch.as_tensor(heads).to(device)
    return [
        Pairs(
            by_task, slots[s], masks[s], tasks[s], by_row,
            None if chosen is None else chosen[s, :k], active[s, :k], block_task[s],
        )
        for s, k in enumerate(n_active.tolist())
    ]  # fmt: skip
