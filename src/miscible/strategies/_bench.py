"""What every way of fitting networks shares: one strategy, the folds of one repeat, and how to keep the best."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from ..inputs import TargetScaler
from ..learning import (
    Fitted,
    Member,
    NetworkShape,
    Setting,
    State,
    TrainingData,
    TrainOptions,
    count_parameters,
    task_influence,
)
from ..splits import FoldData
from ._ensemble import NetworkEnsemble
from ._fit import NetworkFit, one_head
from ._story import tell_story
from ._strategy import Strategy
from ._tuning import Tuning

__all__ = ["BYTES", "CHUNK_BYTES", "HEAD_UNITS", "LAYERS", "Bench", "make_bench"]

LAYERS = 2
HEAD_UNITS = 64
L1 = 1e-3
"""Weight of the penalty on a relation graph; losses are of order 1."""

_INFLUENCE_ROWS = 512
BYTES = 20
"""A parameter takes: itself, its gradient, two moments and the best so far."""
CHUNK_BYTES = 1 << 30
"""Parameters, moments and best copies of networks trained in one go, where there may be thousands."""


@dataclass(frozen=True)
class Bench:
    """One strategy on the folds of one repeat, ready to train.

    Parameters
    ----------
    strategy, tuning
        What is tried.
    data, shape, options
        For the training engine; one data slice a fold.
    scalers
        Of the targets, one a fold.
    settings
        To try in every fold.
    learnable
        By fold, the tasks with training labels.
    seed
        Of starts and batches.
    codes
        ``(n_rows,)`` group of each row of the data.
    """

    strategy: Strategy
    tuning: Tuning
    data: TrainingData
    shape: NetworkShape
    options: TrainOptions
    scalers: tuple[TargetScaler, ...]
    settings: tuple[Setting, ...]
    learnable: tuple[tuple[int, ...], ...]
    seed: int
    codes: np.ndarray

    @property
    def n_folds(self) -> int:
        """Outer folds."""
        return len(self.scalers)

    def member(
        self, fold: int, tasks: Sequence[int], setting: int, race: int, purpose: Sequence[int] = ()
    ) -> Member:
        """A network with a seed of its own; ``purpose`` tells apart those that are equal otherwise."""
        keys = [self.seed, fold, setting, *purpose]
        seed = int(np.random.SeedSequence(keys).generate_state(1)[0])
        return Member(fold, tuple(tasks), seed, self.settings[setting], race)

    def plain(self) -> TrainOptions:
        """The same options without what belongs to the learning of several tasks or to long runs."""
        return replace(self.options, rule="sum", halving=(), checkpoint="joint", frozen=False)

    def chunks(self, tasks: Sequence[Sequence[int]], each: int = 1) -> list[list[int]]:
        """Places cut into runs whose networks, ``each`` a place with a head for each of its tasks, fit in memory."""
        bodies = count_parameters(replace(self.shape, n_outputs=self.shape.n_outputs[:1]))
        head = count_parameters(replace(self.shape, n_outputs=self.shape.n_outputs[:2])) - bodies
        result: list[list[int]] = []
        room = 0
        for place, own in enumerate(tasks):
            need = each * BYTES * (bodies + head * len(own))
            if not result or need > room:
                result.append([])
                room = CHUNK_BYTES
            result[-1].append(place)
            room -= need
        return result

    def keep(
        self,
        fitted: Fitted | None,
        members: Sequence[Member],
        fold: int,
        served: dict[int, tuple[int, ...]] | None = None,
        steps_before: int = 0,
        more: Sequence[dict[str, object]] = (),
    ) -> NetworkFit:
        """The best members of every race of one fold that did not diverge.

        Parameters
        ----------
        fitted, members
            The population; ``None`` where there was nothing to train.
        fold
            Whose members are looked at.
        served
            By race the tasks its networks answer for; by default all they learned.
        steps_before
            Work done for this fold in earlier stages.
        more
            What else the record of each member says.
        """
        own = [k for k, m in enumerate(members) if m.data == fold]
        fits = [] if fitted is None else [(k, fitted.members[k]) for k in own]
        best: list[int] = []
        for race in dict.fromkeys(members[k].race for k in own):
            sound = sorted(
                (fit.best_score, k)
                for k, fit in fits
                if members[k].race == race and not fit.diverged and not fit.reason.startswith("raced")
            )
            best += [k for _, k in sound[: self.tuning.finalists]]
        states: list[State] = []
        stories: list[dict[str, object]] = []
        for k in best:
            assert fitted is not None
            state = fitted.member_state(k)
            story = tell_story(members[k], fitted.members[k])
            story |= more[k] if more else {}
            if served is not None:
                answers = served[members[k].race]
                if members[k].primary is not None:
                    state = one_head(state, members[k].tasks.index(answers[0]))
                state = {**state, "tasks": np.where(np.isin(state["tasks"], answers), state["tasks"], -1)}
                story["served"] = list(answers)
            if self.shape.mixing.startswith("relation"):
                rows = self.data.valid_rows[fold][:_INFLUENCE_ROWS]
                story["influence"] = self._influence(state, fold, rows)
            states.append(state)
            stories.append(story)
        whole = {name: np.concatenate([s[name] for s in states]) for name in states[0]} if states else {}
        scaler = self.scalers[fold]
        return NetworkFit(
            ensemble=NetworkEnsemble(self.shape, self.data.kinds, whole, scaler.mean, scaler.scale),
            kept=tuple(stories),
            members=len(own),
            diverged=sum(fit.diverged for _, fit in fits),
            steps=steps_before + sum(fit.steps for _, fit in fits),
            parameters=count_parameters(self.shape),
        )

    def _influence(self, state: State, fold: int, rows: np.ndarray) -> list[list[float | None]]:
        if not len(rows):
            rows = self.data.train_rows[fold][:_INFLUENCE_ROWS]
        each = task_influence(self.shape, state, self.data.inputs[fold][rows])
        known = np.isfinite(each)
        mean = np.where(known, each, 0.0).sum(axis=0) / np.maximum(known.sum(axis=0), 1)
        there = np.asarray(known.any(axis=0))
        return [
            [round(float(v), 5) if ok else None for v, ok in zip(line, own, strict=True)]
            for line, own in zip(mean, there, strict=True)
        ]


def make_bench(
    strategy: Strategy,
    folds: Sequence[FoldData],
    tasks: Sequence[int],
    tuning: Tuning,
    *,
    seed: int,
    n_inputs: int | None,
    train_share: float,
    device: str,
    compile: bool,
) -> Bench:
    """Gather what training needs; parameters as in `fit_networks`."""
    tasks = list(tasks)
    scalers = tuple(
        TargetScaler.fit(f.targets[:, tasks], f.train_rows, [f.kinds[t] for t in tasks]) for f in folds
    )
    width = max(1, n_inputs or 0, *(fold.inputs.shape[1] for fold in folds))
    data, rows = _training_data(folds, tasks, scalers, width)
    # The experts stand for the last shared layer.
    layers = LAYERS - 1 if strategy.mixing == "mmoe" else LAYERS
    shape = NetworkShape(
        n_inputs=data.inputs.shape[2],
        trunk=(strategy.n_units,) * layers,
        head=(HEAD_UNITS,),
        n_outputs=tuple(folds[0].n_classes[t] if folds[0].kinds[t] == "multiclass" else 1 for t in tasks),
        mixing=strategy.mixing,
        norm=strategy.norm == "layernorm",
        relation_start=1.0 / len(tasks) if strategy.start == "spread" else 0.0,
        relation_l1=L1 if strategy.penalty == "l1" else 0.0,
    )
    learnable = tuple(
        tuple(np.flatnonzero(np.isfinite(data.targets[f][data.train_rows[f]]).any(axis=0)).tolist())
        for f in range(len(folds))
    )
    options = _options(strategy, tuning, data, train_share, device, compile)
    settings = tuning.settings(strategy.remedies)
    codes = folds[0].codes[rows]
    return Bench(strategy, tuning, data, shape, options, scalers, settings, learnable, seed, codes)


def _training_data(
    folds: Sequence[FoldData], tasks: list[int], scalers: Sequence[TargetScaler], n_inputs: int
) -> tuple[TrainingData, np.ndarray]:
    """Only rows with a label of these tasks, so that a scarce task does not carry the whole table; and which."""
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
    data = TrainingData(
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
    return data, rows


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
        rule=strategy.rule,
        labels=strategy.labels,
        features=strategy.features,
        classes=strategy.classes,
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
