"""Ratios by the hypergradient of held-out loss: how a source changes the next step, or the next few."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from ..evaluation import finite_mean
from ..learning import Member, Population, Setting, TransferPlan, train
from ..splits import inner_split
from ._bench import Bench
from ._sources import Target, TargetRatios, alike_groups

__all__ = ["learn_one_step"]

_LEARNING = 4
"""Purpose of a seed: networks that learn ratios."""
_HELD_OUT_SHARE = 0.2
_MOST_GROUPS = 6
"""Of sources that share a ratio."""


def learn_one_step(
    bench: Bench, targets: Sequence[Target], alike: Sequence[np.ndarray]
) -> list[TargetRatios]:
    """By the hypergradient of the held-out loss, averaged over seeds that hold out different rows.

    Networks start afresh: those of all tasks have seen the rows that are held out here.

    Parameters
    ----------
    bench, targets
        Whose ratios.
    alike
        By fold, `likeness` of its tasks, for ratios that are tied.
    """
    knobs = bench.settings[0].of("transfer")
    seeds = range(int(knobs["seeds"]))
    tries = [(i, seed) for i in range(len(targets)) for seed in seeds]
    ratios = np.full((len(targets), len(seeds), bench.shape.n_tasks), np.nan)
    steps = np.zeros(len(targets), np.int64)
    for part in bench.chunks([targets[i].tasks for i, _ in tries]):
        chosen = [tries[p] for p in part]
        members = [_member(bench, targets[i], seed) for i, seed in chosen]
        held_out = [_held_out(bench, targets[i], seed, knobs) for i, seed in chosen]
        useful = [p for p, rows in enumerate(held_out) if len(rows)]
        if not useful:
            continue
        own = [members[p] for p in useful]
        width = max(len(m.tasks) for m in own)
        plan = TransferPlan(
            ratios=np.ones((len(own), width)),
            strength=np.array([m.setting.of("transfer")["strength"] for m in own]),
            held_out=tuple(held_out[p] for p in useful),
            groups=_groups(bench, own, width, alike) if bench.strategy.tied == "tied" else None,
            every=int(knobs["every"]),
            horizon=int(knobs["horizon"]),
            rate=knobs["rate"],
            noise=knobs["noise"],
        )
        epochs = -(-int(knobs["updates"] * knobs["every"]) // bench.options.min_steps)
        options = replace(bench.plain(), max_epochs=epochs, patience=epochs)
        fitted = train(Population(bench.shape, tuple(own)), bench.data, options, transfer=plan)
        for p, fit in zip(useful, fitted.members, strict=True):
            i, seed = chosen[p]
            steps[i] += fit.steps
            if not fit.diverged and fit.ratios is not None:
                late = fit.ratios[len(fit.ratios) // 2 :]
                ratios[i, seed, list(targets[i].tasks)] = finite_mean(late)
    return [_averaged(t, ratios[i][:, list(t.tasks)], int(steps[i])) for i, t in enumerate(targets)]


def _averaged(target: Target, each: np.ndarray, steps: int) -> TargetRatios:
    """Mean and spread over seeds ``(n_seeds, n)``; what no seed learned counts 1."""
    mean = np.nan_to_num(finite_mean(each), nan=1.0)
    known = np.isfinite(each)
    n = known.sum(axis=0)
    square = np.where(known, (each - mean) ** 2, 0.0).sum(axis=0)
    spread = np.sqrt(np.divide(square, n - 1, out=np.full(len(mean), np.nan), where=n > 1))
    mean[np.array(target.tasks) == target.task] = 1.0
    return TargetRatios(target, mean, spread, steps)


def _member(bench: Bench, target: Target, seed: int) -> Member:
    """A network that learns ratios, with a middling rate."""
    rates = sorted({s.rate for s in bench.settings})
    middle = min(
        range(len(bench.settings)),
        key=lambda i: (bench.settings[i].rate != rates[(len(rates) - 1) // 2], bench.settings[i].decay),
    )
    member = bench.member(target.fold, target.tasks, middle, 0, (_LEARNING, target.task, seed))
    strongest = max(s.of("transfer")["strength"] for s in bench.settings)
    options = tuple((n, strongest if n == "transfer.strength" else v) for n, v in member.setting.options)
    setting = Setting(member.setting.rate, member.setting.decay, options)
    return replace(member, setting=setting, primary=target.task)


def _held_out(bench: Bench, target: Target, seed: int, knobs: dict[str, float]) -> np.ndarray:
    """Training rows that guide the ratios: whole groups with about a fifth of the target's labels."""
    data = bench.data
    rows = data.train_rows[target.fold]
    labels = data.targets[target.fold][:, [target.task]]
    rows = rows[np.isfinite(labels[rows, 0])]
    keys = np.random.SeedSequence([bench.seed, target.fold, target.task, seed, _LEARNING])
    _, held_out = inner_split(
        bench.codes, labels, rows, fraction=_HELD_OUT_SHARE, seed=int(keys.generate_state(1)[0])
    )
    if knobs["bias"]:
        largest = rows[np.argsort(-labels[rows, 0], kind="stable")[: len(held_out)]]
        held_out = rows[np.isin(bench.codes[rows], bench.codes[largest])]
    few = int(knobs["labels"])
    if not 0 < few < len(held_out):
        return held_out
    return np.sort(np.random.Generator(np.random.PCG64(keys)).choice(held_out, few, replace=False))


def _groups(bench: Bench, members: Sequence[Member], width: int, alike: Sequence[np.ndarray]) -> np.ndarray:
    """``(n_members, width)`` groups of sources that share a ratio."""
    result = np.zeros((len(members), width), np.int64)
    for k, member in enumerate(members):
        own = [bench.learnable[member.data].index(t) for t in member.tasks]
        result[k, : len(own)] = alike_groups(alike[member.data][np.ix_(own, own)], _MOST_GROUPS)
    return result
