"""Training as a plain float64 loop over one member's batches, one task at a time, and a hook to compare with it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple, Protocol

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from miscible.learning import EpochEnd, Member, NetworkShape, TrainingData, TrainOptions, make_rule
from miscible.learning.rules import RuleInput, RuleState
from miscible.learning.training._sampling import (
    BATCHES,
    ORDER,
    draw_epoch,
    member_pairs,
    n_steps,
    random_stream,
    task_weights,
)
from miscible.learning.training._stack import build_network, start_stack

KINDS = ("regression", "binary", "multiclass", "regression")
N_OUTPUTS = (1, 1, 3, 1)
# A mistake in a step moves a parameter by about the rate; rounding, through Adam's division, by much less.
TOLERANCE = 2e-4


def make_data(seed: int = 0) -> TrainingData:
    """Two folds of four tasks; the last is so scarce that most batches hold none of its labels."""
    rng = np.random.default_rng(seed)
    inputs = rng.normal(size=(2, 120, 6)).astype(np.float32)
    targets = rng.normal(size=(2, 120, 4)).astype(np.float32)
    targets[..., 1] = targets[..., 1] > 0.5
    targets[..., 2] = rng.choice(3, (2, 120), p=[0.6, 0.3, 0.1])
    targets[rng.random(targets.shape) > np.array([0.7, 0.4, 0.4, 0.03])] = np.nan
    targets[:, :2, 3] = 1.0, -0.5
    order = [rng.permutation(np.arange(2, 120)) for _ in range(2)]
    train_rows = (np.append(order[0][:90], (0, 1)), np.append(order[1][:50], (0, 1)))
    valid_rows = (order[0][90:], order[1][70:])
    return TrainingData(inputs, targets, train_rows, valid_rows, KINDS, rng.uniform(0.5, 2, 120))


class Cost(Protocol):
    """Loss ``(n,)`` of a head's pairs in one batch, from raw outputs ``(n, n_outputs)`` and labels ``(n,)``."""

    def __call__(self, kind: str, head: int, outputs: Tensor, labels: Tensor) -> Tensor: ...


class Smoothing(Protocol):
    """What feature smoothing does to a head's features, and what it learns from all of them."""

    def calibrated(self, head: int, features: Tensor, labels: Tensor) -> Tensor: ...

    def learn(self, head: int, features: Tensor, labels: Tensor) -> None: ...


def plain_cost(kind: str, head: int, outputs: Tensor, labels: Tensor) -> Tensor:
    """Squared error, log loss, cross-entropy."""
    if kind == "regression":
        return (outputs[:, 0] - labels).square()
    if kind == "binary":
        return F.binary_cross_entropy_with_logits(outputs[:, 0], labels, reduction="none")
    return F.cross_entropy(outputs, labels.long(), reduction="none")


def head_outputs(
    shape: NetworkShape,
    heads: Sequence[int],
    n_heads: int,
    h: int,
    top: Tensor,
    shared: Sequence[Tensor],
    own: Sequence[Tensor],
) -> Tensor:
    """Raw outputs of one head from the trunk's output ``(n, width)``.

    ``heads`` are those its member has, of ``n_heads`` in the network; ``shared`` all shared layers, ``own`` the
    head's, biases as last rows.
    """
    with_one = torch.cat([top, torch.ones_like(top[:, :1])], dim=1)
    extra, layers, z = own[-1], own if shape.mixing == "none" else own[:-1], top
    above = shared[len(shape.trunk) :]
    if shape.mixing == "task-attention":
        z = top * 2.0 / (1.0 + torch.exp(-(with_one @ extra)))
    elif shape.mixing == "mmoe":
        gates = torch.softmax(with_one @ extra, dim=1)
        experts = torch.relu(with_one @ above[0]).chunk(shape.n_experts, dim=1)
        z = torch.stack([gates[:, e : e + 1] * expert for e, expert in enumerate(experts)]).sum(dim=0)
    elif shape.mixing.startswith("relation"):
        width = shape.head[0]
        side = with_one @ above[0]
        states = [torch.relu(side[:, s * width : (s + 1) * width]) for s in range(n_heads)]
        others = [s for s in heads if s != h]
        if shape.mixing == "relation":
            share = {s: extra[0, s].expand(len(top)) for s in others}
        else:
            query = with_one @ extra
            keys = side[:, n_heads * width :].chunk(n_heads, dim=1)
            force = {s: torch.exp((query * keys[s]).sum(dim=1) / query.shape[1] ** 0.5) for s in others}
            nobody = torch.ones_like(top[:, 0])
            share = {s: force[s] / sum(force.values(), nobody) for s in others}
        z = states[h]
        for s in others:
            z = z + (share[s].unsqueeze(1) * states[s]) @ above[1]
    for i, layer in enumerate(layers):
        z = z @ layer[:-1] + layer[-1]
        z = torch.relu(z) if i < len(layers) - 1 else z
    return z


