"""Balanced MSE against PyTorch's distributions and cross-entropy, and against autograd of the plain formula."""

from __future__ import annotations

import math

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from torch.distributions import Categorical, MixtureSameFamily, Normal

from miscible.learning.losses import batch_correction, mixture_correction

DOUBLE = torch.float64
sizes = st.integers(1, 6)


def some_mixtures(n: int, width: int, seed: int) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    predicted, noise = 2 * torch.randn(2, n, generator=generator, dtype=DOUBLE)
    centres = 2 * torch.randn(n, width, generator=generator, dtype=DOUBLE)
    variances = torch.rand(n, width, generator=generator, dtype=DOUBLE)
    log_weights = torch.log_softmax(torch.randn(n, width, generator=generator, dtype=DOUBLE), -1)
    return predicted, centres, variances, log_weights, noise.abs() + 0.1


def some_batches(k: int, p: int, seed: int) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    predicted, targets = 2 * torch.randn(2, k, p, generator=generator, dtype=DOUBLE)
    task = torch.randint(3, (k, p), generator=generator)
    noise = torch.rand(k, generator=generator, dtype=DOUBLE) + 0.1
    return predicted, targets, task.unsqueeze(-1) == task.unsqueeze(-2), noise


@settings(deadline=None)
@given(sizes, sizes, st.integers(0, 10**6))
def test_mixture_correction_is_pytorchs_density(n, width, seed):
    predicted, centres, variances, log_weights, noise = some_mixtures(n, width, seed)
    spread = (variances + noise[:, None] ** 2).sqrt()
    density = MixtureSameFamily(Categorical(logits=log_weights), Normal(centres, spread))
    expected = 2 * noise**2 * density.log_prob(predicted) + noise**2 * torch.log(2 * math.pi * noise**2)
    loss, _ = mixture_correction(predicted, centres, variances, log_weights, noise)
    torch.testing.assert_close(loss, expected, rtol=1e-10, atol=1e-10)
    assert (loss <= 1e-12).all()


@settings(deadline=None)
@given(sizes, sizes, st.integers(0, 10**6))
def test_mixture_derivative_is_autograds(n, width, seed):
    predicted, centres, variances, log_weights, noise = some_mixtures(n, width, seed)
    leaf = predicted.clone().requires_grad_()
    density = MixtureSameFamily(
        Categorical(logits=log_weights), Normal(centres, (variances + noise[:, None] ** 2).sqrt())
    )
    (expected,) = torch.autograd.grad((2 * noise**2 * density.log_prob(leaf)).sum(), leaf)
    _, gradient = mixture_correction(predicted, centres, variances, log_weights, noise)
    torch.testing.assert_close(gradient, expected, rtol=1e-10, atol=1e-10)


def test_squared_error_and_mixture_correction_are_the_balanced_likelihood():
    predicted, centres, variances, log_weights, _ = some_mixtures(5, 4, 0)
    targets, s = torch.linspace(-1, 1, 5, dtype=DOUBLE), 0.7
    density = MixtureSameFamily(
        Categorical(logits=log_weights), Normal(centres, (variances + s * s).sqrt())
    ).log_prob(predicted)
    expected = -2 * s * s * (Normal(predicted, s).log_prob(targets) - density)
    loss, _ = mixture_correction(predicted, centres, variances, log_weights, s)
    torch.testing.assert_close((predicted - targets) ** 2 + loss, expected, rtol=1e-12, atol=1e-12)


def test_one_point_cancels_the_squared_error():
    predicted = torch.tensor([0.3, -4.0, 9.0], dtype=DOUBLE)
    point = torch.full((3, 1), 1.5, dtype=DOUBLE)
    loss, gradient = mixture_correction(
        predicted, point, torch.zeros_like(point), torch.zeros_like(point), 0.4
    )
    torch.testing.assert_close(loss, -((predicted - 1.5) ** 2))
    torch.testing.assert_close(gradient, -2 * (predicted - 1.5))


def test_two_points_by_hand():
    # Halfway between equal points at -1 and 1 with s = 1: 2 log(exp(-1/2)) = -1, and no pull to either side.
    zeros = torch.zeros(1, 2, dtype=DOUBLE)
    points = torch.tensor([[-1.0, 1.0]], dtype=DOUBLE)
    loss, gradient = mixture_correction(zeros[:, 0], points, zeros, zeros + math.log(0.5), 1.0)
    assert loss.item() == pytest.approx(-1.0, abs=1e-14)
    assert gradient.item() == pytest.approx(0.0, abs=1e-14)


def test_padding_changes_nothing_and_a_row_of_it_is_no_correction():
    predicted, centres, variances, log_weights, noise = some_mixtures(3, 4, 1)
    plain = mixture_correction(predicted, centres, variances, log_weights, noise)
    padded = mixture_correction(
        predicted,
        F.pad(centres, (0, 2)),
        F.pad(variances, (0, 2)),
        F.pad(log_weights, (0, 2), value=-torch.inf),
        noise,
    )
    for ours, expected in zip(padded, plain, strict=True):
        torch.testing.assert_close(ours, expected)
    nothing = torch.full_like(log_weights, -torch.inf)
    for part in mixture_correction(predicted, centres, variances, nothing, noise):
        assert torch.equal(part, torch.zeros(3, dtype=DOUBLE))


