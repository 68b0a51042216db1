"""What every rule keeps over several steps, and where it may run."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from rule_cases import (
    ALL,
    DOUBLE,
    assert_states_equal,
    gradients,
    inputs_of,
    started,
    warmed,
    with_static_weights,
)

from miscible.learning import rules
from miscible.learning.rules import make_rule

every_rule = pytest.mark.parametrize("name", ALL)


@every_rule
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_inference_mode_changes_nothing(name: str, dtype: torch.dtype) -> None:
    rule = make_rule(name)

    def run() -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
        inputs = with_static_weights(inputs_of(gradients(3, 9), dtype=dtype))
        inputs = replace(inputs, active=torch.arange(27).reshape(3, 9) % 4 != 0)
        state = warmed(rule, inputs)
        weights, state = rule.weights(inputs, state)
        return weights, rule.end_epoch(
            rule.after_step(inputs, 0.5 * inputs.losses, state), inputs.losses, inputs.active
        )

    expected, expected_state = run()
    with torch.inference_mode():
        weights, state = run()
    torch.testing.assert_close(weights, expected, rtol=0, atol=0)
    assert_states_equal(state, expected_state, rtol=0, atol=0)


@every_rule
def test_absent_tasks_find_their_state_as_they_left_it(name: str) -> None:
    """Ten steps and two epochs of the others, bit for bit; then the task takes part again."""
    rule = make_rule(name)
    inputs = with_static_weights(inputs_of(gradients(3, 5), dtype=torch.float32))
    state = warmed(rule, inputs)
    active = torch.ones(3, 5, dtype=torch.bool)
    active[0, 2] = active[2, 0] = active[2, 4] = False
    before = {key: value.clone() for key, value in state.items()}
    for step in range(10):
        here = replace(inputs_of(gradients(3, 5, seed=step), step, torch.float32), active=active)
        weights, state = rule.weights(here, state)
        assert (weights[~active] == 0).all()
        state = rule.after_step(here, 0.6 * here.losses, state)
        if step % 5 == 4:
            state = rule.end_epoch(state, here.losses, active)
    for key, value in state.items():
        frozen = ~active if value.ndim == 2 else ~(active.unsqueeze(-1) & active.unsqueeze(-2))
        assert torch.equal(value[frozen], before[key][frozen])
        still = key == "initial" or value.ndim == 3
        assert still or not torch.equal(value[active], before[key][active])
    moved = rule.after_step(inputs, 0.6 * inputs.losses, rule.weights(inputs, state)[1])
    for key in state.keys() & {"steps"}:
        assert (moved[key] == state[key] + 1).all()


@pytest.mark.parametrize("exponent", [-10, 10])
@pytest.mark.parametrize("name", ["gradnorm", "dwa"])
def test_relative_losses_have_no_scale(name: str, exponent: int) -> None:
    rule = make_rule(name)
    scale = torch.tensor([10.0**exponent, 1.0, 10.0**-exponent], dtype=DOUBLE)
    inputs = inputs_of(gradients(2, 3))
    scaled = replace(inputs, losses=inputs.losses * scale)
    state, scaled_state = started(rule, inputs), started(rule, inputs)
    for factor in (1.0, torch.tensor([0.5, 0.9, 1.1], dtype=DOUBLE), 0.4):
        now, scaled_now = (replace(one, losses=one.losses * factor) for one in (inputs, scaled))
        weights, state = rule.weights(now, state)
        scaled_weights, scaled_state = rule.weights(scaled_now, scaled_state)
        torch.testing.assert_close(scaled_weights, weights, rtol=1e-9, atol=0)
        state = rule.end_epoch(state, now.losses, now.active)
        scaled_state = rule.end_epoch(scaled_state, scaled_now.losses, now.active)
    assert (rule.weights(inputs, state)[0] != 1).any()


def test_a_step_stays_on_the_device() -> None:
    """No module of the rules knows NumPy."""
    sources = list(Path(rules.__file__).parent.glob("*.py"))
    assert len(sources) > 15
    assert not [path.name for path in sources if "numpy" in path.read_text().casefold()]