class Literal(NamedTuple):
    """Where the loop ends.

    ``shared`` layers and ``own`` layers by head; ``state`` of the rule, first axis 1; ``weights (epochs, n_tasks)``,
    ``acted`` and ``conflicts (epochs,)`` as in ``RuleCurves``.
    """

    shared: list[Tensor]
    own: list[list[Tensor]]
    state: RuleState
    weights: np.ndarray
    acted: np.ndarray
    conflicts: np.ndarray


def literal_training(
    shape: NetworkShape,
    data: TrainingData,
    member: Member,
    options: TrainOptions,
    *,
    n_heads: int | None = None,
    factors: Callable[[str, np.ndarray], np.ndarray] | None = None,
    cost: Cost = plain_cost,
    smoothing: Smoothing | None = None,
) -> Literal:
    """Train one member for ``options.max_epochs``.

    Parameters
    ----------
    n_heads
        Heads of the stacked network it stands in; its own by default.
    factors
        Weights of a task's training labels from its kind and labels.
    cost, smoothing
        Label and feature weighting; neither by default.
    """
    tasks = range(len(member.tasks))
    size = n_heads or len(tasks)
    network = build_network(shape, size)
    start = start_stack(shape, (member,), network, torch.device("cpu"), torch.float64).weights
    shared = [layer[0].clone().requires_grad_() for layer in start.trunk]
    own = [[layer[h, 0].clone().requires_grad_() for layer in start.heads] for h in tasks]
    last = len(shape.trunk) if shape.mixing == "mmoe" else len(shape.trunk) - 1

    def adamw(parameters: list[Tensor]) -> torch.optim.Optimizer:
        return torch.optim.AdamW(parameters, lr=member.setting.rate, weight_decay=member.setting.decay)

    optimisers = [adamw(shared), *(adamw(layers) for layers in own)]
    rule = make_rule(options.rule, **member.setting.of(options.rule))
    state = rule.init(1, len(tasks), torch.device("cpu"), torch.float64)
    ones = torch.ones(1, len(tasks), dtype=torch.float64)

    inputs, targets = (torch.as_tensor(a[member.data]).double() for a in (data.inputs, data.targets))
    rows = data.train_rows[member.data]
    sample = (
        np.ones((len(targets), len(tasks)))
        if data.weights is None
        else np.tile(data.weights, (len(tasks), 1)).T
    )
    known = [rows[np.isfinite(data.targets[member.data, rows, t])] for t in member.tasks]
    if factors is not None:
        for h, t in enumerate(member.tasks):
            sample[known[h], h] *= factors(data.kinds[t], data.targets[member.data, known[h], t])
    sample = torch.as_tensor(sample)
    pairs = member_pairs(data, member, rows)
    steps = n_steps(pairs, options.batch_size, options.min_steps)
    static = task_weights(pairs.counts, options.task_weights)

    def features(of: np.ndarray) -> Tensor:
        x = inputs[of]
        for layer in shared[: len(shape.trunk)]:
            x = torch.relu(x @ layer[:-1] + layer[-1])
        return x

    def costs(h: int, of: np.ndarray) -> Tensor:
        labels = targets[of, member.tasks[h]]
        x = features(of)
        x = x if smoothing is None else smoothing.calibrated(h, x, labels)
        z = head_outputs(shape, tasks, size, h, x, shared, own[h])
        return cost(data.kinds[member.tasks[h]], h, z[:, : shape.n_outputs[member.tasks[h]]], labels)

    weights_told, acted_told, conflicts_told = [], [], []
    for epoch in range(options.max_epochs):
        drawn = draw_epoch(
            pairs, options.sampling, options.batch_size, steps, random_stream(member.seed, BATCHES, epoch)
        )
        keys = random_stream(member.seed, ORDER, epoch).random((steps, len(tasks)), dtype=np.float32)
        told = torch.zeros(5, len(tasks), dtype=torch.float64)
        n_acted = n_opposed = n_both = 0
        for s in range(steps):
            here = drawn.position // options.batch_size == s
            of = {h: drawn.rows[drawn.position[here & (drawn.head == h)]] for h in tasks}
            of = {h: chosen for h, chosen in of.items() if len(chosen)}
            n_rows = min(options.batch_size, len(drawn.rows) - s * options.batch_size)

            def task_loss(h: int, chosen: np.ndarray, n_rows: int = n_rows) -> Tensor:
                divisor = len(chosen) if options.reduction == "task-mean" else n_rows
                return static[h] * (costs(h, chosen) * sample[chosen, h]).sum() / divisor

            losses = torch.zeros(1, len(tasks), dtype=torch.float64)
            jacobian = torch.zeros(len(tasks), sum(layer.numel() for layer in shared), dtype=torch.float64)
            at_last = torch.zeros(len(tasks), shared[last].numel(), dtype=torch.float64)
            active = torch.zeros(1, len(tasks), dtype=torch.bool)
            for optimiser in optimisers:
                optimiser.zero_grad(set_to_none=True)
            for h, chosen in of.items():
                loss = task_loss(h, chosen)
                parts = torch.autograd.grad(loss, [*shared, *own[h]], materialize_grads=True)
                jacobian[h] = torch.cat([part.flatten() for part in parts[: len(shared)]])
                at_last[h] = parts[last].flatten()
                losses[0, h], active[0, h] = loss.detach(), True
                for layer, part in zip(own[h], parts[len(shared) :], strict=True):
                    layer.grad = part.clone()
                if shape.mixing == "relation":
                    own[h][-1].grad = parts[-1] + shape.relation_l1 * own[h][-1].detach().sign()
                with torch.no_grad():
                    each = costs(h, chosen)
                told[2, h] += (each * sample[chosen, h]).sum()
                told[3, h] += sample[chosen, h].sum()
            seen = jacobian if "last-gram" not in rule.needs else at_last
            gram = (seen @ seen.T).unsqueeze(0)
            question = RuleInput(gram, losses, active, torch.as_tensor(keys[s : s + 1]).double(), ones)
            weights, state = rule.weights(question, state)
            step = weights[0] @ jacobian
            for layer, part in zip(shared, step.split([layer.numel() for layer in shared]), strict=True):
                layer.grad = part.view_as(layer).clone()
            if options.clip_norm is not None:
                torch.nn.utils.clip_grad_norm_(
                    [*shared, *(p for layers in own for p in layers)], options.clip_norm
                )
            optimisers[0].step()
            for h in of:
                optimisers[1 + h].step()
            if "losses-after" in rule.needs:
                after = torch.zeros_like(losses)
                with torch.no_grad():
                    for h, chosen in of.items():
                        after[0, h] = task_loss(h, chosen)
                state = rule.after_step(question, after, state)
            told[0] += weights[0]
            told[1] += active[0]
            told[4] += losses[0]
            n_acted += int(((weights - active.double()).abs() > 1e-4).any())
            opposed = gram[0][active[0]][:, active[0]] < 0.0
            n_opposed += int(opposed.triu(1).sum())
            n_both += len(opposed) * (len(opposed) - 1) // 2
        there = told[1] > 0
        mean = (
            told[4] / told[1].clamp_min(1) if "losses" in rule.needs else told[2] / told[3].clamp_min(1e-300)
        )
        state = rule.end_epoch(state, mean.unsqueeze(0), there.unsqueeze(0))
        weights_told.append(torch.where(there, told[0] / told[1], torch.nan).numpy())
        acted_told.append(n_acted / steps)
        conflicts_told.append(n_opposed / n_both if "gram" in rule.needs and n_both else np.nan)
        if smoothing is not None:
            with torch.no_grad():
                for h in tasks:
                    smoothing.learn(h, features(known[h]), targets[known[h], member.tasks[h]])
    return Literal(
        [layer.detach() for layer in shared],
        [[layer.detach() for layer in layers] for layers in own],
        state,
        np.array(weights_told),
        np.array(acted_told),
        np.array(conflicts_told),
    )


