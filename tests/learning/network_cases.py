"""Random sparse networks with their batches, and what plain PyTorch makes of them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from miscible.learning import Member, NetworkShape, Population, TrainingData, TrainOptions
from miscible.learning.losses import pair_code, pair_gradients
from miscible.learning.nets import Batch, Network, TopGradients, Trace, Views, Weights
from miscible.learning.training._pair_plan import PairRequest
from miscible.learning.training._sampling import draw_epoch, member_pairs, n_steps, random_stream
from miscible.learning.training._schedule import Schedule, StackInfo, build_schedule
from miscible.learning.training._stack import Stack, build_network, start_stack

CPU = torch.device("cpu")
MIXINGS = ("none", "relation", "relation-dynamic", "mmoe", "task-attention")


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


def build_case(
    n_tasks: int,
    density: float,
    sampling: str,
    reduction: str,
    seed: int = 0,
    mixing: str = "none",
    form: str | None = None,
    compact: bool = True,
    norm: bool = False,
) -> Case:
    """Members with different folds and tasks; ``form`` forces one form of the Gram."""
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
    shape = NetworkShape(
        n_inputs, n_outputs, trunk=(9, 8), head=(5,), mixing=mixing, relation_start=0.3, norm=norm
    )
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
    exists = np.arange(n_tasks) < np.array([[len(m.tasks)] for m in members])
    network = build_network(shape, population.n_heads)
    shapes = {None: network.shared_shapes, "pairs": (), "tasks": None}[form]
    schedule = build_schedule(
        [epochs[i] for i in order],
        StackInfo(np.array([m.data * n_rows for m in members]), codes, task_weights, exists),
        batch_size=16,
        reduction=options.reduction,
        train=True,
        device=CPU,
        dtype=torch.float64,
        owners=True,
        pairs=PairRequest(shapes, compact=compact),
    )
    stack = start_stack(shape, members, network, CPU, torch.float64)
    for layer in stack.weights.trunk[network.depth : network.n_trunk]:
        layer += torch.as_tensor(rng.normal(0.0, 0.3, layer.shape))
    inputs = torch.as_tensor(data.inputs.reshape(-1, n_inputs))
    inputs = torch.cat([inputs, torch.ones(len(inputs), 1)], dim=1)
    return Case(Population(shape, members), data, options, task_weights, network, stack, schedule, inputs)


def empty_gradients(case: Case) -> Weights:
    """Buffers in which nothing unwritten can go unnoticed."""
    weights = case.stack.weights.empty_like()
    for layer in (*weights.trunk, *weights.heads):
        layer.fill_(torch.nan)
    return weights


def flat_gradients(case: Case, gradients: Weights, batch: Batch) -> tuple[torch.Tensor, torch.Tensor]:
    """``(K, n)`` for the trunk and ``(n_heads, K, n)`` for the heads, whatever layout the batch used."""
    k, n_heads = batch.n_members, case.network.n_heads
    heads = []
    for layer, shape in zip(gradients.heads, case.network.own_shapes, strict=True):
        if batch.blocks is None:
            dense = layer.clone()
            dense[[h for h, m in enumerate(batch.runs) if m == 0]] = 0.0
        else:
            dense = torch.zeros(n_heads * case.stack.n_members, *shape, dtype=torch.float64)
            dense[batch.blocks.active] = layer
        heads.append(dense.view(n_heads, case.stack.n_members, -1)[:, :k])
    trunk = torch.cat([layer[:k].flatten(1) for layer in gradients.trunk], dim=1)
    return trunk, torch.cat(heads, dim=2)


def head_outputs(case: Case, k: int, h: int, top: Tensor, trunk: list[Tensor], heads: list[Tensor]) -> Tensor:
    """Outputs of one head of one member from the trunk's top, by plain PyTorch."""
    shape, n_hidden = case.population.shape, len(case.network.head.shapes)
    z = top
    tasks = range(len(case.population.members[k].tasks))
    with_one = torch.cat([top, torch.ones(len(top), 1, dtype=top.dtype)], dim=1)
    if shape.mixing == "task-attention":
        z = top * 2.0 * torch.sigmoid(with_one @ heads[-1][h, k])
    elif shape.mixing == "mmoe":
        experts = torch.relu(with_one @ trunk[case.network.n_trunk][k]).view(len(top), shape.n_experts, -1)
        gates = torch.softmax(with_one @ heads[-1][h, k], dim=1)
        z = (gates.unsqueeze(2) * experts).sum(dim=1)
    elif shape.mixing.startswith("relation"):
        n_heads, width = case.network.n_heads, shape.head[0]
        side = with_one @ trunk[case.network.n_trunk][k]
        states = [torch.relu(side[:, s * width : (s + 1) * width]) for s in range(n_heads)]
        others = [s for s in tasks if s != h]
        if shape.mixing == "relation":
            share = {s: heads[-1][h, k, 0, s] for s in others}
        else:
            query, keys = with_one @ heads[-1][h, k], side[:, n_heads * width :].view(len(top), n_heads, -1)
            size = query.shape[1]
            logits = [(query * keys[:, s]).sum(1) / size**0.5 for s in others]
            whole = torch.softmax(torch.stack([*logits, torch.zeros(len(top), dtype=top.dtype)]), dim=0)
            share = {s: whole[i].unsqueeze(1) for i, s in enumerate(others)}
        z = states[h]
        for s in others:
            z = z + share[s] * (states[s] @ trunk[-1][k])
    for i in range(n_hidden):
        z = z @ heads[i][h, k, :-1] + heads[i][h, k, -1]
        z = torch.relu(z) if i < n_hidden - 1 else z
    return z


