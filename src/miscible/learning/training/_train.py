"""Train a population: the one function the rest of the house calls."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import numpy as np
import torch

from .._types import Population, TrainingData, TrainOptions
from ..transfer import TransferPlan
from ._fitted import Fitted
from ._hooks import Hook
from ._predict import State
from ._run import Run

__all__ = ["train"]


def train(
    population: Population,
    data: TrainingData,
    options: TrainOptions,
    hooks: Sequence[Hook] = (),
    starts: Sequence[State | None] | None = None,
    transfer: TransferPlan | None = None,
) -> Fitted:
    """Train every member of a population.

    A member's result depends on its own seed, tasks, setting and data slice; its neighbours change it by
    float rounding only, unless they race.

    Parameters
    ----------
    population
        Networks of one shape.
    data
        Their rows and labels.
    options
        How they learn.
    hooks
        Called at the end of every epoch.
    starts
        For every member the state of one trained network to go on from, or ``None``; heads it lacks start afresh.
    transfer
        How the other tasks of every member count beside its primary one; its validation score is then about that one
        task, and a start is kept where no epoch is better.

    Raises
    ------
    ValueError
        When shapes, rows or labels do not fit the population.
    """
    _check(population, data)
    if options.frozen and options.rule != "sum":
        raise ValueError("frozen shared layers leave a rule nothing to combine")
    if population.shape.mixing.startswith("relation") and options.checkpoint == "per-task":
        raise ValueError(
            "a relation graph reads the states of all tasks, so they are kept at one epoch together"
        )
    if not population.members:
        raise ValueError("a population needs at least one member")
    if starts is not None and len(starts) != len(population.members):
        raise ValueError(f"{len(starts)} starts for {len(population.members)} members")
    if transfer is not None:
        _check_transfer(population, transfer, options)
    with torch.inference_mode(), _subnormals_flushed():
        run = Run(population, data, options, starts, transfer)
        for epoch in range(options.max_epochs):
            if not len(run.members):
                break
            run.epoch(epoch, hooks)
        return run.result()


@contextmanager
def _subnormals_flushed() -> Iterator[None]:
    """Subnormal numbers cost a hundred times a normal one and mean nothing here."""
    tiny = torch.tensor([1e-38])
    before = bool((tiny * 1e-2 == 0).all())
    torch.set_flush_denormal(True)
    try:
        yield
    finally:
        torch.set_flush_denormal(before)


def _check(population: Population, data: TrainingData) -> None:
    shape = population.shape
    if data.inputs.shape[2] != shape.n_inputs:
        raise ValueError(f"inputs have {data.inputs.shape[2]} columns, the network takes {shape.n_inputs}")
    if len(data.kinds) != shape.n_tasks:
        raise ValueError(f"{len(data.kinds)} kinds for {shape.n_tasks} tasks")
    for i, member in enumerate(population.members):
        if not 0 <= member.data < len(data.inputs):
            raise ValueError(f"member {i} names data slice {member.data} of {len(data.inputs)}")
    for task, (kind, n_outputs) in enumerate(zip(data.kinds, shape.n_outputs, strict=True)):
        if (kind == "multiclass") != (n_outputs > 1):
            raise ValueError(f"task {task} is {kind} but has {n_outputs} outputs")
        if kind == "regression":
            continue
        top = 1 if kind == "binary" else n_outputs - 1
        for rows in (data.train_rows, data.valid_rows):
            for labels, own in zip(data.targets[:, :, task], rows, strict=True):
                known = labels[own][np.isfinite(labels[own])]
                if np.any((known < 0) | (known > top) | (known != np.round(known))):
                    raise ValueError(f"task {task} is {kind}; its labels must be whole numbers 0 to {top}")


def _check_transfer(population: Population, transfer: TransferPlan, options: TrainOptions) -> None:
    if any(member.primary is None for member in population.members):
        raise ValueError("a transfer plan needs members with a primary task")
    shape = len(population.members), population.n_heads
    if transfer.ratios.shape != shape:
        raise ValueError(f"ratios are {transfer.ratios.shape}, expected {shape}")
    shape = population.shape
    if options.rule != "sum" or options.frozen or options.compile or shape.norm or shape.mixing != "none":
        raise ValueError(
            "ratios work on plain shared layers, without rule, normalisation, mixing or compilation"
        )
    if transfer.alignment is not None and len(shape.head) != 1:
        raise ValueError("alignment looks at the one hidden layer of a head")
