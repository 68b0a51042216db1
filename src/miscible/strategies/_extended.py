"""Networks of a new property that start from the shared layers of networks trained before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from ..learning import Member, NetworkShape, Population, State, train
from ..splits import FoldData
from ._bench import make_bench
from ._ensemble import NetworkEnsemble
from ._fit import NetworkFit
from ._strategy import Strategy
from ._tuning import Tuning

__all__ = ["TrainedTrunks", "fit_extended", "take_trunks"]


@dataclass(frozen=True, eq=False)
class TrainedTrunks:
    """Shared layers of trained networks, fold by fold; their heads are left behind.

    Parameters
    ----------
    shape
        Of all networks.
    states
        By fold, one state a network, the best first; none where every network diverged.
    names
        By fold, the strategy that trained them.
    """

    shape: NetworkShape
    states: tuple[tuple[State, ...], ...]
    names: tuple[str, ...]


def take_trunks(ensembles: Sequence[NetworkEnsemble], names: Sequence[str]) -> TrainedTrunks:
    """The shared layers of one ensemble a fold, all of one shape, which ``names`` say who trained."""
    return TrainedTrunks(
        replace(ensembles[0].shape, n_outputs=(1,)),
        tuple(tuple(_headless(e.state, k) for k in range(_size(e.state))) for e in ensembles),
        tuple(names),
    )


def fit_extended(
    strategy: Strategy,
    folds: Sequence[FoldData],
    tasks: Sequence[int],
    tuning: Tuning,
    trunks: TrainedTrunks,
    *,
    seed: int,
    train_share: float = 0.8,
    device: str = "cpu",
    compile: bool = False,
) -> list[NetworkFit]:
    """Tune a network for every task, from the trained networks of its fold in turn over the settings.

    The heads start afresh. The task's inner validation decides which setting is kept.

    Parameters
    ----------
    strategy, folds, tasks, tuning, seed, train_share, device, compile
        As in `fit_networks`; the folds' inputs are prepared as those of the trained networks.
    trunks
        What to start from, fold by fold.

    Returns
    -------
    list of NetworkFit
        One per fold, in order.
    """
    bench = make_bench(
        strategy, folds, tasks, tuning,
        seed=seed, n_inputs=trunks.shape.n_inputs, train_share=train_share, device=device, compile=compile,
    )  # fmt: skip
    bench = replace(bench, shape=replace(trunks.shape, n_outputs=bench.shape.n_outputs))
    members: list[Member] = []
    starts: list[State] = []
    race = 0
    for f, learnable in enumerate(bench.learnable):
        found = trunks.states[f]
        for t in learnable if found else ():
            for s in range(len(bench.settings)):
                members.append(bench.member(f, (t,), s, race, (t,)))
                starts.append(found[s % len(found)])
            race += 1
    options = replace(bench.options, frozen=strategy.tuned == "frozen")
    population = Population(bench.shape, tuple(members))
    fitted = train(population, bench.data, options, starts=starts) if members else None
    return [_with_start(bench.keep(fitted, members, f), trunks.names[f]) for f in range(bench.n_folds)]


def _with_start(fit: NetworkFit, name: str) -> NetworkFit:
    return replace(fit, kept=tuple({**story, "start": name} for story in fit.kept))


def _size(state: State) -> int:
    return len(state["tasks"]) if state else 0


def _headless(state: State, network: int) -> State:
    """One network whose only head belongs to no task, so that whoever starts from it draws a new one."""
    own = {name: array[network : network + 1] for name, array in state.items()}
    heads = {name: array[:, :1] for name, array in own.items() if name.startswith("head.")}
    return {**own, **heads, "tasks": np.full((1, 1), -1)}
