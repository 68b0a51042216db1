"""Rules where the answer is known on paper, and the equations that define them."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from rule_cases import DOUBLE, conflicting, gradients, inputs_of, started, stream
from torch import Tensor

from miscible.learning.rules import make_rule


def weights_of(name: str, jacobian: Tensor, **options: float) -> Tensor:
    rule = make_rule(name, **options)
    inputs = inputs_of(jacobian)
    return rule.weights(inputs, started(rule, inputs))[0]


def two(first: list[float], second: list[float]) -> Tensor:
    return torch.tensor([[first, second]], dtype=DOUBLE)


ORTHOGONAL = two([1.0, 0.0], [0.0, 2.0])
BROAD = two([1.0, 0.0], [-0.5, math.sqrt(0.75)])
FROBENIUS = math.sqrt(17.0)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("sum", (1.0, 1.0)),
        ("pcgrad", (1.0, 1.0)),
        ("gradvac", (1.0, 1.0)),
        ("mgda", (0.8, 0.2)),
        ("upgrad", (0.5, 0.5)),
        ("imtl-g", (2 / 3, 1 / 3)),
        ("aligned", (1.0, 0.5)),
        ("config", (1.5, 0.75)),
        ("nash", (FROBENIUS**0.5, FROBENIUS**0.5 / 2)),
        ("fairgrad", (FROBENIUS ** (2 / 3), (FROBENIUS / 4) ** (2 / 3))),
    ],
)
def test_orthogonal_gradients_of_length_1_and_2(name: str, expected: tuple[float, float]) -> None:
    torch.testing.assert_close(
        weights_of(name, ORTHOGONAL)[0], torch.tensor(expected, dtype=DOUBLE), rtol=1e-6, atol=0
    )


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("pcgrad", 1.5),
        ("gradvac", 1.5),
        ("upgrad", 0.75),
        ("mgda", 0.5),
        ("cagrad", 0.5),
        ("imtl-g", 0.5),
        # The eigenvalues are 1/2 along (1, 1) and 3/2.
        ("aligned", 1.0),
        # Both cosines are 1/2 with the unit vector between them; |g_1 + g_2| = 1.
        ("config", 1.0),
        # a / 2 = F / a with the Frobenius norm F of the cosines.
        ("nash", (2 * math.sqrt(2.5)) ** 0.5),
    ],
)
def test_unit_gradients_at_120_degrees(name: str, expected: float) -> None:
    weights = weights_of(name, BROAD)[0]
    torch.testing.assert_close(weights, torch.full((2,), expected, dtype=DOUBLE), rtol=1e-8, atol=0)


def test_shortest_vector_between_two_gradients() -> None:
    jacobian = gradients(200, 2, 3)
    gram = jacobian @ jacobian.mT
    a, b, c = gram[:, 0, 0], gram[:, 0, 1], gram[:, 1, 1]
    first = ((c - b) / (a + c - 2 * b)).clamp(0, 1)
    torch.testing.assert_close(weights_of("mgda", jacobian)[:, 0], first, rtol=1e-6, atol=1e-9)
    assert ((first == 0) | (first == 1)).any()
    assert ((first > 0.1) & (first < 0.9)).any()


@pytest.mark.parametrize(("alpha", "power"), [(0.5, 2.0), (1.0, 1.0), (2.0, 0.5), (10.0, 0.1)])
@pytest.mark.parametrize(("n_tasks", "size"), [(2, 6), (5, 8), (40, 60)])
def test_fair_weights_solve_their_equation(alpha: float, power: float, n_tasks: int, size: int) -> None:
    for make in (gradients, conflicting):
        jacobian = make(5, n_tasks, size)
        gram = jacobian @ jacobian.mT
        gram = gram / torch.linalg.matrix_norm(gram)[:, None, None]
        weights = weights_of("fairgrad", jacobian, alpha=alpha)
        assert (weights > 0).all()
        left = (gram @ weights.unsqueeze(-1)).squeeze(-1)
        torch.testing.assert_close(left, weights**-power, rtol=1e-5, atol=0)
        if alpha == 1:
            torch.testing.assert_close(weights_of("nash", jacobian), weights, rtol=1e-9, atol=0)


def test_equal_projections_of_imtl_g() -> None:
    jacobian = gradients(20, 4)
    weights = weights_of("imtl-g", jacobian)
    step = torch.einsum("kt,ktn->kn", weights, jacobian)
    projections = torch.einsum("kn,ktn->kt", step, jacobian) / jacobian.norm(dim=-1)
    torch.testing.assert_close(projections, projections[:, :1].expand(20, 4), rtol=1e-8, atol=1e-10)
    torch.testing.assert_close(weights.sum(dim=1), torch.ones(20, dtype=DOUBLE), rtol=1e-9, atol=0)


def test_config_against_its_formula() -> None:
    """Equation 2 of arXiv 2408.11104, with a pseudo-inverse of the unit gradients."""
    for seed, n_tasks, size in [(0, 2, 5), (1, 3, 9), (2, 6, 7), (3, 4, 3)]:
        jacobian = gradients(1, n_tasks, size, seed)
        array = jacobian[0].numpy()
        units = array / np.linalg.norm(array, axis=1, keepdims=True)
        direction = np.linalg.pinv(units) @ np.ones(n_tasks)
        direction /= np.linalg.norm(direction)
        expected = (array @ direction).sum() * direction
        step = weights_of("config", jacobian)[0].numpy() @ array
        np.testing.assert_allclose(step, expected, rtol=1e-8, atol=1e-10)


def test_aligned_gradients_have_equal_singular_values() -> None:
    """The step is the sum of the rows of the nearest orthogonal matrix, scaled by the least singular value."""
    jacobian = gradients(1, 5, 9)
    left, values, right = np.linalg.svd(jacobian[0].numpy(), full_matrices=False)
    expected = values.min() * (left @ right).sum(axis=0)
    step = weights_of("aligned", jacobian)[0].numpy() @ jacobian[0].numpy()
    np.testing.assert_allclose(step, expected, rtol=1e-9)


def test_aligned_keeps_short_gradients_in_single_precision() -> None:
    jacobian = torch.tensor([[[1.0, 0.0], [0.0, 1e-4]]], dtype=DOUBLE)
    rule = make_rule("aligned")
    weights, _ = rule.weights(inputs_of(jacobian, dtype=torch.float32), {})
    torch.testing.assert_close(weights[0], torch.tensor([1e-4, 1.0]), rtol=1e-3, atol=0)


def test_imtl_g_where_its_weights_cancel() -> None:
    """The third gradient lies between the others, so its weight is negative; its length makes the sum vanish."""
    units = torch.nn.functional.normalize(
        torch.tensor([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [1.0, 1.0, 0.5]], dtype=DOUBLE), dim=-1
    )
    equal = torch.linalg.solve(units @ units.T, torch.ones(3, dtype=DOUBLE))
    assert equal[2] < 0 < equal[0]
    length = -equal[2] / (equal[0] + equal[1])
    for nudge in (1.0, 1.0 + 1e-7, 1.0 - 1e-7):
        lengths = torch.stack((torch.ones(()), torch.ones(()), length * nudge)).to(DOUBLE)
        raw = equal / lengths
        weights = weights_of("imtl-g", (units * lengths[:, None])[None])[0]
        torch.testing.assert_close(weights, raw / (1e-3 * raw.abs().sum()), rtol=1e-6, atol=0)
    # Farther away the published normalisation holds, and here turns the step against every task.
    lengths = torch.stack((torch.ones(()), torch.ones(()), length / 2)).to(DOUBLE)
    jacobian = units * lengths[:, None]
    weights = weights_of("imtl-g", jacobian[None])[0]
    torch.testing.assert_close(weights.sum(), torch.ones((), dtype=DOUBLE), rtol=1e-9, atol=0)
    assert (jacobian @ (weights @ jacobian) < 0).all()


@pytest.mark.parametrize("name", ["aligned", "imtl-g", "config"])
def test_rounding_of_equal_gradients_is_not_taken_for_a_direction(name: str) -> None:
    jacobian = gradients(20, 3, 300)
    jacobian[:, 1] = jacobian[:, 0]
    rule = make_rule(name)
    expected, _ = rule.weights(inputs_of(jacobian), {})
    single = inputs_of(jacobian, dtype=torch.float32)
    noise = 1e-7 * torch.randn(single.gram.shape, generator=stream(0))
    single = replace(single, gram=single.gram * (1.0 + 0.5 * (noise + noise.mT)))
    weights, _ = rule.weights(single, {})
    torch.testing.assert_close(weights.double(), expected, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("options", [{"c": 0.1}, {"c": 0.4}, {"c": 0.9}])
def test_cagrad_stays_in_its_ball(options: dict[str, Any]) -> None:
    c = options["c"]
    for make in (gradients, conflicting):
        jacobian = make(30, 5)
        mean = jacobian.mean(dim=1)
        step = (1 + c) * torch.einsum("kt,ktn->kn", weights_of("cagrad", jacobian, **options), jacobian)
        away = (step - mean).norm(dim=-1) / mean.norm(dim=-1)
        assert (away <= c * (1 + 1e-6)).all()
        worst = torch.einsum("ktn,kn->kt", jacobian, step).amin(dim=1)
        assert (worst >= torch.einsum("ktn,kn->kt", jacobian, mean).amin(dim=1) - 1e-9).all()
