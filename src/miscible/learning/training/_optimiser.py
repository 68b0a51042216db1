"""AdamW for stacked members: own rate and decay each, own step count a head, absent heads untouched."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import torch
from torch import Tensor

from .._types import Setting
from ..nets import Batch, Blocks, Weights
from ._stack import Stack

__all__ = ["BETA_FIRST", "BETA_SECOND", "EPSILON", "Optimiser", "apply_adamw"]

_fused_adamw = vars(torch)["_fused_adamw_"]
"""What ``torch.optim.AdamW(fused=True)`` calls, without the bookkeeping, which costs more than the update."""

BETA_FIRST = 0.9
BETA_SECOND = 0.999
EPSILON = 1e-8

_Tensors = tuple[list[Tensor], ...]
"""Parameters, gradients, first and second moments."""


def apply_adamw(setting: Setting, lists: Sequence[list[Tensor]]) -> None:
    """One AdamW step, in place: parameters, gradients, first and second moments, and step counts, as long lists."""
    _fused_adamw(
        *lists[:4],
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


class Optimiser:
    """Clips and applies gradients (AdamW of Loshchilov and Hutter: decoupled weight decay).

    The trunk moves at every step. A head without a pair in its member's batch keeps parameters, moments and
    step count as they are.

    Parameters
    ----------
    stack
        Updated in place.
    gradients
        The buffers that hold the gradients of every step (of the trunk alone, where batches use blocks).
    settings
        One a member.
    clip_norm
        Largest norm of a member's whole gradient, or ``None``.
    n_steps
        Steps that will be taken.
    frozen
        Whether the shared layers stay as they are.
    """

    def __init__(
        self,
        stack: Stack,
        gradients: Weights,
        settings: Sequence[Setting],
        clip_norm: float | None,
        n_steps: int,
        *,
        frozen: bool = False,
    ) -> None:
        self._shared_frozen = frozen
        self._stack = stack
        self._clip_norm = float("inf") if clip_norm is None else clip_norm
        self._settings = settings
        self._buffers = (stack.weights, gradients, stack.first, stack.second)
        self._frozen: set[int] = set()
        device = stack.weights.trunk[0].device
        self._nothing = stack.weights.trunk[0].new_zeros(stack.n_members)
        # Step counts as Python numbers decide what to do; the kernel wants them as tensors.
        self._counts = stack.steps.T.tolist()
        last = int(stack.steps.max(initial=0)) + n_steps
        self._ticks = torch.arange(last + 1, dtype=torch.float32, device=device).unbind()
        self._pieces: dict[tuple[int, int, int], _Tensors] = {}
        self._places: list[list[tuple[Tensor, ...]]] = []
        self._runs: dict[int, list[tuple[int, int]]] = {}
        self._flats: dict[tuple[int, int], list[Tensor]] = {}
        self._lengths: list[list[float]] = []

    def shared_steps(self, k: int) -> np.ndarray:
        """``(k,)`` updates of the shared layers of the first members so far."""
        return np.array(self._counts[0][:k])

    def last_factors(self, k: int, ago: int = 0) -> np.ndarray:
        """``(k,)`` what clipping multiplied the gradients of the first members with, ``ago`` steps before the last."""
        return np.minimum(1.0, self._clip_norm / np.maximum(self._lengths[-1 - ago][:k], EPSILON))

    def step(self, gradients: Weights, batch: Batch) -> list[int]:
        """Apply one step's gradients; returns members whose gradient is not finite, frozen from now on."""
        bad = self._clip(gradients, batch)
        groups: dict[Setting, tuple[list[Tensor], ...]] = {}
        for start, stop in self._adjacent(batch.n_members):
            lists = groups.setdefault(self._settings[start], ([], [], [], [], []))
            if not self._shared_frozen:
                self._collect(lists, 0, start, stop)
            for h, there in enumerate(batch.active, start=1):
                if all(there[start:stop]) and len(set(self._counts[h][start:stop])) == 1:
                    self._collect(lists, h, start, stop)
                    continue
                for k in range(start, stop):
                    if there[k]:
                        self._collect(lists, h, k, k + 1)
        if batch.blocks is not None:
            self._collect_blocks(groups, gradients, batch.blocks)
        for setting, lists in groups.items():
            apply_adamw(setting, lists)
        return bad

    def finish(self) -> None:
        """Write the step counts back to the stack."""
        self._stack.steps[:] = torch.tensor(self._counts).T.numpy()

    def norms(self) -> np.ndarray:
        """``(K, 2)`` mean and largest norm of each member's whole gradient before clipping, over the steps so far.

        Infinite for a member that met a gradient that is not finite, NaN for one that took no step.
        """
        # The first members take the most steps.
        lengths = np.full((len(self._lengths), self._stack.n_members), np.nan)
        for line, own in zip(lengths, self._lengths, strict=True):
            line[: len(own)] = own
        stepped = np.arange(self._stack.n_members) < np.array([[len(own)] for own in self._lengths])
        lengths[stepped & ~np.isfinite(lengths)] = np.inf
        n_steps = stepped.sum(axis=0)
        known = np.where(stepped, lengths, 0.0)
        result = np.stack(
            [known.sum(axis=0) / np.maximum(n_steps, 1), known.max(axis=0, initial=0.0)], axis=1
        )
        result[n_steps == 0] = np.nan
        return result

    def _adjacent(self, n_members: int) -> list[tuple[int, int]]:
        """Longest runs of neighbours that are not frozen and share setting and step count."""
        if n_members not in self._runs:
            keys = [
                k if k in self._frozen else (self._settings[k], self._counts[0][k]) for k in range(n_members)
            ]
            edges = [0, *(k for k in range(1, n_members) if keys[k] != keys[k - 1]), n_members]
            self._runs[n_members] = [(i, j) for i, j in pairwise(edges) if i not in self._frozen]
        return self._runs[n_members]

    def _collect(
        self,
        lists: tuple[list[Tensor], ...],
        part: int,
        start: int,
        stop: int,
    ) -> None:
        """Add one part (0 the trunk, then the heads) of neighbouring members, and count the step."""
        key = (part, start, stop)
        if key not in self._pieces:
            self._pieces[key] = tuple(
                [layer[start:stop] for layer in buffer.trunk]
                if part == 0
                else [layer[part - 1, start:stop] for layer in buffer.heads]
                for buffer in self._buffers
            )
        pieces = self._pieces[key]
        for own, more in zip(lists, pieces, strict=False):
            own.extend(more)
        count = self._counts[part][start] + 1
        self._counts[part][start:stop] = [count] * (stop - start)
        lists[4].extend([self._ticks[count]] * len(pieces[0]))

    def _collect_blocks(
        self, groups: dict[Setting, tuple[list[Tensor], ...]], gradients: Weights, blocks: Blocks
    ) -> None:
        """Add the heads of a batch with blocks, all in one go: there may be hundreds."""
        if not self._places:
            buffers = self._buffers[0], self._buffers[2], self._buffers[3]
            self._places = [[layer.flatten(0, 1).unbind() for layer in buffer.heads] for buffer in buffers]
        n_members = self._stack.n_members
        chosen: dict[Setting, tuple[list[int], list[int], list[Tensor]]] = {}
        for i, place in enumerate(blocks.active.tolist()):
            h, k = divmod(place, n_members)
            if k in self._frozen:
                continue
            rows, places, ticks = chosen.setdefault(self._settings[k], ([], [], []))
            counts = self._counts[h + 1]
            counts[k] += 1
            rows.append(i)
            places.append(place)
            ticks.append(self._ticks[counts[k]])
        each_layer = [layer.unbind() for layer in gradients.heads]
        for setting, (rows, places, ticks) in chosen.items():
            lists = groups[setting]
            for layer, weight, first, second in zip(each_layer, *self._places, strict=True):
                lists[0].extend([weight[p] for p in places])
                lists[1].extend([layer[i] for i in rows])
                lists[2].extend([first[p] for p in places])
                lists[3].extend([second[p] for p in places])
                lists[4].extend(ticks)

    def _clip(self, gradients: Weights, batch: Batch) -> list[int]:
        norms = self._norms(gradients, batch)
        values = norms.tolist()
        self._lengths.append(values)
        if all(value <= self._clip_norm for value in values) and max(values) < float("inf"):
            return []
        bad = [k for k, value in enumerate(values) if not value < float("inf") and k not in self._frozen]
        if bad:
            self._frozen.update(bad)
            self._runs.clear()
        factors = (self._clip_norm / norms).clamp_max_(1.0)
        k = batch.n_members
        for layer in () if self._shared_frozen else gradients.trunk:
            layer[:k].mul_(factors.view(-1, 1, 1))
        if batch.blocks is not None:
            factors = factors.index_select(0, batch.blocks.owner)
            for layer in gradients.heads:
                layer.mul_(factors.view(-1, 1, 1))
            return bad
        for h, size in enumerate(batch.runs):
            if size:
                for layer in gradients.heads:
                    layer[h, :k].mul_(factors.view(-1, 1, 1))
        return bad

    def _norms(self, gradients: Weights, batch: Batch) -> Tensor:
        """Norm of every member's whole gradient, ``(K,)``."""
        k = batch.n_members
        shared = [] if self._shared_frozen else self._flat(0, k)
        parts = [torch.linalg.vector_norm(flat, dim=1) for flat in shared]
        for h, size in enumerate(batch.runs, start=1):
            if size:
                parts += [torch.linalg.vector_norm(flat, dim=1) for flat in self._flat(h, k)]
        norms = torch.linalg.vector_norm(torch.stack(parts), dim=0) if parts else self._nothing[:k].clone()
        if batch.blocks is None:
            return norms
        squares = norms.square_()
        for layer in gradients.heads:
            each = torch.linalg.vector_norm(layer.flatten(1), dim=1).square_()
            squares.index_add_(0, batch.blocks.owner, each)
        return squares.sqrt_()

    def _flat(self, part: int, k: int) -> list[Tensor]:
        """Gradient buffers of one part (0 the trunk, then the heads) of the first members, ``(k, n)`` each."""
        if (part, k) not in self._flats:
            buffers = self._buffers[1]
            layers = buffers.trunk if part == 0 else [layer[part - 1] for layer in buffers.heads]
            self._flats[part, k] = [layer[:k].flatten(1) for layer in layers]
        return self._flats[part, k]
