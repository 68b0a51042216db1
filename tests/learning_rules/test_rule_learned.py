"""Learned weights: against autograd and torch's own Adam, and over epochs."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest
import torch
from rule_cases import CPU, DOUBLE, gradients, inputs_of, started, stream
from torch import Tensor, nn

from miscible.learning.rules import RuleInput, RuleState, make_rule
from miscible.learning.rules._adam import adam, adam_state


class TinyNetwork(nn.Module):
    def __init__(self, seed: int) -> None:
        super().__init__()
        self.first = nn.Linear(4, 6, dtype=DOUBLE)
        self.last = nn.Linear(6, 5, bias=False, dtype=DOUBLE)
        self.heads = nn.Linear(5, 3, dtype=DOUBLE)
        random = stream(seed)
        with torch.no_grad():
            for parameter in self.parameters():
                parameter.copy_(0.6 * torch.randn(parameter.shape, generator=random, dtype=DOUBLE))

    def losses(self, x: Tensor, y: Tensor) -> Tensor:
        shared = torch.tanh(self.last(torch.tanh(self.first(x))))
        return ((self.heads(shared) - y) ** 2).mean(dim=0)


def last_layer_jacobian(network: TinyNetwork, losses: Tensor) -> Tensor:
    rows = [torch.autograd.grad(loss, network.last.weight, retain_graph=True)[0].flatten() for loss in losses]
    return torch.stack(rows)


@pytest.mark.parametrize("alpha", [0.0, 0.5, 1.0, 1.5])
def test_gradnorm_is_its_second_order_version(alpha: float) -> None:
    """Weights after each of 25 steps: differentiate through the gradient norms, let torch's Adam move them."""
    static = torch.tensor([1.0, 2.5, 0.4], dtype=DOUBLE)
    random = stream(1)
    network = TinyNetwork(0)
    rule = make_rule("gradnorm", alpha=alpha)
    state = rule.init(1, 3, CPU, DOUBLE)
    initial = torch.tensor([0.9, 1.4, 2.2], dtype=DOUBLE)
    state = rule.end_epoch(state, initial[None], torch.ones(1, 3, dtype=torch.bool))
    learned = torch.ones(3, dtype=DOUBLE, requires_grad=True)
    adam = torch.optim.Adam([learned], lr=0.025, eps=1e-12)
    optimiser = torch.optim.SGD(network.parameters(), lr=0.05)
    scale = torch.tensor([1.0, 3.0, 0.3], dtype=DOUBLE)
    for _ in range(25):
        x = torch.randn(8, 4, generator=random, dtype=DOUBLE)
        y = scale * torch.randn(8, 3, generator=random, dtype=DOUBLE)
        losses = network.losses(x, y)
        jacobian = last_layer_jacobian(network, losses)
        inputs = RuleInput(
            gram=(jacobian @ jacobian.T)[None],
            losses=losses.detach()[None],
            active=torch.ones(1, 3, dtype=torch.bool),
            order=torch.rand(1, 3, generator=random, dtype=DOUBLE),
            task_weights=static[None],
        )
        weights, state = rule.weights(inputs, state)
        torch.testing.assert_close(weights[0], learned.detach() * static, rtol=1e-5, atol=1e-7)

        adam.zero_grad()
        norms = torch.stack(
            [
                torch.autograd.grad(w * s * loss, network.last.weight, create_graph=True)[0].norm()
                for w, s, loss in zip(learned, static, losses, strict=True)
            ]
        )
        rate = (losses / initial).detach()
        target = (norms.mean() * (rate / rate.mean()) ** alpha).detach()
        (learned.grad,) = torch.autograd.grad((norms - target).abs().sum(), learned, retain_graph=True)
        step_weights = learned.detach() * static
        adam.step()
        with torch.no_grad():
            learned.mul_(3 / learned.sum())

        optimiser.zero_grad()
        (step_weights * losses).sum().backward()
        optimiser.step()
    assert (learned - 1).abs().max() > 0.1
    assert state["weights"].sum() == pytest.approx(3.0)


