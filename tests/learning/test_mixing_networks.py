"""Networks with something between trunk and heads: what they predict, keep, leave alone and find out."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from literal_training import N_OUTPUTS, Recorder, Snapshot, head_outputs, make_data
from network_cases import MIXINGS

from miscible.learning import (
    Fitted,
    Member,
    NetworkShape,
    Population,
    Setting,
    State,
    TrainingData,
    TrainOptions,
    predict,
    task_influence,
    train,
)
from miscible.learning.losses import output_activation, pair_code
from miscible.learning.training._predict import pack_state
from miscible.learning.training._stack import build_network, start_stack

DATA = make_data()
SHAPE = NetworkShape(6, N_OUTPUTS, trunk=(12, 10), head=(7, 5), relation_start=0.3)
MEMBERS = (
    Member(0, (0, 1, 2, 3), 1, Setting(1e-2)),
    Member(1, (3, 0), 2, Setting(1e-2, 0.1)),
    Member(0, (2, 3, 1), 3, Setting(1e-2)),
    Member(1, (0,), 4, Setting(3e-3)),
)
OPTIONS = TrainOptions(batch_size=16, max_epochs=4)


def literal_predictions(
    shape: NetworkShape, tasks: tuple[int, ...], n_heads: int, shared: list, own: list, inputs: np.ndarray
) -> np.ndarray:
    """``(n_rows, n_outputs)`` from layers with biases as last rows, ``own`` by layer ``(n_heads, ...)``."""
    layers = [torch.as_tensor(layer).double() for layer in shared]
    x = torch.as_tensor(inputs).double()
    result = np.full((len(x), sum(shape.n_outputs)), np.nan)
    for layer in layers[: len(shape.trunk)]:
        x = torch.relu(x @ layer[:-1] + layer[-1])
    for h, task in enumerate(tasks):
        mine = [torch.as_tensor(layer[h]).double() for layer in own]
        z = head_outputs(shape, range(len(tasks)), n_heads, h, x, layers, mine)
        code = pair_code(DATA.kinds[task], shape.n_outputs[task])
        result[:, shape.output_slices[task]] = output_activation(z, code).numpy()
    return result


def layers_of(shape: NetworkShape, state: State) -> tuple[list, list]:
    """Of the only network of a state."""

    def joined(name: str) -> list[np.ndarray]:
        n = sum(key.startswith(f"{name}.") and key.endswith(".bias") for key in state)
        return [
            np.concatenate(
                [state[f"{name}.{i}.weight"][0], state[f"{name}.{i}.bias"][0][..., None, :]], axis=-2
            )
            for i in range(n)
        ]

    extra = (
        [state[f"{name}.{i}"][0] for i in range(2) if f"{name}.{i}" in state] for name in ("shared", "own")
    )
    shared, own = (joined(name) + more for name, more in zip(("trunk", "head"), extra, strict=True))
    assert len(shared) >= len(shape.trunk)
    return shared, own


def trained(shape: NetworkShape, options: TrainOptions = OPTIONS) -> tuple[Fitted, Recorder]:
    recorder = Recorder()
    fitted = train(Population(shape, MEMBERS), DATA, options, [recorder])
    assert not any(m.diverged for m in fitted.members)
    return fitted, recorder


@pytest.mark.parametrize("mixing", MIXINGS)
def test_predictions_equal_a_literal_forward_pass(mixing):
    shape = replace(SHAPE, mixing=mixing)
    fitted, _ = trained(shape)
    for k, member in enumerate(MEMBERS):
        inputs = DATA.inputs[member.data]
        expected = literal_predictions(
            shape, member.tasks, 4, *layers_of(shape, fitted.member_state(k)), inputs
        )
        predicted = fitted.predict(k, inputs)
        np.testing.assert_allclose(predicted, expected, atol=2e-5)
        columns = np.concatenate([np.arange(6)[shape.output_slices[t]] for t in member.tasks])
        assert np.isfinite(predicted[:, columns]).all()
        assert np.isnan(np.delete(predicted, columns, axis=1)).all()


@pytest.mark.parametrize("mixing", [m for m in MIXINGS if not m.startswith("relation")])
def test_a_checkpoint_by_task_predicts_with_each_tasks_own_best_epoch(mixing):
    shape = replace(SHAPE, mixing=mixing)
    options = replace(OPTIONS, checkpoint="per-task", max_epochs=8, min_steps=20)
    fitted, recorder = trained(shape, options)
    several = False
    for k, member in enumerate(MEMBERS):
        epochs = fitted.members[k].task_epoch
        several |= len(set(epochs.tolist())) > 1
        inputs = DATA.inputs[member.data]
        predicted = fitted.predict(k, inputs)
        for task, epoch in zip(member.tasks, epochs.tolist(), strict=True):
            best = recorder.epochs[k][epoch - 1]
            expected = literal_predictions(shape, member.tasks, 4, best.shared, best.own, inputs)
            columns = shape.output_slices[task]
            np.testing.assert_allclose(predicted[:, columns], expected[:, columns], atol=2e-5)
    assert several


@pytest.mark.parametrize("mixing", ["relation", "relation-dynamic"])
def test_the_states_of_a_relation_graph_are_kept_together(mixing):
    with pytest.raises(ValueError, match="at one epoch together"):
        trained(replace(SHAPE, mixing=mixing), replace(OPTIONS, checkpoint="per-task"))


@pytest.mark.parametrize("mixing", MIXINGS)
def test_a_member_starts_alike_whatever_its_neighbours_learn(mixing):
    shape = replace(SHAPE, mixing=mixing)
    options = replace(OPTIONS, max_epochs=1)
    together, _ = trained(shape, options)
    alone = train(Population(shape, MEMBERS[1:2]), DATA, options)
    inputs = DATA.inputs[1]
    np.testing.assert_allclose(together.predict(1, inputs), alone.predict(0, inputs), atol=1e-4)


@pytest.mark.parametrize("tasks", [(3, 2, 1, 0), (2, 3, 1), (0,)])
@pytest.mark.parametrize("mixing", MIXINGS)
def test_a_member_goes_on_from_a_trained_network_task_by_task(mixing, tasks):
    """A graph has a place for every task, so it only goes on with the tasks it had."""
    shape, inputs = replace(SHAPE, mixing=mixing), DATA.inputs[0]
    source = train(Population(shape, MEMBERS[:1]), DATA, OPTIONS)
    members, options = (Member(0, tasks, 9, Setting(1e-9)),), replace(OPTIONS, max_epochs=1)
    if mixing.startswith("relation"):
        with pytest.raises(ValueError, match="its own tasks"):
            train(Population(shape, members), DATA, options, starts=[source.member_state(0)])
        return
    warm = train(Population(shape, members), DATA, options, starts=[source.member_state(0)])
    before, after = source.predict(0, inputs), warm.predict(0, inputs)
    for task in tasks:
        columns = shape.output_slices[task]
        np.testing.assert_allclose(after[:, columns], before[:, columns], atol=1e-5)


def test_without_relations_a_relation_graph_is_hard_sharing():
    """The task states are the first layer of the heads."""
    shape = replace(SHAPE, mixing="relation", relation_start=0.0)
    plain = replace(shape, mixing="none")
    network = build_network(shape, 4)
    members = (MEMBERS[0], MEMBERS[2])
    stack = start_stack(shape, members, network, torch.device("cpu"), torch.float32)
    tasks = np.array([[0, 1, 2, 3], [2, 3, 1, -1]])
    heads = [layer.transpose(0, 1) for layer in stack.weights.heads]
    state = pack_state(network, stack.weights.trunk, heads, tasks)
    side = state["shared.0"].reshape(2, 11, 4, 7).transpose(0, 2, 1, 3)
    hard = {name: array for name, array in state.items() if name.startswith(("tasks", "trunk"))}
    hard |= {"head.0.weight": side[:, :, :-1], "head.0.bias": side[:, :, -1]}
    for i in (0, 1):
        hard |= {f"head.{i + 1}.{part}": state[f"head.{i}.{part}"] for part in ("weight", "bias")}
    inputs = DATA.inputs[0]
    one, two = (predict(s, DATA.kinds, w, inputs) for s, w in ((shape, state), (plain, hard)))
    np.testing.assert_allclose(one, two, atol=1e-6)
    related = state | {"own.0": state["own.0"] + 0.3}
    assert np.nanmax(np.abs(predict(shape, DATA.kinds, related, inputs) - two)) > 0.01


def test_the_penalty_shrinks_the_relations():
    sizes = []
    for l1 in (0.0, 0.03, 0.3):
        _, recorder = trained(
            replace(SHAPE, mixing="relation", relation_l1=l1), replace(OPTIONS, max_epochs=5)
        )
        rows = recorder.epochs[0][-1].own[-1][:, 0]
        sizes.append(float(rows[~torch.eye(4, dtype=torch.bool)].abs().mean()))
    assert sizes[0] > sizes[1] + 0.02 > sizes[2] + 0.04


@pytest.mark.parametrize("mixing", MIXINGS)
def test_frozen_shared_layers_stay_as_they_start(mixing):
    shape = replace(SHAPE, mixing=mixing)
    fitted, recorder = trained(shape, replace(OPTIONS, frozen=True))
    network = build_network(shape, 4)
    start = start_stack(shape, MEMBERS, network, torch.device("cpu"), torch.float32).weights
    for k, member in enumerate(MEMBERS):
        state = fitted.member_state(k)
        shared, own = layers_of(shape, state)
        for layer, first in zip(shared, start.trunk, strict=True):
            np.testing.assert_array_equal(layer, first[k])
        last: Snapshot = recorder.epochs[k][-1]
        for h in range(len(member.tasks)):
            assert not torch.equal(last.own[0][h], start.heads[0][h, k])
        assert len(own) == len(start.heads)


def test_frozen_members_learn_less_and_still_learn():
    losses = {}
    for frozen in (False, True):
        fitted, _ = trained(SHAPE, replace(OPTIONS, frozen=frozen, max_epochs=10, min_steps=20))
        losses[frozen] = fitted.members[0].train_curve.mean(axis=1)
    assert losses[True][-1] < 0.9 * losses[True][0]
    assert losses[False][-1] < 0.9 * losses[True][-1]


def copies(seed: int) -> TrainingData:
    """Task 0 is scarce, task 1 a noisy copy of it on other rows, task 2 has nothing to do with either."""
    rng = np.random.default_rng(seed)
    inputs = rng.normal(size=(1, 500, 8)).astype(np.float32)
    first, second = rng.normal(size=(2, 8, 3))
    scarce, other = (np.tanh(inputs[0] @ w).sum(axis=1) for w in (first, second))
    labels = np.stack([scarce, scarce + 0.1 * rng.normal(size=500), other], axis=1)
    labels = (labels / labels.std(axis=0)).astype(np.float32)
    labels[40:, 0] = np.nan
    return TrainingData(inputs, labels[None], (np.arange(20, 500),), (np.arange(20),), ("regression",) * 3)


def test_influence_is_the_share_of_a_state_that_comes_from_each_other_task():
    """Against the definition, on a trained graph; which task it names is another matter, see the benchmark."""
    shape = NetworkShape(8, (1, 1, 1), trunk=(32,), head=(16,), mixing="relation", relation_start=0.3)
    data = copies(0)
    fitted = train(
        Population(shape, (Member(0, (0, 1, 2), 1),)), data, TrainOptions(batch_size=32, max_epochs=3)
    )
    state = fitted.member_state(0)
    share = task_influence(shape, state, data.inputs[0])[0]
    top = np.maximum(data.inputs[0] @ state["trunk.0.weight"][0] + state["trunk.0.bias"][0], 0.0)
    side = np.concatenate([top, np.ones((len(top), 1))], axis=1) @ state["shared.0"][0]
    states = np.maximum(side.reshape(len(top), 3, 16), 0.0)
    for t in range(3):
        own = np.linalg.norm(states[:, t], axis=1)
        for s in range(3):
            sent = state["own.0"][0, t, 0, s] * states[:, s] @ state["shared.1"][0]
            expected = np.where(own > 0.0, np.linalg.norm(sent, axis=1) / np.maximum(own, 1e-30), 0.0).mean()
            np.testing.assert_allclose(share[t, s], 0.0 if s == t else expected, rtol=1e-4)
