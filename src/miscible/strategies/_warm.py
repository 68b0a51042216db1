"""Warm starts: learn all tasks, or one, then go on with each target alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ..learning import Fitted, Hook, Member, Population, State, train
from ._bench import Bench
from ._fit import NetworkFit

__all__ = ["best_states", "fit_warm", "pretrain"]

_TUNING = 2
"""Purpose of a seed: networks tuned to one target."""


def fit_warm(bench: Bench, source: int | None) -> list[NetworkFit]:
    """Pre-train on all tasks or on the source, then fine-tune a network for every target.

    A target starts from the best pre-trained networks of its fold, in turn over the settings, with their shared layers
    and, where they learned the target, its head. The target's inner validation decides which setting is kept.

    Parameters
    ----------
    bench
        What to train.
    source
        The one task to pre-train on; all by default.
    """
    first, trained = pretrain(bench, source)
    members: list[Member] = []
    starts: list[State] = []
    steps = [0] * bench.n_folds
    race = 0
    for f, tasks in enumerate(bench.learnable):
        found = best_states(trained, first, f, bench.tuning.finalists)
        steps[f] = sum(trained.members[k].steps for k, m in enumerate(first) if m.data == f) if trained else 0
        for t in tasks if found else ():
            for s in range(len(bench.settings)):
                members.append(bench.member(f, (t,), s, race, (_TUNING, t)))
                starts.append(found[s % len(found)])
            race += 1
    options = replace(bench.options, rule="sum", checkpoint="joint", frozen=bench.strategy.tuned == "frozen")
    population = Population(bench.shape, tuple(members))
    fitted = train(population, bench.data, options, starts=starts) if members else None
    return [bench.keep(fitted, members, f, steps_before=steps[f]) for f in range(bench.n_folds)]


def pretrain(
    bench: Bench, source: int | None, hooks: Sequence[Hook] = ()
) -> tuple[list[Member], Fitted | None]:
    """Networks of every fold on all tasks, or on the source; ``None`` where there is nothing to learn."""
    members = [
        bench.member(f, tasks if source is None else (source,), s, race=f)
        for f, tasks in enumerate(bench.learnable)
        if tasks and (source is None or source in tasks)
        for s in range(len(bench.settings))
    ]
    if not members:
        return members, None
    return members, train(Population(bench.shape, tuple(members)), bench.data, bench.options, hooks)


def best_states(fitted: Fitted | None, members: Sequence[Member], fold: int, n: int) -> list[State]:
    """States of the best networks of one fold."""
    if fitted is None:
        return []
    own = [
        (fit.best_score, k)
        for k, (member, fit) in enumerate(zip(members, fitted.members, strict=True))
        if member.data == fold and not fit.diverged and not fit.reason.startswith("raced")
    ]
    return [fitted.member_state(k) for _, k in sorted(own)[:n]]
