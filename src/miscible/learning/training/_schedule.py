"""The epochs of several members merged into the index arrays of each stacked step."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from .._types import Reduction
from ..nets import Batch, Blocks
from ._sampling import Epoch
from ._slots import BlockPlan, assign_slots

__all__ = ["Schedule", "StackInfo", "build_schedule"]


@dataclass(frozen=True)
class StackInfo:
    """What a schedule must know of the stacked members.

    Parameters
    ----------
    offsets
        ``(n_members,)`` first row of each member's slice in the flattened inputs.
    codes
        ``(n_members, n_heads)`` loss code of each head.
    task_weights
        ``(n_members, n_heads)`` static weights.
    """

    offsets: np.ndarray
    codes: np.ndarray
    task_weights: np.ndarray

    def take(self, members: Sequence[int]) -> StackInfo:
        """The same for some members, in this order."""
        index = np.asarray(members)
        return StackInfo(self.offsets[index], self.codes[index], self.task_weights[index])


@dataclass(frozen=True)
class Schedule:
    """All steps of one epoch.

    Parameters
    ----------
    batches
        One a step; a step runs on the first ``n_members`` of the stack.
    n_slots
        Slots of all steps together; a step's slots follow those of the step before.
    target
        ``(n_slots,)`` labels.
    code
        Loss code, one number or ``(n_slots,)``.
    pair_slot
        ``(n_pairs,)`` slot of every pair.
    pair_owner
        ``(n_pairs,)`` member times ``n_heads`` plus head.
    pair_weight
        ``(n_pairs,)`` sample weights, float64.
    """

    batches: list[Batch]
    n_slots: int
    target: Tensor
    code: Tensor | int
    pair_slot: Tensor
    pair_owner: Tensor
    pair_weight: Tensor


def build_schedule(
    epochs: Sequence[Epoch],
    info: StackInfo,
    *,
    batch_size: int,
    reduction: Reduction,
    train: bool,
    device: torch.device,
    dtype: torch.dtype = torch.float32,
) -> Schedule:
    """Lay the members' batches out step by step.

    Parameters
    ----------
    epochs
        One a member. For training the number of steps must not grow along the stack, so that the members
        still at work are always the first ones.
    info
        Of the same members.
    batch_size
        Rows of a batch.
    reduction
        Decides what a pair's loss is divided by.
    train
        Whether the backward pass' indices are needed.
    device, dtype
        Where the tensors go, and their floating type.
    """
    n_members, n_heads = info.codes.shape
    lengths = np.array([len(e.rows) for e in epochs])
    n_steps = int(-(-lengths.max() // batch_size))
    # (n_members, n_steps): rows of each batch.
    present = np.clip(lengths[:, None] - np.arange(n_steps) * batch_size, 0, batch_size)
    if train and np.any(np.diff((present > 0).sum(axis=1)) > 0):
        raise ValueError("members must be sorted by their number of steps, most first")
    active = n_members - np.argmax((present > 0)[::-1], axis=0)
    height = present.max(axis=0)

    member = np.repeat(np.arange(n_members), [len(e.position) for e in epochs])
    position, head, target, weight = (np.concatenate([e[i] for e in epochs]) for i in (1, 2, 3, 4))
    step, within = np.divmod(position, batch_size)
    group = (member * n_heads + head) * n_steps + step
    counts = np.bincount(group, minlength=n_members * n_heads * n_steps).reshape(n_members, n_heads, n_steps)
    plan = assign_slots(counts, member, head, step)

    row_base, slot_base = _starts(active * height), _starts(active * plan.width)
    n_slots = int(slot_base[-1])
    row = member * height[step] + within
    slot = member * plan.width[step] + plan.column
    pair_slot = slot_base[step] + slot

    factor = weight * info.task_weights[member, head]
    factor = factor / (counts.ravel()[group] if reduction == "task-mean" else present[member, step])
    # A padded slot reads a row of its own member: zero times a neighbour's infinity would be NaN.
    each_member = _ranges(active)
    slot_row = np.repeat(each_member * np.repeat(height, active), np.repeat(plan.width, active))
    slot_row[pair_slot] = row

    rows = np.repeat(info.offsets[each_member], np.repeat(height, active))
    for k, epoch in enumerate(epochs):
        s, w = np.divmod(np.arange(lengths[k]), batch_size)
        rows[row_base[s] + k * height[s] + w] += epoch.rows

    def flat(values: np.ndarray, kind: torch.dtype) -> Tensor:
        full = np.zeros(n_slots, values.dtype)
        full[pair_slot] = values
        return torch.as_tensor(full).to(device, kind)

    def integers(values: np.ndarray) -> Tensor:
        return torch.as_tensor(values).to(device, torch.int64)

    code = info.codes[member, head]
    mixed = len(code) > 0 and bool((code != code[0]).any())
    slots_each = (active * plan.width).tolist()
    rows_each = (active * height).tolist()
    target_flat, weight_flat = flat(target, dtype), flat(factor, dtype)
    code_flat = flat(code, torch.int64) if mixed else int(code[0]) if len(code) else 0
    codes_each = code_flat.split(slots_each) if isinstance(code_flat, Tensor) else [code_flat] * n_steps
    bags = _bags(step, row, slot, active * height) if train else None
    bag_slots = integers(bags[0]).split(bags[2]) if bags else [None] * n_steps
    bag_starts = integers(bags[1]).split([n + 1 for n in rows_each]) if bags else [None] * n_steps
    blocks = _blocks(plan.blocks, counts, active, integers) if plan.blocks else [None] * n_steps
    bounds = [[]] * n_steps if plan.bounds is None else plan.bounds.tolist()
    busy = (counts > 0).transpose(2, 0, 1)
    lists = [[]] * n_steps if plan.blocks else busy.tolist()
    busy_all = torch.as_tensor(busy).to(device, dtype)

    pieces = zip(
        active.tolist(),
        height.tolist(),
        plan.width.tolist(),
        integers(rows).split(rows_each),
        integers(slot_row).split(slots_each),
        target_flat.split(slots_each),
        weight_flat.split(slots_each),
        codes_each,
        bounds,
        blocks,
        bag_slots,
        bag_starts,
        busy_all.unbind(0),
        lists,
        strict=True,
    )
    batches = []
    for k, b, m, r, sr, t, w, c, bo, bl, bs, bst, bu, ac in pieces:
        shape = (k, m)
        c = c.view(shape) if isinstance(c, Tensor) else c
        t, w, bu = t.view(shape), w.view(shape), bu[:k]
        batches.append(Batch(k, b, m, n_heads, r, sr, t, w, c, bo, bl, bs, bst, bu, ac))
    return Schedule(
        batches=batches,
        n_slots=n_slots,
        target=target_flat,
        code=code_flat,
        pair_slot=integers(pair_slot),
        pair_owner=integers(member * n_heads + head),
        pair_weight=torch.as_tensor(weight).to(device, torch.float64),
    )


def _starts(sizes: np.ndarray) -> np.ndarray:
    """Where each run starts, and the total."""
    return np.concatenate(([0], np.cumsum(sizes)))


def _ranges(sizes: np.ndarray) -> np.ndarray:
    """``0 .. size - 1`` for each size, one after the other."""
    return np.arange(sizes.sum()) - np.repeat(np.cumsum(sizes) - sizes, sizes)


def _bags(
    step: np.ndarray, row: np.ndarray, slot: np.ndarray, n_rows: np.ndarray
) -> tuple[np.ndarray, np.ndarray, list[int]]:
    """Slots of each step sorted by row, where each row's slots start, and the pairs of each step."""
    row_base = _starts(n_rows)
    order = np.argsort(row_base[step] + row, kind="stable")
    of_row = _starts(np.bincount(row_base[step] + row, minlength=int(row_base[-1])))
    pairs_each = np.bincount(step, minlength=len(n_rows))
    pair_base = _starts(pairs_each)
    # Every step has one start more than rows: its end.
    steps = np.repeat(np.arange(len(n_rows)), n_rows + 1)
    at = np.arange(len(steps)) - steps
    return slot[order], of_row[at] - pair_base[steps], pairs_each.tolist()