def test_gradnorm_waits_for_the_first_epoch_and_keeps_its_first_losses() -> None:
    rule = make_rule("gradnorm")
    inputs = inputs_of(gradients(2, 3))
    state = started(rule, inputs)
    for _ in range(3):
        weights, state = rule.weights(inputs, state)
        assert (weights == 1).all()
    assert (state["steps"] == 0).all()
    seen = torch.tensor([[True, True, False], [True, True, True]])
    state = rule.end_epoch(state, torch.full((2, 3), 2.0, dtype=DOUBLE), seen)
    state = rule.end_epoch(state, torch.full((2, 3), 5.0, dtype=DOUBLE), torch.ones_like(seen))
    expected = torch.tensor([[2.0, 2.0, 5.0], [2.0, 2.0, 2.0]], dtype=DOUBLE)
    torch.testing.assert_close(state["initial"], expected)
    _, state = rule.weights(inputs, state)
    assert (state["weights"] != 1).any()


def test_gradnorm_levels_gradients_and_keeps_weights_positive() -> None:
    """Equal rates: weighted norms become equal, within the reach of the least weight."""
    rule = make_rule("gradnorm")
    lengths = torch.tensor([1.0, 4.0, 0.5], dtype=DOUBLE)
    inputs = replace(inputs_of(torch.diag(lengths)[None]), losses=torch.ones(1, 3, dtype=DOUBLE))
    state = started(rule, inputs)
    state = rule.end_epoch(state, torch.ones(1, 3, dtype=DOUBLE), inputs.active)
    for _ in range(600):
        _, state = rule.weights(inputs, state)
    norms = state["weights"][0] * lengths
    torch.testing.assert_close(norms / norms.mean(), torch.ones(3, dtype=DOUBLE), rtol=0.1, atol=0)

    extreme = replace(inputs, gram=torch.diag(torch.tensor([1e8, 1.0, 1e-8], dtype=DOUBLE))[None])
    for _ in range(600):
        _, state = rule.weights(extreme, state)
        assert (state["weights"] > 0).all()
    assert state["weights"].sum() == pytest.approx(3.0)


def test_uncertainty_descends_on_its_objective() -> None:
    rule = make_rule("uncertainty", learning_rate=0.05)
    losses = torch.tensor([[0.2, 1.0, 6.0]], dtype=DOUBLE)
    inputs = replace(inputs_of(gradients(1, 3)), losses=losses)
    state = started(rule, inputs)
    s = torch.zeros(1, 3, dtype=DOUBLE, requires_grad=True)
    reference = torch.optim.Adam([s], lr=0.05, eps=1e-12)
    for _ in range(400):
        weights, state = rule.weights(inputs, state)
        torch.testing.assert_close(weights, torch.exp(-s.detach()), rtol=1e-7, atol=0)
        reference.zero_grad()
        (losses * torch.exp(-s) + s).sum().backward()
        reference.step()
    torch.testing.assert_close(weights, 1.0 / losses, rtol=2e-2, atol=0)


def test_uncertainty_weights_are_bounded() -> None:
    rule = make_rule("uncertainty", learning_rate=1.0)
    inputs = replace(inputs_of(gradients(1, 2), dtype=torch.float32), losses=torch.tensor([[0.0, 1e30]]))
    state = started(rule, inputs)
    for _ in range(200):
        weights, state = rule.weights(inputs, state)
    assert weights.isfinite().all()
    assert (weights > 0).all()


def test_dwa_by_hand() -> None:
    rule = make_rule("dwa")
    inputs = inputs_of(gradients(1, 3))
    state = started(rule, inputs)
    history = torch.tensor([[1.0, 2.0, 4.0], [0.5, 1.8, 4.4], [0.4, 0.9, 4.4]], dtype=DOUBLE)
    seen = torch.ones(1, 3, dtype=torch.bool)
    state = rule.end_epoch(state, history[:1], seen)
    assert (rule.weights(inputs, state)[0] == 1).all()
    for before, now in pairwise(history):
        state = rule.end_epoch(state, now[None], seen)
        expected = 3 * torch.softmax(now / before / 2.0, dim=0)
        torch.testing.assert_close(rule.weights(inputs, state)[0][0], expected)


