"""Fit one network strategy on several folds as one population."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np

from ..inputs import TargetScaler
from ..learning import Fitted, Member, NetworkShape, Population, Setting, TrainingData, TrainOptions, train
from ..splits import FoldData
from ._ensemble import NetworkEnsemble
from ._strategy import Strategy
from ._tuning import Tuning

__all__ = ["NetworkFit", "fit_networks"]

LAYERS = 2
HEAD_UNITS = 64


@dataclass(frozen=True)
class NetworkFit:
    """What one fold keeps of a population.

    Parameters
    ----------
    ensemble
        The finalists that did not diverge.
    kept
        One record per finalist: setting, epochs, steps and training curves.
    members, diverged, steps
        Counts over every setting that was tried.
    parameters
        Of one network.
    """

    ensemble: NetworkEnsemble
    kept: tuple[dict[str, object], ...]
    members: int
    diverged: int
    steps: int
    parameters: int


def fit_networks(
    strategy: Strategy,
    folds: Sequence[FoldData],
    tasks: Sequence[int],
    tuning: Tuning,
    *,
    seed: int,
    device: str = "cpu",
    compile: bool = False,
) -> list[NetworkFit]:
    """Try every setting in every fold at once; racing inside the population keeps the best of each fold.

    Parameters
    ----------
    strategy
        A network strategy.
    folds
        Outer folds of one repeat.
    tasks
        Tasks the networks learn together; one for ``independent``.

    Returns
    -------
    list of NetworkFit
        One per fold, in order.
    """
    tasks = list(tasks)
    settings = [Setting(rate=r, decay=d) for r, d in product(tuning.rates, tuning.decays)]
    scalers = [TargetScaler.fit(f.targets[:, tasks], f.train_rows, [f.kinds[t] for t in tasks]) for f in folds]
    data = _training_data(folds, tasks, scalers)
    shape = NetworkShape(
        n_inputs=data.inputs.shape[2],
        trunk=(strategy.n_units,) * LAYERS,
        head=(HEAD_UNITS,),
        n_outputs=tuple(folds[0].n_classes[t] if folds[0].kinds[t] == "multiclass" else 1 for t in tasks),
    )
    members = tuple(
        Member(data=f, tasks=learnable, seed=_member_seed(seed, f, s), setting=setting, race=f)
        for f in range(len(folds))
        if (learnable := _with_labels(data, f))
        for s, setting in enumerate(settings)
    )
    fitted = train(Population(shape, members), data, _options(strategy, tuning, data, device, compile)) if members else None
    return [_kept(fitted, members, f, shape, scalers[f], tuning.finalists) for f in range(len(folds))]


def _training_data(folds: Sequence[FoldData], tasks: list[int], scalers: Sequence[TargetScaler]) -> TrainingData:
    """Only the rows with a label of these tasks, so that a scarce task does not carry the whole table."""
    parts = []
    for fold in folds:
        labelled = np.isfinite(fold.targets[:, tasks]).any(axis=1)
        parts.append((fold.train_rows[labelled[fold.train_rows]], fold.valid_rows[labelled[fold.valid_rows]]))
    n_rows = max(len(train_rows) + len(valid_rows) for train_rows, valid_rows in parts)
    n_inputs = max(fold.inputs.shape[1] for fold in folds)
    inputs = np.zeros((len(folds), n_rows, n_inputs), np.float32)
    targets = np.full((len(folds), n_rows, len(tasks)), np.nan, np.float32)
    weights = np.ones((len(folds), n_rows), np.float32)
    for f, (fold, (train_rows, valid_rows)) in enumerate(zip(folds, parts, strict=True)):
        rows = np.concatenate([train_rows, valid_rows])
        inputs[f, : len(rows), : fold.inputs.shape[1]] = fold.inputs[rows]
        targets[f, : len(rows)] = scalers[f].transform(fold.targets[rows][:, tasks])
        weights[f, : len(rows)] = fold.weights[rows]
    return TrainingData(
        inputs=inputs,
        targets=targets,
        train_rows=tuple(np.arange(len(t)) for t, _ in parts),
        valid_rows=tuple(np.arange(len(t), len(t) + len(v)) for t, v in parts),
        kinds=tuple(folds[0].kinds[t] for t in tasks),
        weights=weights,
    )


def _options(strategy: Strategy, tuning: Tuning, data: TrainingData, device: str, compile: bool) -> TrainOptions:
    return TrainOptions(
        reduction=strategy.reduction,
        sampling=strategy.sampling,
        task_weights=strategy.task_weights,
        checkpoint=strategy.checkpoint,
        batch_size=tuning.batch_size(max(len(rows) for rows in data.train_rows)),
        max_epochs=tuning.epochs,
        patience=tuning.patience,
        clip_norm=tuning.clip,
        halving=tuning.halving,
        finalists=tuning.finalists,
        device=device,
        compile=compile,
    )


def _with_labels(data: TrainingData, f: int) -> tuple[int, ...]:
    counts = np.isfinite(data.targets[f][data.train_rows[f]]).sum(axis=0)
    return tuple(int(t) for t in np.flatnonzero(counts))


def _member_seed(seed: int, fold: int, setting: int) -> int:
    return int(np.random.SeedSequence([seed, fold, setting]).generate_state(1)[0])
