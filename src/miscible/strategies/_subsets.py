"""What every source does for every target over a whole training, from networks of random subsets of the tasks.

A one-step hypergradient sees how a source changes the next step, not where training ends. Here many networks learn a
random half of the tasks each; how well a target is predicted on rows held out from all of them is explained by which
other tasks were there. A linear surrogate of the subset's effect: Li et al. 2023, arXiv 2303.14582.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from scipy.stats import norm
from sklearn.linear_model import BayesianRidge

from ..learning import Member, Population, TrainingData, train
from ..splits import inner_split
from ._bench import Bench
from ._families import families_together, one_a_family
from ._sources import Target, TargetRatios, alike_groups

__all__ = ["Effects", "effects_from_subsets", "learn_from_subsets", "ratios_from_effects", "subset_designs"]

_LEARNING = 5
"""Purpose of a seed: networks of random subsets."""
_HELD_OUT_SHARE = 0.2
_EPOCHS = 12
_CUTS = 4
"""Ways to hold out rows: the few labels of one cut of a scarce task would speak for all."""
_FEWEST, _MOST = 96, 160
"""Networks of a fold."""
_MOST_UNITS = 40
"""Sources or groups of sources whose effects can be told apart with so many networks."""
_TIED_UNITS = 6
_FEWEST_NETWORKS = 8
"""With a target that its effects are fitted to."""


def learn_from_subsets(
    bench: Bench,
    targets: Sequence[Target],
    alike: Sequence[np.ndarray],
    families: Sequence[str] | None = None,
) -> list[TargetRatios]:
    """Ratios of all targets of every fold from one population of networks of random subsets.

    Training rows are cut once more by whole groups, in a few ways: a network learns on the larger part of one cut and
    is judged on the other, and is compared with the networks of its cut. With more than `_MOST_UNITS` tasks, or tied
    ratios, sources enter in groups of tasks that resemble each other.

    Parameters
    ----------
    bench
        The strategy on its folds.
    targets
        Whose ratios.
    alike
        By fold, `likeness` of its tasks.
    families
        By task, where targets have no sources of their own family: its tasks enter together, one in a network, so that
        a target is never judged where one of them was learned.
    """
    folds = sorted({t.fold for t in targets})
    effects: dict[int, list[Effects]] = {}
    steps: dict[int, int] = {}
    for f in folds:
        own = [t for t in targets if t.fold == f]
        if any(len(t.tasks) > 1 for t in own):
            effects[f], steps[f] = _effects_of_fold(bench, f, alike[f], own, families)
    shares = {f: sum(t.fold == f for t in targets) for f in folds}
    result: list[TargetRatios] = []
    for target in targets:
        own = np.array(target.tasks)
        ratios, spread = np.ones(len(own)), np.full(len(own), np.nan)
        if target.fold not in effects:
            result.append(TargetRatios(target, ratios, spread))
            continue
        sources = own != target.task
        parts = [[part[target.task, own[sources]] for part in each] for each in effects[target.fold]]
        whole, first, second = (ratios_from_effects(*part) for part in parts)
        ratios[sources] = whole
        # Of a mean of two, from the two.
        known = np.isfinite([mean for mean, _ in parts[1:]]).all(axis=0)
        spread[sources] = np.where(known, np.abs(first - second) / 2.0, np.nan)
        result.append(TargetRatios(target, ratios, spread, steps[target.fold] // shares[target.fold]))
    return result


def _effects_of_fold(
    bench: Bench, fold: int, alike: np.ndarray, targets: Sequence[Target], families: Sequence[str] | None
) -> tuple[list[Effects], int]:
    """Effects among the tasks of one fold, ``(bench.shape.n_tasks, ) * 2``, and the steps it took.

    From all networks, then from each half of them.
    """
    tasks = np.array(bench.learnable[fold])
    # Who counts for no target is left out: among hundreds of tasks, few may be asked for.
    part = np.isin(tasks, np.concatenate([target.tasks for target in targets]))
    tasks, alike = tasks[part], alike[np.ix_(part, part)]
    knobs = bench.settings[0].of("transfer")
    keys = np.random.SeedSequence([bench.seed, fold, _LEARNING])
    rng = np.random.Generator(np.random.PCG64(keys))
    cuts = [_cut(bench, fold, knobs, rng) for _ in range(_CUTS)]
    data = _stacked(cuts)
    most = _TIED_UNITS if bench.strategy.tied == "tied" else _MOST_UNITS
    family = None if families is None else np.array(families)[tasks]
    unit = alike_groups(alike, most) if family is None else families_together(alike, family, most)
    n_units = int(unit.max()) + 1
    n_networks = int(np.clip(round(knobs["networks"] * n_units), _FEWEST, _MOST))
    designs = subset_designs(n_units, n_networks, rng)[:, unit]
    if family is not None:
        designs = one_a_family(designs, family, np.isin(tasks, [target.task for target in targets]), rng)
    # A subset and its complement are judged on the same rows.
    cut_of = np.arange(n_networks) // 2 % _CUTS
    losses = np.full(designs.shape, np.nan)
    options = replace(bench.plain(), max_epochs=_EPOCHS, patience=_EPOCHS)
    rates = sorted({s.rate for s in bench.settings})
    setting = next(s for s in bench.settings if s.rate == rates[-1 - (len(rates) - 1) // 4])
    steps = 0
    seeds = rng.integers(1 << 31, size=n_networks).tolist()
    # Every network of a run takes the memory of the one with most tasks.
    order = np.argsort(designs.sum(axis=1), kind="stable").tolist()
    for chunk in bench.chunks([tasks[designs[i]].tolist() for i in order]):
        own = [order[place] for place in chunk]
        members = tuple(
            Member(int(cut_of[i]), tuple(tasks[designs[i]].tolist()), seeds[i], setting, i) for i in own
        )
        fitted = train(Population(bench.shape, members), data, options)
        for i, fit in zip(own, fitted.members, strict=True):
            steps += fit.steps
            if not fit.diverged and fit.epochs:
                losses[i, designs[i]] = fit.valid_curve.min(axis=0)
    half = len(designs) // 2
    parts = (slice(None), slice(half), slice(half, None))
    found = [effects_from_subsets(designs[part], losses[part], unit, cut_of[part]) for part in parts]
    return [_spread_out(each, tasks, bench.shape.n_tasks) for each in found], steps


def _cut(bench: Bench, fold: int, knobs: dict[str, float], rng: np.random.Generator) -> TrainingData:
    """One data slice: the fold's training rows, cut into what is learned and what judges."""
    data = bench.data
    targets = np.array(data.targets[fold])
    learned, held_out = inner_split(
        bench.codes, targets, data.train_rows[fold], fraction=_HELD_OUT_SHARE, seed=int(rng.integers(1 << 31))
    )
    spoil_guides(targets, held_out, data.kinds, knobs, rng)
    return TrainingData(
        data.inputs[fold : fold + 1], targets[None], (learned,), (held_out,), data.kinds, data.weights
    )


