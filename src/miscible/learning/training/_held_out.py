"""From a stack's material to ratios at work: who the sources are, and the gradient of the held-out loss."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from ..nets import Network, Views
from ._material import Material
from ._objective import Objective
from ._ratio_run import RatioRun
from ._stack import Stack
from ._step import Stepper

__all__ = ["make_ratio_run"]


def make_ratio_run(
    material: Material,
    epoch: int,
    members: Sequence[int],
    stack: Stack,
    network: Network,
    inputs: Tensor,
    objective: Objective,
) -> RatioRun | None:
    """Ratios for one epoch of a stack; ``None`` where none are learned.

    Parameters
    ----------
    material, epoch, members, stack
        Of the epoch.
    network
        Not the one that runs the training steps.
    inputs, objective
        As in training.
    """
    targeted = material.targeted
    if targeted is None or not material.learns_ratios:
        return None
    n_heads, plan = network.n_heads, targeted.plan
    sources = np.zeros((len(members), n_heads), bool)
    for place, k in enumerate(members):
        own = targeted.sources(k)
        sources[place, : len(own)] = own
    weight = stack.weights.trunk[0]
    trust = weight.new_tensor([targeted.trust(k) for k in members])
    groups = None
    if plan.groups is not None:
        groups = torch.as_tensor(plan.groups[list(members)]).to(weight.device, torch.int64)
    batches = material.held_out_schedule(epoch, members).batches
    stepper = Stepper(
        network, Views(stack.weights), Views(stack.weights.empty_like()), inputs, objective, None, None
    )

    def held_out_gradient(update: int) -> Sequence[Tensor]:
        return stepper.gradients(update, batches[update])[1].trunk

    settings = [material.settings[k] for k in members]
    there = torch.as_tensor(sources).to(weight.device)
    return RatioRun(plan, stack, settings, held_out_gradient, there, trust, groups)
