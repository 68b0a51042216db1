"""What stays the same for every member through a training call, and the schedules made from it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from .._types import Population, Setting, TrainingData, TrainOptions
from ..losses import pair_code
from ..nets import Network
from ..rules import Rule, make_rule
from ..transfer import TransferPlan
from ._features import FeatureSmoothing, bin_ranges
from ._objective import Objective, label_mixtures, option, weigh_pairs
from ._pair_plan import PairRequest
from ._sampling import (
    BATCHES,
    ORDER,
    Epoch,
    MemberPairs,
    draw_epoch,
    member_pairs,
    n_steps,
    ordered_epoch,
    random_stream,
    task_weights,
)
from ._schedule import Schedule, StackInfo, build_schedule
from ._stack import Stack
from ._targeted import Targeted

__all__ = ["Material"]

_VALID_ROWS = 256
_FEATURE_ROWS = 4096

_COMPILED_RUNS = 4
"""Runs of slots come in multiples of this where the step is compiled: shapes of 0 and 1 compile anew."""


class Material:
    """Pairs, losses and rules of a population.

    Attributes
    ----------
    pairs
        Weighted training pairs of each member.
    valid
        Validation pairs of each member, in order.
    steps_each
        ``(n_members,)`` steps of an epoch.
    rules
        Of each member; ``None`` for the plain sum.
    companies
        Members with equal entries may share a stack.
    targeted
        Batches of members that learn for one task; ``None`` without a transfer plan.
    """

    def __init__(
        self,
        population: Population,
        data: TrainingData,
        options: TrainOptions,
        network: Network,
        transfer: TransferPlan | None = None,
    ) -> None:
        self._population, self._options, self._network = population, options, network
        self._device = torch.device(options.device)
        members = population.members
        # Members that differ in seed or rate alone share their pairs.
        distinct = {(m.data, m.tasks): m for m in members}.items()
        plain = {key: member_pairs(data, m, data.train_rows[m.data]) for key, m in distinct}
        kinds = {key: [data.kinds[t] for t in m.tasks] for key, m in distinct}
        weighted = {
            (m.data, m.tasks, m.setting.options): weigh_pairs(
                plain[m.data, m.tasks], kinds[m.data, m.tasks], options, m.setting
            )
            for m in {(m.data, m.tasks, m.setting.options): m for m in members}.values()
        }
        valid = {key: ordered_epoch(member_pairs(data, m, data.valid_rows[m.data])) for key, m in distinct}
        mixtures = {key: label_mixtures(own, kinds[key], options.labels) for key, own in plain.items()}
        self._mixtures = [mixtures[m.data, m.tasks] for m in members]
        self._ranges: list[np.ndarray] = []
        if options.features != "none":
            ranges = {key: bin_ranges(own, kinds[key], population.n_heads) for key, own in plain.items()}
            self._ranges = [ranges[m.data, m.tasks] for m in members]
        self.pairs = [weighted[m.data, m.tasks, m.setting.options] for m in members]
        self.valid = [valid[m.data, m.tasks] for m in members]
        self.steps_each = np.array([n_steps(p, options.batch_size, options.min_steps) for p in self.pairs])
        self.targeted: Targeted | None = None
        if transfer is not None:
            self.targeted = own = Targeted(transfer, members, self.pairs, data, options.batch_size)
            self.valid = [own.validation(k, data) for k in range(len(members))]
            each = enumerate(self.steps_each.tolist())
            self.steps_each = np.array([own.n_steps(k, most, options.min_steps) for k, most in each])
        self._info = _stack_info(population, data, self.pairs, options)
        self.rules = _rules(population, options.rule)
        self.companies = [
            (rule, option(m.setting, "fds.sigma") if self._ranges else None)
            for rule, m in zip(self.rules, members, strict=True)
        ]

    @property
    def settings(self) -> list[Setting]:
        """Of every member."""
        return [member.setting for member in self._population.members]

    @property
    def primary_codes(self) -> np.ndarray:
        """``(n_members,)`` loss code of every member's primary task, with a transfer plan."""
        assert self.targeted is not None
        return self._info.codes[np.arange(len(self.pairs)), self.targeted.primary]

    @property
    def learns_ratios(self) -> bool:
        """Whether a transfer plan asks for ratios to be learned."""
        return self.targeted is not None and self.targeted.plan.held_out is not None

    @property
    def scored(self) -> np.ndarray:
        """``(n_members, n_heads)`` heads with both training and validation labels."""
        scored = np.zeros((len(self.pairs), self._population.n_heads), bool)
        for k, (own, epoch) in enumerate(zip(self.pairs, self.valid, strict=True)):
            n_tasks = len(own.counts)
            there = np.bincount(epoch.head, minlength=n_tasks)[:n_tasks] > 0
            scored[k, :n_tasks] = there & (own.counts > 0)
        return scored

    def order(self, alive: Sequence[int]) -> list[int]:
        """Members as they are stacked.

        Companies side by side. Most steps first: then the members still busy with an epoch are always the first of
        their stack. Equal settings side by side: the optimiser treats such neighbours as one.
        """
        members = self._population.members
        settings = {s: i for i, s in enumerate(dict.fromkeys(m.setting for m in members))}
        numbers = {company: i for i, company in enumerate(dict.fromkeys(self.companies))}

        def place(k: int) -> tuple[int, int, int, int]:
            return numbers[self.companies[k]], -int(self.steps_each[k]), settings[members[k].setting], k

        return sorted(alive, key=place)

    def objective(self, members: Sequence[int]) -> Objective:
        """Losses of a stack."""
        return Objective(
            self._options,
            [self._population.members[k].setting for k in members],
            [self._mixtures[k] for k in members],
            self._population.n_heads,
            self._device,
        )

    def smoothing(self, stack: Stack, members: Sequence[int]) -> FeatureSmoothing | None:
        """Feature smoothing of one epoch of a stack."""
        if not self._ranges:
            return None
        sigma = option(self._population.members[members[0]].setting, "fds.sigma")
        return FeatureSmoothing(stack, np.stack([self._ranges[k] for k in members]), sigma)

    def visiting_keys(self, rule: Rule, epoch: int, members: Sequence[int]) -> Tensor | None:
        """Random keys by which a rule visits tasks, ``(K, n_steps, n_heads)``."""
        if "order" not in rule.needs:
            return None
        steps = int(self.steps_each[list(members)].max())
        keys = np.zeros((len(members), steps, self._population.n_heads), np.float32)
        for place, k in enumerate(members):
            member = self._population.members[k]
            # As many as its own tasks: neighbours with more must not change its order.
            stream = random_stream(member.seed, ORDER, epoch)
            own = steps, len(member.tasks)
            keys[place, :, : own[1]] = stream.random(own, dtype=np.float32)
        return torch.as_tensor(keys).to(self._device)

    def training_schedule(self, epoch: int, members: Sequence[int]) -> Schedule:
        """The batches of one epoch of a stack."""
        options = self._options
        return build_schedule(
            [self._draw(k, epoch) for k in members],
            self._info.take(members),
            batch_size=options.batch_size,
            reduction="pair-sum" if self.targeted else options.reduction,
            train=True,
            device=self._device,
            owners=self._needs_owners or self.targeted is not None,
            pairs=self._pair_request,
            multiple=_COMPILED_RUNS if options.compile else 0,
        )

    def held_out_schedule(self, epoch: int, members: Sequence[int]) -> Schedule:
        """Held-out batches of one epoch of a stack, one for every update of the ratios."""
        assert self.targeted is not None
        updates = [-(-int(self.steps_each[k]) // self.targeted.plan.every) for k in members]
        return build_schedule(
            [self.targeted.held_out_epoch(k, epoch, n) for k, n in zip(members, updates, strict=True)],
            self._info.take(members),
            batch_size=self.targeted.held_out_size,
            reduction="pair-sum",
            train=True,
            device=self._device,
        )

    def _draw(self, k: int, epoch: int) -> Epoch:
        steps = int(self.steps_each[k])
        if self.targeted is not None:
            return self.targeted.epoch(k, epoch, steps)
        options = self._options
        rng = random_stream(self._population.members[k].seed, BATCHES, epoch)
        return draw_epoch(self.pairs[k], options.sampling, options.batch_size, steps, rng)

    @property
    def _needs_owners(self) -> bool:
        options = self._options
        plain = (
            options.features == "none" and options.classes != "focal" and options.labels in ("none", "lds")
        )
        return not plain or self.rules[0] is not None or self._network.mixing is not None

    @property
    def _pair_request(self) -> PairRequest | None:
        rule, side_by_side = self.rules[0], self._options.labels == "bmc"
        if rule is None:
            return PairRequest(side_by_side=True) if side_by_side else None
        if "gram" in rule.needs:
            return PairRequest(self._network.shared_shapes, compact=True, side_by_side=side_by_side)
        shapes = (self._network.last_shape,) if "last-gram" in rule.needs else None
        return PairRequest(shapes, side_by_side=side_by_side, diagonal=True)

    def validation_schedule(self, members: Sequence[int]) -> Schedule:
        """All validation pairs of a stack."""
        return self._in_order([self.valid[k] for k in members], members, _VALID_ROWS)

    def feature_schedule(self, members: Sequence[int]) -> Schedule:
        """All training pairs of a stack, in few large batches."""
        return self._in_order([ordered_epoch(self.pairs[k]) for k in members], members, _FEATURE_ROWS)

    def _in_order(self, epochs: Sequence[Epoch], members: Sequence[int], n_rows: int) -> Schedule:
        return build_schedule(
            epochs,
            self._info.take(members),
            batch_size=n_rows,
            reduction="pair-sum",
            train=False,
            device=self._device,
            owners=self._needs_owners,
        )


def _rules(population: Population, name: str) -> list[Rule | None]:
    """Rule of every member, equal where its options are; ``None`` for the plain sum."""
    if name == "sum":
        return [None] * len(population.members)
    return [make_rule(name, **member.setting.of(name)) for member in population.members]


def _stack_info(
    population: Population, data: TrainingData, pairs: list[MemberPairs], options: TrainOptions
) -> StackInfo:
    n_members, n_heads = len(pairs), population.n_heads
    codes = np.zeros((n_members, n_heads), np.int64)
    weights = np.zeros((n_members, n_heads))
    for k, (member, own) in enumerate(zip(population.members, pairs, strict=True)):
        n_tasks = len(member.tasks)
        codes[k, :n_tasks] = [pair_code(data.kinds[t], population.shape.n_outputs[t]) for t in member.tasks]
        weights[k, :n_tasks] = task_weights(own.counts, options.task_weights)
    offsets = np.array([m.data for m in population.members]) * data.inputs.shape[1]
    exists = np.arange(n_heads) < np.array([[len(m.tasks)] for m in population.members])
    return StackInfo(offsets, codes, weights, exists)
