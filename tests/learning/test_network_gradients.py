"""The hand-written backward pass against autograd, on random sparse label patterns."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pytest
import torch

from miscible.learning import Member, NetworkShape, Population, TrainingData, TrainOptions
from miscible.learning.losses import pair_code, pair_gradients
from miscible.learning.nets import Network, Views, Weights
from miscible.learning.training import _slots
from miscible.learning.training._sampling import draw_epoch, member_pairs, n_steps, random_stream
from miscible.learning.training._schedule import Schedule, StackInfo, build_schedule
from miscible.learning.training._stack import Stack, build_network, start_stack

CPU = torch.device("cpu")


class Case(NamedTuple):
    """Everything one comparison needs."""

    population: Population
    data: TrainingData
    options: TrainOptions
    task_weights: np.ndarray
    network: Network
    stack: Stack
    schedule: Schedule
    inputs: torch.Tensor


def build_case(n_tasks: int, density: float, sampling: str, reduction: str, seed: int = 0) -> Case:
    rng = np.random.default_rng(seed)
    n_rows, n_inputs = 60, 7
    kinds = tuple(("regression", "binary", "multiclass")[i % 3] for i in range(n_tasks))
    n_outputs = tuple({"multiclass": 4}.get(k, 1) for k in kinds)
    targets = rng.normal(size=(2, n_rows, n_tasks))
    for t, kind in enumerate(kinds):
        if kind != "regression":
            targets[..., t] = rng.integers(0, {"binary": 2, "multiclass": 4}[kind], targets.shape[:2])
    hidden = rng.random(targets.shape) > density
    hidden[:, :, 0] &= rng.random((2, n_rows)) < 0.7
    targets[hidden] = np.nan
    rows = tuple(rng.permutation(n_rows)[:50] for _ in range(2))
    data = TrainingData(
        rng.normal(size=(2, n_rows, n_inputs)), targets, rows, rows, kinds, rng.uniform(0.5, 2, n_rows)
    )
    shape = NetworkShape(n_inputs, n_outputs, trunk=(9, 8), head=(5,))
    everything = tuple(range(n_tasks))
    members = (
        Member(0, everything, 1),
        Member(1, everything, 2),
        Member(1, everything[::-1], 3),
        Member(0, (0,), 4),
    )
    population = Population(shape, members)
    options = TrainOptions(batch_size=16, sampling=sampling, reduction=reduction)
    own = [member_pairs(data, m, data.train_rows[m.data]) for m in members]
    epochs = [
        draw_epoch(p, options.sampling, 16, n_steps(p, 16, 1), random_stream(m.seed, 1, 0))
        for p, m in zip(own, members, strict=True)
    ]
    order = np.argsort([-n_steps(p, 16, 1) for p in own], kind="stable")
    members = tuple(members[i] for i in order)
    codes = np.zeros((4, n_tasks), np.int64)
    for k, member in enumerate(members):
        codes[k, : len(member.tasks)] = [pair_code(kinds[t], n_outputs[t]) for t in member.tasks]
    task_weights = rng.uniform(0.5, 2, (4, n_tasks))
    schedule = build_schedule(
        [epochs[i] for i in order],
        StackInfo(np.array([m.data * n_rows for m in members]), codes, task_weights),
        batch_size=16,
        reduction=options.reduction,
        train=True,
        device=CPU,
        dtype=torch.float64,
        records=True,
    )
    network = build_network(shape, population.n_heads)
    stack = start_stack(shape, members, network, CPU, torch.float64)
    inputs = torch.as_tensor(data.inputs.reshape(-1, n_inputs))
    inputs = torch.cat([inputs, torch.ones(len(inputs), 1)], dim=1)
    return Case(Population(shape, members), data, options, task_weights, network, stack, schedule, inputs)


def empty_gradients(case: Case) -> Weights:
    """Buffers in which nothing unwritten can go unnoticed."""
    weights = case.stack.weights.empty_like()
    for layer in (*weights.trunk, *weights.heads):
        layer.fill_(torch.nan)
    return weights


def flat_gradients(case: Case, gradients: Weights, batch) -> tuple[torch.Tensor, torch.Tensor]:
    """``(K, n)`` for the trunk and ``(n_heads, K, n)`` for the heads, whatever layout the batch used."""
    k, n_heads = batch.n_members, case.network.n_heads
    heads = []
    for layer, shape in zip(gradients.heads, case.network.head.shapes, strict=True):
        if batch.blocks is None:
            dense = layer.clone()
            dense[[h for h, m in enumerate(batch.runs) if m == 0]] = 0.0
        else:
            dense = torch.zeros(n_heads * case.stack.n_members, *shape, dtype=torch.float64)
            dense[batch.blocks.active] = layer
        heads.append(dense.view(n_heads, case.stack.n_members, -1)[:, :k])
    trunk = torch.cat([layer[:k].flatten(1) for layer in gradients.trunk], dim=1)
    return trunk, torch.cat(heads, dim=2)


def autograd(case: Case, step: int, rows_of_step: list[torch.Tensor]):
    """Loss and gradients of every member by plain PyTorch, one pair after the other."""
    trunk = [layer.clone().requires_grad_() for layer in case.stack.weights.trunk]
    heads = [layer.clone().requires_grad_() for layer in case.stack.weights.heads]
    total = torch.zeros((), dtype=torch.float64)
    for k, member in enumerate(case.population.members):
        rows = rows_of_step[k]
        targets = torch.as_tensor(case.data.targets[member.data])
        sample = torch.as_tensor(case.data.weights)
        x = torch.as_tensor(case.data.inputs[member.data])[rows]
        for layer in trunk:
            x = torch.relu(x @ layer[k, :-1] + layer[k, -1])
        for h, task in enumerate(member.tasks):
            y = targets[rows, task]
            known = torch.isfinite(y)
            if case.options.sampling != "proportional":
                known &= torch.as_tensor(SAMPLED[step][k] == h)
            if not known.any():
                continue
            z = x[known]
            for i, layer in enumerate(heads):
                z = z @ layer[h, k, :-1] + layer[h, k, -1]
                z = torch.relu(z) if i < len(heads) - 1 else z
            y = y[known]
            kind = case.data.kinds[task]
            if kind == "regression":
                losses = (z[:, 0] - y) ** 2
            elif kind == "binary":
                losses = torch.nn.functional.binary_cross_entropy_with_logits(z[:, 0], y, reduction="none")
            else:
                losses = torch.nn.functional.cross_entropy(z, y.long(), reduction="none")
            losses = losses * sample[rows[known]]
            factor = len(losses) if case.options.reduction == "task-mean" else len(rows)
            total = total + case.task_weights[k, h] * losses.sum() / factor
    gradients = torch.autograd.grad(total, [*trunk, *heads])
    trunk_gradients, head_gradients = gradients[: len(trunk)], gradients[len(trunk) :]
    return (
        torch.cat([g.flatten(1) for g in trunk_gradients], dim=1),
        torch.cat([g.flatten(2) for g in head_gradients], dim=2),
    )


SAMPLED: dict[int, list[np.ndarray]] = {}


def step_rows(case: Case) -> list[list[torch.Tensor]]:
    """Rows of every member in every step, drawn again from the sampler; fills SAMPLED with their heads."""
    steps: list[list[torch.Tensor]] = []
    SAMPLED.clear()
    epochs = []
    for member in case.population.members:
        own = member_pairs(case.data, member, case.data.train_rows[member.data])
        stream = random_stream(member.seed, 1, 0)
        epochs.append(draw_epoch(own, case.options.sampling, 16, n_steps(own, 16, 1), stream))
    for s in range(len(case.schedule.batches)):
        steps.append([torch.as_tensor(e.rows[s * 16 : (s + 1) * 16]) for e in epochs])
        heads = []
        for e in epochs:
            head = np.full(len(e.rows), -1)
            head[e.position] = e.head
            heads.append(head[s * 16 : (s + 1) * 16])
        SAMPLED[s] = heads
    return steps


@pytest.mark.parametrize("records", [False, True], ids=["rows", "records"])
@pytest.mark.parametrize(
    ("n_tasks", "density", "sampling", "reduction"),
    [
        (3, 0.3, "proportional", "task-mean"),
        (3, 0.9, "proportional", "pair-sum"),
        (5, 0.15, "balanced", "task-mean"),
        (12, 0.3, "temperature", "pair-sum"),
        (30, 0.1, "proportional", "task-mean"),
        (30, 0.7, "proportional", "pair-sum"),
        (40, 0.02, "balanced", "task-mean"),
    ],
)
def test_gradients_equal_autograd(n_tasks, density, sampling, reduction, records):
    case = build_case(n_tasks, density, sampling, reduction)
    rows = step_rows(case)
    for s, batch in enumerate(case.schedule.batches):
        k = batch.n_members
        out, kept = run_step(case, batch, records=records)
        trunk, heads = flat_gradients(case, out, batch)
        expected_trunk, expected_heads = autograd(case, s, rows[s])
        torch.testing.assert_close(trunk, expected_trunk[:k], rtol=1e-10, atol=1e-13)
        torch.testing.assert_close(heads, expected_heads[:, :k], rtol=1e-10, atol=1e-13)
        assert (kept is not None) == records
        if kept is not None:
            assert kept.mask.sum() == (batch.weight > 0).sum()
            for (a, d), layer in zip(kept.layers, out.trunk, strict=True):
                torch.testing.assert_close(a.transpose(1, 2) @ d, layer[:k], rtol=1e-10, atol=1e-13)


def run_step(case: Case, batch, *, records=False, keep=None):
    """Gradients of one batch; ``keep`` tells which slots' losses count."""
    views = Views(case.stack.weights)
    trace = case.network.forward(views, case.inputs[batch.rows], batch)
    d = pair_gradients(trace.outputs, batch.target, batch.weight, batch.code)
    d = d if keep is None else d * keep.unsqueeze(-1)
    out = empty_gradients(case)
    return case.network.backward(views, trace, batch, d, Views(out), records=records)