def autograd_tasks(case: Case, step: int, rows_of_step: list[Tensor]) -> tuple[Tensor, Tensor, Tensor]:
    """By plain PyTorch, for every member: losses ``(K, H)`` of its tasks in the batch, task weights included, and their
    gradients on the shared ``(K, H, n)`` and on the own layers ``(H, K, n)`` (summed over tasks).
    """
    trunk = [layer.clone().requires_grad_() for layer in case.stack.weights.trunk]
    heads = [layer.clone().requires_grad_() for layer in case.stack.weights.heads]
    k_all, n_heads = len(case.population.members), case.network.n_heads
    jacobian = torch.zeros(k_all, n_heads, sum(layer[0].numel() for layer in trunk), dtype=torch.float64)
    own = torch.zeros(n_heads, k_all, sum(layer[0, 0].numel() for layer in heads), dtype=torch.float64)
    values = torch.zeros(k_all, n_heads, dtype=torch.float64)
    for k, member in enumerate(case.population.members):
        rows = rows_of_step[k]
        targets = torch.as_tensor(case.data.targets[member.data])
        sample = torch.as_tensor(case.data.weights)
        x = torch.as_tensor(case.data.inputs[member.data])[rows]
        for i, layer in enumerate(trunk[: case.network.depth]):
            x = x @ layer[k, :-1] + layer[k, -1]
            if case.network.norm:
                scale, shift = trunk[case.network.depth + i][k, 0].chunk(2)
                x = torch.nn.functional.layer_norm(x, scale.shape, scale, shift)
            x = torch.relu(x)
        for h, task in enumerate(member.tasks):
            y = targets[rows, task]
            known = torch.isfinite(y)
            if case.options.sampling != "proportional":
                known &= torch.as_tensor(SAMPLED[step][k] == h)
            if not known.any():
                continue
            z = head_outputs(case, k, h, x[known], trunk, heads)
            y = y[known]
            kind = case.data.kinds[task]
            if kind == "regression":
                losses = (z[:, 0] - y) ** 2
            elif kind == "binary":
                losses = torch.nn.functional.binary_cross_entropy_with_logits(z[:, 0], y, reduction="none")
            else:
                losses = torch.nn.functional.cross_entropy(z[:, :4], y.long(), reduction="none")
            losses = losses * sample[rows[known]]
            factor = len(losses) if case.options.reduction == "task-mean" else len(rows)
            loss = case.task_weights[k, h] * losses.sum() / factor
            values[k, h] = loss.detach()
            parts = torch.autograd.grad(loss, [*trunk, *heads], retain_graph=True, materialize_grads=True)
            jacobian[k, h] = torch.cat([g[k].flatten() for g in parts[: len(trunk)]])
            own[:, k] += torch.cat([g[:, k].flatten(1) for g in parts[len(trunk) :]], dim=1)
    return values, jacobian, own


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


class Passed(NamedTuple):
    """One batch carried through the network."""

    trace: Trace
    top: TopGradients
    out: Weights


def run_step(case: Case, batch: Batch, keep: Tensor | None = None) -> Passed:
    """Down to where sharing begins; ``keep`` tells which slots' losses count. The shared layers' gradients are NaN."""
    views = Views(case.stack.weights)
    trace = case.network.forward(
        views, case.network.run_trunk(views, case.inputs[batch.rows], batch.n_members), batch
    )
    d = pair_gradients(trace.outputs, batch.target, batch.weight, batch.code)
    d = d if keep is None else d * keep.unsqueeze(-1)
    out = empty_gradients(case)
    heads, top = case.network.backward_heads(views, trace, batch, d, Views(out))
    return Passed(trace, top, Weights(out.trunk, heads))
