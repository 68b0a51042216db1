"""Gradients of the tasks looked at in between epochs, on the same pairs every time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from .._types import NetworkShape, Population, TrainingData
from ..gram import unbiased_gram, unbiased_grams
from ..losses import pair_code, pair_gradients
from ..nets import Network, Views, pair_records
from ._hooks import EpochEnd
from ._pair_plan import PairRequest
from ._sampling import Epoch, MemberPairs, member_pairs, random_stream
from ._schedule import StackInfo, build_schedule
from ._stack import Stack

__all__ = ["GradientProbe", "Probes", "shared_parts"]

PROBE = 4
"""Purpose of a random stream: the pairs of a probe."""


@dataclass(frozen=True)
class Probes:
    """What the probes of one member saw; NaN where a task has no labels.

    Parameters
    ----------
    gram
        ``(n_probes, n_tasks, n_tasks)`` unbiased inner products of the tasks' expected gradients.
    split_half
        ``(n_probes, n_tasks)`` cosine between two halves of a task's pairs.
    losses
        ``(n_probes, n_tasks)`` mean training losses of the epoch before.
    half_square
        ``(n_probes, n_tasks)`` squared length of a task's gradient from half of its pairs, with the noise in it.
    parts
        The same for some of the shared layers, by the names that `shared_parts` gives; empty unless asked for.
    """

    gram: np.ndarray
    split_half: np.ndarray
    losses: np.ndarray
    half_square: np.ndarray
    parts: Mapping[str, Probes] = field(default_factory=dict)

    def cosines(self) -> np.ndarray:
        """``(n_probes, n_tasks, n_tasks)`` cosines as halves of the samples show them, shrunk by noise.

        Off the diagonal the unbiased inner products over the noisy lengths; on it the split-half cosines. Dividing
        the first by the root of two of the second takes the noise out (Spearman's correction for attenuation, 1904).
        """
        square = np.where(self.half_square > 0.0, self.half_square, np.nan)
        result = self.gram / np.sqrt(square[:, :, None] * square[:, None, :])
        own = np.arange(result.shape[1])
        result[:, own, own] = self.split_half
        return result


def shared_parts(shape: NetworkShape) -> dict[str, tuple[int, ...]]:
    """Names of the parts of the layers that tasks share, and which layers they are.

    ``trunk`` is the whole trunk, the part that all architectures have; then every shared layer alone.
    """
    depth = len(shape.trunk)
    names = [f"trunk {i + 1}" for i in range(depth)]
    if shape.norm:
        names += [f"scales {i + 1}" for i in range(depth)]
    parts = {"trunk": tuple(range(len(names)))}
    if shape.mixing.startswith("relation"):
        names += ["states", "messages"]
    elif shape.mixing == "mmoe":
        names.append("experts")
    return parts | {name: (i,) for i, name in enumerate(names)}


class _Look(NamedTuple):
    """One probe of some layers, tasks as in the data."""

    gram: np.ndarray
    split_half: np.ndarray
    half_square: np.ndarray


class GradientProbe:
    """A training hook that keeps an unbiased Gram of every member after every epoch.

    Parameters
    ----------
    population, data
        As trained.
    n_labels
        Labels of a task that are looked at, or all if there are fewer.
    n_pairs
        Labels of all tasks together, which many tasks share out: work grows with its square.
    by_part
        Whether the parts of the shared layers are looked at one by one, too.
    """

    def __init__(
        self,
        population: Population,
        data: TrainingData,
        *,
        n_labels: int = 256,
        n_pairs: int = 1024,
        by_part: bool = False,
    ) -> None:
        self._population = population
        self._parts = shared_parts(population.shape) if by_part else {}
        self._n_rows = data.inputs.shape[1]
        self._kinds = data.kinds
        rows = torch.as_tensor(np.asarray(data.inputs, dtype=np.float32)).flatten(0, 1)
        self._inputs = torch.cat([rows, rows.new_ones(len(rows), 1)], dim=1)
        self._chosen: list[Epoch] = []
        for member in population.members:
            pairs = member_pairs(data, member, data.train_rows[member.data])
            limit = max(2, min(n_labels, n_pairs // len(member.tasks)))
            self._chosen.append(_sample(pairs, limit, random_stream(member.seed, PROBE, 0)))
        self._found: dict[int, list[tuple[list[_Look], np.ndarray]]] = defaultdict(list)

    def on_epoch_end(self, event: EpochEnd) -> None:
        """See `Hook`."""
        start = 0
        for stack in event.stacks:
            members = event.members[start : start + stack.n_members].tolist()
            for place, k in enumerate(members):
                if len(self._chosen[k].rows):
                    looks = self._look(event.network, stack.take([place]), k)
                    self._found[k].append((looks, event.train_loss[start + place]))
            start += stack.n_members

    def probes(self, member: int) -> Probes:
        """What was seen of one member, tasks as in the data."""
        parts = {name: self._gather(member, i, {}) for i, name in enumerate(self._parts, start=1)}
        return self._gather(member, 0, parts)

    def _gather(self, member: int, part: int, parts: Mapping[str, Probes]) -> Probes:
        n_tasks = self._population.shape.n_tasks
        looks = [found[part] for found, _ in self._found[member]]
        losses = [loss for _, loss in self._found[member]]
        return Probes(
            gram=np.array([look.gram for look in looks]).reshape(-1, n_tasks, n_tasks),
            split_half=np.array([look.split_half for look in looks]).reshape(-1, n_tasks),
            losses=np.array(losses).reshape(-1, n_tasks),
            half_square=np.array([look.half_square for look in looks]).reshape(-1, n_tasks),
            parts=parts,
        )

    def _look(self, network: Network, stack: Stack, k: int) -> list[_Look]:
        """At all shared layers, then at every part."""
        member, epoch = self._population.members[k], self._chosen[k]
        n_heads, shape = network.n_heads, self._population.shape
        codes = np.zeros((1, n_heads), np.int64)
        codes[0, : len(member.tasks)] = [pair_code(self._kinds[t], shape.n_outputs[t]) for t in member.tasks]
        exists = np.arange(n_heads)[None] < len(member.tasks)
        offset = np.array([member.data * self._n_rows])
        device = stack.weights.trunk[0].device
        schedule = build_schedule(
            [epoch],
            StackInfo(offset, codes, np.ones((1, n_heads)), exists),
            batch_size=len(epoch.rows),
            reduction="pair-sum",
            train=True,
            device=device,
            owners=True,
            pairs=PairRequest(side_by_side=True),
        )
        batch, views = schedule.batches[0], Views(stack.weights)
        rows = self._inputs[batch.rows.cpu()].to(device)
        trace = network.forward(views, network.run_trunk(views, rows, 1), batch)
        weight = (batch.weight > 0.0).to(rows.dtype)
        d = pair_gradients(trace.outputs, batch.target, weight, batch.code)
        scratch = Views(stack.weights.empty_like())
        _, top = network.backward_heads(views, trace, batch, d, scratch)
        records = pair_records(network, views, trace, batch, top)
        assert records.pairs.slot is not None
        row = batch.rows[batch.slot_row[records.pairs.slot]]
        half = torch.arange(row.shape[1], device=device).expand_as(row) % 2 == 0
        if self._parts:
            every = tuple(range(len(records.layers)))
            grams = unbiased_grams(records, row, half, [every, *self._parts.values()])
        else:
            grams = [unbiased_gram(records, row, half)]
        return [_Look(*(self._by_task(member.tasks, values[0]) for values in found)) for found in grams]

    def _by_task(self, tasks: tuple[int, ...], values: Tensor) -> np.ndarray:
        """From a member's heads to the tasks of the data, along every axis."""
        n_tasks, n = self._population.shape.n_tasks, len(tasks)
        result = np.full((n_tasks,) * values.ndim, np.nan)
        own = values[:n, :n] if values.ndim == 2 else values[:n]
        result[np.ix_(*[tasks] * values.ndim)] = own.cpu().numpy()
        return result


def _sample(pairs: MemberPairs, limit: int, rng: np.random.Generator) -> Epoch:
    """Up to ``limit`` random pairs of every task, each on a row of its own, sorted by head."""
    starts = np.cumsum(pairs.counts) - pairs.counts
    chosen = np.concatenate(
        [
            start + rng.permutation(int(n))[:limit]
            for start, n in zip(starts.tolist(), pairs.counts.tolist(), strict=True)
        ]
    ).astype(np.int64)
    rows = pairs.rows[pairs.place[chosen]]
    return Epoch(rows, np.arange(len(chosen)), pairs.head[chosen], pairs.target[chosen], pairs.weight[chosen])
