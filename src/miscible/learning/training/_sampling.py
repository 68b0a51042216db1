"""Which pairs a member sees in which order; decided by its seed and the epoch alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from .._types import Member, Sampling, TaskWeights, TrainingData

__all__ = [
    "Epoch",
    "MemberPairs",
    "draw_epoch",
    "draw_from_tasks",
    "member_pairs",
    "n_steps",
    "ordered_epoch",
    "random_stream",
    "task_weights",
]

BATCHES = 1
"""Purpose of a random stream: batches."""
START = 2
"""Purpose of a random stream: initial weights."""
SIDE = 5
"""Purpose of a random stream: initial weights of a task's state."""
HELD_OUT = 6
"""Purpose of a random stream: batches of held-out labels."""
NOISE = 7
"""Purpose of a random stream: noise on held-out labels."""
ORDER = 3
"""Purpose of a random stream: the order in which a rule visits tasks."""
MAPS = 8
"""Purpose of a random stream: initial maps of a task's latent to and from the common one."""
ALIGNED = 9
"""Purpose of a random stream: sources whose latents are aligned."""


def random_stream(seed: int, purpose: int, index: int) -> np.random.Generator:
    """Independent generator for one purpose of one member."""
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, purpose, index])))


@dataclass(frozen=True, slots=True)
class MemberPairs:
    """Labelled rows of one member and the pairs on them, sorted by head.

    Parameters
    ----------
    rows
        ``(n,)`` rows with at least one label of the member's tasks.
    place
        ``(n_pairs,)`` position of each pair's row in ``rows``.
    head
        ``(n_pairs,)`` position of each pair's task in the member's tasks, ascending.
    target
        ``(n_pairs,)``.
    weight
        ``(n_pairs,)`` sample weight.
    counts
        ``(n_tasks_of_member,)`` pairs of each task.
    """

    rows: np.ndarray
    place: np.ndarray
    head: np.ndarray
    target: np.ndarray
    weight: np.ndarray
    counts: np.ndarray


class Epoch(NamedTuple):
    """Rows in the order of their use and the pairs on them, sorted by head, then position.

    ``rows (n,)``; ``position``, ``head``, ``target``, ``weight (n_pairs,)``, position counting into ``rows``.
    """

    rows: np.ndarray
    position: np.ndarray
    head: np.ndarray
    target: np.ndarray
    weight: np.ndarray


def member_pairs(data: TrainingData, member: Member, rows: np.ndarray) -> MemberPairs:
    """Collect a member's pairs on some rows of its slice."""
    labels = data.targets[member.data][np.ix_(rows, np.asarray(member.tasks))]
    known = np.isfinite(labels)
    labelled = known.any(axis=1)
    labels, known = labels[labelled], known[labelled]
    rows = np.asarray(rows, dtype=np.int64)[labelled]
    head, place = np.nonzero(known.T)
    weight = np.ones(len(place)) if data.weights is None else data.weights[rows[place]]
    return MemberPairs(rows, place, head, labels[place, head], weight, known.sum(axis=0))


def task_weights(counts: np.ndarray, scheme: TaskWeights) -> np.ndarray:
    """Static weight of each task, mean 1 over the tasks with labels; 0 for a task without."""
    present = counts > 0
    power = {"uniform": 0.0, "inverse-count": -1.0, "sqrt-inverse-count": -0.5}[scheme]
    weights = np.where(present, np.maximum(counts, 1).astype(float) ** power, 0.0)
    return weights * present.sum() / weights.sum() if present.any() else weights


def n_steps(pairs: MemberPairs, batch_size: int, min_steps: int) -> int:
    """Steps of an epoch: one pass over the labelled rows, or ``min_steps``; 0 without rows."""
    return max(-(-len(pairs.rows) // batch_size), min_steps) if len(pairs.rows) else 0


def draw_epoch(
    pairs: MemberPairs, sampling: Sampling, batch_size: int, steps: int, rng: np.random.Generator
) -> Epoch:
    """One epoch of training batches: batch ``s`` holds positions ``s * batch_size`` and on.

    Proportional sampling passes once over the labelled rows, or as often as ``steps`` full batches need. The
    others fill full batches with pairs: a task for every slot, then that task's pairs in random order, all of
    them before any is repeated.
    """
    if sampling == "proportional":
        return _rows_at_random(pairs, batch_size, steps, rng)
    chances = np.sqrt(pairs.counts) if sampling == "temperature" else (pairs.counts > 0).astype(float)
    return draw_from_tasks(pairs, chances, steps * batch_size, rng)


def draw_from_tasks(pairs: MemberPairs, chances: np.ndarray, n_slots: int, rng: np.random.Generator) -> Epoch:
    """One pair a slot: first its task is drawn, then that task's pairs are used in random order.

    Parameters
    ----------
    pairs
        To draw from.
    chances
        ``(n_tasks_of_member,)`` of the tasks, not normalised; 0 where there is no pair.
    n_slots
        Pairs to draw.
    rng
        Where from.
    """
    drawn = np.sort(rng.choice(len(chances), size=n_slots, p=chances / chances.sum()))
    slots = rng.permutation(n_slots)
    starts = np.cumsum(pairs.counts) - pairs.counts
    times = np.bincount(drawn, minlength=len(chances))
    chosen = np.concatenate(
        [starts[h] + _cycled(int(pairs.counts[h]), int(times[h]), rng) for h in np.flatnonzero(times)]
    )
    order = np.argsort(drawn * n_slots + slots)
    chosen, slots = chosen[order], slots[order]
    rows = np.empty(n_slots, np.int64)
    rows[slots] = pairs.rows[pairs.place[chosen]]
    return Epoch(rows, slots, pairs.head[chosen], pairs.target[chosen], pairs.weight[chosen])


def ordered_epoch(pairs: MemberPairs) -> Epoch:
    """All rows in their own order, for validation."""
    return Epoch(pairs.rows, pairs.place, pairs.head, pairs.target, pairs.weight)


def _rows_at_random(pairs: MemberPairs, batch_size: int, steps: int, rng: np.random.Generator) -> Epoch:
    n_rows = len(pairs.rows)
    size = n_rows if steps == -(-n_rows // batch_size) else steps * batch_size
    passes = [rng.permutation(n_rows) for _ in range(-(-size // n_rows))]
    inverse = np.empty((len(passes), n_rows), np.int64)
    for i, permutation in enumerate(passes):
        inverse[i, permutation] = np.arange(i * n_rows, (i + 1) * n_rows)
    position = inverse[:, pairs.place].ravel()
    pair = np.tile(np.arange(len(pairs.place)), len(passes))
    used = np.flatnonzero(position < size)
    order = used[np.argsort(pairs.head[pair[used]] * size + position[used])]
    pair = pair[order]
    return Epoch(
        pairs.rows[np.concatenate(passes)[:size]],
        position[order],
        pairs.head[pair],
        pairs.target[pair],
        pairs.weight[pair],
    )


def _cycled(n: int, size: int, rng: np.random.Generator) -> np.ndarray:
    """``size`` of ``n`` things; each is drawn k times before any is drawn k + 1 times."""
    return np.concatenate([rng.permutation(n) for _ in range(-(-size // n))])[:size]
