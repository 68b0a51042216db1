"""Inputs for rules, from explicit gradients."""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor

from miscible.learning.rules import RULES, Rule, RuleInput, RuleState

CPU = torch.device("cpu")
DOUBLE = torch.float64
ALL = tuple(RULES)
FROM_GRAM = (
    "pcgrad",
    "gradvac",
    "mgda",
    "cagrad",
    "imtl-g",
    "nash",
    "aligned",
    "upgrad",
    "config",
    "fairgrad",
)


def stream(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def gradients(n_members: int, n_tasks: int, size: int = 12, seed: int = 0) -> Tensor:
    """Random task gradients of unequal length, some of them in conflict."""
    random = stream(seed)
    length = torch.exp(0.7 * torch.randn(n_members, n_tasks, 1, generator=random, dtype=DOUBLE))
    return length * torch.randn(n_members, n_tasks, size, generator=random, dtype=DOUBLE)


def conflicting(n_members: int, n_tasks: int, size: int = 12, seed: int = 0) -> Tensor:
    """Gradients along or against one direction, plus noise: nearly opposed."""
    random = stream(seed)
    common = torch.randn(n_members, 1, size, generator=random, dtype=DOUBLE)
    side = torch.sign(torch.randn(n_members, n_tasks, 1, generator=random, dtype=DOUBLE))
    return 3.0 * side * common + torch.randn(n_members, n_tasks, size, generator=random, dtype=DOUBLE)


def inputs_of(jacobian: Tensor, seed: int = 0, dtype: torch.dtype = DOUBLE) -> RuleInput:
    """All tasks active, static weights 1, random losses and keys."""
    random = stream(1000 + seed)
    shape = jacobian.shape[:2]
    gram = jacobian @ jacobian.mT
    return RuleInput(
        gram=(0.5 * (gram + gram.mT)).to(dtype),
        losses=(0.1 + torch.rand(shape, generator=random, dtype=DOUBLE)).to(dtype),
        active=torch.ones(shape, dtype=torch.bool),
        order=torch.rand(shape, generator=random, dtype=DOUBLE).to(dtype),
        task_weights=torch.ones(shape, dtype=dtype),
    )


def started(rule: Rule, inputs: RuleInput) -> RuleState:
    return rule.init(*inputs.active.shape, CPU, inputs.task_weights.dtype)


def warmed(rule: Rule, inputs: RuleInput, n_steps: int = 4, seed: int = 0) -> RuleState:
    """State after some steps and epochs with all tasks active."""
    state = started(rule, inputs)
    n_members, n_tasks = inputs.active.shape
    random = stream(2000 + seed)
    for step in range(n_steps):
        here = inputs_of(gradients(n_members, n_tasks, seed=50 + step), 50 + step, inputs.gram.dtype)
        _, state = rule.weights(here, state)
        after = here.losses * torch.rand(here.losses.shape, generator=random, dtype=DOUBLE)
        state = rule.after_step(here, after.to(here.losses.dtype), state)
        state = rule.end_epoch(state, here.losses, torch.ones_like(here.active))
    return state


def select_tasks(inputs: RuleInput, tasks: Tensor) -> RuleInput:
    """The same step seen by these tasks only, in this order."""
    return RuleInput(
        gram=inputs.gram[:, tasks][:, :, tasks],
        losses=inputs.losses[:, tasks],
        active=inputs.active[:, tasks],
        order=inputs.order[:, tasks],
        task_weights=inputs.task_weights[:, tasks],
    )


def select_state(state: RuleState, tasks: Tensor) -> RuleState:
    return {
        name: value[:, tasks][:, :, tasks] if value.ndim == 3 else value[:, tasks]
        for name, value in state.items()
    }


def select_members(inputs: RuleInput, members: slice) -> RuleInput:
    return RuleInput(
        inputs.gram[members],
        inputs.losses[members],
        inputs.active[members],
        inputs.order[members],
        inputs.task_weights[members],
    )


def with_static_weights(inputs: RuleInput, seed: int = 0) -> RuleInput:
    weights = 0.2 + 3.0 * torch.rand(inputs.active.shape, generator=stream(3000 + seed), dtype=DOUBLE)
    return replace(inputs, task_weights=weights.to(inputs.task_weights.dtype))


def assert_states_equal(left: RuleState, right: RuleState, **tolerance: float) -> None:
    assert left.keys() == right.keys()
    for name in left:
        torch.testing.assert_close(left[name], right[name], equal_nan=True, **tolerance)
