"""The epochs of several members merged into the index arrays of each stacked step."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from .._types import Reduction
from ..nets import Batch, Blocks
from ._pair_plan import PairRequest, plan_pairs
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
    exists
        ``(n_members, n_heads)`` whether a member has that head.
    """

    offsets: np.ndarray
    codes: np.ndarray
    task_weights: np.ndarray
    exists: np.ndarray

    def take(self, members: Sequence[int]) -> StackInfo:
        """The same for some members, in this order."""
        index = np.asarray(members)
        return StackInfo(self.offsets[index], self.codes[index], self.task_weights[index], self.exists[index])


@dataclass(frozen=True)
class Schedule:
    """All steps of one epoch.

    Parameters
    ----------
    batches
        One a step; a step runs on the first ``n_members`` of the stack.
    target
        ``(n_slots,)`` labels of all steps' slots, one step after the other.
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
    owners: bool = False,
    pairs: PairRequest | None = None,
    multiple: int = 0,
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
    owners
        Whether slots must know whose they are.
    pairs
        What is asked of the pairs; nothing by default.
    multiple
        See :func:`assign_slots`.
    """
    n_members, n_heads = info.codes.shape
    lengths = np.array([len(e.rows) for e in epochs])
    n_steps = int(-(-lengths.max() // batch_size))
    # Rows of each member's batch at each step.
    present = np.clip(lengths[:, None] - np.arange(n_steps) * batch_size, 0, batch_size)
    if train and np.any(np.diff((present > 0).sum(axis=1)) > 0):
        raise ValueError("members must be sorted by their number of steps, most first")
    n_active = n_members - np.argmax((present > 0)[::-1], axis=0)
    height = present.max(axis=0)

    member = np.repeat(np.arange(n_members), [len(e.position) for e in epochs])
    position, head, target, weight = (np.concatenate([e[i] for e in epochs]) for i in (1, 2, 3, 4))
    step, within = np.divmod(position, batch_size)
    group = (member * n_heads + head) * n_steps + step
    counts = np.bincount(group, minlength=n_members * n_heads * n_steps).reshape(n_members, n_heads, n_steps)
    plan = assign_slots(counts, n_active, member, head, step, multiple)
    n_slots = len(plan.member)

    factor = weight * info.task_weights[member, head]
    factor = factor / (counts.ravel()[group] if reduction == "task-mean" else present[member, step])
    row = member * height[step] + within
    # A padded slot reads a row of its own member: zero times a neighbour's infinity would be NaN.
    slot_row = plan.member * np.repeat(height, plan.n_slots)
    slot_row[plan.slot] = row

    each_member = _ranges(n_active)
    rows = np.repeat(info.offsets[each_member], np.repeat(height, n_active))
    row_base = _starts(n_active * height)
    for k, epoch in enumerate(epochs):
        s, w = np.divmod(np.arange(lengths[k]), batch_size)
        rows[row_base[s] + k * height[s] + w] += epoch.rows

    def integers(values: np.ndarray) -> Tensor:
        return torch.as_tensor(values).to(device, torch.int64)

    def on_slots(values: np.ndarray, kind: torch.dtype) -> Tensor:
        full = np.zeros(n_slots, values.dtype)
        full[plan.slot] = values
        return torch.as_tensor(full).to(device, kind)

    owned = info.codes[member, head]
    code: Tensor | int = int(owned[0]) if len(owned) else 0
    if len(owned) and bool((owned != code).any()):
        code = on_slots(owned, torch.int64)
    labels = on_slots(target, dtype)
    each_step = plan.n_slots.tolist()
    nothing = [None] * n_steps
    slot_in_step = plan.slot - _starts(plan.n_slots)[step]
    bag_slots, bag_starts = (
        _bags(step, row, slot_in_step, n_active * height, device) if train else (nothing, nothing)
    )
    busy = (counts > 0).transpose(2, 1, 0)
    slot_owner = exists = side_by_side = nothing
    if owners:
        slot_owner = integers(plan.member * n_heads + plan.head).split(each_step)
        there = torch.as_tensor(info.exists).to(device)
        exists = [there[:k] for k in n_active.tolist()]
    if pairs is not None:
        side_by_side = plan_pairs(
            plan, counts, member, head, step, slot_in_step, within, n_active, height, pairs, device
        )
    pieces = zip(
        n_active.tolist(),
        height.tolist(),
        integers(rows).split((n_active * height).tolist()),
        integers(slot_row).split(each_step),
        labels.split(each_step),
        on_slots(factor, dtype).split(each_step),
        code.split(each_step) if isinstance(code, Tensor) else [code] * n_steps,
        [[]] * n_steps if plan.runs is None else plan.runs.tolist(),
        nothing if plan.blocks is None else _blocks(plan.blocks, n_members, device),
        bag_slots,
        bag_starts,
        [[]] * n_steps if plan.blocks is not None or not train else busy.tolist(),
        slot_owner,
        exists,
        side_by_side,
        strict=True,
    )
    return Schedule(
        batches=[Batch(*piece) for piece in pieces],
        target=labels,
        code=code,
        pair_slot=integers(plan.slot),
        pair_owner=integers(member * n_heads + head),
        pair_weight=torch.as_tensor(weight).to(device, torch.float64),
    )


def _starts(sizes: np.ndarray) -> np.ndarray:
    """Where each run starts, and the total."""
    return np.concatenate(([0], np.cumsum(sizes)))


def _ranges(sizes: np.ndarray) -> np.ndarray:
    """``0 .. size - 1`` for each size, one after the other."""
    return np.arange(sizes.sum()) - np.repeat(np.cumsum(sizes) - sizes, sizes)


def _split(values: np.ndarray, sizes: np.ndarray, device: torch.device) -> Sequence[Tensor]:
    return torch.as_tensor(values).to(device, torch.int64).split(sizes.tolist())


def _bags(
    step: np.ndarray, row: np.ndarray, slot: np.ndarray, n_rows: np.ndarray, device: torch.device
) -> tuple[Sequence[Tensor], Sequence[Tensor]]:
    """Of each step the slots sorted by row, and where each row's slots start."""
    all_rows = _starts(n_rows)[step] + row
    order = np.argsort(all_rows, kind="stable")
    of_row = _starts(np.bincount(all_rows, minlength=int(n_rows.sum())))
    n_pairs = np.bincount(step, minlength=len(n_rows))
    # Every step has one start more than rows: its end.
    steps = np.repeat(np.arange(len(n_rows)), n_rows + 1)
    starts = of_row[np.arange(len(steps)) - steps] - _starts(n_pairs)[steps]
    return _split(slot[order], n_pairs, device), _split(starts, n_rows + 1, device)


def _blocks(plan: BlockPlan, n_members: int, device: torch.device) -> list[Blocks]:
    """Block indices of each step."""
    once = (plan.n_blocks == plan.n_busy).tolist()
    return [
        Blocks(head, active, None if single else place, owner)
        for head, active, place, owner, single in zip(
            _split(plan.head * n_members + plan.member, plan.n_blocks, device),
            _split(plan.busy_head * n_members + plan.busy_member, plan.n_busy, device),
            _split(plan.place, plan.n_blocks, device),
            _split(plan.busy_member, plan.n_busy, device),
            once,
            strict=True,
        )
    ]
