"""Transfer: a network for every target, in which every other task counts by a ratio of its own.

The ratios are learned on rows cut from the training part, then frozen, and networks are trained afresh with them on the
whole training part: what learning them did to the parameters, and the rows it held out, cost the result nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from ..learning import Alignment, Member, Population, State, TransferPlan, train
from ._bench import Bench
from ._fit import NetworkFit, join_fits
from ._ratios import find_ratios
from ._sources import Target, TargetRatios, likeness, nearest_sources
from ._warm import best_states, pretrain

__all__ = ["MOST_SOURCES", "fit_transfer", "going_on"]

MOST_SOURCES = 32
"""Tasks that may count for a target, where there are more than `_ALL_UP_TO`."""
_ALL_UP_TO = 64
_FINAL = 3
"""Purpose of a seed: networks trained with frozen ratios."""


def fit_transfer(
    bench: Bench, only: Sequence[int] | None = None, families: Sequence[str] | None = None
) -> list[NetworkFit]:
    """Find the ratios of every target of every fold, then train its networks with them.

    Among hundreds of tasks a target is given the `MOST_SOURCES` ones that resemble it most.

    Parameters
    ----------
    bench
        What to train.
    only
        Tasks that are targets; all by default.
    families
        By task; those of its own family, which may be nearly copies of it, are no sources of a target. Only where
        networks start from scratch.

    Raises
    ------
    ValueError
        Families are given, and networks go on from those of all tasks.
    """
    if families is not None and bench.strategy.begin != "scratch":
        raise ValueError("what goes on from a network of all tasks has learned from the target's family")
    first, trained = pretrain(bench, None) if bench.strategy.begin != "scratch" else ([], None)
    starts = [best_states(trained, first, f, bench.tuning.finalists) for f in range(bench.n_folds)]
    steps = np.zeros(bench.n_folds, np.int64)
    for k, member in enumerate(first):
        assert trained is not None
        steps[member.data] += trained.members[k].steps
    alike = [
        likeness(bench, f, tasks, starts[f][0] if starts[f] else None) if len(tasks) > 1 else np.ones((1, 1))
        for f, tasks in enumerate(bench.learnable)
    ]
    most = [MOST_SOURCES if len(tasks) > _ALL_UP_TO else len(tasks) for tasks in bench.learnable]
    targets = [
        Target(f, t, nearest_sources(alike[f], tasks, t, most[f], families))
        for f, tasks in enumerate(bench.learnable)
        for t in tasks
        if only is None or t in only
    ]
    found = find_ratios(bench, targets, alike, families)
    fits: list[list[NetworkFit]] = [[] for _ in range(bench.n_folds)]
    for part in bench.chunks([ratios.target.tasks for ratios in found], each=len(bench.settings)):
        for f, fit in enumerate(_train(bench, [found[i] for i in part], starts)):
            fits[f].append(fit)
    for ratios in found:
        steps[ratios.target.fold] += ratios.steps
    return [join_fits(own, int(steps[f])) if own else bench.keep(None, (), f) for f, own in enumerate(fits)]


def _train(
    bench: Bench, found: Sequence[TargetRatios], starts: Sequence[Sequence[State]]
) -> list[NetworkFit]:
    """Networks of some targets with frozen ratios, a race for every target; one fit a fold."""
    members: list[Member] = []
    begin: list[State | None] = []
    more: list[dict[str, object]] = []
    served: dict[int, tuple[int, ...]] = {}
    width = max(len(ratios.target.tasks) for ratios in found)
    each = np.zeros((len(found), width))
    for race, ratios in enumerate(found):
        target = ratios.target
        each[race, : len(target.tasks)] = ratios.ratios
        served[race] = (target.task,)
        for s in range(len(bench.settings)):
            member = bench.member(target.fold, target.tasks, s, race, (_FINAL, target.task))
            begin.append(_start(bench, starts[target.fold], s))
            members.append(replace(member if begin[-1] is None else going_on(member), primary=target.task))
            more.append(_story(ratios, bench.shape.n_tasks))
    plan = TransferPlan(
        ratios=np.repeat(each, len(bench.settings), axis=0),
        strength=np.array([m.setting.of("transfer")["strength"] for m in members]),
        alignment=_alignment(members) if bench.strategy.architecture == "align" else None,
    )
    options = replace(bench.options, rule="sum", checkpoint="joint", frozen=False)
    population = Population(bench.shape, tuple(members))
    fitted = train(population, bench.data, options, starts=begin, transfer=plan)
    return [bench.keep(fitted, members, f, served, more=more) for f in range(bench.n_folds)]


def _start(bench: Bench, trained: Sequence[State], setting: int) -> State | None:
    """What a network of a target starts from; if mixed, every other one goes on from a network of all tasks.

    Sources that harm have left their mark in that network; a start from scratch is free of it, and the race decides.
    Where the race keeps more than half of the networks it could not, and all go on.
    """
    if not trained:
        return None
    if bench.strategy.begin == "pretrained" or 2 * bench.tuning.finalists > len(bench.settings):
        return trained[setting % len(trained)]
    rate, decay = divmod(setting, len(bench.tuning.decays))
    # Every decay, strength and weight of an alignment, and every two rates, meets both starts equally often.
    if (rate + (rate >> 1) + decay) % 2:
        return None
    return trained[setting // 2 % len(trained)]


def going_on(member: Member) -> Member:
    """The same network at the pace that its setting has for one whose shared layers are trained already."""
    pace = member.setting.of("transfer")["pace"]
    return replace(member, setting=replace(member.setting, rate=pace * member.setting.rate))


def _alignment(members: Sequence[Member]) -> Alignment:
    """As the settings of the networks say."""
    knobs = [member.setting.of("align") for member in members]
    return Alignment(np.array([own["weight"] for own in knobs]), int(knobs[0]["sources"]))


def _story(ratios: TargetRatios, n_tasks: int) -> dict[str, object]:
    """What the record of a network says of its ratios, fit for JSON."""
    lines = np.full((2, n_tasks), np.nan)
    lines[:, list(ratios.target.tasks)] = ratios.ratios, ratios.spread
    told = [[round(float(v), 4) if np.isfinite(v) else None for v in line] for line in lines]
    return {"primary": ratios.target.task, "ratios": told[0], "spread": told[1]}