def test_dwa_keeps_tasks_that_were_not_seen() -> None:
    rule = make_rule("dwa")
    inputs = inputs_of(gradients(1, 3))
    state = started(rule, inputs)
    every = torch.ones(1, 3, dtype=torch.bool)
    state = rule.end_epoch(state, torch.tensor([[1.0, 2.0, 4.0]], dtype=DOUBLE), every)
    state = rule.end_epoch(state, torch.tensor([[0.2, 1.9, 4.0]], dtype=DOUBLE), every)
    before = state["weights"]
    some = torch.tensor([[True, True, False]])
    state = rule.end_epoch(state, torch.tensor([[0.2, 0.4, torch.nan]], dtype=DOUBLE), some)
    assert state["weights"][0, 2] == before[0, 2]
    assert state["previous"][0, 2] == 4.0
    torch.testing.assert_close(state["weights"].sum(), torch.tensor(3.0, dtype=DOUBLE))
    assert state["weights"][0, 0] > state["weights"][0, 1]


def famo_reference(losses: list[tuple[Tensor, Tensor]]) -> list[Tensor]:
    """The published update with autograd through the softmax and torch's Adam."""
    logits = torch.zeros(losses[0][0].shape, dtype=DOUBLE, requires_grad=True)
    optimiser = torch.optim.Adam([logits], lr=0.025, weight_decay=0.01, eps=1e-12)
    weights = []
    for before, after in losses:
        shares = torch.softmax(logits.detach(), dim=-1)
        raw = shares / before
        weights.append(raw / raw.sum(dim=-1, keepdim=True))
        optimiser.zero_grad()
        decrease = torch.log(before) - torch.log(after)
        (torch.softmax(logits, dim=-1) * decrease).sum().backward()
        optimiser.step()
    return weights


def test_famo_against_autograd() -> None:
    rule = make_rule("famo")
    random = stream(4)
    pairs = []
    for _ in range(30):
        before = 0.1 + torch.rand(2, 4, generator=random, dtype=DOUBLE)
        pairs.append((before, before * (0.4 + 0.6 * torch.rand(2, 4, generator=random, dtype=DOUBLE))))
    state: RuleState | None = None
    for (before, after), expected in zip(pairs, famo_reference(pairs), strict=True):
        inputs = replace(inputs_of(gradients(2, 4)), losses=before)
        state = started(rule, inputs) if state is None else state
        weights, state = rule.weights(inputs, state)
        torch.testing.assert_close(weights, expected, rtol=1e-8, atol=1e-12)
        state = rule.after_step(inputs, after, state)


def test_famo_turns_to_the_task_that_lags() -> None:
    rule = make_rule("famo")
    inputs = replace(inputs_of(gradients(1, 2)), losses=torch.ones(1, 2, dtype=DOUBLE))
    state = started(rule, inputs)
    for _ in range(20):
        state = rule.after_step(inputs, torch.tensor([[0.5, 1.0]], dtype=DOUBLE), state)
    weights, _ = rule.weights(inputs, state)
    assert weights[0, 1] > weights[0, 0]


def test_adam_counts_steps_for_each_task() -> None:
    """A task that sits out is as if the step had not been."""
    random = stream(8)
    parameter = torch.zeros(1, 2, dtype=DOUBLE)
    state = adam_state(parameter)
    references = [torch.zeros((), dtype=DOUBLE, requires_grad=True) for _ in range(2)]
    optimisers = [torch.optim.Adam([reference], lr=0.1, eps=1e-12) for reference in references]
    for step in range(40):
        gradient = torch.randn(1, 2, generator=random, dtype=DOUBLE)
        active = torch.tensor([[True, step % 3 == 1]])
        parameter, state = adam(parameter, gradient, active, state, 0.1)
        for t in range(2):
            if active[0, t]:
                references[t].grad = gradient[0, t].clone()
                optimisers[t].step()
    expected = torch.stack([reference.detach() for reference in references])[None]
    torch.testing.assert_close(parameter, expected, rtol=1e-9, atol=1e-12)
