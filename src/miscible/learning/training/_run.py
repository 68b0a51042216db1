"""The state of one training call, epoch by epoch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np
import torch
from torch import Tensor

from .._types import Population, TrainingData, TrainOptions
from ..nets import Network, Views
from ..transfer import TransferPlan
from ._align_run import fresh_maps, make_align_run
from ._checkpoint import BestWeights
from ._curves import Curves
from ._fitted import Fitted, MemberFit
from ._held_out import make_ratio_run
from ._hooks import EpochEnd, Hook
from ._material import Material
from ._monitor import Monitor
from ._objective import Objective
from ._passes import EpochStory, evaluate, train_epoch
from ._predict import State, pack_state, start_from
from ._ratio_run import fresh_ratios
from ._rule_run import RuleRun
from ._schedule import Schedule
from ._stack import Stack, build_network, join_stacks, start_stack

__all__ = ["Run"]

_CACHE_BYTES = 12 << 20
"""Parameters, gradients and moments of the members trained side by side should stay in cache."""


class Run:
    """One call of :func:`train`."""

    def __init__(
        self,
        population: Population,
        data: TrainingData,
        options: TrainOptions,
        starts: Sequence[State | None] | None,
        transfer: TransferPlan | None = None,
    ) -> None:
        self.population = population
        self.options = options
        self.kinds = data.kinds
        self.device = torch.device(options.device)
        members = population.members
        self.network: Network = build_network(population.shape, population.n_heads)
        # Held-out batches run on a network of their own: the training step's activations must stay.
        self._second: Network = build_network(population.shape, population.n_heads)
        rows = torch.as_tensor(np.asarray(data.inputs, dtype=np.float32)).flatten(0, 1)
        self.inputs: Tensor = torch.cat([rows, rows.new_ones(len(rows), 1)], dim=1).to(self.device)
        self.material = Material(population, data, options, self.network, transfer)
        self.tasks = _padded([m.tasks for m in members], population.n_heads)
        self.curves = [Curves() for _ in members]
        races = np.array([m.race for m in members])
        self.monitor = Monitor(self.material.scored, races, options.patience, options.finalists)
        stack = start_stack(population.shape, members, self.network, self.device, torch.float32)
        if starts is not None:
            start_from(self.network, stack, members, starts)
        self.best = BestWeights(stack, options.checkpoint)
        for k in np.flatnonzero(self.material.steps_each == 0).tolist():
            self.monitor.stop(k, "no training labels")
        order = self.material.order(self.monitor.alive.tolist())
        self.members = np.array(order, dtype=np.int64)
        self.stacks: list[Stack] = []
        # Made once for every stack, until members leave.
        self._objectives: dict[int, Objective] = {}
        self._validations: dict[int, Schedule] = {}
        self._features: dict[int, Schedule] = {}
        self._split(self._with_states(stack.take(order)))
        if starts is not None and transfer is not None:
            self._score_starts(np.array([start is not None for start in starts]))

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
            for kept in (self._validations, self._objectives, self._features):
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

    def _with_states(self, stack: Stack) -> Stack:
        """The same members with fresh rules, ratios and maps; which options a rule has does not change its state."""
        size = stack.n_members, self.population.n_heads, self.device, torch.float32
        rule = self.material.rules[0]
        if rule is not None:
            stack = replace(stack, rule=rule.init(*size))
        if self.material.learns_ratios:
            stack = replace(stack, ratios=fresh_ratios(*size))
        targeted = self.material.targeted
        if targeted is not None and targeted.plan.alignment is not None:
            own = [self.population.members[k] for k in self.members.tolist()]
            stack = replace(
                stack, maps=fresh_maps(own, self.network, targeted.plan.alignment.width, self.device)
            )
        return stack

    def _score_starts(self, trained: np.ndarray) -> None:
        """What members start from counts like an epoch before the first."""
        edges = np.cumsum([0, *(stack.n_members for stack in self.stacks)]).tolist()
        for i, (start, stop) in enumerate(pairwise(edges)):
            members = self.members[start:stop]
            self._validations[i] = self.material.validation_schedule(members.tolist())
            self._objectives[i] = self.material.objective(members.tolist())
            valid = evaluate(self.network, self.stacks[i], self.inputs, self._validations[i])
            nothing = np.full_like(valid, np.nan)
            known = self.monitor.scored[members].any(axis=1) & trained[members]
            self.monitor.record(-1, members[known], nothing[known], valid[known])

    def _split(self, stack: Stack) -> None:
        """Divide the members into stacks trained one after the other, of one company and small enough for the cache."""
        own = [self.material.companies[k] for k in self.members.tolist()]
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
        stack, material = self.stacks[i], self.material
        if i not in self._objectives:
            self._objectives[i] = material.objective(members)
            self._validations[i] = material.validation_schedule(members)
        rule = material.rules[members[0]]
        smoothing = material.smoothing(stack, members)
        story = train_epoch(
            self.network,
            stack,
            [self.population.members[k].setting for k in members],
            self.options.clip_norm,
            self.inputs,
            material.training_schedule(epoch, members),
            self._objectives[i],
            compiled=self.options.compile,
            frozen=self.options.frozen,
            rule=None if rule is None else RuleRun(rule, stack, material.visiting_keys(rule, epoch, members)),
            smoothing=smoothing,
            ratios=make_ratio_run(
                material, epoch, members, stack, self._second, self.inputs, self._objectives[i]
            ),
            alignment=make_align_run(material, epoch, members, stack, self.network.n_heads),
        )
        if smoothing is not None:
            if i not in self._features:
                self._features[i] = material.feature_schedule(members)
            smoothing.finish(self.network, Views(stack.weights), self.inputs, self._features[i])
        self._tell(members, story)
        for place, step in story.diverged.items():
            k = members[place]
            self.monitor.stop(k, f"diverged at step {self.curves[k].steps + step}", diverged=True)
        for k in members:
            self.curves[k].steps += int(material.steps_each[k])
        return story.losses, evaluate(self.network, stack, self.inputs, self._validations[i])

    def _tell(self, members: list[int], story: EpochStory) -> None:
        for place, k in enumerate(members):
            self.curves[k].norms.append(story.norms[place])
            if story.ratios is not None:
                self.curves[k].ratios.append(story.ratios[place])
            if story.rule is not None:
                self.curves[k].weights.append(story.rule.weights[place])
                self.curves[k].acted.append(float(story.rule.acted[place]))
                self.curves[k].conflicts.append(float(story.rule.conflicts[place]))

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
        train, valid = curves.losses(n_tasks)
        rule = self.material.rules[k]
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
            rule=None if rule is None else curves.of_rule(rule.name, n_tasks),
            train_curve=train,
            valid_curve=valid,
            norm_curve=np.array(curves.norms).reshape(-1, 2),
            ratios=curves.of_ratios(n_tasks),
        )


def _padded(tasks: Sequence[tuple[int, ...]], n_heads: int) -> np.ndarray:
    """Task of every head, -1 for none."""
    result = np.full((len(tasks), n_heads), -1)
    for k, own in enumerate(tasks):
        result[k, : len(own)] = own
    return result
