"""The ratios by which properties counted for each other, gathered from the kept networks of a study."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from ..report import RatioChange, RatioKind, RatioMatrix
from ..strategies import Strategy
from ..study import CellRecord, StudyResult

__all__ = ["ratio_matrices"]

ORDER: tuple[RatioKind, ...] = ("learned", "one-step", "correlated", "fixed")
SIMPLER = ("shared", "independent")
AT_ONE = 1e-6
"""Ratios as near to 1 as this stand on neither side of it."""

_Told = dict[int, list[np.ndarray]]
"""By target, ``(2, n_tasks)`` of every network: its ratios and the spread told of them, NaN where there is none."""
STRENGTH = "transfer.strength"


def ratio_matrices(study: StudyResult, correlation: np.ndarray | None = None) -> dict[str, RatioMatrix]:
    """Ratios of every strategy whose networks have any, as means over folds, repeats and finalists.

    Networks of a fold that were trained with the same ratios learned them once, and count once.

    Parameters
    ----------
    study
        Records of its cells hold the ratios, its predictions say whether they paid.
    correlation
        ``(n_tasks, n_tasks)`` of the labels on shared rows, such as ``audit(...).overlap.pearson``; without it none is
        known.

    Returns
    -------
    dict
        By strategy; learned ratios first, then those of single steps, then those set by correlation; simple strategies
        before others.
    """
    table = study.table
    n = table.n_tasks
    correlation = np.full((n, n), np.nan) if correlation is None else correlation
    told = _told(study.cells, n)
    ranked = sorted((s for s in study.strategies if s.name in told), key=_rank)
    return {
        strategy.name: RatioMatrix(
            strategy.name,
            _kind(strategy),
            tuple(table.names),
            table.counts,
            *_moments(told[strategy.name], n),
            _strength(study.cells, strategy.name, n),
            correlation,
            _changes(study, strategy),
        )
        for strategy in ranked
    }


def _kind(strategy: Strategy) -> RatioKind:
    return strategy.ratios if strategy.ratios in ("learned", "one-step", "correlated") else "fixed"


def _rank(strategy: Strategy) -> int:
    return ORDER.index(_kind(strategy))


def _told(cells: Sequence[CellRecord], n_tasks: int) -> dict[str, _Told]:
    """What the networks of each strategy say, tasks by their place in the table."""
    found: dict[str, _Told] = defaultdict(lambda: defaultdict(list))
    seen: set[tuple[object, ...]] = set()
    for cell in cells:
        for network in cell.networks:
            ratios = network.get("ratios")
            if ratios is None:
                continue
            target = cell.tasks[network["primary"]]
            same = (cell.strategy, cell.repeat, network["fold"], target, tuple(ratios))
            if same in seen:
                continue
            seen.add(same)
            values = np.full((2, n_tasks), np.nan)
            values[0, list(cell.tasks)] = np.array(ratios, dtype=float)
            if network.get("spread") is not None:
                values[1, list(cell.tasks)] = np.array(network["spread"], dtype=float)
            values[:, target] = np.nan
            found[cell.strategy][target].append(values)
    return {name: targets for name, targets in found.items() if _has_any(targets)}


def _has_any(targets: _Told) -> bool:
    return any(np.isfinite(values[0]).any() for told in targets.values() for values in told)


def _moments(
    targets: _Told, n_tasks: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Mean, deviation over networks, deviation told by one, networks, and those on the side of the mean."""
    mean, between, within = np.full((3, n_tasks, n_tasks), np.nan)
    known, agreeing = np.zeros((2, n_tasks, n_tasks), dtype=int)
    for target, told in targets.items():
        ratios, spreads = np.stack(told).transpose(1, 0, 2)
        there = np.isfinite(ratios)
        known[target] = there.sum(axis=0)
        mean[target] = _mean(ratios)
        n = known[target]
        variance = _mean((ratios - mean[target]) ** 2) * n / np.maximum(n - 1, 1)
        between[target] = np.where(n > 1, np.sqrt(variance), np.nan)
        within[target] = np.sqrt(_mean(spreads**2))
        side = _side(mean[target])
        agreeing[target] = (there & (side != 0) & (_side(ratios) == side)).sum(axis=0)
    return mean, between, within, known, agreeing


def _strength(cells: Sequence[CellRecord], strategy: str, n_tasks: int) -> np.ndarray:
    """``(n_tasks,)`` mean over the networks of each target, finalists one by one: they differ in it."""
    found: dict[int, list[float]] = defaultdict(list)
    for cell in cells:
        for network in cell.networks if cell.strategy == strategy else ():
            value = network.get("options", {}).get(STRENGTH)
            if value is not None and network.get("ratios") is not None:
                found[cell.tasks[network["primary"]]].append(value)
    return np.array([np.mean(found[t]) if t in found else np.nan for t in range(n_tasks)])


def _mean(values: np.ndarray) -> np.ndarray:
    """Over the first axis of what is finite there, NaN where nothing is."""
    there = np.isfinite(values)
    n = there.sum(axis=0)
    return np.where(n > 0, np.where(there, values, 0.0).sum(axis=0) / np.maximum(n, 1), np.nan)


def _side(ratios: np.ndarray) -> np.ndarray:
    """-1 below 1, +1 above, 0 at 1 or unknown."""
    away = np.where(np.isfinite(ratios), ratios - 1.0, 0.0)
    return np.where(np.abs(away) > AT_ONE, np.sign(away), 0.0)


def _changes(study: StudyResult, strategy: Strategy) -> tuple[RatioChange, ...]:
    """Against the same with equal ratios, plain sharing and no sharing, as far as they ran."""
    names = dict.fromkeys((*SIMPLER, replace(strategy, ratios="equal").name))
    return tuple(
        _change(study, strategy.name, name) for name in names if name in study.outer and name != strategy.name
    )


def _change(study: StudyResult, strategy: str, other: str) -> RatioChange:
    n = study.table.n_tasks
    own, others = np.full((2, n), np.nan)
    better, folds = np.zeros((2, n), dtype=int)
    for task in range(n):
        first, second = (study.predictions(name, task) for name in (strategy, other))
        rows = np.all([np.isfinite(arm).all(axis=2) for arm in (first, second)], axis=0)
        if not rows.any():
            continue
        cuts, its_cuts = (study.thresholds[name][:, :, task] for name in (strategy, other))
        own[task] = study.pooled_error(first, cuts, task, rows)
        others[task] = study.pooled_error(second, its_cuts, task, rows)
        each, its = study.fold_errors(first, cuts, task), study.fold_errors(second, its_cuts, task)
        folds[task] = (np.isfinite(each) & np.isfinite(its)).sum()
        better[task] = (each < its).sum()
    return RatioChange(other, own, others, better, folds)