@pytest.mark.parametrize(("n_tasks", "density"), [(4, 0.6), (20, 0.4)])
def test_records_give_each_tasks_own_gradient(n_tasks, density):
    case = build_case(n_tasks, density, "proportional", "task-mean", seed=3)
    batch = case.schedule.batches[0]
    k = batch.n_members
    _, records = run_step(case, batch, records=True)
    assert records is not None
    assert batch.members is not None
    for head in range(3):
        own = batch.members.mask & (batch.members.head == head)
        keep = torch.zeros_like(batch.weight)
        keep[batch.members.slot[own]] = 1.0
        alone, _ = run_step(case, batch, keep=keep)
        for (a, d), layer in zip(records.layers, alone.trunk, strict=True):
            of_task = a.transpose(1, 2) @ (d * (records.head == head).unsqueeze(-1))
            torch.testing.assert_close(of_task, layer[:k], rtol=1e-10, atol=1e-13)


def test_both_slot_layouts_agree(monkeypatch):
    results = []
    for limit in (12, 0):
        monkeypatch.setattr(_slots, "SEGMENT_HEADS", limit)
        case = build_case(6, 0.5, "proportional", "task-mean")
        batch = case.schedule.batches[0]
        assert (batch.blocks is None) == (limit == 12)
        results.append(flat_gradients(case, run_step(case, batch)[0], batch))
    torch.testing.assert_close(results[0], results[1], rtol=1e-10, atol=1e-13)