@settings(deadline=None)
@given(sizes, st.integers(1, 8), st.integers(0, 10**6))
def test_batch_correction_makes_the_squared_error_a_cross_entropy(k, p, seed):
    predicted, targets, same, noise = some_batches(k, p, seed)
    loss, _ = batch_correction(predicted, targets, same, noise)
    total = (predicted - targets) ** 2 + loss
    for member in range(k):
        for pair in range(p):
            labels = same[member, pair].nonzero()[:, 0]
            logits = -((predicted[member, pair] - targets[member, labels]) ** 2) / (2 * noise[member] ** 2)
            own = (labels == pair).nonzero()[0, 0]
            expected = 2 * noise[member] ** 2 * F.cross_entropy(logits, own)
            torch.testing.assert_close(total[member, pair], expected, rtol=1e-10, atol=1e-10)


@settings(deadline=None)
@given(sizes, st.integers(1, 8), st.integers(0, 10**6))
def test_batch_derivative_is_autograds(k, p, seed):
    predicted, targets, same, noise = some_batches(k, p, seed)
    leaf = predicted.clone().requires_grad_()
    logits = -((leaf[:, :, None] - targets[:, None, :]) ** 2) / (2 * noise[:, None, None] ** 2)
    logits = logits.masked_fill(~same, -torch.inf)
    (expected,) = torch.autograd.grad((2 * noise[:, None] ** 2 * torch.logsumexp(logits, -1)).sum(), leaf)
    _, gradient = batch_correction(predicted, targets, same, noise)
    torch.testing.assert_close(gradient, expected, rtol=1e-10, atol=1e-10)


def test_a_label_alone_in_the_batch_teaches_nothing():
    predicted = torch.tensor([[0.3, 5.0]], dtype=DOUBLE)
    targets = torch.tensor([[1.1, -2.0]], dtype=DOUBLE)
    loss, gradient = batch_correction(predicted, targets, torch.eye(2, dtype=torch.bool)[None], 0.5)
    assert ((predicted - targets) ** 2 + loss).abs().max() < 1e-13
    assert (2 * (predicted - targets) + gradient).abs().max() == 0.0


def test_an_empty_slot_has_no_correction_and_disturbs_no_other():
    predicted, targets, _, _ = some_batches(2, 4, 3)
    same = torch.ones(2, 4, 4, dtype=torch.bool)
    same[:, 3] = same[:, :, 3] = False
    full = batch_correction(predicted, targets, same, 0.6)
    short = batch_correction(predicted[:, :3], targets[:, :3], same[:, :3, :3], 0.6)
    for ours, expected in zip(full, short, strict=True):
        torch.testing.assert_close(ours[:, :3], expected)
        assert (ours[:, 3] == 0.0).all()


def test_histogram_and_batch_agree_when_the_batch_is_the_table():
    predicted, targets, _, _ = some_batches(1, 7, 4)
    batch = batch_correction(predicted, targets, torch.ones(1, 7, 7, dtype=torch.bool), 0.8)
    points = targets.expand(7, 7)
    weights = torch.full((7, 7), -math.log(7), dtype=DOUBLE)
    table = mixture_correction(predicted[0], points, torch.zeros_like(points), weights, 0.8)
    torch.testing.assert_close(batch[0][0], table[0] + 2 * 0.8**2 * math.log(7))
    torch.testing.assert_close(batch[1][0], table[1])


def test_wide_noise_pulls_away_from_the_mean_label():
    predicted, targets, _, _ = some_batches(2, 6, 5)
    _, gradient = batch_correction(predicted, targets, torch.ones(2, 6, 6, dtype=torch.bool), 1e4)
    expected = -2 * (predicted - targets.mean(-1, keepdim=True))
    torch.testing.assert_close(gradient, expected, rtol=1e-6, atol=1e-6)


def test_far_predictions_stay_finite_and_a_diverged_one_shows():
    far = torch.tensor([1e4, -1e4])
    points = torch.tensor([[0.0, 1.0], [0.0, 1.0]])
    for part in mixture_correction(far, points, torch.zeros(2, 2), torch.full((2, 2), -0.7), 1e-2):
        assert torch.isfinite(part).all()
    for part in batch_correction(far[None], points[:1], torch.ones(1, 2, 2, dtype=torch.bool), 1e-2):
        assert torch.isfinite(part).all()
    lost = torch.full((2,), torch.nan)
    for part in mixture_correction(lost, points, torch.zeros(2, 2), torch.full((2, 2), -0.7), 1e-2):
        assert torch.isnan(part).all()
    for part in batch_correction(lost[None], points[:1], torch.ones(1, 2, 2, dtype=torch.bool), 1e-2):
        assert torch.isnan(part).all()
