"""Losses of pairs against PyTorch's own, their gradients against autograd."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F

from miscible.learning.losses import output_activation, pair_code, pair_gradients, pair_losses


def some_pairs(code: int | torch.Tensor, n_outputs: int, seed: int = 0):
    generator = torch.Generator().manual_seed(seed)
    outputs = 3 * torch.randn(40, n_outputs, generator=generator, dtype=torch.float64)
    codes = torch.as_tensor(code).expand(40)
    reals = torch.randn(40, generator=generator, dtype=torch.float64)
    classes = (torch.rand(40, generator=generator, dtype=torch.float64) * codes.clamp_min(2)).floor()
    targets = torch.where(codes == 0, reals, classes)
    weights = torch.rand(40, generator=generator, dtype=torch.float64)
    return outputs, targets, weights


MIXED = torch.tensor([0, 1, 3, 4] * 10)


def test_squared_error_is_pytorchs():
    outputs, targets, _ = some_pairs(0, 1)
    torch.testing.assert_close(
        pair_losses(outputs, targets, 0), F.mse_loss(outputs[:, 0], targets, reduction="none")
    )


def test_log_loss_is_pytorchs():
    outputs, targets, _ = some_pairs(1, 1)
    expected = F.binary_cross_entropy_with_logits(outputs[:, 0], targets, reduction="none")
    torch.testing.assert_close(pair_losses(outputs, targets, 1), expected)


def test_cross_entropy_reads_only_a_tasks_own_outputs():
    outputs, targets, _ = some_pairs(3, 5)
    expected = F.cross_entropy(outputs[:, :3], targets.long(), reduction="none")
    torch.testing.assert_close(pair_losses(outputs, targets, 3), expected)
    changed = outputs.clone()
    changed[:, 3:] += 100.0
    torch.testing.assert_close(pair_losses(changed, targets, 3), expected)


def test_a_mixed_batch_gives_every_pair_its_own_loss():
    outputs, targets, _ = some_pairs(MIXED, 4)
    mixed = pair_losses(outputs, targets, MIXED)
    for code in (0, 1, 3, 4):
        own = code == MIXED
        torch.testing.assert_close(mixed[own], pair_losses(outputs[own], targets[own], code))


@pytest.mark.parametrize(
    ("code", "n_outputs"),
    [(0, 1), (1, 1), (0, 3), (1, 3), (3, 3), (3, 5), (MIXED, 4), (MIXED.clamp_max(1), 1)],
)
def test_gradients_are_those_of_autograd(code, n_outputs):
    outputs, targets, weights = some_pairs(code, n_outputs)
    leaf = outputs.clone().requires_grad_()
    (expected,) = torch.autograd.grad((weights * pair_losses(leaf, targets, code)).sum(), leaf)
    torch.testing.assert_close(pair_gradients(outputs, targets, weights, code), expected)


def test_large_logits_stay_finite():
    outputs = torch.tensor([[1e4, -1e4], [-1e4, 1e4]])
    targets = torch.tensor([0.0, 0.0])
    for code in (1, 2):
        assert torch.isfinite(pair_losses(outputs, targets, code)).all()
        assert torch.isfinite(pair_gradients(outputs, targets, torch.ones(2), code)).all()


def test_outputs_become_values_and_probabilities():
    outputs = torch.tensor([[0.3, -2.0, 5.0], [1.0, 0.0, -5.0]])
    assert output_activation(outputs, 0).tolist() == outputs[:, :1].tolist()
    torch.testing.assert_close(output_activation(outputs, 1), 1 / (1 + torch.exp(-outputs[:, :1])))
    classes = output_activation(outputs, 2)
    assert classes.shape == (2, 2)
    torch.testing.assert_close(classes.sum(1), torch.ones(2))


def test_codes_of_kinds():
    assert [pair_code("regression", 1), pair_code("binary", 1), pair_code("multiclass", 7)] == [0, 1, 7]
