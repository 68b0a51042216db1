"""Alignment at work in one epoch of one stack: its gradients join those of the step, and its maps learn."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from .._types import Member, Setting
from ..nets import Batch, Network, Trace, Weights
from ..transfer import Alignment, Guide, Maps, alignment_terms, latents
from ._material import Material
from ._optimiser import apply_adamw
from ._sampling import MAPS, random_stream
from ._stack import Stack

__all__ = ["AlignRun", "fresh_maps", "make_align_run"]


def fresh_maps(
    members: Sequence[Member], network: Network, width: int, device: torch.device
) -> dict[str, Tensor]:
    """Maps before the first step, ``(K, n_heads, size)``, their moments, and updates so far ``(K, n_heads)``.

    Uniform within one over the root of the inputs of zero, like every layer, from a random stream for each task.
    """
    n_units = network.head.widths[1]
    size, first = Maps.size(n_units, width), (n_units + 1) * width
    drawn = np.zeros((len(members), network.n_heads, size), np.float32)
    for k, member in enumerate(members):
        for h, task in enumerate(member.tasks):
            drawn[k, h] = random_stream(member.seed, MAPS, task).uniform(-1.0, 1.0, size)
    drawn[:, :, :first] /= np.sqrt(n_units)
    drawn[:, :, first:] /= np.sqrt(width)
    maps = torch.as_tensor(drawn).to(device)
    updates = torch.zeros(maps.shape[:2], device=device)
    return {
        "maps": maps,
        "first": torch.zeros_like(maps),
        "second": torch.zeros_like(maps),
        "updates": updates,
    }


def make_align_run(
    material: Material, epoch: int, members: Sequence[int], stack: Stack, n_heads: int
) -> AlignRun | None:
    """Alignment for one epoch of a stack; ``None`` where nothing is aligned.

    Parameters
    ----------
    material, epoch, members, stack
        Of the epoch.
    n_heads
        Of every member.
    """
    targeted = material.targeted
    if targeted is None or targeted.plan.alignment is None:
        return None
    alignment = targeted.plan.alignment
    looks = [-(-int(material.steps_each[k]) // alignment.every) for k in members]
    each = [targeted.aligned(k, epoch, n) for k, n in zip(members, looks, strict=True)]
    shape = max(looks), len(members), max(own.shape[1] for own, _ in each)
    heads = np.empty((shape[0], shape[1], 1 + shape[2]), np.int64)
    heads[:] = np.array([targeted.primary[k] for k in members])[:, None]
    factors = np.zeros(shape)
    for place, (k, (own, factor)) in enumerate(zip(members, each, strict=True)):
        heads[: len(own), place, 1 : 1 + own.shape[1]] = own
        factors[: len(own), place, : own.shape[1]] = factor * alignment.weight[k] * alignment.every
    settings = [material.settings[k] for k in members]
    return AlignRun(
        alignment, stack, settings, heads, factors, material.primary_codes[list(members)], n_heads
    )


class AlignRun:
    """Adds alignment to the gradients of every ``alignment.every``-th step.

    Parameters
    ----------
    alignment
        What is asked for.
    stack
        Its maps are moved in place.
    settings
        Of the members; maps learn at their rates.
    heads
        ``(n_looks, K, 1 + S)`` primary head and sources of every step that aligns.
    factors
        ``(n_looks, K, S)`` of the sources' losses; 0 where there is no source.
    codes
        ``(K,)`` loss codes of the primary tasks.
    n_heads
        Of every member.
    """

    def __init__(
        self,
        alignment: Alignment,
        stack: Stack,
        settings: Sequence[Setting],
        heads: np.ndarray,
        factors: np.ndarray,
        codes: np.ndarray,
        n_heads: int,
    ) -> None:
        self._alignment = alignment
        self._stack, self._settings, self._n_heads = stack, settings, n_heads
        like = stack.weights.trunk[0]
        self._heads = torch.as_tensor(heads).to(like.device)
        self._factors = torch.as_tensor(factors).to(like)
        there = np.asarray(factors > 0)
        # The primary head takes part where any source does.
        some = np.asarray(there.any(axis=2, keepdims=True))
        self._there = torch.as_tensor(np.concatenate([some, there], axis=2)).to(like.device)
        self._busy = [bool(step.any()) for step in there]
        self._codes = torch.as_tensor(codes).to(like.device)
        self._code = int(codes[0]) if (codes == codes[0]).all() else None
        self._primary = self._heads[0, :, 0] + n_heads * torch.arange(stack.n_members, device=like.device)
        self._counts: list[float] = stack.maps["updates"].flatten().tolist()
        last = int(max(self._counts, default=0)) + len(heads)
        self._ticks = torch.arange(last + 1, dtype=torch.float32, device=like.device).unbind()
        self._places = [stack.maps[name].flatten(0, 1).unbind() for name in ("maps", "first", "second")]

    def add(self, number: int, trace: Trace, batch: Batch, gradients: Weights) -> Tensor | None:
        """Align in step ``number``.

        The maps move at once. Gradients of the heads that are at work in the batch are added to; the other heads stay
        as they are.

        Parameters
        ----------
        number
            Of the step.
        trace, batch
            Of its forward pass; every row holds one pair.
        gradients
            Whose heads are those of the batch.

        Returns
        -------
        Tensor or None
            ``(K * B, width)`` gradient at the trunk's output on the rows.
        """
        look, rest = divmod(number, self._alignment.every)
        if rest or not self._busy[look]:
            return None
        k, n_stack = batch.n_members, self._stack.n_members
        top, n_rows = trace.trunk.activations[-1].parts[0], min(batch.n_rows, self._alignment.rows)
        heads, there = self._heads[look, :k], self._there[look, :k]
        members = torch.arange(k, device=heads.device).unsqueeze(1)
        place = (heads * n_stack + members).flatten()
        own = (members * self._n_heads + heads).flatten()
        with torch.inference_mode(False), torch.enable_grad():
            hidden, output = (layer.flatten(0, 1) for layer in self._stack.weights.heads)
            leaves = [
                top[:, :n_rows].clone(),
                hidden.index_select(0, place).unflatten(0, (k, -1)),
                output.index_select(0, place.view(k, -1)[:, 0]),
                self._stack.maps["maps"].flatten(0, 1).index_select(0, own).unflatten(0, (k, -1)),
            ]
            for leaf in leaves:
                leaf.requires_grad_()
            rows, hidden, output, flat = leaves
            maps = Maps.of(flat, hidden.shape[-1], self._alignment.width)
            terms = alignment_terms(latents(rows, hidden), maps, output, self._guide(batch, n_rows))
            loss = (terms.total * self._factors[look, :k].clone()).sum()
            at_rows, at_hidden, at_output, at_maps = torch.autograd.grad(loss, leaves)
        self._join(gradients, batch, place, there, at_hidden, at_output)
        self._move(own, there, at_maps.flatten(0, 1))
        extra = top.new_zeros(k, batch.n_rows, top.shape[2] - 1)
        extra[:, :n_rows] = at_rows[:, :, :-1]
        return extra.flatten(0, 1)

    def finish(self) -> None:
        """Write the counts of updates back to the stack."""
        updates = self._stack.maps["updates"]
        updates.copy_(updates.new_tensor(self._counts).view_as(updates))

    def _guide(self, batch: Batch, n_rows: int) -> Guide:
        """The primary labels of every member's first rows."""
        assert batch.slot_owner is not None
        k = batch.n_members
        primary = self._primary[:k].index_select(0, batch.slot_owner // self._n_heads)
        # Padding has label 0 and weight 0: it adds nothing to the row it reads.
        mine = batch.slot_owner == primary
        target, weight = (
            torch.zeros(k * batch.n_rows, dtype=values.dtype, device=values.device).index_add_(
                0, batch.slot_row, torch.where(mine, values, 0.0)
            )
            for values in (batch.target, batch.weight)
        )
        code = self._codes[:k].clone() if self._code is None else self._code
        return Guide(target.view(k, -1)[:, :n_rows], weight.view(k, -1)[:, :n_rows], code)

    def _join(
        self,
        gradients: Weights,
        batch: Batch,
        place: Tensor,
        there: Tensor,
        at_hidden: Tensor,
        at_output: Tensor,
    ) -> None:
        """Add to the gradients of heads that have a pair in the batch."""
        hidden, output = gradients.heads
        if batch.blocks is None:
            k = batch.n_members
            active = torch.tensor(batch.active, device=place.device)[:, :k]
            n_stack = self._stack.n_members
            at_work = active[place // n_stack, place % n_stack]
            hidden, output = hidden.flatten(0, 1), output.flatten(0, 1)
        else:
            found = place.new_full((self._n_heads * self._stack.n_members,), -1)
            found[batch.blocks.active] = torch.arange(len(batch.blocks.active), device=place.device)
            place = found.index_select(0, place)
            at_work = place >= 0
        chosen = torch.nonzero(at_work & there.flatten()).squeeze(1)
        hidden.index_add_(0, place.index_select(0, chosen), at_hidden.flatten(0, 1).index_select(0, chosen))
        n_each = there.shape[1]
        first = chosen[chosen % n_each == 0]
        output.index_add_(0, place.index_select(0, first), at_output.index_select(0, first // n_each))

    def _move(self, own: Tensor, there: Tensor, gradient: Tensor) -> None:
        """One step of AdamW on the maps of the heads that took part."""
        n_each = there.shape[1]
        groups: dict[Setting, tuple[list[Tensor], ...]] = {}
        each = gradient.unbind()
        for i, (place, moves) in enumerate(zip(own.tolist(), there.flatten().tolist(), strict=True)):
            if not moves:
                continue
            lists = groups.setdefault(self._settings[i // n_each], ([], [], [], [], []))
            self._counts[place] += 1
            maps, first, second = (pieces[place] for pieces in self._places)
            parts = maps, each[i], first, second, self._ticks[int(self._counts[place])]
            for own_list, part in zip(lists, parts, strict=True):
                own_list.append(part)
        for setting, lists in groups.items():
            apply_adamw(setting, lists)
