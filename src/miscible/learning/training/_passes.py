"""One pass over a schedule: a training epoch, or an evaluation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from .._types import Setting
from ..losses import pair_losses
from ..nets import Network, Views, compiled_step
from ._align_run import AlignRun
from ._features import FeatureSmoothing
from ._objective import Objective
from ._optimiser import Optimiser
from ._ratio_run import RatioRun
from ._rule_run import RuleRun, RuleStory
from ._schedule import Schedule
from ._stack import Stack
from ._step import Stepper

__all__ = ["EpochStory", "evaluate", "train_epoch"]


class EpochStory(NamedTuple):
    """What happened in a training epoch of a stack.

    Parameters
    ----------
    losses
        ``(K, n_heads)`` mean loss of each task as its pairs came by, NaN without pairs.
    diverged
        For members that diverged the step, from 1.
    norms
        ``(K, 2)`` mean and largest norm of a member's whole gradient before clipping.
    rule
        What the rule did.
    ratios
        ``(K, n_heads)`` learned ratios after the epoch, NaN where there is no source.
    """

    losses: np.ndarray
    diverged: dict[int, int]
    norms: np.ndarray
    rule: RuleStory | None
    ratios: np.ndarray | None


def train_epoch(
    network: Network,
    stack: Stack,
    settings: Sequence[Setting],
    clip_norm: float | None,
    inputs: Tensor,
    schedule: Schedule,
    objective: Objective,
    *,
    compiled: bool = False,
    frozen: bool = False,
    rule: RuleRun | None = None,
    smoothing: FeatureSmoothing | None = None,
    ratios: RatioRun | None = None,
    alignment: AlignRun | None = None,
) -> EpochStory:
    """Run every step of a schedule.

    Parameters
    ----------
    network, stack, settings
        The members, most steps first; the stack is updated in place.
    clip_norm
        See the options.
    inputs
        ``(n_data * n_rows, n_inputs + 1)``, the last column 1.
    schedule
        Built for training.
    objective
        What pairs cost.
    compiled
        Use the compiled step where it can do what is asked.
    frozen
        Leave the shared layers as they are.
    rule
        Combines the tasks on the shared layers; a plain sum without one.
    smoothing
        Calibrates features.
    ratios
        Scale the sources' gradients, and learn.
    alignment
        Aligns latent spaces.

    Returns
    -------
    EpochStory
    """
    buffers = stack.weights.empty_like()
    views, gradient_views = Views(stack.weights), Views(buffers)
    optimiser = Optimiser(stack, buffers, settings, clip_norm, len(schedule.batches), frozen=frozen)
    stepper = Stepper(
        network, views, gradient_views, inputs, objective, rule, smoothing,
        frozen=frozen, ratios=ratios, alignment=alignment,
    )  # fmt: skip
    special = rule or network.mixing or network.norm or smoothing or frozen or ratios or alignment
    plain = not special and objective.is_plain
    diverged: dict[int, int] = {}
    outputs = []
    for number, batch in enumerate(schedule.batches):
        if compiled and plain and batch.blocks is None:
            outputs.append(compiled_step(views, inputs, batch, gradient_views))
            gradients = buffers
        else:
            output, gradients = stepper.gradients(number, batch)
            outputs.append(output)
        for bad in optimiser.step(gradients, batch):
            diverged[bad] = number + 1
        stepper.look_back(batch)
        if ratios is not None:
            ratios.learn(number, batch, optimiser)
    optimiser.finish()
    if alignment is not None:
        alignment.finish()
    losses = _mean_losses(schedule, outputs, stack)
    return EpochStory(
        losses,
        diverged,
        optimiser.norms(),
        None if rule is None else rule.finish(losses),
        None if ratios is None else ratios.finish(),
    )


def evaluate(network: Network, stack: Stack, inputs: Tensor, schedule: Schedule) -> np.ndarray:
    """``(K, n_heads)`` mean loss of each task over a schedule, NaN without pairs."""
    views = Views(stack.weights)
    outputs = []
    for batch in schedule.batches:
        trunk = network.run_trunk(views, inputs.index_select(0, batch.rows), batch.n_members)
        outputs.append(network.forward(views, trunk, batch).outputs)
    return _mean_losses(schedule, outputs, stack)


def _mean_losses(schedule: Schedule, outputs: list[Tensor], stack: Stack) -> np.ndarray:
    """Weighted mean loss of every head of every member."""
    shape = stack.n_members, stack.steps.shape[1] - 1
    if not outputs:
        return np.full(shape, np.nan)
    pairs = schedule.pair_slot
    code = schedule.code if isinstance(schedule.code, int) else schedule.code.index_select(0, pairs)
    losses = pair_losses(
        torch.cat(outputs).index_select(0, pairs), schedule.target.index_select(0, pairs), code
    )
    size = shape[0] * shape[1]
    total = torch.bincount(schedule.pair_owner, losses.double() * schedule.pair_weight, size)
    weight = torch.bincount(schedule.pair_owner, schedule.pair_weight, size)
    return (total / weight).view(shape).cpu().numpy()
