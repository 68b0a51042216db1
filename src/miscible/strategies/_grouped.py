"""A few shared networks, each for the tasks that get on with each other in this fold's training part."""

from __future__ import annotations

from itertools import combinations

import numpy as np

from ..learning import Fitted, GradientProbe, Member, Population, train
from ._bench import Bench
from ._fit import NetworkFit
from ._grouping import Grouping, affinity_from_gram, affinity_from_pairs, best_grouping

__all__ = ["fit_grouped"]

_AFFINITY = 1
"""Purpose of a seed: networks that are trained to learn which tasks get on."""


def fit_grouped(bench: Bench) -> list[NetworkFit]:
    """Group the tasks of every fold, then train its groups like shared networks of their own.

    A network of a group answers only for the tasks it serves; others may learn in it to help.
    """
    groupings, steps = _from_pairs(bench) if bench.strategy.affinity == "pairs" else _from_gradients(bench)
    members: list[Member] = []
    served: dict[int, tuple[int, ...]] = {}
    race = 0
    for f, grouping in enumerate(groupings):
        if grouping is None:
            continue
        tasks = bench.learnable[f]
        for g, group in enumerate(grouping.groups):
            own = tuple(tasks[i] for i in group)
            served[race] = tuple(t for t, at in zip(tasks, grouping.served, strict=True) if at == g)
            members += [bench.member(f, own, s, race, own) for s in range(len(bench.settings))]
            race += 1
    population = Population(bench.shape, tuple(members))
    fitted = train(population, bench.data, bench.options) if members else None
    return [bench.keep(fitted, members, f, served, steps[f]) for f in range(bench.n_folds)]


def _from_gradients(bench: Bench) -> tuple[list[Grouping | None], list[int]]:
    """Affinity from probes of one shared network a fold, averaged over its training."""
    members = [
        bench.member(f, tasks, _middle(bench), f, (_AFFINITY,))
        for f, tasks in enumerate(bench.learnable)
        if tasks
    ]
    if not members:
        return [None] * bench.n_folds, [0] * bench.n_folds
    population = Population(bench.shape, tuple(members))
    probe = GradientProbe(population, bench.data)
    fitted = train(population, bench.data, bench.plain(), [probe])
    groupings: list[Grouping | None] = [None] * bench.n_folds
    steps = [0] * bench.n_folds
    for k, member in enumerate(members):
        seen, own = probe.probes(k), list(member.tasks)
        gram = seen.gram[:, own][:, :, own]
        affinity = affinity_from_gram(gram, seen.losses[:, own], member.setting.rate)
        groupings[member.data] = best_grouping(affinity, bench.strategy.n_networks)
        steps[member.data] = fitted.members[k].steps
    return groupings, steps


def _from_pairs(bench: Bench) -> tuple[list[Grouping | None], list[int]]:
    """Affinity from what every pair of tasks gains on inner validation over both alone."""
    members = [
        bench.member(f, subset, _middle(bench), 0, (_AFFINITY, *subset))
        for f, tasks in enumerate(bench.learnable)
        for subset in (*((t,) for t in tasks), *combinations(tasks, 2))
    ]
    if not members:
        return [None] * bench.n_folds, [0] * bench.n_folds
    fitted = train(Population(bench.shape, tuple(members)), bench.data, bench.plain())
    groupings: list[Grouping | None] = []
    steps: list[int] = []
    for f, tasks in enumerate(bench.learnable):
        own = [k for k, member in enumerate(members) if member.data == f]
        steps.append(sum(fitted.members[k].steps for k in own))
        if not tasks:
            groupings.append(None)
            continue
        affinity = affinity_from_pairs(*_validation_errors(fitted, [(k, members[k]) for k in own], tasks))
        groupings.append(best_grouping(affinity, bench.strategy.n_networks))
    return groupings, steps


def _validation_errors(
    fitted: Fitted, members: list[tuple[int, Member]], tasks: tuple[int, ...]
) -> tuple[np.ndarray, np.ndarray]:
    """Validation loss of every task alone ``(n,)``, and of task ``j`` beside ``i`` as entry ``[i, j]``."""
    place = {t: i for i, t in enumerate(tasks)}
    alone = np.full(len(tasks), np.nan)
    together = np.full((len(tasks), len(tasks)), np.nan)
    for k, member in members:
        fit = fitted.members[k]
        if fit.diverged:
            continue
        at = [place[t] for t in member.tasks]
        if len(at) == 1:
            alone[at[0]] = fit.task_score[0]
        else:
            together[at[1], at[0]], together[at[0], at[1]] = fit.task_score
    return alone, together


def _middle(bench: Bench) -> int:
    """A setting with a middling rate and the first decay."""
    rates = sorted({s.rate for s in bench.settings})
    rate = rates[(len(rates) - 1) // 2]
    return next(i for i, s in enumerate(bench.settings) if s.rate == rate)