def _stacked(cuts: Sequence[TrainingData]) -> TrainingData:
    """Several cuts of the same rows as slices of one set of data."""
    first = cuts[0]
    return TrainingData(
        np.repeat(first.inputs, len(cuts), axis=0),
        np.concatenate([cut.targets for cut in cuts]),
        tuple(cut.train_rows[0] for cut in cuts),
        tuple(cut.valid_rows[0] for cut in cuts),
        first.kinds,
        first.weights,
    )


def spoil_guides(
    targets: np.ndarray,
    rows: np.ndarray,
    kinds: Sequence[str],
    knobs: dict[str, float],
    rng: np.random.Generator,
) -> None:
    """Make the labels that judge fewer, the largest ones, or noisy, where a plan asks what that does; in place.

    Parameters
    ----------
    targets
        ``(n_rows, n_tasks)``.
    rows
        Positions of the rows that judge.
    kinds
        Of the tasks.
    knobs
        ``labels``: how many are left of each task, 0 for all; ``bias``: whether those are the largest; ``noise``:
        spread of the noise.
    """
    few = int(knobs["labels"])
    for t, kind in enumerate(kinds):
        own = rows[np.isfinite(targets[rows, t])]
        n_left = min(few, len(own)) if few else len(own)
        if knobs["bias"]:
            kept = own[np.argsort(-targets[own, t], kind="stable")[: min(n_left, -(-len(own) // 4))]]
        else:
            kept = rng.permutation(own)[:n_left]
        targets[np.setdiff1d(own, kept), t] = np.nan
        if knobs["noise"] and kind == "regression":
            targets[kept, t] += rng.normal(0.0, knobs["noise"], len(kept))


def _spread_out(effects: Effects, tasks: np.ndarray, n_tasks: int) -> Effects:
    """Effects among some tasks, laid out among all."""
    result = np.full((2, n_tasks, n_tasks), np.nan)
    for whole, part in zip(result, effects, strict=True):
        whole[np.ix_(tasks, tasks)] = part
    return Effects(*result)


class Effects(NamedTuple):
    """Effect of every source on every target, in log held-out loss.

    Parameters
    ----------
    mean, deviation
        ``(n_tasks, n_tasks)`` row = target, column = source; negative helps. NaN where nothing is known.
    """

    mean: np.ndarray
    deviation: np.ndarray


def subset_designs(n_tasks: int, n_networks: int, rng: np.random.Generator) -> np.ndarray:
    """``(n_networks, n_tasks)`` bool: each task in or out by a coin, then the complement; no network is empty.

    Subsets of one size would hide whether the sources help on the whole. Of two tasks, both are together in every other
    network: in pairs of complements they would never meet.
    """
    if n_tasks == 2:
        return np.resize([[True, True], [True, False], [True, True], [False, True]], (n_networks, 2))
    first = rng.random((-(-n_networks // 2), n_tasks)) < 0.5
    empty = np.flatnonzero(~first.any(axis=1) | first.all(axis=1))
    first[empty, rng.integers(n_tasks, size=len(empty))] ^= True
    return np.stack([first, ~first], axis=1).reshape(-1, n_tasks)[:n_networks]


def effects_from_subsets(
    designs: np.ndarray, losses: np.ndarray, units: np.ndarray, cuts: np.ndarray | None = None
) -> Effects:
    """Explain every task's loss by the other tasks that were learned with it, by Bayesian ridge regression.

    Parameters
    ----------
    designs
        ``(n_networks, n_tasks)`` bool.
    losses
        ``(n_networks, n_tasks)`` held-out losses, NaN where a network did not learn a task.
    units
        ``(n_tasks,)`` tasks with equal numbers share an effect, that of any of them being there.
    cuts
        ``(n_networks,)`` which rows judged a network; losses are compared within a cut. All the same by default.
    """
    n_tasks = designs.shape[1]
    mean, deviation = np.full((2, n_tasks, n_tasks), np.nan)
    first = np.unique(units, return_index=True)[1]
    present = np.stack([designs[:, units == unit].any(axis=1) for unit in units], axis=1)
    for t in range(n_tasks):
        known = np.isfinite(losses[:, t]) & (losses[:, t] > 0)
        others = first[units[first] != units[t]]
        if known.sum() < _FEWEST_NETWORKS or not len(others):
            continue
        own = np.zeros(known.sum(), np.int64) if cuts is None else cuts[known]
        there, log_loss = (
            _within(values, own) for values in (present[known][:, others], np.log(losses[known, t][:, None]))
        )
        fitted = BayesianRidge().fit(there, log_loss[:, 0])
        each = zip(others, fitted.coef_, np.sqrt(np.diag(fitted.sigma_)), strict=True)
        for other, effect, wide in each:
            same = units == units[other]
            mean[t, same], deviation[t, same] = effect, wide
    return Effects(mean, deviation)


def _within(values: np.ndarray, cuts: np.ndarray) -> np.ndarray:
    """``(n, m)`` values less the means of their cuts."""
    result = np.array(values, dtype=np.float64)
    for cut in np.unique(cuts):
        result[cuts == cut] -= result[cuts == cut].mean(axis=0)
    return result


def ratios_from_effects(mean: np.ndarray, deviation: np.ndarray) -> np.ndarray:
    """Twice the probability that a source helps: 1 where nothing is known, from 0 (surely harms) to 2.

    Few or noisy held-out labels leave the probability near one half, and the ratio near 1.

    Parameters
    ----------
    mean, deviation
        ``(n,)`` of the sources of one target.
    """
    known = np.isfinite(mean) & (deviation > 0)
    score = np.where(known, mean, 0.0) / np.where(known, deviation, 1.0)
    return 2.0 * norm.cdf(-score)
