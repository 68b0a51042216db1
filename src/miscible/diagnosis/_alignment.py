"""Do the tasks' gradients pull the shared layers the same way, and does another architecture change that?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..errors import InputError
from ..evaluation import correlated_posterior, finite_mean
from ..learning import Probes
from ..strategies import ProbedNetwork
from ._alignment_measures import (
    SEEN,
    Call,
    corrected_cosine,
    early_mean,
    is_copy_seen,
    judge_pair,
    known_spread,
    negative_share,
    row_overlap,
    stack_curves,
)
from ._case import Case
from ._watched import Watch, split_task

__all__ = ["AlignmentFinding", "ArchitectureEffect", "CopyControl", "find_alignment"]

ARCHITECTURES = ("relation", "task-attention")
_BASE = "shared"

NETWORKS, QUICK_NETWORKS = 10, 6  # six are the fewest with which a test of signs can say anything


@dataclass(frozen=True, eq=False)
class CopyControl:
    """Two halves of one property, learned as two tasks that share no row, beside all the other tasks.

    Parameters
    ----------
    name
        Of the property, the one with the most labels among those whose gradients are more than noise.
    seen, controls
        ``(n_networks,)`` their mean cosine over the first half of training, and ``(n_networks, 2)`` their split-half
        cosines.
    corrected, spread
        Corrected cosine, and its standard deviation over networks: what a perfect relation looks like here, which is
        less than 1 because the halves have heads of their own.
    visible
        Whether the halves look alike, see `is_copy_seen`. If not, no pair of properties can be called unrelated.
    """

    name: str
    seen: np.ndarray
    controls: np.ndarray
    corrected: float
    spread: float
    visible: bool


@dataclass(frozen=True, eq=False)
class ArchitectureEffect:
    """Conflict on the trunk, the layers every architecture has, against plain sharing.

    Parameters
    ----------
    name
        Of the architecture.
    negative, base_negative
        Share of probes with a negative dot product in the first half of training, mean over networks and over the pairs
        of tasks that are no noise in both architectures; NaN if there are none.
    difference, low, high
        Of the shares, the architecture minus plain sharing, paired by network, with its 95 % interval.
    cosine, base_cosine
        Mean corrected cosines of these pairs.
    n_pairs
        How many pairs these are.
    """

    name: str
    negative: float
    base_negative: float
    difference: float
    low: float
    high: float
    cosine: float
    base_cosine: float
    n_pairs: int


@dataclass(frozen=True, eq=False)
class AlignmentFinding:
    """Cosines between the gradients of tasks on the shared layers of plain sharing.

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
    seen
        ``(n_networks, n_tasks, n_tasks)`` mean cosine over the first half of training as samples show it, shrunk by
        noise; split-half cosines on the diagonal.
    kept
        The same at the epoch whose parameters are kept.
    corrected, spread
        ``(n_tasks, n_tasks)`` over the first half of training without the shrinkage, and the standard deviation over
        networks; NaN where the split-half cosine is not positive.
    kept_corrected
        The same at the kept epoch.
    negative, negative_spread
        ``(n_tasks, n_tasks)`` share of probes with a negative dot product in the first half of training.
    calls
        ``(n_tasks, n_tasks)`` of str, see `judge_pair`; empty on the diagonal.
    curve, curve_spread
        ``(n_epochs, n_tasks, n_tasks)`` cosines as seen, mean and standard deviation over the networks still training.
    parts
        By part of the shared layers ``(n_tasks, n_tasks)``: corrected cosines, split-half cosines on the diagonal.
    overlap
        ``(n_tasks, n_tasks)`` share of the scarcer task's labelled rows that carry the other label.
    copy
        The control.
    architectures
        Whether others have less conflict.
    """

    names: tuple[str, ...]
    n_labels: np.ndarray
    n_left_out: int
    n_folds: int
    n_networks: int
    seen: np.ndarray
    kept: np.ndarray
    corrected: np.ndarray
    spread: np.ndarray
    kept_corrected: np.ndarray
    negative: np.ndarray
    negative_spread: np.ndarray
    calls: np.ndarray
    curve: np.ndarray
    curve_spread: np.ndarray
    parts: dict[str, np.ndarray]
    overlap: np.ndarray
    copy: CopyControl
    architectures: tuple[ArchitectureEffect, ...]

    @property
    def pairs(self) -> list[tuple[int, int]]:
        """Of tasks, the first before the second."""
        n = len(self.names)
        return [(i, j) for i in range(n) for j in range(i + 1, n)]


def find_alignment(case: Case) -> AlignmentFinding:
    """Train a few networks a fold with probes: plain sharing, with a copy as control, and other architectures.

    Raises
    ------
    InputError
        The table has one property, or no network could be trained.
    """
    if case.table.n_tasks < 2:
        raise InputError("one property alone has no gradient to compare its own with.")
    watch = Watch.open(case, QUICK_NETWORKS if case.quick else NETWORKS)
    folds, seed = watch.own_folds(), case.seed("alignment")
    networks = watch.networks(_BASE, folds, seed=seed)
    if not networks:
        raise InputError("no network that learns all properties together could be trained.")
    case.progress(0.25)
    seen = np.array([early_mean(_probes(n)) for n in networks])
    counts = case.table.counts[list(watch.tasks)]
    believed = np.diagonal(finite_mean(seen)) >= SEEN
    chosen = int(np.argmax(np.where(believed, counts, 0) if believed.any() else counts))
    halves = [split_task(fold, chosen, case.seed("alignment", "split")) for fold in folds]
    copy = _copy_control(watch.names[chosen], watch.networks(_BASE, halves, seed=seed), chosen)
    case.progress(0.5)
    effects = []
    for i, name in enumerate(ARCHITECTURES):
        effects.append(
            architecture_effect(name, networks, watch.networks(name, folds, seed=seed), watch.ratio)
        )
        case.progress(0.5 + 0.5 * (i + 1) / len(ARCHITECTURES))
    kept = np.array([_at_kept_epoch(n) for n in networks])
    negative = np.array([negative_share(_probes(n)) for n in networks])
    curves = stack_curves([_probes(n).cosines() for n in networks])
    return AlignmentFinding(
        names=watch.names,
        n_labels=counts,
        n_left_out=case.table.n_tasks - len(watch.tasks),
        n_folds=len(folds),
        n_networks=len(networks),
        seen=seen,
        kept=kept,
        corrected=corrected_cosine(finite_mean(seen)),
        spread=known_spread(seen) * corrected_cosine(_ones_with_controls(seen)),
        kept_corrected=corrected_cosine(finite_mean(kept)),
        negative=finite_mean(negative),
        negative_spread=known_spread(negative),
        calls=_calls(seen, watch.ratio, copy.visible),
        curve=finite_mean(curves),
        curve_spread=known_spread(curves),
        parts=_parts(networks),
        overlap=row_overlap(case.table.labels[:, list(watch.tasks)]),
        copy=copy,
        architectures=tuple(effects),
    )


def architecture_effect(
    name: str, base: Sequence[ProbedNetwork], other: Sequence[ProbedNetwork], ratio: float
) -> ArchitectureEffect:
    """Compare the conflict on the trunk, network by network of the same fold and copy."""
    theirs = {(n.fold, n.copy): n for n in other}
    both = [(n, theirs[n.fold, n.copy]) for n in base if (n.fold, n.copy) in theirs]
    if not both:
        return ArchitectureEffect(name, *[float("nan")] * 7, n_pairs=0)
    trunks = [[_probes(n).parts["trunk"] for n in side] for side in zip(*both, strict=True)]
    means = [finite_mean(np.array([early_mean(p) for p in side])) for side in trunks]
    usable = np.triu(np.ones(means[0].shape, bool), 1)
    for mean in means:
        able = np.diagonal(mean) >= SEEN
        usable &= able[:, None] & able
    if not usable.any():
        return ArchitectureEffect(name, *[float("nan")] * 7, n_pairs=0)
    shares = [np.array([finite_mean(negative_share(p)[usable]) for p in side]) for side in trunks]
    posterior = correlated_posterior(shares[1] - shares[0], ratio)
    cosines = [float(finite_mean(corrected_cosine(mean)[usable])) for mean in means]
    return ArchitectureEffect(
        name=name,
        negative=float(finite_mean(shares[1])),
        base_negative=float(finite_mean(shares[0])),
        difference=posterior.mean,
        low=posterior.interval()[0],
        high=posterior.interval()[1],
        cosine=cosines[1],
        base_cosine=cosines[0],
        n_pairs=int(usable.sum()),
    )


def _copy_control(name: str, networks: Sequence[ProbedNetwork], task: int) -> CopyControl:
    if not networks:
        return CopyControl(name, np.empty(0), np.empty((0, 2)), float("nan"), float("nan"), visible=False)
    seen = np.array([early_mean(_probes(n)) for n in networks])[:, [[task], [-1]], [task, -1]]
    corrected = float(corrected_cosine(finite_mean(seen))[0, 1])
    return CopyControl(
        name=name,
        seen=seen[:, 0, 1],
        controls=np.stack([seen[:, 0, 0], seen[:, 1, 1]], axis=1),
        corrected=corrected,
        spread=float((known_spread(seen) * corrected_cosine(_ones_with_controls(seen)))[0, 1]),
        visible=is_copy_seen(seen[:, 0, 1], corrected),
    )


def _ones_with_controls(seen: np.ndarray) -> np.ndarray:
    """Ones, with the mean split-half cosines on the diagonal: what corrects a spread."""
    result = np.ones(seen.shape[1:])
    np.fill_diagonal(result, np.diagonal(finite_mean(seen)))
    return result


def _calls(seen: np.ndarray, ratio: float, copy_is_seen: bool) -> np.ndarray:
    n = seen.shape[1]
    calls = np.full((n, n), "", dtype="<U10")
    for i in range(n):
        for j in range(i + 1, n):
            call: Call = judge_pair(
                seen[:, i, j], seen[:, i, i], seen[:, j, j], ratio, copy_is_seen=copy_is_seen
            )
            calls[i, j] = calls[j, i] = call
    return calls


def _probes(network: ProbedNetwork) -> Probes:
    assert network.probes is not None
    return network.probes


def _at_kept_epoch(network: ProbedNetwork) -> np.ndarray:
    cosines, epoch = _probes(network).cosines(), network.fit.best_epoch
    return cosines[epoch - 1] if 0 < epoch <= len(cosines) else np.full(cosines.shape[1:], np.nan)


def _parts(networks: Sequence[ProbedNetwork]) -> dict[str, np.ndarray]:
    result = {}
    for name in _probes(networks[0]).parts:
        if name == "trunk":
            continue
        mean = finite_mean(np.array([early_mean(_probes(n).parts[name]) for n in networks]))
        result[name] = corrected_cosine(mean)
        np.fill_diagonal(result[name], np.diagonal(mean))
    return result
