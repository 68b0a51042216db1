"""Whole training steps against an ordinary PyTorch loop over the same batches."""

from __future__ import annotations

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from miscible.learning import Member, NetworkShape, Population, Setting, TrainingData, TrainOptions, train
from miscible.learning.training import _slots
from miscible.learning.training._sampling import (
    draw_epoch,
    member_pairs,
    n_steps,
    random_stream,
    task_weights,
)
from miscible.learning.training._stack import build_network, start_stack

KINDS = ("regression", "binary", "multiclass", "regression")
SHAPE = NetworkShape(6, (1, 1, 3, 1), trunk=(12, 10), head=(7,))
# A mistake in a step moves a parameter by about the rate; rounding, through Adam's division, by much less.
TOLERANCE = 2e-4
SETTINGS = (Setting(1e-3), Setting(1e-2, 0.3), Setting(1e-2, 0.3), Setting(3e-3, 0.05))


def make_data(seed: int = 0) -> TrainingData:
    rng = np.random.default_rng(seed)
    inputs = rng.normal(size=(2, 150, 6)).astype(np.float32)
    targets = rng.normal(size=(2, 150, 4)).astype(np.float32)
    targets[..., 1] = targets[..., 1] > 0
    targets[..., 2] = rng.integers(0, 3, (2, 150))
    # The last task is so scarce that most batches hold none of its labels.
    targets[rng.random(targets.shape) > np.array([0.7, 0.3, 0.3, 0.02])] = np.nan
    targets[:, 0, 3] = 1.0
    order = [rng.permutation(np.arange(1, 150)) for _ in range(2)]
    train_rows = (np.append(order[0][:120], 0), np.append(order[1][:60], 0))
    valid_rows = (order[0][120:], order[1][100:])
    return TrainingData(inputs, targets, train_rows, valid_rows, KINDS, rng.uniform(0.5, 2, 150))


MEMBERS = (
    Member(0, (0, 1, 2, 3), 1, SETTINGS[0]),
    Member(1, (3, 0), 2, SETTINGS[1]),
    Member(0, (2, 3, 1), 3, SETTINGS[2]),
    Member(1, (0,), 4, SETTINGS[3]),
    Member(0, (3, 2, 1, 0), 5, SETTINGS[1]),
)


def reference(data: TrainingData, member: Member, options: TrainOptions):
    """Parameters after one epoch of a float64 loop with one torch.optim.AdamW for the trunk and each head, and the
    norm of the whole gradient at every step.
    """
    network = build_network(SHAPE, len(member.tasks))
    stack = start_stack(SHAPE, (member,), network, torch.device("cpu"), torch.float64)
    trunk = [layer[0].clone().requires_grad_() for layer in stack.weights.trunk]
    heads = [
        [layer[h, 0].clone().requires_grad_() for layer in stack.weights.heads]
        for h in range(len(member.tasks))
    ]

    def adamw(parameters):
        return torch.optim.AdamW(parameters, lr=member.setting.rate, weight_decay=member.setting.decay)

    trunk_optimiser, head_optimisers = adamw(trunk), [adamw(head) for head in heads]
    own = member_pairs(data, member, data.train_rows[member.data])
    steps = n_steps(own, options.batch_size, options.min_steps)
    epoch = draw_epoch(own, options.sampling, options.batch_size, steps, random_stream(member.seed, 1, 0))
    weights = task_weights(own.counts, options.task_weights)
    assert data.weights is not None
    norms = []
    for s in range(steps):
        here = epoch.position // options.batch_size == s
        rows_in_batch = min(options.batch_size, len(epoch.rows) - s * options.batch_size)
        total = torch.zeros((), dtype=torch.float64)
        active = []
        for h, task in enumerate(member.tasks):
            position = epoch.position[here & (epoch.head == h)]
            if not len(position):
                continue
            active.append(h)
            rows = epoch.rows[position]
            x = torch.as_tensor(data.inputs[member.data][rows], dtype=torch.float64)
            y = torch.as_tensor(data.targets[member.data][rows, task], dtype=torch.float64)
            for layer in trunk:
                x = torch.relu(x @ layer[:-1] + layer[-1])
            for i, layer in enumerate(heads[h]):
                x = x @ layer[:-1] + layer[-1]
                x = torch.relu(x) if i < len(heads[h]) - 1 else x
            if KINDS[task] == "regression":
                losses = (x[:, 0] - y) ** 2
            elif KINDS[task] == "binary":
                losses = F.binary_cross_entropy_with_logits(x[:, 0], y, reduction="none")
            else:
                losses = F.cross_entropy(x, y.long(), reduction="none")
            losses = losses * torch.as_tensor(data.weights[rows])
            divisor = len(losses) if options.reduction == "task-mean" else rows_in_batch
            total = total + weights[h] * losses.sum() / divisor
        for optimiser in (trunk_optimiser, *head_optimisers):
            optimiser.zero_grad(set_to_none=True)
        total.backward()
        clip = float("inf") if options.clip_norm is None else options.clip_norm
        parameters = [*trunk, *(p for head in heads for p in head)]
        norms.append(float(torch.nn.utils.clip_grad_norm_(parameters, clip)))
        trunk_optimiser.step()
        for h in active:
            head_optimisers[h].step()
    return trunk, heads, np.array(norms)


@pytest.mark.parametrize("blocks", [False, True], ids=["runs", "blocks"])
@pytest.mark.parametrize(
    "options",
    [
        TrainOptions(batch_size=16, max_epochs=1),
        TrainOptions(batch_size=16, max_epochs=1, clip_norm=0.3, reduction="pair-sum"),
        TrainOptions(batch_size=8, max_epochs=1, sampling="balanced", task_weights="inverse-count"),
        TrainOptions(
            batch_size=16,
            min_steps=9,
            max_epochs=1,
            sampling="temperature",
            task_weights="sqrt-inverse-count",
            clip_norm=None,
        ),
        TrainOptions(batch_size=64, min_steps=9, max_epochs=1),
    ],
    ids=["plain", "clipped pair-sum", "balanced", "temperature", "many passes"],
)
def test_an_epoch_equals_a_plain_loop(monkeypatch, options, blocks):
    if blocks:
        monkeypatch.setattr(_slots, "SEGMENT_HEADS", 0)
    data = make_data()
    fitted = train(Population(SHAPE, MEMBERS), data, options)
    for k, member in enumerate(MEMBERS):
        assert not fitted.members[k].diverged
        state = fitted.member_state(k)
        trunk, heads, norms = reference(data, member, options)
        np.testing.assert_allclose(
            fitted.members[k].norm_curve, [[norms.mean(), norms.max()]], rtol=TOLERANCE
        )
        for i, layer in enumerate(trunk):
            ours = np.concatenate([state[f"trunk.{i}.weight"][0], state[f"trunk.{i}.bias"][0][None]])
            np.testing.assert_allclose(ours, layer.detach().numpy(), atol=TOLERANCE)
        for h, head in enumerate(heads):
            for i, layer in enumerate(head):
                weight, bias = state[f"head.{i}.weight"][0, h], state[f"head.{i}.bias"][0, h]
                np.testing.assert_allclose(
                    np.concatenate([weight, bias[None]]), layer.detach().numpy(), atol=TOLERANCE
                )
