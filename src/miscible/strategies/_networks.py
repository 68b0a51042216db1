"""Fit a network strategy on all folds of one repeat at once."""

from __future__ import annotations

from collections.abc import Sequence

from ..learning import Population, train
from ..splits import FoldData
from ._axes import TRANSFERS
from ._bench import Bench, make_bench
from ._fit import NetworkFit
from ._grouped import fit_grouped
from ._strategy import Strategy
from ._transfer import fit_transfer
from ._tuning import Tuning
from ._warm import fit_warm

__all__ = ["fit_networks"]


def fit_networks(
    strategy: Strategy,
    folds: Sequence[FoldData],
    tasks: Sequence[int],
    tuning: Tuning,
    *,
    seed: int,
    names: Sequence[str] = (),
    n_inputs: int | None = None,
    train_share: float = 0.8,
    device: str = "cpu",
    compile: bool = False,
) -> list[NetworkFit]:
    """Try every setting in every fold at once; racing inside the population keeps the best of each fold.

    What is common to all folds, the width of the inputs and the batch size, must not follow from any fold's
    inner split, which reads labels that are test labels of another fold: hence ``n_inputs`` and ``train_share``.

    Parameters
    ----------
    strategy
        A network strategy.
    folds
        Outer folds of one repeat.
    tasks
        Tasks the networks learn together; one for ``independent``.
    tuning
        Settings to try.
    seed
        Of starts and batches.
    names
        Of the tasks, for a warm start that names its source.
    n_inputs
        Columns of the networks, at least those of every fold; the widest fold by default.
    train_share
        Share of an outer training part that is trained on, the rest being inner validation.
    device, compile
        See `learning.TrainOptions`.

    Returns
    -------
    list of NetworkFit
        One per fold, in order.
    """
    bench = make_bench(
        strategy, folds, tasks, tuning,
        seed=seed, n_inputs=n_inputs, train_share=train_share, device=device, compile=compile,
    )  # fmt: skip
    if strategy.architecture == "grouped":
        return fit_grouped(bench)
    if strategy.architecture == "warm":
        return fit_warm(bench, None if not strategy.source else list(names).index(strategy.source))
    if strategy.architecture in TRANSFERS:
        return fit_transfer(bench)
    return _fit_together(bench)


def _fit_together(bench: Bench) -> list[NetworkFit]:
    """One network for all tasks."""
    members = tuple(
        bench.member(f, tasks, s, race=f)
        for f, tasks in enumerate(bench.learnable)
        if tasks
        for s in range(len(bench.settings))
    )
    fitted = train(Population(bench.shape, members), bench.data, bench.options) if members else None
    return [bench.keep(fitted, members, f) for f in range(bench.n_folds)]
