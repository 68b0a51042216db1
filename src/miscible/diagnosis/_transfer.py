"""Transfer utility: does a network that first learned one property learn another one better?"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from ..errors import InputError
from ..evaluation import correlated_posterior, finite_mean, holm
from ._arms import Countdown, Workshop, error_words
from ._case import Case

__all__ = ["LEVEL", "TransferFinding", "find_transfer", "transfer_cells"]

MOST_TASKS, MOST_TASKS_QUICK = 12, 4
FEWEST_LABELS = 20
"""Labels below which neither a start nor an error can be trusted."""
LEVEL = 0.05
SEEDS = 3


@dataclass(frozen=True, eq=False)
class TransferFinding:
    """Errors of targets after a start on each source, against a start from nothing.

    Changes are shares of the target's error from scratch, negative where the source helps. Cells whose source is the
    target itself are NaN and hold no call.

    Parameters
    ----------
    names
        Of all tasks.
    error_names, units
        What each task's error is called, and its unit.
    sources, targets
        ``(n_sources,)`` and ``(n_targets,)`` tasks.
    scratch
        ``(n_targets,)`` mean error of networks from scratch.
    change, low, high
        ``(n_sources, n_targets)`` mean change and its corrected 95 % interval.
    p_value, p_holm
        ``(n_sources, n_targets)`` corrected test of no change, alone and over all cells.
    own
        ``(n_targets,)`` change by a start on the target itself: the same two stages and steps, nothing new learned.
    beyond, beyond_p
        ``(n_sources, n_targets)`` change against that start on the target itself, and its p alone.
    calls
        ``(n_sources, n_targets)`` of ``helps``, ``hurts``, ``cannot tell`` and, for the target itself, nothing.
    n_folds, n_repeats, n_seeds
        What errors are means of: seeds within a fold, then folds times repeats in the tests.
    sources_left_out, targets_left_out
        Tasks that were not tried.
    """

    names: tuple[str, ...]
    error_names: tuple[str, ...]
    units: tuple[str, ...]
    sources: np.ndarray
    targets: np.ndarray
    scratch: np.ndarray
    change: np.ndarray
    low: np.ndarray
    high: np.ndarray
    p_value: np.ndarray
    p_holm: np.ndarray
    own: np.ndarray
    beyond: np.ndarray
    beyond_p: np.ndarray
    calls: np.ndarray
    n_folds: int
    n_repeats: int
    n_seeds: int
    sources_left_out: tuple[int, ...]
    targets_left_out: tuple[int, ...]


def transfer_cells(
    warm: np.ndarray, scratch: np.ndarray, own: np.ndarray, is_self: np.ndarray, ratio: float
) -> dict[str, np.ndarray]:
    """Corrected comparison of every source with scratch, and calls.

    A source helps where the change from scratch is below 0 with a p of at most 0.05 after Holm's correction over all
    cells, and where the mean is also below that of a start on the target itself, which took as many steps; it hurts in
    the opposite case of both. The test is that of Nadeau and Bengio (2003).

    Parameters
    ----------
    warm
        ``(n_sources, n_targets, n_rounds)`` errors after a start on the source, fold by fold.
    scratch, own
        ``(n_targets, n_rounds)`` errors from scratch and after a start on the target itself, same folds.
    is_self
        ``(n_sources, n_targets)`` whether the source is the target.
    ratio
        Test rows over training rows of a fold.

    Returns
    -------
    dict
        The arrays of `TransferFinding` from ``scratch`` to ``calls``.
    """
    base = _mean(scratch)
    base = np.where(base > 0.0, base, np.nan)
    change, low, high, p_value, beyond, beyond_p = np.full((6, *is_self.shape), np.nan)
    for s, t in zip(*np.nonzero(~is_self), strict=True):
        differences = warm[s, t] - scratch[t]
        if np.isfinite(differences).sum() < 2 or not np.isfinite(base[t]):
            continue
        posterior = correlated_posterior(differences, ratio)
        change[s, t] = posterior.mean / base[t]
        low[s, t], high[s, t] = np.array(posterior.interval()) / base[t]
        p_value[s, t] = posterior.p_value()
        against_own = correlated_posterior(warm[s, t] - own[t], ratio)
        beyond[s, t] = against_own.mean / base[t]
        beyond_p[s, t] = against_own.p_value()
    p_holm = holm(p_value.ravel()).reshape(p_value.shape)
    sure = p_holm <= LEVEL
    calls = np.where(is_self, "", "cannot tell").astype(object)
    calls[sure & (change < 0.0) & (beyond < 0.0)] = "helps"
    calls[sure & (change > 0.0) & (beyond > 0.0)] = "hurts"
    return {
        "scratch": base,
        "change": change,
        "low": low,
        "high": high,
        "p_value": p_value,
        "p_holm": p_holm,
        "own": _mean(own - scratch) / base,
        "beyond": beyond,
        "beyond_p": beyond_p,
        "calls": calls,
    }


def find_transfer(case: Case) -> TransferFinding:
    """Pre-train on each source, fine-tune on each target, against the target from scratch.

    Every arm tries the same settings on the same folds. A warm start takes its two stages one after the other; so does
    the control, which starts from the target itself.

    Raises
    ------
    InputError
        Fewer than two properties have 20 labels.
    """
    sources, targets = _chosen(case.table.counts, MOST_TASKS_QUICK if case.quick else MOST_TASKS)
    if len(np.union1d(sources, targets)) < 2:
        raise InputError(
            f"transfer needs two properties with at least {FEWEST_LABELS} labels each, found {len(sources)}."
        )
    shop = Workshop.open(case)
    repeats = shop.repeats()
    n_seeds = 1 if case.quick else max(1, SEEDS // len(repeats))
    # The widest source stands beside a target that is none, so that its control is trained in batches as large.
    alone = [t for t in targets if t not in sources]
    starts = [(int(s), sorted({*sources[:1].tolist(), *targets.tolist(), int(s)})) for s in sources]
    starts += [(int(t), sorted({int(sources[0]), int(t)})) for t in alone]
    warm = np.full((len(starts), len(targets), len(repeats), n_seeds, case.context.plan.split.folds), np.nan)
    scratch = np.full(warm.shape[1:], np.nan)
    tell = Countdown(case, (len(starts) + 1) * len(repeats) * n_seeds)
    for r in repeats:
        folds = shop.folds(r)
        for k in range(n_seeds):
            for j, t in enumerate(targets.tolist()):
                seed = case.seed("transfer", "scratch", r, k, t)
                scratch[j, r, k] = shop.networks(shop.separate, folds, [t], [t], seed=seed)[:, 0]
            tell.one_more()
            for i, (source, tasks) in enumerate(starts):
                scored = [t for t in tasks if t in targets and (source in sources or t == source)]
                seed = case.seed("transfer", source, r, k)
                warmed = replace(shop.separate, architecture="warm", source=case.names[source])
                errors = shop.networks(warmed, folds, tasks, scored, seed=seed)
                warm[i, np.searchsorted(targets, scored), r, k] = errors.T
                tell.one_more()
    by_round = _mean(warm.swapaxes(3, 4)).reshape(len(starts), len(targets), -1)
    origin = [s for s, _ in starts]
    own = np.stack([by_round[origin.index(t), j] for j, t in enumerate(targets.tolist())])
    words = [error_words(case, t) for t in range(case.table.n_tasks)]
    everyone = range(case.table.n_tasks)
    return TransferFinding(
        names=case.names,
        error_names=tuple(name for name, _ in words),
        units=tuple(unit for _, unit in words),
        sources=sources,
        targets=targets,
        **transfer_cells(
            by_round[: len(sources)],
            _mean(scratch.swapaxes(2, 3)).reshape(len(targets), -1),
            own,
            sources[:, None] == targets,
            shop.ratio,
        ),
        n_folds=case.context.plan.split.folds,
        n_repeats=len(repeats),
        n_seeds=n_seeds,
        sources_left_out=tuple(t for t in everyone if t not in sources),
        targets_left_out=tuple(t for t in everyone if t not in targets),
    )


def _chosen(counts: np.ndarray, most: int) -> tuple[np.ndarray, np.ndarray]:
    """Sources by most labels first, targets by fewest, among tasks that have enough; targets in column order."""
    able = np.flatnonzero(counts >= FEWEST_LABELS)
    order = able[np.argsort(counts[able], kind="stable")]
    return order[::-1][:most], np.sort(order[:most])


def _mean(values: np.ndarray) -> np.ndarray:
    """Mean over the last axis of what is finite; NaN where nothing is."""
    return finite_mean(np.moveaxis(values, -1, 0))
