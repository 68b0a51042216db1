"""Fit one network strategy on several folds as one population."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise, product

import numpy as np

from ..inputs import TargetScaler
from ..learning import (
    Fitted,
    Member,
    MemberFit,
    NetworkShape,
    Population,
    Setting,
    TrainingData,
    TrainOptions,
    train,
)
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
    n_inputs: int | None = None,
    train_share: float = 0.8,
    device: str = "cpu",
    compile: bool = False,
) -> list[NetworkFit]:
    """Try every setting in every fold at once; racing inside the population keeps the best of each fold.

    What is common to all folds, the width of the inputs and the batch size, must not follow from any fold's
    inner split, which reads labels that are test labels of another fold: hence the last two parameters.

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
    tasks = list(tasks)
    settings = [Setting(rate=r, decay=d) for r, d in product(tuning.rates, tuning.decays)]
    scalers = [
        TargetScaler.fit(f.targets[:, tasks], f.train_rows, [f.kinds[t] for t in tasks]) for f in folds
    ]
    width = max(1, n_inputs or 0, *(fold.inputs.shape[1] for fold in folds))
    data = _training_data(folds, tasks, scalers, width)
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
    options = _options(strategy, tuning, data, train_share, device, compile)
    fitted = train(Population(shape, members), data, options) if members else None
    return [
        _kept(fitted, members, f, shape, scalers[f], data.kinds, tuning.finalists) for f in range(len(folds))
    ]


def _training_data(
    folds: Sequence[FoldData], tasks: list[int], scalers: Sequence[TargetScaler], n_inputs: int
) -> TrainingData:
    """Only rows with a label of these tasks, so that a scarce task does not carry the whole table."""
    labelled = [np.asarray(np.isfinite(fold.targets[:, tasks]).any(axis=1)) for fold in folds]
    rows = np.flatnonzero(np.any(labelled, axis=0))
    weights = folds[0].weights[rows]
    position = np.full(len(labelled[0]), -1)
    position[rows] = np.arange(len(rows))
    inputs = np.zeros((len(folds), len(rows), n_inputs), np.float32)
    for f, fold in enumerate(folds):
        inputs[f, :, : fold.inputs.shape[1]] = fold.inputs[rows]
    targets = [
        scaler.transform(fold.targets[rows][:, tasks]) for fold, scaler in zip(folds, scalers, strict=True)
    ]
    return TrainingData(
        inputs=inputs,
        targets=np.stack(targets).astype(np.float32),
        train_rows=tuple(
            position[f.train_rows[m[f.train_rows]]] for f, m in zip(folds, labelled, strict=True)
        ),
        valid_rows=tuple(
            position[f.valid_rows[m[f.valid_rows]]] for f, m in zip(folds, labelled, strict=True)
        ),
        kinds=tuple(folds[0].kinds[t] for t in tasks),
        weights=(weights / weights.mean() if len(rows) else weights).astype(np.float32),
    )


def _options(
    strategy: Strategy, tuning: Tuning, data: TrainingData, train_share: float, device: str, compile: bool
) -> TrainOptions:
    outer = max(
        len(train) + len(valid) for train, valid in zip(data.train_rows, data.valid_rows, strict=True)
    )
    return TrainOptions(
        reduction=strategy.reduction,
        sampling=strategy.sampling,
        task_weights=strategy.task_weights,
        checkpoint=strategy.checkpoint,
        batch_size=tuning.batch_size(round(train_share * outer)),
        min_steps=tuning.min_steps,
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


def _kept(
    fitted: Fitted | None,
    members: Sequence[Member],
    fold: int,
    shape: NetworkShape,
    scaler: TargetScaler,
    kinds: tuple[str, ...],
    n_kept: int,
) -> NetworkFit:
    """The best members of one fold that did not diverge."""
    own = [k for k, m in enumerate(members) if m.data == fold]
    fits = [] if fitted is None else [(k, fitted.members[k]) for k in own]
    sound = sorted(
        (fit.best_score, k) for k, fit in fits if not fit.diverged and not fit.reason.startswith("raced")
    )
    best = [k for _, k in sound[:n_kept]]
    states = [] if fitted is None else [fitted.member_state(k) for k in best]
    state = {name: np.concatenate([s[name] for s in states]) for name in states[0]} if states else {}
    ensemble = NetworkEnsemble(shape, kinds, state, scaler.mean, scaler.scale)
    return NetworkFit(
        ensemble=ensemble,
        kept=tuple(_story(members[k], fit) for k, fit in fits if k in best),
        members=len(own),
        diverged=sum(fit.diverged for _, fit in fits),
        steps=sum(fit.steps for _, fit in fits),
        parameters=_count_parameters(shape),
    )


def _story(member: Member, fit: MemberFit) -> dict[str, object]:
    """What the record of a cell says of a network that was kept."""
    return {
        "rate": member.setting.rate,
        "decay": member.setting.decay,
        "score": fit.best_score,
        "epochs": fit.epochs,
        "best_epoch": fit.best_epoch,
        "steps": fit.steps,
        "reason": fit.reason,
        "tasks": list(fit.tasks),
        "train": np.round(fit.train_curve.T, 5).tolist(),
        "valid": np.round(fit.valid_curve.T, 5).tolist(),
    }


def _count_parameters(shape: NetworkShape) -> int:
    """Weights and biases of one network with all its heads."""
    trunk = [shape.n_inputs, *shape.trunk]
    heads = [[shape.trunk[-1], *shape.head, n] for n in shape.n_outputs]
    return sum((a + 1) * b for widths in (trunk, *heads) for a, b in pairwise(widths))
