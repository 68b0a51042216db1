"""What tasks take from each other in trained relation graphs, against shuffled labels and a known copy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..errors import InputError
from ..evaluation import correlated_posterior, finite_mean, holm
from ..strategies import ProbedNetwork
from ._alignment_measures import known_spread
from ._case import Case
from ._watched import Watch, add_copy, permute_task

__all__ = ["RelationControl", "RelationFinding", "compare_influence", "find_relation"]

NETWORKS, QUICK_NETWORKS = 15, 9

CERTAIN = 0.05
"""Largest p after Holm's correction."""

_FLOOR = 0.005
"""Shares below half a percent of a state are all taken for this: nothing."""

_SCARCE = 0.25
"""Share of its labels that the control leaves the task whose copy stands beside it."""


@dataclass(frozen=True, eq=False)
class RelationControl:
    """A task left a quarter of its labels beside a noisy copy of itself that has them all.

    Parameters
    ----------
    name
        Of the property: the one the networks learn best compared with shuffled labels.
    copy, shuffled
        ``(n_networks,)`` share of the task's state that comes from the copy, and from the copy with shuffled labels.
    p
        Of no more influence.
    visible
        Whether the copy is surely above the shuffled one. If not, the graph shows nothing on this table.
    """

    name: str
    copy: np.ndarray
    shuffled: np.ndarray
    p: float
    visible: bool


@dataclass(frozen=True, eq=False)
class RelationFinding:
    """Share of a task's state (row) that comes from another task (column).

    Parameters
    ----------
    names
        Of the tasks, ``n_tasks``.
    n_labels
        ``(n_tasks,)`` in the table.
    n_left_out
        Properties of the table that were not looked at.
    n_folds, n_networks
        What was looked at.
    influence
        ``(n_networks, n_tasks, n_tasks)``; the diagonal is NaN.
    null
        The same of networks that start alike and for which the labels of the column's task were shuffled among its
        labelled rows, within the training and within the validation part.
    mean, spread, null_mean, null_spread
        ``(n_tasks, n_tasks)`` over networks.
    score
        ``(n_tasks, n_tasks)`` mean difference of the logarithms over its standard error, with Nadeau and Bengio's
        correction for folds that share rows; shares under half a percent count as half a percent.
    p
        ``(n_tasks, n_tasks)`` of no more influence than shuffled labels have, after Holm's correction over all pairs.
    exceedance
        ``(n_tasks, n_tasks)`` share of the networks with shuffled labels that stay below the mean influence.
    above
        ``(n_tasks, n_tasks)`` bool: influence surely above that of shuffled labels, and the control is visible.
    control
        The known copy.
    """

    names: tuple[str, ...]
    n_labels: np.ndarray
    n_left_out: int
    n_folds: int
    n_networks: int
    influence: np.ndarray
    null: np.ndarray
    mean: np.ndarray
    spread: np.ndarray
    null_mean: np.ndarray
    null_spread: np.ndarray
    score: np.ndarray
    p: np.ndarray
    exceedance: np.ndarray
    above: np.ndarray
    control: RelationControl


def find_relation(case: Case) -> RelationFinding:
    """Train relation graphs on the table, with each task's labels shuffled in turn, and with a known copy.

    Only the labels of the source are shuffled: were all of them, the target would have nothing to learn either, and
    a graph that starts at nothing stays there.

    Raises
    ------
    InputError
        The table has one property, or no network could be trained.
    """
    if case.table.n_tasks < 2:
        raise InputError("one property alone has no other to take from.")
    watch = Watch.open(case, QUICK_NETWORKS if case.quick else NETWORKS)
    folds, seed, n_tasks = watch.own_folds(), case.seed("relation"), len(watch.tasks)
    networks = watch.networks("relation", folds, seed=seed, gradients=False)
    if not networks:
        raise InputError("no network that learns all properties together could be trained.")
    null = np.full((len(networks), n_tasks, n_tasks), np.nan)
    learned = np.full(n_tasks, np.nan)
    for s in range(n_tasks):
        shuffled = [permute_task(fold, s, case.seed("relation", s, f)) for f, fold in enumerate(folds)]
        others = watch.networks("relation", shuffled, seed=seed, gradients=False)
        null[:, :, s] = _aligned(networks, others)[:, :, s]
        learned[s] = _loss(networks, s) / _loss(others, s)
        case.progress((s + 1) / (n_tasks + 3))
    chosen = int(np.argmin(np.where(np.isfinite(learned), learned, np.inf)))
    control = _control(watch, chosen, seed)
    influence = _aligned(networks, networks)
    score, p, exceedance = compare_influence(influence, null, watch.ratio)
    case.progress(1.0)
    return RelationFinding(
        names=watch.names,
        n_labels=case.table.counts[list(watch.tasks)],
        n_left_out=case.table.n_tasks - n_tasks,
        n_folds=len(folds),
        n_networks=len(networks),
        influence=influence,
        null=null,
        mean=finite_mean(influence),
        spread=known_spread(influence),
        null_mean=finite_mean(null),
        null_spread=known_spread(null),
        score=score,
        p=p,
        exceedance=exceedance,
        above=control.visible & (p <= CERTAIN),
        control=control,
    )