class Snapshot(NamedTuple):
    """One member after one epoch: shared layers, own layers ``(n_heads, ...)``, and what rule and smoothing hold."""

    shared: list[Tensor]
    own: list[Tensor]
    rule: RuleState
    smoothing: dict[str, Tensor]


class Recorder:
    """Keeps every member after every epoch: ``epochs[member][epoch]``."""

    def __init__(self) -> None:
        self.epochs: dict[int, list[Snapshot]] = {}

    def on_epoch_end(self, event: EpochEnd) -> None:
        """See ``Hook``."""
        places = [(stack, k) for stack in event.stacks for k in range(stack.n_members)]
        for member, (stack, k) in zip(event.members.tolist(), places, strict=True):
            snapshot = Snapshot(
                [layer[k].clone() for layer in stack.weights.trunk],
                [layer[:, k].clone() for layer in stack.weights.heads],
                {name: value[k].clone() for name, value in stack.rule.items()},
                {name: value[k].clone() for name, value in stack.smoothing.items()},
            )
            self.epochs.setdefault(member, []).append(snapshot)


def gap(snapshot: Snapshot, literal: Literal) -> float:
    """Largest difference of any parameter."""
    both = [*zip(snapshot.shared, literal.shared, strict=True)]
    for h, layers in enumerate(literal.own):
        both += [(ours[h], theirs) for ours, theirs in zip(snapshot.own, layers, strict=True)]
    return max(float((ours.double() - theirs).abs().max()) for ours, theirs in both)


def difference(one: Snapshot, two: Snapshot, n_heads: int) -> float:
    """Largest difference of any parameter of the shared layers and the first heads."""
    both = [*zip(one.shared, two.shared, strict=True)]
    both += [(a[:n_heads], b[:n_heads]) for a, b in zip(one.own, two.own, strict=True)]
    return max(float((a - b).abs().max()) for a, b in both)
