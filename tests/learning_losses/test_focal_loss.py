"""Focal loss against its definition, its gradient against autograd, both where logits are extreme."""

from __future__ import annotations

import math

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st

from miscible.learning.losses import focal_gradients, focal_losses, pair_gradients, pair_losses

MIXED = torch.tensor([0, 1, 3, 4] * 10)


def some_pairs(code: int | torch.Tensor, n_outputs: int, seed: int = 0):
    generator = torch.Generator().manual_seed(seed)
    outputs = 3 * torch.randn(40, n_outputs, generator=generator, dtype=torch.float64)
    codes = torch.as_tensor(code).expand(40)
    reals = torch.randn(40, generator=generator, dtype=torch.float64)
    classes = (torch.rand(40, generator=generator, dtype=torch.float64) * codes.clamp_min(2)).floor()
    targets = torch.where(codes == 0, reals, classes)
    weights = torch.rand(40, generator=generator, dtype=torch.float64)
    gammas = 3 * torch.rand(40, generator=generator, dtype=torch.float64)
    return outputs, targets, weights, gammas


CASES = [(0, 1), (1, 1), (0, 3), (1, 3), (3, 3), (3, 5), (MIXED, 4), (MIXED.clamp_max(1), 1)]


def test_binary_by_hand():
    # Logit log 3: probability 3/4 of class 1.
    outputs = torch.full((2, 1), math.log(3.0), dtype=torch.float64)
    losses = focal_losses(outputs, torch.tensor([1.0, 0.0], dtype=torch.float64), 1, 2.0)
    assert losses.tolist() == pytest.approx([math.log(4 / 3) / 16, math.log(4) * 9 / 16], rel=1e-12)


def test_classes_follow_the_definition():
    outputs, targets, _, gammas = some_pairs(3, 5)
    log_p = -F.cross_entropy(outputs[:, :3], targets.long(), reduction="none")
    torch.testing.assert_close(
        focal_losses(outputs, targets, 3, gammas), -((1 - log_p.exp()) ** gammas) * log_p
    )


def test_two_classes_are_a_binary_pair():
    outputs, targets, _, _ = some_pairs(1, 1)
    two = F.pad(outputs, (1, 0))
    torch.testing.assert_close(focal_losses(two, targets, 2, 1.7), focal_losses(outputs, targets, 1, 1.7))


@pytest.mark.parametrize(("code", "n_outputs"), CASES)
@pytest.mark.parametrize("gamma", [0.5, 1.0, 2.0, None])
def test_gradients_are_those_of_autograd(code, n_outputs, gamma):
    outputs, targets, weights, gammas = some_pairs(code, n_outputs)
    gamma = gammas if gamma is None else gamma
    leaf = outputs.clone().requires_grad_()
    (expected,) = torch.autograd.grad((weights * focal_losses(leaf, targets, code, gamma)).sum(), leaf)
    ours = focal_gradients(outputs, targets, weights, code, gamma)
    torch.testing.assert_close(ours, expected, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize(("code", "n_outputs"), CASES)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("gamma", [0.0, torch.zeros(40)])
def test_gamma_zero_is_the_plain_loss_to_the_last_bit(code, n_outputs, dtype, gamma):
    outputs, targets, weights, _ = (part.to(dtype) for part in some_pairs(code, n_outputs))
    assert torch.equal(focal_losses(outputs, targets, code, gamma), pair_losses(outputs, targets, code))
    assert torch.equal(
        focal_gradients(outputs, targets, weights, code, gamma),
        pair_gradients(outputs, targets, weights, code),
    )


def test_regression_pairs_of_a_mixed_batch_keep_their_squared_error():
    outputs, targets, weights, gammas = some_pairs(MIXED, 4)
    own = MIXED == 0
    assert torch.equal(
        focal_losses(outputs, targets, MIXED, gammas)[own], (outputs[own, 0] - targets[own]) ** 2
    )
    plain = pair_gradients(outputs, targets, weights, MIXED)
    assert torch.equal(focal_gradients(outputs, targets, weights, MIXED, gammas)[own], plain[own])


@settings(deadline=None)
@given(
    st.sampled_from([(1, 1), (1, 3), (2, 3), (3, 3)]),
    st.floats(0.0, 5.0),
    st.floats(-1e4, 1e4),
    st.floats(-1e4, 1e4),
    st.sampled_from([torch.float32, torch.float64]),
)
def test_no_logit_and_no_gamma_breaks_it(shape, gamma, first, second, dtype):
    code, n_outputs = shape
    outputs = torch.tensor([[first, second, 0.0][:n_outputs]] * 2, dtype=dtype)
    targets = torch.tensor([0.0, 1.0], dtype=dtype)
    losses = focal_losses(outputs, targets, code, gamma)
    gradients = focal_gradients(outputs, targets, torch.ones(2, dtype=dtype), code, gamma)
    assert torch.isfinite(losses).all() and (losses >= 0.0).all()
    assert torch.isfinite(gradients).all()
    # The gradient of one pair never exceeds (1 + gamma) times the plain one's bound, as p ln(1/p) <= 1 - p.
    assert (gradients.abs() <= (1.0 + gamma) * (1.0 + 1e-5)).all()


def test_a_sure_network_in_single_precision_has_the_gradient_of_double_precision():
    logits = torch.tensor([1.0, 5.0, 10.0, 14.0, -1.0, -20.0])
    single = torch.stack([torch.zeros(6), logits], 1)
    targets = torch.ones(6)
    ours = focal_gradients(single, targets, torch.ones(6), 2, 0.5)[:, 0]
    # d/dz of the definition, with p the probability of class 1 and q = 1 - p, worked on paper.
    p, q = torch.sigmoid(logits.double()), torch.sigmoid(-logits.double())
    exact = q**0.5 * (q - 0.5 * p * F.logsigmoid(logits.double()))
    torch.testing.assert_close(ours.double(), exact, rtol=1e-5, atol=0.0)
