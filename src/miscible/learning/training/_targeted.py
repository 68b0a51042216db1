"""Batches of members that learn for one primary task: it and its sources by chance, held-out rows apart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from .._types import Member, TrainingData
from ..transfer import TransferPlan, draw_sources, inclusion_chances, shrinkage
from ._sampling import (
    ALIGNED,
    BATCHES,
    HELD_OUT,
    NOISE,
    Epoch,
    MemberPairs,
    draw_from_tasks,
    member_pairs,
    ordered_epoch,
    random_stream,
)

__all__ = ["Targeted"]

_FLOOR = 0.1
"""Share of the slots of the sources that follows no ratio, so that a source is never out of sight."""
_HELD_OUT_BATCH = 64


class Targeted:
    """Who draws what in a population with a transfer plan.

    Parameters
    ----------
    plan
        Ratios and held-out rows.
    members
        Each with a primary task.
    pairs
        Training pairs of each member, held-out rows included.
    data
        Labels of the held-out rows.
    batch_size
        Pairs in a batch.
    """

    def __init__(
        self,
        plan: TransferPlan,
        members: Sequence[Member],
        pairs: Sequence[MemberPairs],
        data: TrainingData,
        batch_size: int,
    ) -> None:
        self.plan, self._members, self._pairs, self._batch_size = plan, members, pairs, batch_size
        self._primary = [m.tasks.index(m.primary if m.primary is not None else m.tasks[0]) for m in members]
        self._held_out: list[MemberPairs] = []
        if plan.held_out is not None:
            each = zip(members, plan.held_out, strict=True)
            self._held_out = [_guides(data, m, rows, plan.noise) for m, rows in each]
            self._check_guides(plan.held_out, data)
        self._counts = [self._left(k).counts for k in range(len(members))]

    @property
    def primary(self) -> list[int]:
        """Head of each member's primary task."""
        return self._primary

    def sources(self, k: int) -> np.ndarray:
        """``(n_tasks_of_member,)`` tasks other than the primary one with labels to train on."""
        return (self._counts[k] > 0) & (np.arange(len(self._counts[k])) != self._primary[k])

    def trust(self, k: int) -> float:
        """How much its learned ratios are believed."""
        return float(shrinkage(np.array(len(self._held_out[k].target))))

    def n_steps(self, k: int, most: int, least: int) -> int:
        """Steps of an epoch: about one pass over the primary labels, from ``least`` to ``most``."""
        chances, _ = self._chances(k)
        if not chances[self._primary[k]]:
            return 0
        share = chances[self._primary[k]] / chances.sum()
        one_pass = -(-self._counts[k][self._primary[k]] // max(1, round(share * self._batch_size)))
        return int(np.clip(one_pass, least, max(most, least)))

    def epoch(self, k: int, epoch: int, steps: int) -> Epoch:
        """Training batches of one member."""
        chances, factors = self._chances(k)
        rng = random_stream(self._members[k].seed, BATCHES, epoch)
        drawn = draw_from_tasks(self._left(k), chances, steps * self._batch_size, rng)
        return drawn._replace(weight=drawn.weight * factors[drawn.head])

    def held_out_epoch(self, k: int, epoch: int, updates: int) -> Epoch:
        """Held-out batches of one member, one an update."""
        own = self._held_out[k]
        chances = (own.counts > 0).astype(float)
        rng = random_stream(self._members[k].seed, HELD_OUT, epoch)
        return draw_from_tasks(own, chances, updates * self.held_out_size, rng)

    @property
    def held_out_size(self) -> int:
        """Labels of a held-out batch."""
        return _HELD_OUT_BATCH

    def aligned(self, k: int, epoch: int, n_looks: int) -> tuple[np.ndarray, np.ndarray]:
        """Heads whose latents are aligned with the primary one, and what their losses are multiplied with.

        Parameters
        ----------
        k
            Member.
        epoch
            Number of the epoch.
        n_looks
            Steps of the epoch that align.

        Returns
        -------
        tuple
            ``(n_looks, n_drawn)`` heads and factors, such that the sum over the drawn ones is on average the sum of
            ratio times loss over all sources, divided by their number; ``n_drawn`` is 0 where no source counts.
        """
        assert self.plan.alignment is not None
        sources = self.sources(k)
        ratios = np.where(sources, self.plan.ratios[k, : len(sources)], 0.0)
        chances = inclusion_chances(ratios, self.plan.alignment.sources)
        rng = random_stream(self._members[k].seed, ALIGNED, epoch)
        drawn = draw_sources(chances, n_looks, rng)
        factors = np.divide(ratios, chances, out=np.zeros(len(ratios)), where=chances > 0)
        return drawn, factors[drawn] / max(int(sources.sum()), 1)

    def validation(self, k: int, data: TrainingData) -> Epoch:
        """Validation pairs of the primary task."""
        member, head = self._members[k], self._primary[k]
        alone = replace(member, tasks=(member.tasks[head],), primary=None)
        own = ordered_epoch(member_pairs(data, alone, data.valid_rows[member.data]))
        return own._replace(head=np.full(len(own.head), head))

    def _check_guides(self, held_out: Sequence[np.ndarray], data: TrainingData) -> None:
        """Every member needs a label to learn its ratios from, out of what it may be trained on."""
        for k, (member, rows, own) in enumerate(zip(self._members, held_out, self._held_out, strict=True)):
            if not np.isin(rows, data.train_rows[member.data]).all():
                raise ValueError(f"held-out rows of member {k} must be among its training rows")
            if not len(own.target):
                raise ValueError(f"member {k} has no held-out label of its primary task {member.primary}")

    def _left(self, k: int) -> MemberPairs:
        """Pairs of a member without those on its held-out rows."""
        pairs = self._pairs[k]
        if self.plan.held_out is None:
            return pairs
        kept = ~np.isin(pairs.rows, self.plan.held_out[k])[pairs.place]
        head = pairs.head[kept]
        counts = np.bincount(head, minlength=len(pairs.counts))
        return MemberPairs(
            pairs.rows, pairs.place[kept], head, pairs.target[kept], pairs.weight[kept], counts
        )

    def _chances(self, k: int) -> tuple[np.ndarray, np.ndarray]:
        """Chance of every task, and what its pairs' losses are multiplied with so that ratios count once.

        The expected loss of a batch is ``L_t + strength * sum_s r_s L_s / n_sources``, times a number. Where ratios are
        learned all sources have the same chance, and the ratio comes in at the gradient.
        """
        n_tasks = len(self._members[k].tasks)
        sources, head = self.sources(k), self._primary[k]
        ratios = np.ones(n_tasks) if self._held_out else self.plan.ratios[k, :n_tasks]
        ratios = np.where(sources, ratios, 0.0)
        n = max(int(sources.sum()), 1)
        wanted = self.plan.strength[k] * ratios / n
        chances = (1.0 - _FLOOR) * wanted + _FLOOR * np.where(sources, wanted.sum() / n, 0.0)
        factors = np.divide(wanted, chances, out=np.zeros(n_tasks), where=chances > 0)
        chances[head] = float(self._counts[k][head] > 0)
        factors[head] = 1.0
        return chances, factors


def _guides(data: TrainingData, member: Member, rows: np.ndarray, noise: float) -> MemberPairs:
    """Labels of a member's primary task on its held-out rows, as pairs among all its tasks."""
    assert member.primary is not None
    alone = replace(member, tasks=(member.primary,))
    own = member_pairs(data, alone, rows)
    head = member.tasks.index(member.primary)
    counts = np.zeros(len(member.tasks), np.int64)
    counts[head] = len(own.target)
    target = own.target
    if noise > 0 and data.kinds[member.primary] == "regression":
        target = target + random_stream(member.seed, NOISE, 0).normal(0.0, noise, len(target))
    return MemberPairs(own.rows, own.place, np.full(len(own.head), head), target, own.weight, counts)
