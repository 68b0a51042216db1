"""Hypergradients of ratios against automatic differentiation and closed forms; ratios and chances of sources."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pytest
import torch
from literal_training import head_outputs, plain_cost
from torch import Tensor

from miscible.learning import (
    Member,
    NetworkShape,
    Setting,
    TrainingData,
    TrainOptions,
    TransferPlan,
)
from miscible.learning.losses import pair_code
from miscible.learning.nets import Batch, TopGradients, Trace, Views
from miscible.learning.training._objective import Objective
from miscible.learning.training._optimiser import Optimiser
from miscible.learning.training._passes import train_epoch
from miscible.learning.training._ratio_run import RatioRun, fresh_ratios
from miscible.learning.training._sampling import Epoch, draw_epoch, draw_from_tasks, member_pairs
from miscible.learning.training._schedule import Schedule, StackInfo, build_schedule
from miscible.learning.training._stack import Stack, build_network, start_stack
from miscible.learning.training._step import Stepper
from miscible.learning.training._targeted import Targeted
from miscible.learning.transfer import (
    Snapshot,
    free_gradients,
    preconditioned,
    source_effects,
    source_weights,
)

CPU, DOUBLE = torch.device("cpu"), torch.float64
BATCH, HELD_OUT, STEPS = 16, 8, (9, 9, 5)
SETTINGS = (Setting(1e-2, 0.3), Setting(3e-3), Setting(2e-2, 0.1))
EXACT = 1e-6


class Moment(NamedTuple):
    """A member before a step: shared and own layers ``(n_heads, ...)``, moments of both, and updates of the heads."""

    shared: list[Tensor]
    own: list[Tensor]
    first: list[Tensor]
    second: list[Tensor]


class Recording(RatioRun):
    """Keeps what every member was before every step and what is handed to the update of the ratios, which stay."""

    def watch(self, stack: Stack) -> Recording:
        self.stack, self.before, self.handed = stack, [], []
        return self

    def look(self, number: int, trace: Trace, batch: Batch, top: TopGradients) -> None:
        self.before.append(self.moments())
        super().look(number, trace, batch, top)

    def learn(self, number: int, batch: Batch, optimiser: Optimiser) -> None:
        self.number = number
        super().learn(number, batch, optimiser)

    def _update(self, effects: Tensor, k: int) -> None:
        assert effects.shape[0] == k
        self.handed.append((self.number, effects.clone()))

    def moments(self) -> list[Moment]:
        """Of every member, as it is now."""
        stack = self.stack
        return [
            Moment(
                [layer[k].clone() for layer in stack.weights.trunk],
                [layer[:, k].clone() for layer in stack.weights.heads],
                [layer[k].clone() for layer in stack.first.trunk],
                [layer[k].clone() for layer in stack.second.trunk],
            )
            for k in range(stack.n_members)
        ]


class World(NamedTuple):
    """An epoch of three members that has been run in float64."""

    shape: NetworkShape
    data: TrainingData
    members: tuple[Member, ...]
    n_heads: int
    epochs: list[Epoch]
    guides: list[Epoch]
    weights: Tensor
    clip: float
    run: Recording


def run_world(n_tasks: int, every: int, horizon: int, clip: float = 0.55, seed: int = 0) -> World:
    """Mixed kinds, members of two slices and of different tasks; the last takes fewer steps."""
    rng = np.random.default_rng(seed)
    kinds = tuple(("regression", "binary", "multiclass")[i % 3] for i in range(n_tasks))
    n_outputs = tuple({"multiclass": 3}.get(kind, 1) for kind in kinds)
    targets = rng.normal(size=(2, 80, n_tasks))
    for t, kind in enumerate(kinds):
        if kind != "regression":
            targets[..., t] = rng.integers(0, {"binary": 2, "multiclass": 3}[kind], (2, 80))
    targets[rng.random(targets.shape) > 0.6] = np.nan
    rows = tuple(rng.permutation(80) for _ in range(2))
    data = TrainingData(
        rng.normal(size=(2, 80, 6)),
        targets,
        tuple(r[:55] for r in rows),
        tuple(r[55:] for r in rows),
        kinds,
        rng.uniform(0.5, 2.0, 80),
    )
    shape = NetworkShape(6, n_outputs, trunk=(9, 8), head=(5,))
    everything = tuple(range(n_tasks))
    members = (
        Member(0, everything, 1, SETTINGS[0], primary=0),
        Member(1, everything[::-1], 2, SETTINGS[1], primary=1),
        Member(0, (2, 0, 1), 3, SETTINGS[2], primary=2),
    )
    network = build_network(shape, n_tasks)
    own = [member_pairs(data, m, data.train_rows[m.data]) for m in members]
    epochs = [draw_epoch(p, "balanced", BATCH, n, rng) for p, n in zip(own, STEPS, strict=True)]
    guides = []
    for member, n in zip(members, STEPS, strict=True):
        pairs = member_pairs(data, member, data.valid_rows[member.data])
        primary = np.arange(len(member.tasks)) == member.tasks.index(member.primary or 0)
        guides.append(draw_from_tasks(pairs, primary.astype(float), -(-n // every) * HELD_OUT, rng))
    codes, exists = np.zeros((3, n_tasks), np.int64), np.zeros((3, n_tasks), bool)
    for k, member in enumerate(members):
        codes[k, : len(member.tasks)] = [pair_code(kinds[t], n_outputs[t]) for t in member.tasks]
        exists[k, : len(member.tasks)] = True
    info = StackInfo(np.array([80 * m.data for m in members]), codes, np.ones((3, n_tasks)), exists)

    def laid_out(each: list[Epoch], size: int) -> Schedule:
        return build_schedule(
            each, info, batch_size=size, reduction="pair-sum", train=True, device=CPU, dtype=DOUBLE, owners=True
        )  # fmt: skip

    stack = start_stack(shape, members, network, CPU, DOUBLE)
    state = fresh_ratios(3, n_tasks, CPU, DOUBLE)
    state["free"] += torch.as_tensor(rng.normal(0.0, 1.0, (3, n_tasks)))
    stack = Stack(stack.weights, stack.first, stack.second, stack.steps, ratios=state)
    inputs = torch.as_tensor(data.inputs).flatten(0, 1)
    inputs = torch.cat([inputs, inputs.new_ones(len(inputs), 1)], dim=1)
    objective = Objective(TrainOptions(), SETTINGS, [[]] * 3, n_tasks, CPU)
    batches = laid_out(guides, HELD_OUT).batches
    second = build_network(shape, n_tasks)
    stepper = Stepper(
        second, Views(stack.weights), Views(stack.weights.empty_like()), inputs, objective, None, None
    )
    sources = torch.as_tensor(exists)
    for k, member in enumerate(members):
        sources[k, member.tasks.index(member.primary or 0)] = False
    trust = torch.tensor([0.7, 0.4, 0.9], dtype=DOUBLE)
    plan = TransferPlan(np.ones((3, n_tasks)), np.ones(3), every=every, horizon=horizon)
    run = Recording(
        plan,
        stack,
        SETTINGS,
        lambda update: stepper.gradients(update, batches[update])[1].trunk,
        sources,
        trust,
        None,
    ).watch(stack)
    weights = torch.where(sources, source_weights(state["free"], sources, trust, plan.cap), 1.0)
    train_epoch(network, stack, SETTINGS, clip, inputs, laid_out(epochs, BATCH), objective, ratios=run)
    run.before.append(run.moments())
    return World(shape, data, members, n_tasks, epochs, guides, weights, clip, run)


def task_losses(
    world: World, k: int, epoch: Epoch, size: int, step: int, shared: list[Tensor], own: list[Tensor]
) -> dict[int, Tensor]:
    """Loss by head of one batch of one member, by plain PyTorch."""
    member, data = world.members[k], world.data
    here = epoch.position // size == step
    n_rows = min(size, len(epoch.rows) - step * size)
    assert data.weights is not None
    result: dict[int, Tensor] = {}
    for h in np.unique(epoch.head[here]).tolist():
        rows = epoch.rows[epoch.position[here & (epoch.head == h)]]
        x = torch.as_tensor(data.inputs[member.data][rows])
        for layer in shared:
            x = torch.relu(x @ layer[:-1] + layer[-1])
        z = head_outputs(
            world.shape, range(len(member.tasks)), world.n_heads, h, x, shared, [own_h[h] for own_h in own]
        )
        task = member.tasks[h]
        labels = torch.as_tensor(data.targets[member.data][rows, task])
        each = plain_cost(data.kinds[task], h, z[:, : world.shape.n_outputs[task]], labels)
        result[h] = (each * torch.as_tensor(data.weights[rows])).sum() / n_rows
    return result


def unrolled(world: World, k: int, step: int, horizon: int) -> tuple[Tensor, list[Tensor], bool]:
    """Derivative of the held-out loss by the ratios of one step, the shared layers one step later, and whether clipped.

    The optimiser's step is written out and differentiated with its second moments held fixed. Beyond one step, what
    the momentum still adds of the gradient goes on to move the shared layers, while the gradients of the later steps
    are taken to be what they were.
    """
    setting, last = SETTINGS[k], step + horizon
    before, after = world.run.before[step][k], world.run.before[last][k]
    ratios = world.weights[k].clone().requires_grad_()
    shared = [layer.requires_grad_() for layer in before.shared]
    own = [layer.requires_grad_() for layer in before.own]
    losses = task_losses(world, k, world.epochs[k], BATCH, step, shared, own)
    each = {h: torch.autograd.grad(loss, shared, retain_graph=True) for h, loss in losses.items()}
    heads = torch.autograd.grad(sum(losses.values(), torch.zeros(())), own)
    whole = [
        torch.stack([ratios[h] * parts[i] for h, parts in each.items()]).sum(0) for i in range(len(shared))
    ]
    length = torch.cat([g.detach().flatten() for g in (*whole, *heads)]).norm()
    factor = min(1.0, world.clip / float(length))
    moved: list[Tensor] = []
    once: list[Tensor] = []
    for i, g in enumerate(whole):
        g = factor * g
        theta, final = before.shared[i].detach(), after.shared[i]
        first = 0.9 * before.first[i] + 0.1 * g
        v = (0.999 * before.second[i] + 0.001 * g.square()).detach()
        root = (v / (1 - 0.999 ** (step + 1))).sqrt() + 1e-8
        once.append(
            theta * (1 - setting.rate * setting.decay) - setting.rate * first / (1 - 0.9 ** (step + 1)) / root
        )
        root = (after.second[i] / (1 - 0.999**last)).sqrt() + 1e-8
        left = sum(0.1 * 0.9**j for j in range(horizon)) * (g - g.detach())
        moved.append(final - setting.rate * left / (1 - 0.9**last) / root)
    end = once if horizon == 1 else moved
    guide = task_losses(world, k, world.guides[k], HELD_OUT, step // world.run._plan.every, end, after.own)
    (loss,) = guide.values()
    (derivative,) = torch.autograd.grad(loss, ratios)
    return derivative, [layer.detach() for layer in once], factor < 1.0


@pytest.mark.parametrize("n_tasks", [5, 12, 14], ids=["runs", "twelve", "blocks"])
@pytest.mark.parametrize(("every", "horizon"), [(1, 1), (3, 1), (3, 3), (4, 2)])
def test_effects_are_derivatives_of_the_held_out_loss_through_the_step(
    n_tasks: int, every: int, horizon: int
):
    world = run_world(n_tasks, every, horizon)
    seen, n_clipped = set(), 0
    for number, handed in world.run.handed:
        step = number - horizon + 1
        assert step % every == 0
        for k in range(len(handed)):
            expected, moved, clipped = unrolled(world, k, step, horizon)
            for ours, theirs in zip(world.run.before[step + 1][k].shared, moved, strict=True):
                torch.testing.assert_close(ours, theirs, rtol=1e-9, atol=1e-12)
            primary = world.members[k].tasks.index(world.members[k].primary or 0)
            others = np.arange(n_tasks) != primary
            scale = float(expected[others].abs().max())
            assert scale > 0
            torch.testing.assert_close(handed[k][others], expected[others], rtol=EXACT, atol=EXACT * scale)
            seen.add((k, step))
            n_clipped += clipped
    expected_steps = {(k, s) for k, n in enumerate(STEPS) for s in range(0, n - horizon + 1, every)}
    assert seen == expected_steps
    assert 0 < n_clipped < len(seen)


def test_ratios_scale_the_sources_on_the_shared_layers_alone():
    """A head has the step count, and the moments, of its own plain gradient whatever its ratio."""
    world = run_world(5, 1, 1, clip=1e9)
    before, after = world.run.before[0][1], world.run.before[1][1]
    own = [layer.requires_grad_() for layer in before.own]
    losses = task_losses(world, 1, world.epochs[1], BATCH, 0, before.shared, own)
    gradients = torch.autograd.grad(sum(losses.values(), torch.zeros(())), own)
    for layer, new, g in zip(own, after.own, gradients, strict=True):
        moved = layer.detach() - SETTINGS[1].rate * g / (g.abs() + 1e-8)
        torch.testing.assert_close(new, torch.where(g == 0, layer.detach(), moved), rtol=1e-9, atol=1e-12)


class Ridge(NamedTuple):
    """Linear tasks ``(n, d)``, ``(n,)`` whose features stay positive, so that a ReLU passes them on."""

    sources: list[tuple[np.ndarray, np.ndarray]]
    held_out: tuple[np.ndarray, np.ndarray]
    penalty: float

    def solution(self, ratios: np.ndarray) -> np.ndarray:
        """Least regularised loss, in closed form."""
        return np.linalg.solve(
            self.hessian(ratios), sum(r * 2 * x.T @ y / len(y) for r, (x, y) in self.each(ratios))
        )

    def hessian(self, ratios: np.ndarray) -> np.ndarray:
        d = self.held_out[0].shape[1]
        return sum(
            (r * 2 * x.T @ x / len(y) for r, (x, y) in self.each(ratios)), 2 * self.penalty * np.eye(d)
        )

    def each(self, ratios: np.ndarray):
        return zip(ratios, self.sources, strict=True)

    def judged(self, w: np.ndarray) -> float:
        x, y = self.held_out
        return float(np.mean((x @ w - y) ** 2))


def make_ridge(seed: int) -> Ridge:
    rng = np.random.default_rng(seed)

    def task(n: int) -> tuple[np.ndarray, np.ndarray]:
        x = rng.uniform(0.2, 1.0, (n, 4))
        x[:, -1] = 1.0
        return x, x @ rng.uniform(0.3, 1.0, 4) + 0.1 * rng.normal(size=n)

    return Ridge([task(n) for n in (7, 12, 9)], task(11), 0.05)


def effects_on(ridge: Ridge, w: np.ndarray, direction: np.ndarray) -> np.ndarray:
    """`source_effects` of the linear tasks as heads of one member with one shared layer and heads that are 1."""
    sizes = [len(y) for _, y in ridge.sources]
    x = np.concatenate([x for x, _ in ridge.sources])
    y = np.concatenate([y for _, y in ridge.sources])
    output = x @ w
    assert (output > 0).all()
    activations = [
        torch.as_tensor(x)[None],
        torch.as_tensor(np.column_stack([output, np.ones(len(x))]))[None],
    ]
    top = torch.as_tensor(2 * (output - y) / np.repeat(sizes, sizes))[:, None]
    owner = torch.as_tensor(np.repeat(np.arange(3), sizes))
    snapshot = Snapshot(activations, [torch.as_tensor(w)[None, :, None]], torch.arange(len(x)), owner, top)
    return source_effects(snapshot, [torch.as_tensor(direction)[None, :, None]], 3)[0].numpy()


@pytest.mark.parametrize("seed", range(3))
def test_one_step_on_linear_tasks_has_the_closed_form(seed: int):
    ridge = make_ridge(seed)
    w, rate = np.array([0.5, 0.4, 0.6, 0.2]), 0.01

    def after(ratios: np.ndarray) -> np.ndarray:
        return w - rate * sum(r * 2 * x.T @ (x @ w - y) / len(y) for r, (x, y) in ridge.each(ratios))

    ratios = np.array([0.5, 1.0, 2.0])
    x, y = ridge.held_out
    at_end = 2 * x.T @ (x @ after(ratios) - y) / len(y)
    ours = -effects_on(ridge, w, rate * at_end)
    small = 1e-6 * np.eye(3)
    found = [(ridge.judged(after(ratios + e)) - ridge.judged(after(ratios - e))) / 2e-6 for e in small]
    np.testing.assert_allclose(ours, found, rtol=1e-6)


@pytest.mark.parametrize("seed", range(3))
def test_along_the_inverse_curvature_effects_are_those_of_ridge_trained_to_the_end(seed: int):
    """Implicit differentiation of the solution; what a one-step direction leaves out is the inverse Hessian."""
    ridge, ratios = make_ridge(seed), np.array([0.5, 1.0, 2.0])
    w = ridge.solution(ratios)
    x, y = ridge.held_out
    direction = np.linalg.solve(ridge.hessian(ratios), 2 * x.T @ (x @ w - y) / len(y))
    ours = -effects_on(ridge, w, direction)
    small = 1e-6 * np.eye(3)
    found = [
        (ridge.judged(ridge.solution(ratios + e)) - ridge.judged(ridge.solution(ratios - e))) / 2e-6
        for e in small
    ]
    np.testing.assert_allclose(ours, found, rtol=1e-5, atol=1e-8)


def test_the_preconditioner_is_that_of_adam():
    rng = np.random.default_rng(0)
    start = torch.as_tensor(rng.normal(size=(2, 4, 3)))
    moved = [layer.clone().requires_grad_() for layer in start]
    optimisers = [torch.optim.Adam([layer], lr=1.0, betas=(0.0, 0.999)) for layer in moved]
    second, correction = torch.zeros(2, 4, 3, dtype=DOUBLE), torch.zeros(2, dtype=DOUBLE)
    for step in range(1, 5):
        g = torch.as_tensor(rng.normal(size=(2, 4, 3)))
        second = 0.999 * second + 0.001 * g.square()
        for k, optimiser in enumerate(optimisers):
            if step <= 3 - k:
                before, moved[k].grad = moved[k].detach().clone(), g[k].clone()
                optimiser.step()
                correction[k] = 1 - 0.999**step
                ours = preconditioned(g, second, torch.full((2,), 1 - 0.999**step, dtype=DOUBLE), 1e-8)[k]
                torch.testing.assert_close(before - moved[k].detach(), ours, rtol=1e-9, atol=1e-12)


SOURCES = torch.tensor([[True, True, True, False, True], [True, False, True, True, False]])


@pytest.mark.parametrize("level", [-2.0, 0.0, 2.0], ids=["mean below 1", "mean near 1", "mean above 1"])
@pytest.mark.parametrize("cap", [1.5, 4.0, 20.0])
def test_gradients_at_the_free_parameters_are_those_of_finite_differences(level: float, cap: float):
    rng = np.random.default_rng(int(cap))
    free = torch.as_tensor(level + rng.normal(0.0, 0.4, (2, 5)))
    trust, effects = torch.tensor([0.3, 0.9], dtype=DOUBLE), torch.as_tensor(rng.normal(size=(2, 5)))
    ours = free_gradients(free, SOURCES, trust, cap, effects)
    for k in range(2):
        for h in range(5):
            nudge = torch.zeros(2, 5, dtype=DOUBLE)
            nudge[k, h] = 1e-6
            up, down = (source_weights(free + s * nudge, SOURCES, trust, cap) for s in (1, -1))
            expected = float(((up - down) * effects).sum() / 2e-6)
            assert float(ours[k, h]) == pytest.approx(expected, rel=1e-5, abs=1e-8)
    assert bool((ours[~SOURCES] == 0).all())


@pytest.mark.parametrize("level", [-8.0, 0.0, 8.0])
def test_ratios_stay_between_nothing_and_the_cap_with_a_mean_of_at_most_one(level: float):
    rng = np.random.default_rng(1)
    free = torch.as_tensor(level + rng.normal(0.0, 3.0, (2, 5)))
    certain = torch.ones(2, dtype=DOUBLE)
    ratios = source_weights(free, SOURCES, certain, 4.0)
    assert bool((ratios[~SOURCES] == 0).all())
    assert bool((ratios >= 0).all()) and float(ratios.max()) <= 4.0
    means = ratios.sum(dim=1) / SOURCES.sum(dim=1)
    assert float(means.max()) <= 1.0 + 1e-12
    half = source_weights(free, SOURCES, certain / 2, 4.0)
    torch.testing.assert_close(half[SOURCES], (ratios[SOURCES] + 1.0) / 2)
    nothing = source_weights(free, SOURCES, torch.zeros(2, dtype=DOUBLE), 4.0)
    assert bool((nothing == SOURCES.double()).all())
    assert bool(
        (source_weights(torch.zeros(2, 5, dtype=DOUBLE), SOURCES, certain, 4.0)[SOURCES] - 1 < 1e-12).all()
    )


@pytest.mark.parametrize("tied", [False, True])
def test_ratios_follow_adam_on_the_free_parameters(tied: bool):
    rng = np.random.default_rng(2)
    shape = NetworkShape(2, (1,) * 5, trunk=(3,), head=())
    members = tuple(Member(0, tuple(range(5)), k, primary=3 - k) for k in range(2))
    stack = start_stack(shape, members, build_network(shape, 5), CPU, DOUBLE)
    state = fresh_ratios(2, 5, CPU, DOUBLE)
    # At 0 the mean of the ratios is 1, where the gradient has a kink.
    state["free"] += 0.3
    stack = Stack(stack.weights, stack.first, stack.second, stack.steps, ratios=state)
    plan = TransferPlan(np.ones((2, 5)), np.ones(2), rate=0.2)
    trust = torch.tensor([0.5, 0.8], dtype=DOUBLE)
    groups = torch.tensor([[0, 1, 0, 2, 1], [0, 0, 1, 1, 2]]) if tied else None
    run = RatioRun(plan, stack, (Setting(), Setting()), lambda _: [], SOURCES, trust, groups)
    free = torch.full((2, 5), 0.3, dtype=DOUBLE, requires_grad=True)
    optimiser = torch.optim.Adam([free], lr=0.2, betas=(0.9, 0.99), eps=0.0)
    for _ in range(6):
        effects = torch.as_tensor(rng.normal(size=(2, 5)))
        run._update(effects, 2)
        ratios = source_weights(free, SOURCES, trust, plan.cap)
        (gradient,) = torch.autograd.grad((ratios * effects).sum(), free)
        if groups is not None:
            same = (groups.unsqueeze(2) == groups.unsqueeze(1)) & SOURCES.unsqueeze(1)
            gradient = torch.where(SOURCES, (same * gradient.unsqueeze(1)).sum(dim=2), 0.0)
        free.grad = torch.where(SOURCES, gradient, 1.0)
        optimiser.step()
    told = run.finish()
    np.testing.assert_allclose(
        told[SOURCES.numpy()],
        source_weights(free.detach(), SOURCES, trust, plan.cap)[SOURCES].numpy(),
        rtol=1e-9,
    )
    assert np.isnan(told[~SOURCES.numpy()]).all()
    if groups is not None:
        assert told[0, 0] == told[0, 2] and told[0, 1] == told[0, 4]
        assert told[0, 0] != told[0, 1]


def test_a_step_that_is_not_finite_teaches_nothing():
    shape = NetworkShape(2, (1,) * 5, trunk=(3,), head=())
    members = tuple(Member(0, tuple(range(5)), k, primary=3 - k) for k in range(2))
    stack = start_stack(shape, members, build_network(shape, 5), CPU, DOUBLE)
    stack = Stack(
        stack.weights, stack.first, stack.second, stack.steps, ratios=fresh_ratios(2, 5, CPU, DOUBLE)
    )
    trust = torch.ones(2, dtype=DOUBLE)
    run = RatioRun(
        TransferPlan(np.ones((2, 5)), np.ones(2)), stack, (Setting(),) * 2, lambda _: [], SOURCES, trust, None
    )
    effects = torch.ones(2, 5, dtype=DOUBLE)
    effects[0, 1], effects[1, 0] = torch.nan, -5.0
    run._update(effects, 2)
    told = run.finish()
    np.testing.assert_array_equal(told[0][SOURCES[0].numpy()], 1.0)
    assert np.ptp(told[1][SOURCES[1].numpy()]) > 0.01


def targeted(ratios: list[float], strength: float, seed: int = 0) -> tuple[Targeted, list[np.ndarray]]:
    """Four tasks of unequal counts, the second the target; labels of every task."""
    rng = np.random.default_rng(seed)
    targets = rng.normal(size=(1, 60, 4))
    for t, n in enumerate((40, 12, 7, 25)):
        targets[0, rng.permutation(60)[n:], t] = np.nan
    rows = np.arange(60)
    data = TrainingData(
        np.zeros((1, 60, 2)), targets, (rows,), (rows,), ("regression",) * 4, rng.uniform(0.5, 2, 60)
    )
    member = Member(0, (0, 1, 2, 3), 5, primary=1)
    plan = TransferPlan(np.array([ratios]), np.array([strength]))
    pairs = member_pairs(data, member, rows)
    own = Targeted(plan, (member,), [pairs], data, 8)
    return own, [targets[0, :, t] for t in range(4)]


@pytest.mark.parametrize(
    ("ratios", "strength"),
    [
        ([1.0, 9.9, 1.0, 1.0], 1.0),
        ([0.02, 1.0, 2.9, 0.08], 4.0),
        ([0.0, 1.0, 3.0, 0.0], 1.0),
        ([0.0, 1.0, 0.0, 0.0], 2.0),
        ([2.0, 1.0, 0.5, 1.0], 0.0),
    ],
)
def test_batches_estimate_the_weighted_loss_without_bias(ratios: list[float], strength: float):
    """Loss and gradient are sums over the pairs drawn; a made-up loss and gradient of each pair stand for them."""
    own, _ = targeted(ratios, strength)
    rng = np.random.default_rng(3)
    pairs = own._left(0)
    each = rng.normal(size=(len(pairs.head), 3)) + 2.0
    lookup = {(int(h), float(y)): i for i, (h, y) in enumerate(zip(pairs.head, pairs.target, strict=True))}
    wanted = np.array(ratios) * strength / 3.0
    wanted[1] = 1.0
    mean = np.stack(
        [(each * pairs.weight[:, None])[pairs.head == h].sum(axis=0) / pairs.counts[h] for h in range(4)]
    )
    exact = (wanted[:, None] * mean).sum(axis=0) / wanted.sum()
    steps, found = 5, []
    for epoch in range(1_500):
        drawn = own.epoch(0, epoch, steps)
        chosen = [lookup[int(h), float(y)] for h, y in zip(drawn.head, drawn.target, strict=True)]
        found.append((each[chosen] * drawn.weight[:, None]).sum(axis=0) / (8 * steps))
    error = np.std(found, axis=0) / np.sqrt(len(found))
    assert (error < 0.02 * np.abs(exact)).all()
    assert (np.abs(np.mean(found, axis=0) - exact) < 4 * error).all()


def test_a_source_with_a_ratio_near_nothing_is_still_drawn_and_one_without_a_ratio_counts_for_nothing():
    own, _ = targeted([1e-3, 1.0, 2.0, 0.0], 3.0)
    heads = np.concatenate([own.epoch(0, e, 20).head for e in range(20)])
    weights = np.concatenate([own.epoch(0, e, 20).weight for e in range(20)])
    shares = np.bincount(heads, minlength=4) / len(heads)
    assert shares[0] > 0.01
    assert shares[2] > 5 * shares[0]
    assert (weights[heads == 3] == 0).all()
