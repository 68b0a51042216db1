"""What every rule must keep, whatever it does."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from rule_cases import (
    ALL,
    CPU,
    DOUBLE,
    FROM_GRAM,
    assert_states_equal,
    conflicting,
    gradients,
    inputs_of,
    select_members,
    select_state,
    select_tasks,
    started,
    stream,
    warmed,
    with_static_weights,
)

from miscible.learning.rules import RULES, make_rule

EXACT = {"rtol": 1e-6, "atol": 1e-8}
every_rule = pytest.mark.parametrize("name", ALL)
gram_rule = pytest.mark.parametrize("name", FROM_GRAM)


def test_the_list_is_complete() -> None:
    assert set(ALL) == {
        *("sum", "mgda", "pcgrad", "gradvac", "cagrad", "imtl-g", "nash", "aligned", "upgrad", "config"),
        *("fairgrad", "gradnorm", "uncertainty", "dwa", "famo"),
        *("average", "pcgrad-average", "pcgrad-length", "pcgrad-direction"),
    }


@every_rule
@pytest.mark.parametrize("n_tasks", [2, 5, 8])
def test_tasks_may_be_renumbered(name: str, n_tasks: int) -> None:
    rule = make_rule(name)
    inputs = with_static_weights(inputs_of(gradients(4, n_tasks)))
    state = warmed(rule, inputs)
    weights, after = rule.weights(inputs, state)
    tasks = torch.randperm(n_tasks, generator=stream(5))
    moved_weights, moved_after = rule.weights(select_tasks(inputs, tasks), select_state(state, tasks))
    torch.testing.assert_close(moved_weights, weights[:, tasks], **EXACT)
    assert_states_equal(moved_after, select_state(after, tasks), **EXACT)


@every_rule
@pytest.mark.parametrize(
    ("n_tasks", "absent"), [(5, [0]), (5, [1, 4]), (5, [0, 1, 2, 4]), (9, [0, 3, 4, 8]), (12, [2, 3, 4])]
)
def test_inactive_tasks_change_nothing(name: str, n_tasks: int, absent: list[int]) -> None:
    rule = make_rule(name)
    inputs = with_static_weights(inputs_of(gradients(3, n_tasks)))
    state = warmed(rule, inputs)
    left = torch.tensor([t for t in range(n_tasks) if t not in absent])
    expected, expected_after = rule.weights(select_tasks(inputs, left), select_state(state, left))

    active = torch.ones(3, n_tasks, dtype=torch.bool)
    active[:, absent] = False
    hidden = inputs.gram.clone()
    hidden[:, absent] = torch.nan
    hidden[:, :, absent] = torch.inf
    losses = torch.where(active, inputs.losses, torch.nan)
    masked = replace(inputs, gram=hidden, losses=losses, active=active)
    weights, after = rule.weights(masked, state)
    torch.testing.assert_close(weights[:, left], expected, **EXACT)
    assert (weights[:, absent] == 0).all()
    assert_states_equal(select_state(after, left), expected_after, **EXACT)
    gone = torch.tensor(absent)
    assert_states_equal(select_state(after, gone), select_state(state, gone), rtol=0, atol=0)

    measured = torch.where(active, 0.7 * inputs.losses, torch.nan)
    expected_after = rule.after_step(select_tasks(masked, left), measured[:, left], expected_after)
    after = rule.after_step(masked, measured, after)
    expected_after = rule.end_epoch(expected_after, measured[:, left], active[:, left])
    after = rule.end_epoch(after, measured, active)
    assert_states_equal(select_state(after, left), expected_after, **EXACT)
    assert_states_equal(select_state(after, gone), select_state(state, gone), rtol=0, atol=0)


@every_rule
@pytest.mark.parametrize("n_tasks", [4, 8])
def test_members_do_not_meet(name: str, n_tasks: int) -> None:
    rule = make_rule(name)
    inputs = with_static_weights(inputs_of(gradients(7, n_tasks)))
    state = warmed(rule, inputs)
    active = torch.rand(7, n_tasks, generator=stream(9)) < 0.6
    active[0] = False
    active[1] = torch.arange(n_tasks) == 1
    inputs = replace(inputs, active=active)
    weights, after = rule.weights(inputs, state)
    after = rule.after_step(inputs, 0.5 * inputs.losses, after)
    after = rule.end_epoch(after, inputs.losses, active)
    for k in range(7):
        member = slice(k, k + 1)
        alone = select_members(inputs, member)
        own, own_after = rule.weights(alone, {key: value[member] for key, value in state.items()})
        own_after = rule.after_step(alone, 0.5 * alone.losses, own_after)
        own_after = rule.end_epoch(own_after, alone.losses, active[member])
        torch.testing.assert_close(weights[member], own, rtol=1e-9, atol=1e-11)
        assert_states_equal(
            {key: value[member] for key, value in after.items()}, own_after, rtol=1e-9, atol=1e-11
        )


@every_rule
def test_a_member_that_diverged_stays_alone(name: str) -> None:
    rule = make_rule(name)
    inputs = inputs_of(gradients(3, 4))
    state = warmed(rule, inputs)
    weights, _ = rule.weights(inputs, state)
    broken = inputs.gram.clone()
    broken[1, 2, 3] = torch.nan
    broken[1, 2, 2] = torch.inf
    losses = inputs.losses.clone()
    losses[1] = torch.nan
    hurt, _ = rule.weights(replace(inputs, gram=broken, losses=losses), state)
    torch.testing.assert_close(hurt[[0, 2]], weights[[0, 2]], rtol=1e-9, atol=1e-11)
    if "gram" in rule.needs:
        assert hurt[1].isnan().any()


@every_rule
def test_no_task_and_one_task(name: str) -> None:
    rule = make_rule(name)
    inputs = with_static_weights(inputs_of(gradients(3, 4)))
    active = torch.zeros(3, 4, dtype=torch.bool)
    active[1, 2] = True
    inputs = replace(inputs, active=active)
    weights, state = rule.weights(inputs, started(rule, inputs))
    expected = torch.where(active, inputs.task_weights, 0.0)
    torch.testing.assert_close(weights, expected, rtol=1e-9, atol=1e-12)
    assert all(not value[[0, 2]].isinf().any() for value in state.values())


@every_rule
def test_one_task_only(name: str) -> None:
    rule = make_rule(name)
    inputs = inputs_of(gradients(3, 1))
    weights, _ = rule.weights(inputs, started(rule, inputs))
    torch.testing.assert_close(weights, torch.ones(3, 1, dtype=DOUBLE), rtol=1e-9, atol=0)


@every_rule
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("exponent", [-66, -33, -17, 17, 33, 66])
def test_scale_of_all_losses_does_not_matter(name: str, dtype: torch.dtype, exponent: int) -> None:
    """Gradients from 1e-10 to 1e10 times as long."""
    rule = make_rule(name)
    inputs = inputs_of(gradients(5, 4), dtype=dtype)
    state = rule.end_epoch(started(rule, inputs), inputs.losses, inputs.active)
    scaled = replace(inputs, gram=inputs.gram * 2.0**exponent)
    scaled_state = state
    for _ in range(3):
        weights, state = rule.weights(inputs, state)
        scaled_weights, scaled_state = rule.weights(scaled, scaled_state)
        torch.testing.assert_close(scaled_weights, weights, rtol=1e-5, atol=1e-7)
    for moment in ("first", "second") if name == "gradnorm" else ():
        assert (scaled_state.pop(moment) != state.pop(moment)).any()
    assert_states_equal(scaled_state, state, rtol=1e-5, atol=1e-7)


@every_rule
def test_static_weights_scale_losses_and_gradients(name: str) -> None:
    rule = make_rule(name)
    inputs = with_static_weights(inputs_of(gradients(4, 5)))
    state = warmed(rule, inputs)
    static = inputs.task_weights
    plain = replace(
        inputs,
        gram=inputs.gram * static.unsqueeze(-1) * static.unsqueeze(-2),
        losses=inputs.losses * static,
        task_weights=torch.ones_like(static),
    )
    if name == "gradnorm":
        plain = replace(plain, losses=inputs.losses)
    weights, after = rule.weights(inputs, state)
    expected, expected_after = rule.weights(plain, state)
    torch.testing.assert_close(weights, expected * static, **EXACT)
    assert_states_equal(after, expected_after, **EXACT)


@gram_rule
def test_rotating_the_parameters_rotates_the_step(name: str) -> None:
    rule = make_rule(name)
    jacobian = gradients(4, 5)
    rotation = torch.linalg.qr(torch.randn(12, 12, generator=stream(3), dtype=DOUBLE)).Q
    turned = jacobian @ rotation
    inputs, turned_inputs = inputs_of(jacobian), inputs_of(turned)
    weights, _ = rule.weights(inputs, started(rule, inputs))
    turned_weights, _ = rule.weights(turned_inputs, started(rule, turned_inputs))
    step = torch.einsum("kt,ktn->kn", weights, jacobian)
    turned_step = torch.einsum("kt,ktn->kn", turned_weights, turned)
    torch.testing.assert_close(turned_step, step @ rotation, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("name", [name for name in ALL if RULES[name]().non_conflicting])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize(("n_tasks", "size"), [(2, 12), (3, 2), (3, 12), (8, 12), (40, 60), (40, 30)])
def test_promised_freedom_from_conflict(name: str, dtype: torch.dtype, n_tasks: int, size: int) -> None:
    rule = make_rule(name)
    for make in (gradients, conflicting):
        jacobian = make(3, n_tasks, size).to(dtype).double()
        inputs = inputs_of(jacobian, dtype=dtype)
        weights, _ = rule.weights(inputs, started(rule, inputs))
        step = torch.einsum("kt,ktn->kn", weights.double(), jacobian)
        lengths = jacobian.norm(dim=-1)
        rates = torch.einsum("ktn,kn->kt", jacobian, step) / lengths
        largest = (weights.double() * lengths).abs().amax(dim=-1, keepdim=True)
        slack = 1e-6 if dtype == DOUBLE else 2e-3
        assert (rates >= -slack * largest).all()


def test_who_promises_freedom_from_conflict() -> None:
    assert {name for name in ALL if RULES[name]().non_conflicting} == {"mgda", "nash", "upgrad", "fairgrad"}
    rule = make_rule("sum")
    jacobian = torch.tensor([[[3.0, 0.0], [-1.0, 0.1]]], dtype=DOUBLE)
    weights, _ = rule.weights(inputs_of(jacobian), {})
    step = torch.einsum("kt,ktn->kn", weights, jacobian)
    assert (jacobian[0] @ step[0]).min() < 0


@every_rule
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("case", ["duplicate", "opposed", "rank", "short", "zero", "many"])
def test_awkward_gradients_stay_finite(name: str, dtype: torch.dtype, case: str) -> None:
    rule = make_rule(name)
    jacobian = gradients(2, 40 if case == "many" else 5, {"rank": 3, "many": 20}.get(case, 12))
    if case == "duplicate":
        jacobian[:, 1] = jacobian[:, 0]
        jacobian[:, 3] = 2.0 * jacobian[:, 2]
    elif case == "opposed":
        jacobian[:, 1] = -jacobian[:, 0]
    elif case == "short":
        jacobian[:, 1] *= 1e-5
        jacobian[:, 2] *= 1e4
    elif case == "zero":
        jacobian[:, 1] = 0.0
    inputs = inputs_of(jacobian, dtype=dtype)
    state = warmed(rule, inputs)
    for current in (started(rule, inputs), state):
        weights, after = rule.weights(inputs, current)
        assert weights.dtype == dtype
        assert weights.isfinite().all()
        assert all(value.dtype == dtype for value in after.values())
        assert all(not value.isinf().any() for value in after.values())
    step = torch.einsum("kt,ktn->kn", weights.double(), jacobian)
    if name in {"mgda", "cagrad", "upgrad", "aligned"}:
        assert (step.norm(dim=-1) <= 1.01 * 40 * jacobian.norm(dim=-1).amax(dim=-1)).all()


@gram_rule
def test_a_zero_gradient_is_left_out(name: str) -> None:
    rule = make_rule(name)
    jacobian = gradients(3, 4)
    jacobian[:, 2] = 0.0
    inputs = inputs_of(jacobian)
    left = torch.tensor([0, 1, 3])
    state = warmed(rule, inputs)
    weights, after = rule.weights(inputs, state)
    expected, expected_after = rule.weights(select_tasks(inputs, left), select_state(state, left))
    torch.testing.assert_close(weights[:, left], expected, **EXACT)
    assert_states_equal(select_state(after, left), expected_after, **EXACT)


@gram_rule
def test_equal_gradients_share_alike(name: str) -> None:
    rule = make_rule(name)
    jacobian = gradients(3, 1).expand(3, 4, 12)
    inputs = inputs_of(jacobian)
    weights, _ = rule.weights(inputs, started(rule, inputs))
    torch.testing.assert_close(weights, weights.mean(dim=1, keepdim=True).expand(3, 4), rtol=1e-4, atol=0)
    is_mean = name in {"mgda", "cagrad", "imtl-g", "upgrad"}
    expected = torch.full((3,), 1.0 if is_mean else 4.0, dtype=DOUBLE)
    torch.testing.assert_close(weights.sum(dim=1), expected, rtol=1e-6, atol=0)


@every_rule
def test_single_precision_follows_double(name: str) -> None:
    rule = make_rule(name)
    jacobian = gradients(6, 5, 60)
    double, single = inputs_of(jacobian), inputs_of(jacobian, dtype=torch.float32)
    expected, _ = rule.weights(double, warmed(rule, double))
    weights, _ = rule.weights(single, warmed(rule, single))
    torch.testing.assert_close(weights.double(), expected, rtol=2e-3, atol=1e-4)


@every_rule
def test_states_have_a_row_for_each_member_and_nothing_is_written_in_place(name: str) -> None:
    rule = make_rule(name)
    inputs = with_static_weights(inputs_of(gradients(3, 4)))
    state = warmed(rule, inputs)
    before = {key: value.clone() for key, value in state.items()}
    copies = (inputs.gram.clone(), inputs.losses.clone(), inputs.task_weights.clone())
    _, after = rule.weights(inputs, state)
    after = rule.after_step(inputs, 0.5 * inputs.losses, after)
    rule.end_epoch(after, inputs.losses, inputs.active)
    assert_states_equal(state, before, rtol=0, atol=0)
    for now, then in zip((inputs.gram, inputs.losses, inputs.task_weights), copies, strict=True):
        assert torch.equal(now, then)
    assert all(value.shape[0] == 3 for value in after.values())


@every_rule
def test_state_says_whether_there_is_one(name: str) -> None:
    rule = make_rule(name)
    state = rule.init(2, 3, CPU, DOUBLE)
    assert bool(state) == (name in {"gradvac", "gradnorm", "uncertainty", "dwa", "famo"})


@every_rule
def test_fields_not_asked_for_are_not_read(name: str) -> None:
    rule = make_rule(name)
    inputs = inputs_of(gradients(2, 3))
    state = warmed(rule, inputs)
    weights, after = rule.weights(inputs, state)
    poison = torch.full((2, 3), torch.nan, dtype=DOUBLE)
    blind = replace(
        inputs,
        gram=inputs.gram if rule.needs & {"gram", "last-gram"} else torch.full_like(inputs.gram, torch.nan),
        losses=inputs.losses if "losses" in rule.needs else poison,
        order=inputs.order if "order" in rule.needs else poison,
    )
    blind_weights, blind_after = rule.weights(blind, state)
    torch.testing.assert_close(blind_weights, weights, rtol=0, atol=0)
    assert_states_equal(blind_after, after, rtol=0, atol=0)