def compare_influence(
    influence: np.ndarray, null: np.ndarray, ratio: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Score, corrected p and exceedance of every pair, each ``(n_tasks, n_tasks)``, NaN where nothing is known.

    Parameters
    ----------
    influence, null
        ``(n_networks, n_tasks, n_tasks)``, the same networks in both.
    ratio
        Test rows over training rows of a fold.
    """
    n_tasks = influence.shape[1]
    score, p, exceedance = (np.full((n_tasks, n_tasks), np.nan) for _ in range(3))
    mean = finite_mean(influence)
    for t, s in np.argwhere(~np.eye(n_tasks, dtype=bool)).tolist():
        known = np.isfinite(influence[:, t, s] - null[:, t, s])
        if known.sum() < 2:
            continue
        score[t, s], p[t, s] = _excess(influence[known, t, s], null[known, t, s], ratio)
        exceedance[t, s] = np.mean(null[known, t, s] < mean[t, s])
    return score, holm(p.ravel()).reshape(p.shape), exceedance


def _excess(shares: np.ndarray, null: np.ndarray, ratio: float) -> tuple[float, float]:
    """Mean difference of logarithms over its standard error, and one-sided p; 0 and 1 where nothing is known.

    Logarithms, as a share has a lower end and a long upper tail: a network may take ten times what another takes.
    """
    logs = [np.log(np.maximum(values, _FLOOR)) for values in (shares, null)]
    posterior = correlated_posterior(logs[0] - logs[1], ratio)
    # Graphs that take nothing at all, with and without shuffling, differ by exactly nothing.
    if not 0.0 < posterior.scale < np.inf:
        return 0.0, 1.0
    half = posterior.p_value() / 2.0
    return posterior.mean / posterior.scale, half if posterior.mean > 0.0 else 1.0 - half


def _control(watch: Watch, task: int, seed: int) -> RelationControl:
    case, name = watch.case, watch.names[task]
    folds = [
        add_copy(fold, task, case.seed("relation", "copy", f), _SCARCE)
        for f, fold in enumerate(watch.own_folds())
    ]
    last = len(watch.tasks)
    shuffled = [
        permute_task(fold, last, case.seed("relation", "shuffled copy", f)) for f, fold in enumerate(folds)
    ]
    networks, others = (
        watch.networks("relation", part, seed=seed, gradients=False) for part in (folds, shuffled)
    )
    copy = _aligned(networks, networks)[:, task, last]
    null = _aligned(networks, others)[:, task, last]
    known = np.isfinite(copy - null)
    _, p = _excess(copy[known], null[known], watch.ratio)
    return RelationControl(name, copy, null, p, p <= CERTAIN)


def _aligned(networks: Sequence[ProbedNetwork], others: Sequence[ProbedNetwork]) -> np.ndarray:
    """``(n_networks, n_tasks, n_tasks)`` influence in the networks' counterparts; NaN without one, and of itself."""
    theirs = {(n.fold, n.copy): n.influence for n in others}
    n_tasks = len(networks[0].influence) if networks and networks[0].influence is not None else 0
    result = np.full((len(networks), n_tasks, n_tasks), np.nan)
    for k, network in enumerate(networks):
        found = theirs.get((network.fold, network.copy))
        if found is not None:
            result[k] = found
    own = np.arange(n_tasks)
    result[:, own, own] = np.nan
    return result


def _loss(networks: Sequence[ProbedNetwork], task: int) -> float:
    """Mean validation loss of a task at the epoch kept, NaN where it has none."""
    scores = [n.fit.task_score[n.fit.tasks.index(task)] for n in networks if task in n.fit.tasks]
    return float(finite_mean(np.array(scores))) if scores else float("nan")