def _blocks(
    plan: BlockPlan, counts: np.ndarray, active: np.ndarray, integers: Callable[[np.ndarray], Tensor]
) -> list[Blocks]:
    """Head, place among the active heads, and the active heads themselves, for the blocks of each step."""
    n_heads, n_steps = counts.shape[1:]
    n_columns = np.zeros(n_steps, np.int64)
    np.maximum.at(n_columns, plan.step, plan.column + 1)
    n_blocks = active * n_columns
    base = _starts(n_blocks)
    busy_step, busy_member, busy_head = np.nonzero(counts.transpose(2, 0, 1))
    n_active = np.bincount(busy_step, minlength=n_steps)
    key = (plan.step * len(counts) + plan.member) * n_heads + plan.head
    busy_key = (busy_step * len(counts) + busy_member) * n_heads + busy_head

    head = np.repeat(_ranges(active) * n_heads, np.repeat(n_columns, active))
    place = np.repeat(n_active, n_blocks)
    at = base[plan.step] + plan.member * n_columns[plan.step] + plan.column
    head[at] = plan.member * n_heads + plan.head
    place[at] = np.searchsorted(busy_key, key) - _starts(n_active)[plan.step]
    return [
        Blocks(h, a, p, len(h) == len(a))
        for h, a, p in zip(
            integers(head).split(n_blocks.tolist()),
            integers(busy_member * n_heads + busy_head).split(n_active.tolist()),
            integers(place).split(n_blocks.tolist()),
            strict=True,
        )
    ]
