"""Networks trained to be looked at: their gradients epoch by epoch, and what their tasks take from each other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from ..learning import GradientProbe, MemberFit, Population, Probes, State, task_influence, train
from ..splits import FoldData
from ._bench import Bench, make_bench
from ._strategy import Strategy
from ._tuning import Tuning

__all__ = ["ProbedNetwork", "probe_networks"]

_PROBED = 2
"""Purpose of a seed: networks that are trained to be looked at."""

_ROWS = 512
"""Whose influence is averaged."""


@dataclass(frozen=True, eq=False)
class ProbedNetwork:
    """One network that was looked at; axes of tasks as the tasks were given.

    Parameters
    ----------
    fold
        Place among the folds that were given.
    copy
        Place among the networks of its fold.
    fit
        How training went.
    probes
        Gradients after every epoch, by shared layer too; ``None`` if they were not asked for.
    influence
        ``(n_tasks, n_tasks)`` share of a task's state (row) that comes from another task (column), of the parameters
        kept; NaN for tasks it does not have, ``None`` without a relation graph.
    """

    fold: int
    copy: int
    fit: MemberFit
    probes: Probes | None
    influence: np.ndarray | None


def probe_networks(
    strategy: Strategy,
    folds: Sequence[FoldData],
    tasks: Sequence[int],
    tuning: Tuning,
    *,
    seed: int,
    copies: int = 1,
    gradients: bool = True,
    n_labels: int = 256,
    n_pairs: int = 1024,
    device: str = "cpu",
) -> list[ProbedNetwork]:
    """Train some networks of one setting in every fold, without races, and look at them.

    Networks with the same place in lists of folds, and the same copy, start alike and draw batches from the same
    stream: two calls on differently treated labels can be compared network by network.

    Parameters
    ----------
    strategy
        One network for all tasks; neither ``grouped`` nor ``warm``.
    folds, tasks, tuning
        As in `fit_networks`; of the settings the first one is used.
    seed
        Of starts and batches.
    copies
        Networks a fold.
    gradients
        Whether gradients are looked at.
    n_labels, n_pairs
        See `learning.GradientProbe`.
    device
        See `learning.TrainOptions`.

    Returns
    -------
    list of ProbedNetwork
        By fold, then by copy; folds without a training label have none, and diverged networks are left out.
    """
    bench = make_bench(
        strategy,
        folds,
        tasks,
        tuning,
        seed=seed,
        n_inputs=None,
        train_share=0.8,
        device=device,
        compile=False,
    )
    plan = [(f, c) for f, learnable in enumerate(bench.learnable) if learnable for c in range(copies)]
    if not plan:
        return []
    members = tuple(bench.member(f, bench.learnable[f], 0, f, (_PROBED, c)) for f, c in plan)
    population = Population(bench.shape, members)
    probe = None
    if gradients:
        probe = GradientProbe(population, bench.data, n_labels=n_labels, n_pairs=n_pairs, by_part=True)
    options = replace(bench.options, halving=())
    fitted = train(population, bench.data, options, [] if probe is None else [probe])
    return [
        ProbedNetwork(
            fold=f,
            copy=c,
            fit=fitted.members[k],
            probes=None if probe is None else probe.probes(k),
            influence=_influence(bench, f, fitted.member_state(k)),
        )
        for k, (f, c) in enumerate(plan)
        if not fitted.members[k].diverged
    ]


def _influence(bench: Bench, fold: int, state: State) -> np.ndarray | None:
    if not bench.shape.mixing.startswith("relation"):
        return None
    rows = bench.data.valid_rows[fold] if len(bench.data.valid_rows[fold]) else bench.data.train_rows[fold]
    return task_influence(bench.shape, state, bench.data.inputs[fold][rows[:_ROWS]])[0]
