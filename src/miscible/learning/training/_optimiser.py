"""AdamW for stacked members: own rate and decay each, own step count a head, absent heads untouched."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from .._types import Setting
from ..nets import Batch, Gradients
from ._stack import Stack

__all__ = ["Optimiser", "member_norms"]

_fused_adamw = vars(torch)["_fused_adamw_"]
"""What ``torch.optim.AdamW(fused=True)`` calls, without the bookkeeping, which costs more than the update."""

BETA_FIRST = 0.9
BETA_SECOND = 0.999
EPSILON = 1e-8


class Optimiser:
    """Clips and applies gradients (Loshchilov and Hutter, decoupled weight decay).

    The trunk moves at every step. A head without a pair in its member's batch keeps parameters, moments and
    step count as they are.

    Parameters
    ----------
    stack
        Updated in place.
    gradients
        The buffers that hold dense gradients at every step.
    settings
        One a member.
    clip_norm
        Largest norm of a member's whole gradient, or ``None``.
    """

    def __init__(
        self, stack: Stack, gradients: Gradients, settings: Sequence[Setting], clip_norm: float | None
    ) -> None:
        self.stack = stack
        self.clip_norm = float("inf") if clip_norm is None else clip_norm
        self.frozen: set[int] = set()
        groups: dict[Setting, list[int]] = {}
        for k, setting in enumerate(settings):
            groups.setdefault(setting, []).append(k)
        self._groups = groups
        options = {"dtype": stack.trunk.dtype, "device": stack.trunk.device}
        self._rates = torch.tensor([s.rate for s in settings], **options)
        self._decays = torch.tensor([s.rate * s.decay for s in settings], **options)
        buffers = (
            (stack.trunk, stack.heads),
            (gradients.trunk, gradients.heads),
            (stack.trunk_first, stack.heads_first),
            (stack.trunk_second, stack.heads_second),
            (stack.trunk_steps, stack.head_steps),
        )
        # Views by member: trunk, then heads. Making them once keeps them out of every step.
        self._views = [
            [[t, *h.unbind(0)] for t, h in zip(trunk.unbind(0), heads.unbind(0), strict=True)]
            for trunk, heads in buffers
        ]

    def step(self, gradients: Gradients, batch: Batch) -> list[int]:
        """Apply one step's gradients; returns members whose gradient is not finite, frozen from now on."""
        bad = self._clip(gradients, batch)
        self.stack.trunk_steps[: batch.n_members] += 1
        if batch.blocks is None:
            self.stack.head_steps[: batch.n_members] += batch.busy
        self._fused(batch)
        if batch.blocks is not None:
            self._update_active_heads(gradients.heads, batch.blocks.active)
        return bad

    def _clip(self, gradients: Gradients, batch: Batch) -> list[int]:
        norms = member_norms(gradients, batch).tolist()
        bad = []
        for k, norm in enumerate(norms):
            if norm <= self.clip_norm and norm != float("inf"):
                continue
            if k in self.frozen:
                continue
            if not norm < float("inf"):
                bad.append(k)
                continue
            factor = self.clip_norm / norm
            gradients.trunk[k].mul_(factor)
            if batch.blocks is None:
                gradients.heads[k].mul_(factor)
            else:
                owner = batch.blocks.active // self.stack.heads.shape[1]
                gradients.heads[owner == k] *= factor
        self.frozen.update(bad)
        return bad

    def _fused(self, batch: Batch) -> None:
        """One call a setting, over the trunks and, where slots are in runs, the heads with pairs."""
        n_members, active = batch.n_members, batch.active
        for setting, members in self._groups.items():
            lists: list[list[Tensor]] = [[], [], [], [], []]
            for k in members:
                if k >= n_members or k in self.frozen:
                    continue
                for out, views in zip(lists, self._views, strict=True):
                    own = views[k]
                    out.append(own[0])
                    if active:
                        out += [own[h + 1] for h, there in enumerate(active[k]) if there]
            if lists[0]:
                _fused_adamw(
                    lists[0],
                    lists[1],
                    lists[2],
                    lists[3],
                    [],
                    lists[4],
                    lr=setting.rate,
                    beta1=BETA_FIRST,
                    beta2=BETA_SECOND,
                    weight_decay=setting.decay,
                    eps=EPSILON,
                    amsgrad=False,
                    maximize=False,
                )

    def _update_active_heads(self, gradient: Tensor, active: Tensor) -> None:
        """The same update on gathered heads, ``gradient (n_active, head_size)``."""
        n_heads = self.stack.heads.shape[1]
        owner = active // n_heads
        if self.frozen:
            keep = torch.ones(self.stack.n_members, dtype=torch.bool)
            keep[list(self.frozen)] = False
            kept = keep.to(owner.device)[owner]
            gradient, active, owner = gradient[kept], active[kept], owner[kept]
        steps = self.stack.head_steps.view(-1)
        count = steps.index_select(0, active) + 1
        steps.index_copy_(0, active, count)
        count = count.to(gradient.dtype).unsqueeze(1)
        flats = (self.stack.heads, self.stack.heads_first, self.stack.heads_second)
        heads, firsts, seconds = (x.view(-1, x.shape[-1]) for x in flats)
        first = firsts.index_select(0, active).lerp_(gradient, 1 - BETA_FIRST)
        second = seconds.index_select(0, active).mul_(BETA_SECOND)
        second.addcmul_(gradient, gradient, value=1 - BETA_SECOND)
        firsts.index_copy_(0, active, first)
        seconds.index_copy_(0, active, second)
        spread = second.div_(1 - BETA_SECOND**count).sqrt_().add_(EPSILON)
        rate = self._rates.index_select(0, owner).unsqueeze(1)
        decay = self._decays.index_select(0, owner).unsqueeze(1)
        moved = heads.index_select(0, active).mul_(1 - decay)
        moved.addcdiv_(first.mul_(rate / (1 - BETA_FIRST**count)), spread, value=-1.0)
        heads.index_copy_(0, active, moved)


def member_norms(gradients: Gradients, batch: Batch) -> Tensor:
    """Norm of every member's whole gradient, ``(K,)``."""
    squares = torch.linalg.vector_norm(gradients.trunk, dim=1).square_()
    if batch.blocks is None:
        squares += torch.linalg.vector_norm(gradients.heads.flatten(1), dim=1).square_()
    else:
        n_heads = batch.n_heads
        each = torch.linalg.vector_norm(gradients.heads, dim=1).square_()
        squares.index_add_(0, batch.blocks.active // n_heads, each)
    return squares.sqrt_()
