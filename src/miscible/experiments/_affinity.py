"""Cosines between the gradients of tasks on redrawn tables, beside what noise and shared rows make of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..diagnosis import row_overlap
from ..inputs import TargetScaler
from ..learning import (
    GradientProbe,
    Member,
    NetworkShape,
    Population,
    Setting,
    TrainingData,
    TrainOptions,
    train,
)
from ..splits import FoldData
from ..strategies import Tuning
from ..study import derive_seed
from ._redraws import Redraws

__all__ = ["Affinity", "gradient_affinity", "gram_cosines"]

_LABELS = 512
"""Labels of a task a probe looks at: all of them in most grids, so that shared rows stay shared."""


@dataclass(frozen=True, eq=False)
class Affinity:
    """What gradient probes saw of a shared network on every redraw.

    Parameters
    ----------
    cosine
        ``(n_redraws, n_tasks, n_tasks)`` between expected gradients: pairs of labels of one row are left out, so that
        shared rows bring nothing but what the properties have in common. NaN where a length cannot be seen.
    usual
        The same with labels of one row kept between tasks, as batch gradients have them.
    split_half
        ``(n_redraws, n_tasks)`` cosine between two halves of a task's own labels: how much of a gradient is noise.
    overlap
        ``(n_redraws, n_tasks, n_tasks)`` rows with both labels, as a share of the scarcer task's rows.
    """

    cosine: np.ndarray
    usual: np.ndarray
    split_half: np.ndarray
    overlap: np.ndarray


def gradient_affinity(part: Redraws, tuning: Tuning, seed: int) -> Affinity:
    """Train a shared network on every redraw and probe its gradients after every epoch.

    Grams are averaged over training before cosines are taken. The networks train to the end of the tuning's epochs at
    its first rate and decay, so that all are probed equally often.

    Parameters
    ----------
    part
        Redraws of one population.
    tuning
        Of its rate, decay, epochs, and batches.
    seed
        Of starts, batches and the labels looked at.
    """
    data = _training_data(part.folds)
    shape = NetworkShape(n_inputs=data.inputs.shape[2], n_outputs=(1,) * len(data.kinds))
    setting = Setting(tuning.rates[0], tuning.decays[0])
    members = tuple(
        Member(k, tuple(range(len(data.kinds))), derive_seed(seed, "affinity", part.first + k), setting, k)
        for k in range(len(part.folds))
    )
    population = Population(shape, members)
    options = TrainOptions(
        batch_size=tuning.batch_size(max(len(rows) for rows in data.train_rows)),
        min_steps=tuning.min_steps,
        max_epochs=tuning.epochs,
        patience=tuning.epochs,
        clip_norm=tuning.clip,
    )
    many = _LABELS * len(data.kinds)
    apart = GradientProbe(population, data, n_labels=_LABELS, n_pairs=many)
    usual = GradientProbe(population, _one_label_a_row(data), n_labels=_LABELS, n_pairs=many)
    train(population, data, options, hooks=[apart, usual])
    seen = [apart.probes(k) for k in range(len(members))]
    return Affinity(
        cosine=np.array([gram_cosines(p.gram.mean(axis=0)) for p in seen]),
        usual=np.array([gram_cosines(usual.probes(k).gram.mean(axis=0)) for k in range(len(members))]),
        split_half=np.array([p.split_half.mean(axis=0) for p in seen]),
        overlap=np.array([row_overlap(fold.targets) for fold in part.folds]),
    )


def gram_cosines(gram: np.ndarray) -> np.ndarray:
    """Cosines from a Gram; NaN beside a diagonal that is not positive, the estimate of a length that noise hides."""
    diagonal = np.diagonal(gram)
    length = np.sqrt(np.where(diagonal > 0.0, diagonal, np.nan))
    cosine = gram / np.outer(length, length)
    np.fill_diagonal(cosine, np.where(np.isfinite(length), 1.0, np.nan))
    return cosine


def _training_data(folds: tuple[FoldData, ...]) -> TrainingData:
    width = max(fold.inputs.shape[1] for fold in folds)
    scaled = [TargetScaler.fit(f.targets, f.train_rows, f.kinds).transform(f.targets) for f in folds]
    return TrainingData(
        inputs=np.stack([np.pad(f.inputs, ((0, 0), (0, width - f.inputs.shape[1]))) for f in folds]),
        targets=np.stack(scaled).astype(np.float32),
        train_rows=tuple(f.train_rows for f in folds),
        valid_rows=tuple(f.valid_rows for f in folds),
        kinds=folds[0].kinds,
    )


def _one_label_a_row(data: TrainingData) -> TrainingData:
    """The same labels, every task on copies of its rows: nothing tells that two labels share a row."""
    n_data, n_rows, n_tasks = data.targets.shape
    targets = np.full((n_data, n_tasks * n_rows, n_tasks), np.nan, np.float32)
    for t in range(n_tasks):
        targets[:, t * n_rows : (t + 1) * n_rows, t] = data.targets[:, :, t]
    shifts = np.arange(n_tasks)[:, None] * n_rows
    return TrainingData(
        inputs=np.tile(data.inputs, (1, n_tasks, 1)),
        targets=targets,
        train_rows=tuple((shifts + rows).ravel() for rows in data.train_rows),
        valid_rows=tuple((shifts + rows).ravel() for rows in data.valid_rows),
        kinds=data.kinds,
    )
