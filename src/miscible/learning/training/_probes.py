"""Gradients of the tasks looked at in between epochs, on the same pairs every time."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from .._types import Population, TrainingData
from ..gram import unbiased_gram
from ..losses import pair_code, pair_gradients
from ..nets import Network, Views, pair_records
from ._hooks import EpochEnd
from ._pair_plan import PairRequest
from ._sampling import Epoch, MemberPairs, member_pairs, random_stream
from ._schedule import StackInfo, build_schedule
from ._stack import Stack

__all__ = ["GradientProbe", "Probes"]

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
    """

    gram: np.ndarray
    split_half: np.ndarray
    losses: np.ndarray


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
    """

    def __init__(
        self, population: Population, data: TrainingData, *, n_labels: int = 256, n_pairs: int = 1024
    ) -> None:
        self._population = population
        self._n_rows = data.inputs.shape[1]
        self._kinds = data.kinds
        rows = torch.as_tensor(np.asarray(data.inputs, dtype=np.float32)).flatten(0, 1)
        self._inputs = torch.cat([rows, rows.new_ones(len(rows), 1)], dim=1)
        self._chosen: list[Epoch] = []
        for member in population.members:
            pairs = member_pairs(data, member, data.train_rows[member.data])
            limit = max(2, min(n_labels, n_pairs // len(member.tasks)))
            self._chosen.append(_sample(pairs, limit, random_stream(member.seed, PROBE, 0)))
        self._found: dict[int, list[tuple[np.ndarray, np.ndarray, np.ndarray]]] = defaultdict(list)

    def on_epoch_end(self, event: EpochEnd) -> None:
        """See `Hook`."""
        start = 0
        for stack in event.stacks:
            members = event.members[start : start + stack.n_members].tolist()
            for place, k in enumerate(members):
                if len(self._chosen[k].rows):
                    gram, halves = self._look(event.network, stack.take([place]), k)
                    self._found[k].append((gram, halves, event.train_loss[start + place]))
            start += stack.n_members

    def probes(self, member: int) -> Probes:
        """What was seen of one member, tasks as in the data."""
        n_tasks = self._population.shape.n_tasks
        found = self._found[member]
        gram = np.array([g for g, _, _ in found]).reshape(-1, n_tasks, n_tasks)
        halves, losses = (np.array([f[i] for f in found]).reshape(-1, n_tasks) for i in (1, 2))
        return Probes(gram, halves, losses)

    def _look(self, network: Network, stack: Stack, k: int) -> tuple[np.ndarray, np.ndarray]:
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
        found = unbiased_gram(records, row, half)
        return self._by_task(member.tasks, found.gram[0], 2), self._by_task(
            member.tasks, found.split_half[0], 1
        )

    def _by_task(self, tasks: tuple[int, ...], values: Tensor, n_axes: int) -> np.ndarray:
        """From a member's heads to the tasks of the data."""
        n_tasks, n = self._population.shape.n_tasks, len(tasks)
        result = np.full((n_tasks,) * n_axes, np.nan)
        own = values[:n, :n] if n_axes == 2 else values[:n]
        result[np.ix_(*[tasks] * n_axes)] = own.cpu().numpy()
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
