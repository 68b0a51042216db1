"""The state of one training call, epoch by epoch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise

import numpy as np
import torch
from torch import Tensor

from .._types import Population, TrainingData, TrainOptions
from ..losses import pair_code
from ..nets import Network, Views
from ..rules import Rule, make_rule
from ._checkpoint import BestWeights
from ._features import FeatureSmoothing, bin_ranges
from ._fitted import Fitted, MemberFit, RuleCurves
from ._hooks import EpochEnd, Hook
from ._monitor import Monitor
from ._objective import Objective, label_mixtures, option, weigh_pairs
from ._pair_plan import PairRequest
from ._passes import evaluate, train_epoch
from ._predict import State, pack_state, start_from
from ._rule_run import RuleRun, RuleStory
from ._sampling import (
    BATCHES,
    ORDER,
    MemberPairs,
    draw_epoch,
    member_pairs,
    n_steps,
    ordered_epoch,
    random_stream,
    task_weights,
)
from ._schedule import Schedule, StackInfo, build_schedule
from ._stack import Stack, build_network, join_stacks, start_stack

__all__ = ["Run"]

_CACHE_BYTES = 12 << 20
"""Parameters, gradients and moments of the members trained side by side should stay in cache."""

_VALID_ROWS = 256
_FEATURE_ROWS = 4096

_COMPILED_RUNS = 4
"""Runs of slots come in multiples of this where the step is compiled: shapes of 0 and 1 compile anew."""


@dataclass
class _Curves:
    """Losses of one member and what its rule did, epoch by epoch, and the steps it took."""

    train: list[np.ndarray] = field(default_factory=list)
    valid: list[np.ndarray] = field(default_factory=list)
    weights: list[np.ndarray] = field(default_factory=list)
    acted: list[float] = field(default_factory=list)
    conflicts: list[float] = field(default_factory=list)
    steps: int = 0


class Run:
    """One call of :func:`train`."""

    def __init__(
        self,
        population: Population,
        data: TrainingData,
        options: TrainOptions,
        starts: Sequence[State] | None,
    ) -> None:
        self.population = population
        self.options = options
        self.kinds = data.kinds
        self.device = torch.device(options.device)
        members = population.members
        self.network: Network = build_network(population.shape, population.n_heads)
        rows = torch.as_tensor(np.asarray(data.inputs, dtype=np.float32)).flatten(0, 1)
        self.inputs: Tensor = torch.cat([rows, rows.new_ones(len(rows), 1)], dim=1).to(self.device)
        # Members that differ in seed or rate alone share their pairs.
        distinct = {(m.data, m.tasks): m for m in members}.items()
        plain_pairs = {key: member_pairs(data, m, data.train_rows[m.data]) for key, m in distinct}
        kinds = {key: [data.kinds[t] for t in m.tasks] for key, m in distinct}
        train_pairs = {
            (m.data, m.tasks, m.setting.options): weigh_pairs(
                plain_pairs[m.data, m.tasks], kinds[m.data, m.tasks], options, m.setting
            )
            for m in {(m.data, m.tasks, m.setting.options): m for m in members}.values()
        }
        mixtures = {key: label_mixtures(own, kinds[key], options.labels) for key, own in plain_pairs.items()}
        self.mixtures = [mixtures[m.data, m.tasks] for m in members]
        if options.features != "none":
            ranges = {
                key: bin_ranges(own, kinds[key], population.n_heads) for key, own in plain_pairs.items()
            }
            self.ranges = [ranges[m.data, m.tasks] for m in members]
        valid_pairs = {key: member_pairs(data, m, data.valid_rows[m.data]) for key, m in distinct}
        self.pairs: list[MemberPairs] = [train_pairs[m.data, m.tasks, m.setting.options] for m in members]
        self.valid = [ordered_epoch(valid_pairs[m.data, m.tasks]) for m in members]
        self.steps_each = np.array([n_steps(p, options.batch_size, options.min_steps) for p in self.pairs])
        self.info = _stack_info(population, data, self.pairs, options)
        self.tasks = _padded([m.tasks for m in members], population.n_heads)
        self.curves = [_Curves() for _ in members]
        self.monitor = Monitor(
            _scored(self.pairs, self.valid, population.n_heads),
            np.array([m.race for m in members]),
            options.patience,
            options.finalists,
        )
        stack = start_stack(population.shape, members, self.network, self.device, torch.float32)
        if starts is not None:
            start_from(self.network, stack, members, starts)
        self.best = BestWeights(stack, options.checkpoint)
        for k in np.flatnonzero(self.steps_each == 0).tolist():
            self.monitor.stop(k, "no training labels")
        # Members with equal rules and kernels share stacks. Most steps first: then the members still busy with an
        # epoch are always the first of the stack. Equal settings side by side: the optimiser treats such
        # neighbours as one.
        self.rules = _rules(population, options.rule)
        settings = {s: i for i, s in enumerate(dict.fromkeys(m.setting for m in members))}
        self.companies = [
            (rule, option(m.setting, "fds.sigma") if options.features != "none" else None)
            for rule, m in zip(self.rules, members, strict=True)
        ]
        numbers = {company: i for i, company in enumerate(dict.fromkeys(self.companies))}
        order = sorted(
            self.monitor.alive.tolist(),
            key=lambda k: (
                numbers[self.companies[k]], -self.steps_each[k], settings[members[k].setting], k,
            ),
        )  # fmt: skip
        self.members = np.array(order, dtype=np.int64)
        self.stacks: list[Stack] = []
        self._objectives: dict[int, Objective] = {}
        self._feature_schedules: dict[int, Schedule] = {}
        self._split(self._with_rule_states(stack.take(order)))
        self._validations: dict[int, Schedule] = {}

    def epoch(self, epoch: int, hooks: Sequence[Hook]) -> None:
        """Train, validate, judge, and let the finished leave."""
        n_heads = self.population.n_heads
        losses = np.full((2, len(self.members), n_heads), np.nan)
        edges = np.cumsum([0, *(stack.n_members for stack in self.stacks)]).tolist()
        for i, (start, stop) in enumerate(pairwise(edges)):
            losses[:, start:stop] = self._train_stack(epoch, i, self.members[start:stop].tolist())
        sound = np.array([self.monitor.reason[k] is None for k in self.members.tolist()])
        places, members = np.flatnonzero(sound), self.members[sound]
        for place, member in enumerate(self.members.tolist()):
            self.curves[member].train.append(losses[0, place])
            self.curves[member].valid.append(losses[1, place])
        better, head_better = self.monitor.record(epoch, members, losses[0, sound], losses[1, sound])
        row, head = np.nonzero(head_better & (self.tasks[members] >= 0))
        for stack, (start, stop) in zip(self.stacks, pairwise(edges), strict=True):
            if self.best.per_task:
                own = (places[row] >= start) & (places[row] < stop)
                self.best.keep(stack.weights, places[row[own]] - start, members[row[own]], head[own])
            else:
                own = better & (places >= start) & (places < stop)
                self.best.keep(stack.weights, places[own] - start, members[own], None)
        if epoch + 1 in self.options.halving:
            self.monitor.halve(epoch)
        staying = [i for i, k in enumerate(self.members.tolist()) if self.monitor.reason[k] is None]
        if hooks:
            event = self._event(epoch, losses, len(staying))
            for hook in hooks:
                hook.on_epoch_end(event)
        if len(staying) < len(self.members):
            self.members = self.members[staying]
            for kept in (self._validations, self._objectives, self._feature_schedules):
                kept.clear()
            self._split(join_stacks(self.stacks).take(staying))

    def result(self) -> Fitted:
        """Everything known after the last epoch."""
        for k in self.monitor.alive.tolist():
            self.monitor.stop(k, "epochs")
        n_members = len(self.population.members)
        trunk, heads, tasks, owner = self.best.networks(self.tasks)
        state = pack_state(self.network, trunk, heads, tasks)
        fits = tuple(self._member_fit(k) for k in range(n_members))
        return Fitted(self.population.shape, self.kinds, fits, state, owner)

    def _with_rule_states(self, stack: Stack) -> Stack:
        """The same members with fresh rules; which options a rule has does not change its state."""
        rule = self.rules[0]
        if rule is None:
            return stack
        state = rule.init(stack.n_members, self.population.n_heads, self.device, torch.float32)
        return replace(stack, rule=state)

    def _split(self, stack: Stack) -> None:
        """Divide the members into stacks trained one after the other, of one company and small enough for the cache."""
        own = [self.companies[k] for k in self.members.tolist()]
        n = len(own)
        changes = [0, *(i for i in range(1, n) if own[i] != own[i - 1]), n] if n else []
        size = max(n, 1)
        if self.device.type == "cpu":
            shared, each = self.network.n_parameters
            size = max(1, _CACHE_BYTES // (16 * (shared + self.network.n_heads * each)))
        self.stacks = []
        for first, last in pairwise(changes):
            n_stacks = -(-(last - first) // size)
            edges = [first + (last - first) * i // n_stacks for i in range(n_stacks + 1)]
            self.stacks += [stack.take(range(start, stop)) for start, stop in pairwise(edges)]

    def _train_stack(self, epoch: int, i: int, members: list[int]) -> tuple[np.ndarray, np.ndarray]:
        """One epoch of one stack: training and validation losses."""
        stack = self.stacks[i]
        rule = self.rules[members[0]]
        smoothing = self._smoothing(stack, members)
        schedule = self._training_schedule(epoch, members)
        train, diverged, story = train_epoch(
            self.network,
            stack,
            [self.population.members[k].setting for k in members],
            self.options.clip_norm,
            self.inputs,
            schedule,
            self._objective(i, members),
            compiled=self.options.compile,
            frozen=self.options.frozen,
            rule=None if rule is None else RuleRun(rule, stack, self._orders(rule, epoch, members)),
            smoothing=smoothing,
        )
        if smoothing is not None:
            smoothing.finish(
                self.network, Views(stack.weights), self.inputs, self._feature_schedule(i, members)
            )
        if story is not None:
            self._tell(members, story)
        for place, step in diverged.items():
            k = members[place]
            self.monitor.stop(k, f"diverged at step {self.curves[k].steps + step}", diverged=True)
        for k in members:
            self.curves[k].steps += int(self.steps_each[k])
        if i not in self._validations:
            self._validations[i] = self._validation_schedule(members)
        return train, evaluate(self.network, stack, self.inputs, self._validations[i])

    def _objective(self, i: int, members: list[int]) -> Objective:
        """Losses of one stack, made once."""
        if i not in self._objectives:
            self._objectives[i] = Objective(
                self.options,
                [self.population.members[k].setting for k in members],
                [self.mixtures[k] for k in members],
                self.population.n_heads,
                self.device,
            )
        return self._objectives[i]

    def _smoothing(self, stack: Stack, members: list[int]) -> FeatureSmoothing | None:
        if self.options.features == "none":
            return None
        ranges = np.stack([self.ranges[k] for k in members])
        sigma = option(self.population.members[members[0]].setting, "fds.sigma")
        return FeatureSmoothing(stack, ranges, sigma)

    def _feature_schedule(self, i: int, members: list[int]) -> Schedule:
        """All training pairs of one stack, in few large batches."""
        if i not in self._feature_schedules:
            self._feature_schedules[i] = build_schedule(
                [ordered_epoch(self.pairs[k]) for k in members],
                self.info.take(members),
                batch_size=_FEATURE_ROWS,
                reduction="pair-sum",
                train=False,
                device=self.device,
                owners=True,
            )
        return self._feature_schedules[i]

    def _orders(self, rule: Rule, epoch: int, members: list[int]) -> Tensor | None:
        """Random keys by which a rule visits tasks, ``(K, n_steps, n_heads)``."""
        if "order" not in rule.needs:
            return None
        steps = int(self.steps_each[members].max())
        keys = np.zeros((len(members), steps, self.population.n_heads), np.float32)
        for place, k in enumerate(members):
            member = self.population.members[k]
            # As many as its own tasks: neighbours with more must not change its order.
            stream = random_stream(member.seed, ORDER, epoch)
            own = steps, len(member.tasks)
            keys[place, :, : own[1]] = stream.random(own, dtype=np.float32)
        return torch.as_tensor(keys).to(self.device)

    def _tell(self, members: list[int], story: RuleStory) -> None:
        for place, k in enumerate(members):
            self.curves[k].weights.append(story.weights[place])
            self.curves[k].acted.append(float(story.acted[place]))
            self.curves[k].conflicts.append(float(story.conflicts[place]))

    def _training_schedule(self, epoch: int, members: list[int]) -> Schedule:
        options = self.options
        epochs = [
            draw_epoch(
                self.pairs[k],
                options.sampling,
                options.batch_size,
                int(self.steps_each[k]),
                random_stream(self.population.members[k].seed, BATCHES, epoch),
            )
            for k in members
        ]
        return build_schedule(
            epochs,
            self.info.take(members),
            batch_size=options.batch_size,
            reduction=options.reduction,
            train=True,
            device=self.device,
            owners=self._needs_owners,
            pairs=self._pair_request,
            multiple=_COMPILED_RUNS if options.compile else 0,
        )

    @property
    def _needs_owners(self) -> bool:
        options = self.options
        plain = (
            options.features == "none" and options.classes != "focal" and options.labels in ("none", "lds")
        )
        return not plain or self.rules[0] is not None or self.network.mixing is not None

    @property
    def _pair_request(self) -> PairRequest | None:
        rule, side_by_side = self.rules[0], self.options.labels == "bmc"
        if rule is None:
            return PairRequest(side_by_side=True) if side_by_side else None
        if "gram" in rule.needs:
            return PairRequest(self.network.shared_shapes, compact=True, side_by_side=side_by_side)
        shapes = (self.network.last_shape,) if "last-gram" in rule.needs else None
        return PairRequest(shapes, side_by_side=side_by_side)

    def _validation_schedule(self, members: list[int]) -> Schedule:
        return build_schedule(
            [self.valid[k] for k in members],
            self.info.take(members),
            batch_size=_VALID_ROWS,
            reduction="pair-sum",
            train=False,
            device=self.device,
            owners=self.network.mixing is not None,
        )

    def _event(self, epoch: int, losses: np.ndarray, n_alive: int) -> EpochEnd:
        spread = np.full((2, len(self.members), self.population.shape.n_tasks), np.nan)
        row, head = np.nonzero(self.tasks[self.members] >= 0)
        spread[:, row, self.tasks[self.members[row], head]] = losses[:, row, head]
        return EpochEnd(
            epoch=epoch + 1,
            members=self.members,
            train_loss=spread[0],
            valid_loss=spread[1],
            best_score=self.monitor.best_score[self.members],
            n_alive=n_alive,
            network=self.network,
            stacks=tuple(self.stacks),
        )

    def _member_fit(self, k: int) -> MemberFit:
        member, monitor, curves = self.population.members[k], self.monitor, self.curves[k]
        n_tasks = len(member.tasks)
        valid = np.array(curves.valid).reshape(-1, self.population.n_heads)[:, :n_tasks]
        train = np.array(curves.train).reshape(-1, self.population.n_heads)[:, :n_tasks]
        kept = np.full(n_tasks, monitor.best_epoch[k])
        if self.best.per_task:
            kept = monitor.best_head_epoch[k, :n_tasks]
        scores = np.full(n_tasks, np.nan)
        known = kept >= 0
        scores[known] = valid[kept[known], np.flatnonzero(known)]
        return MemberFit(
            tasks=member.tasks,
            best_epoch=int(monitor.best_epoch[k]) + 1,
            best_score=float(monitor.best_score[k]),
            task_epoch=kept + 1,
            task_score=scores,
            diverged=bool(monitor.diverged[k]),
            reason=monitor.reason[k] or "epochs",
            epochs=len(curves.train),
            steps=curves.steps,
            rule=self._rule_curves(k, n_tasks),
            train_curve=train,
            valid_curve=valid,
        )

    def _rule_curves(self, k: int, n_tasks: int) -> RuleCurves | None:
        curves, rule = self.curves[k], self.rules[k]
        if rule is None:
            return None
        weights = np.array(curves.weights).reshape(-1, self.population.n_heads)[:, :n_tasks]
        return RuleCurves(rule.name, weights, np.array(curves.acted), np.array(curves.conflicts))


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


def _scored(pairs: list[MemberPairs], valid: Sequence, n_heads: int) -> np.ndarray:
    """Heads with both training and validation labels."""
    scored = np.zeros((len(pairs), n_heads), bool)
    for k, (own, epoch) in enumerate(zip(pairs, valid, strict=True)):
        n_tasks = len(own.counts)
        there = np.bincount(epoch.head, minlength=n_tasks)[:n_tasks] > 0
        scored[k, :n_tasks] = there & (own.counts > 0)
    return scored


def _padded(tasks: Sequence[tuple[int, ...]], n_heads: int) -> np.ndarray:
    """Task of every head, -1 for none."""
    result = np.full((len(tasks), n_heads), -1)
    for k, own in enumerate(tasks):
        result[k, : len(own)] = own
    return result
