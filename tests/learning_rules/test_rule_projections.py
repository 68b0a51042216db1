"""PCGrad and GradVac against the algorithms as written, on explicit vectors, in every visiting order."""

from __future__ import annotations

from dataclasses import replace
from itertools import permutations

import numpy as np
import pytest
import torch
from rule_cases import DOUBLE, conflicting, gradients, inputs_of, started, stream

from miscible.learning.rules import make_rule


def surgery(rows: np.ndarray, order: tuple[int, ...]) -> np.ndarray:
    total = np.zeros(rows.shape[1])
    for i, row in enumerate(rows):
        copy = row.copy()
        for j in order:
            if j != i and copy @ rows[j] < 0:
                copy -= (copy @ rows[j]) / (rows[j] @ rows[j]) * rows[j]
        total += copy
    return total


def vaccine(rows: np.ndarray, order: tuple[int, ...], targets: np.ndarray, beta: float) -> np.ndarray:
    total = np.zeros(rows.shape[1])
    for i, row in enumerate(rows):
        copy = row.copy()
        for j in order:
            if j == i:
                continue
            length, other = np.linalg.norm(copy), np.linalg.norm(rows[j])
            cosine = copy @ rows[j] / (length * other)
            target = targets[i, j]
            if cosine < target:
                sine, aim = np.sqrt(1 - cosine**2), np.sqrt(1 - target**2)
                copy = copy + length * (target * sine - cosine * aim) / (other * aim) * rows[j]
                assert copy @ rows[j] / (np.linalg.norm(copy) * other) == pytest.approx(target, abs=1e-9)
            targets[i, j] = (1 - beta) * target + beta * cosine
        total += copy
    return total


def keys(order: tuple[int, ...]) -> torch.Tensor:
    values = torch.empty(len(order), dtype=DOUBLE)
    values[list(order)] = torch.linspace(0.05, 0.95, len(order), dtype=DOUBLE)
    return values


@pytest.mark.parametrize("n_tasks", [3, 4])
def test_pcgrad_in_every_order(n_tasks: int) -> None:
    orders = list(permutations(range(n_tasks)))
    rule = make_rule("pcgrad")
    surprises = 0
    for seed in range(6):
        jacobian = conflicting(1, n_tasks, 5, seed) if seed % 2 else gradients(1, n_tasks, 3, seed)
        inputs = inputs_of(jacobian.expand(len(orders), n_tasks, -1))
        inputs = replace(inputs, order=torch.stack([keys(order) for order in orders]))
        weights, _ = rule.weights(inputs, {})
        steps = weights.numpy() @ jacobian[0].numpy()
        expected = np.stack([surgery(jacobian[0].numpy(), order) for order in orders])
        np.testing.assert_allclose(steps, expected, rtol=1e-9, atol=1e-10)
        surprises += np.ptp(expected, axis=0).max() > 1e-3
    assert surprises >= 2


def test_gradvac_in_every_order() -> None:
    orders = list(permutations(range(3)))
    rule = make_rule("gradvac", beta=0.2)
    targets = np.zeros((len(orders), 3, 3))
    state = None
    turned = 0
    for seed in range(8):
        jacobian = gradients(len(orders), 3, 5, seed) + 0.6
        inputs = replace(inputs_of(jacobian), order=torch.stack([keys(order) for order in orders]))
        state = started(rule, inputs) if state is None else state
        weights, state = rule.weights(inputs, state)
        steps = np.einsum("kt,ktn->kn", weights.numpy(), jacobian.numpy())
        rows = jacobian.numpy()
        expected = np.stack([vaccine(rows[k], order, targets[k], 0.2) for k, order in enumerate(orders)])
        np.testing.assert_allclose(steps, expected, rtol=1e-8, atol=1e-9)
        np.testing.assert_allclose(state["targets"].numpy(), targets, rtol=1e-9, atol=1e-12)
        turned += int((weights > 1).sum())
    assert turned > 10


def test_first_step_of_gradvac_is_pcgrad() -> None:
    inputs = inputs_of(conflicting(6, 5))
    vac = make_rule("gradvac")
    expected, _ = make_rule("pcgrad").weights(inputs, {})
    weights, _ = vac.weights(inputs, started(vac, inputs))
    torch.testing.assert_close(weights, expected, rtol=1e-9, atol=1e-11)
    assert (expected > 1).any()


@pytest.mark.parametrize("n_tasks", [3, 4])
def test_one_order_for_all_copies_keeps_the_expected_step_of_pcgrad(n_tasks: int) -> None:
    """As published, every copy draws an order of its own: the mean over all of those, by enumeration."""
    orders = list(permutations(range(n_tasks)))
    rule = make_rule("pcgrad")
    for seed in range(4):
        rows = conflicting(1, n_tasks, 4, seed)[0]
        inputs = inputs_of(rows.expand(len(orders), n_tasks, -1))
        inputs = replace(inputs, order=torch.stack([keys(order) for order in orders]))
        step = rule.weights(inputs, {})[0].mean(dim=0) @ rows

        array = rows.numpy()
        expected = np.zeros(rows.shape[1])
        for i, row in enumerate(array):
            others = list(permutations([j for j in range(n_tasks) if j != i]))
            for order in others:
                copy = row.copy()
                for j in order:
                    copy -= min(0.0, copy @ array[j]) / (array[j] @ array[j]) * array[j]
                expected += copy / len(others)
        np.testing.assert_allclose(step.numpy(), expected, rtol=1e-10, atol=1e-11)


@pytest.mark.parametrize("n_tasks", [23, 24, 25, 48, 49, 75])
@pytest.mark.parametrize("share", [1.0, 0.6])
def test_many_tasks_as_written(n_tasks: int, share: float) -> None:
    """More tasks than are brought up to date at once, and members that differ in what is active."""
    surgeon, vaccinator = make_rule("pcgrad"), make_rule("gradvac", beta=0.3)
    targets = np.zeros((2, n_tasks, n_tasks))
    state = None
    for seed in range(3):
        jacobian = (conflicting if seed % 2 else gradients)(2, n_tasks, 30, seed) + 0.3
        inputs = inputs_of(jacobian, seed)
        active = torch.rand(2, n_tasks, generator=stream(seed)) < torch.tensor([[share], [0.5 * share]])
        active = active | (share == 1.0)
        gram = torch.where(active.unsqueeze(-1) & active.unsqueeze(-2), inputs.gram, torch.nan)
        inputs = replace(inputs, active=active, gram=gram)
        state = started(vaccinator, inputs) if state is None else state
        cut, _ = surgeon.weights(inputs, {})
        turned, state = vaccinator.weights(inputs, state)
        for k in range(2):
            tasks = active[k].nonzero().squeeze(-1)
            rows = jacobian[k, tasks].numpy()
            order = tuple(inputs.order[k, tasks].argsort().tolist())
            np.testing.assert_allclose(cut[k, tasks].numpy() @ rows, surgery(rows, order), rtol=1e-7)
            own = np.ix_([k], tasks.numpy(), tasks.numpy())
            here = targets[own][0]
            np.testing.assert_allclose(
                turned[k, tasks].numpy() @ rows, vaccine(rows, order, here, 0.3), rtol=1e-6
            )
            targets[own] = here
        np.testing.assert_allclose(state["targets"].numpy(), targets, rtol=1e-7, atol=1e-10)
    assert (cut > 1).any()
