"""Populations as a whole: independence, containment, stopping, racing, checkpoints, edges."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss

from miscible.errors import PlanError
from miscible.learning import (
    EpochEnd,
    Fitted,
    Member,
    NetworkShape,
    Population,
    Setting,
    TrainingData,
    TrainOptions,
    predict,
    train,
)
from miscible.learning.training import _run
from miscible.learning.training._stack import build_network, start_stack

KINDS = ("regression", "binary", "multiclass", "regression")
SHAPE = NetworkShape(6, (1, 1, 3, 1), trunk=(16, 16), head=(8,))
COEFFICIENTS = np.random.default_rng(7).normal(size=(6, 4)) / 2


def make_data(n_rows: int = 400, n_data: int = 3, density: float = 0.5, seed: int = 0) -> TrainingData:
    """Learnable labels; slices differ in rows and in their number."""
    rng = np.random.default_rng(seed)
    inputs = rng.normal(size=(n_data, n_rows, 6)).astype(np.float32)
    targets = (inputs @ COEFFICIENTS).astype(np.float32)
    targets[..., 1] = targets[..., 1] > 0
    targets[..., 2] = np.digitize(targets[..., 2], [-0.4, 0.4])
    targets[rng.random(targets.shape) > density] = np.nan
    rows = [rng.permutation(n_rows)[: n_rows - 60 * i] for i in range(n_data)]
    return TrainingData(inputs, targets, tuple(r[80:] for r in rows), tuple(r[:80] for r in rows), KINDS)


def mixed_members(n: int) -> tuple[Member, ...]:
    """Members of different slices, tasks, settings and seeds."""
    tasks = ((0, 1, 2, 3), (0,), (2, 1), (3, 0, 1))
    return tuple(
        Member(i % 3, tasks[i % 4], 10 + i, Setting((1e-3, 3e-3)[i % 2], (0.0, 0.1)[i // 2 % 2]))
        for i in range(n)
    )


def distance(a: Fitted, i: int, b: Fitted, j: int) -> float:
    """Largest difference of any parameter between two members, heads matched by task."""
    one, two = a.member_state(i), b.member_state(j)
    n_tasks = len(a.members[i].tasks)
    largest = 0.0
    for name, array in one.items():
        other = two[name]
        if name.startswith("head"):
            array, other = array[:, :n_tasks], other[:, :n_tasks]
        if name != "tasks":
            largest = max(largest, float(np.abs(array - other).max()))
    return largest


@pytest.mark.parametrize("sampling", ["proportional", "balanced"])
def test_sixteen_together_equal_sixteen_alone(sampling):
    data = make_data()
    members = mixed_members(16)
    # Ten steps for the largest slice, fewer for the others.
    options = TrainOptions(batch_size=32, max_epochs=1, sampling=sampling)
    together = train(Population(SHAPE, members), data, options)
    assert max(m.steps for m in together.members) == 10
    assert min(m.steps for m in together.members) < 8
    for k, member in enumerate(members):
        alone = train(Population(SHAPE, (member,)), data, options)
        assert distance(together, k, alone, 0) <= 1e-5


def test_later_scores_do_not_depend_on_neighbours():
    data = make_data()
    members = mixed_members(16)
    options = TrainOptions(batch_size=32, max_epochs=25, patience=6)
    together = train(Population(SHAPE, members), data, options)
    for k, member in enumerate(members):
        alone = train(Population(SHAPE, (member,)), data, options).members[0]
        assert together.members[k].best_score == pytest.approx(alone.best_score, rel=0.05, abs=5e-3)


def test_stacks_of_any_size_give_the_same(monkeypatch):
    data = make_data()
    population = Population(SHAPE, mixed_members(9))
    options = TrainOptions(batch_size=32, max_epochs=1)
    whole = train(population, data, options)
    monkeypatch.setattr(_run, "_CACHE_BYTES", 1 << 16)
    cut = train(population, data, options)
    assert max(distance(whole, k, cut, k) for k in range(9)) <= 1e-5


def test_the_same_call_gives_the_same_bits():
    data = make_data()
    population = Population(SHAPE, mixed_members(6))
    options = TrainOptions(batch_size=32, max_epochs=6, patience=2, sampling="temperature")
    first, second = (train(population, data, options) for _ in range(2))
    for name, array in first.state.items():
        assert np.array_equal(array, second.state[name])
    assert [m.best_score for m in first.members] == [m.best_score for m in second.members]


def test_a_diverging_member_is_contained():
    data = make_data()
    members = mixed_members(6)
    options = TrainOptions(batch_size=32, max_epochs=3, clip_norm=None)
    healthy = train(Population(SHAPE, members), data, options)
    wild = replace(members[2], setting=Setting(1e6))
    population = Population(SHAPE, (*members[:2], wild, *members[3:]))
    fitted = train(population, data, options)
    assert fitted.members[2].diverged
    assert fitted.members[2].reason.startswith("diverged")
    assert all(np.isfinite(a).all() for a in fitted.member_state(2).values())
    for k in (0, 1, 3, 4, 5):
        assert not fitted.members[k].diverged
        assert fitted.members[k].best_score == pytest.approx(healthy.members[k].best_score, rel=1e-3)


def test_labels_that_overflow_do_not_reach_the_neighbours():
    data = make_data(n_data=2)
    targets = data.targets.copy()
    targets[1, :, 0] = 3e38
    data = replace(data, targets=targets)
    members = tuple(Member(k % 2, (0, 3), k) for k in range(4))
    options = TrainOptions(batch_size=32, max_epochs=1)
    fitted = train(Population(SHAPE, members), data, options)
    assert [m.diverged for m in fitted.members] == [False, True, False, True]
    assert fitted.members[1].reason == "diverged at step 1"
    alone = train(Population(SHAPE, members[::2]), data, options)
    assert max(distance(fitted, 2 * k, alone, k) for k in range(2)) <= 1e-5


def test_a_head_without_labels_stays_as_it_started():
    data = make_data()
    targets = data.targets.copy()
    targets[0, data.train_rows[0], 1] = np.nan
    data = replace(data, targets=targets)
    member = Member(0, (0, 1, 3), 4, Setting(1e-2, 0.5))
    fitted = train(Population(SHAPE, (member,)), data, TrainOptions(batch_size=32, max_epochs=3))
    network = build_network(SHAPE, 3)
    start = start_stack(SHAPE, (member,), network, torch.device("cpu"), torch.float32)
    state = fitted.member_state(0)
    for i, layer in enumerate(start.weights.heads):
        assert np.array_equal(state[f"head.{i}.weight"][0, 1], layer[1, 0, :-1].numpy())
        assert not np.array_equal(state[f"head.{i}.weight"][0, 0], layer[0, 0, :-1].numpy())
    own = fitted.members[0]
    assert np.isnan(own.train_curve[:, 1]).all()
    assert own.best_score == pytest.approx(np.nanmin(own.valid_curve[:, [0, 2]].mean(axis=1)))


def test_a_linear_function_is_recovered():
    data = make_data(density=1.0)
    member = Member(0, (0, 3), 0, Setting(3e-3))
    fitted = train(
        Population(SHAPE, (member,)), data, TrainOptions(batch_size=32, max_epochs=60, patience=60)
    )
    predicted = fitted.predict(0, data.inputs[0])
    rows = data.valid_rows[0]
    slices = SHAPE.output_slices
    for task in (0, 3):
        truth = data.targets[0, rows, task]
        error = np.mean((predicted[rows, slices[task]][:, 0] - truth) ** 2)
        assert error < 0.02 * truth.var()
    assert np.isnan(predicted[:, slices[1]]).all()


def test_classes_are_learned_about_as_well_as_by_logistic_regression():
    data = make_data(n_rows=800, n_data=1, density=1.0)
    member = Member(0, (1, 2), 0, Setting(3e-3))
    fitted = train(Population(SHAPE, (member,)), data, TrainOptions(batch_size=32, max_epochs=60))
    predicted = fitted.predict(0, data.inputs[0])
    fit, rows = data.train_rows[0], data.valid_rows[0]
    for task in (1, 2):
        labels = data.targets[0, :, task]
        probabilities = predicted[rows, SHAPE.output_slices[task]]
        simple = LogisticRegression(max_iter=1000).fit(data.inputs[0, fit], labels[fit])
        assert log_loss(labels[rows], probabilities) < 0.05 + 1.3 * log_loss(
            labels[rows], simple.predict_proba(data.inputs[0, rows])
        )
        if task == 2:
            np.testing.assert_allclose(probabilities.sum(1), 1, rtol=1e-5)
        assert fitted.members[0].task_score[task - 1] == pytest.approx(
            log_loss(labels[rows], probabilities), rel=1e-4
        )


def test_validation_loss_is_the_weighted_mean_over_own_rows():
    data = make_data()
    weights = np.random.default_rng(1).uniform(0.2, 3, data.inputs.shape[1])
    data = replace(data, weights=weights)
    fitted = train(Population(SHAPE, (Member(1, (3, 0), 0),)), data, TrainOptions(max_epochs=2))
    predicted = fitted.predict(0, data.inputs[1])
    rows = data.valid_rows[1]
    for place, task in enumerate((3, 0)):
        truth = data.targets[1, rows, task]
        known = np.isfinite(truth)
        squared = (predicted[rows, SHAPE.output_slices[task]][:, 0] - truth)[known] ** 2
        expected = np.average(squared, weights=weights[rows][known])
        assert fitted.members[0].task_score[place] == pytest.approx(expected, rel=1e-4)


def test_patience_ends_training_and_keeps_the_best_epoch():
    data = make_data(density=0.1)
    population = Population(SHAPE, mixed_members(8))
    fitted = train(population, data, TrainOptions(batch_size=16, max_epochs=80, patience=3))
    assert any(m.reason == "patience" for m in fitted.members)
    for member in fitted.members:
        curve = member.valid_curve.mean(axis=1)
        assert member.epochs == len(curve)
        assert member.best_epoch == 1 + np.argmin(curve)
        assert member.best_score == curve.min()
        if member.reason == "patience":
            assert member.epochs == member.best_epoch + 3
        else:
            assert member.epochs == 80
    assert len({m.epochs for m in fitted.members}) > 2


def test_per_task_checkpoints_hold_every_tasks_best_epoch():
    data = make_data(density=0.15)
    population = Population(SHAPE, mixed_members(5))
    options = TrainOptions(batch_size=16, max_epochs=30, patience=8, checkpoint="per-task")
    fitted = train(population, data, options)
    joint = train(population, data, replace(options, checkpoint="joint"))
    assert len(fitted.network_member) == sum(len(m.tasks) for m in population.members)
    apart = 0
    for k, member in enumerate(population.members):
        own = fitted.members[k]
        np.testing.assert_array_equal(own.task_epoch, 1 + own.valid_curve.argmin(axis=0))
        np.testing.assert_array_equal(own.task_score, own.valid_curve.min(axis=0))
        assert np.all(own.task_score <= joint.members[k].task_score)
        apart += len(set(own.task_epoch)) > 1
        predicted = fitted.predict(k, data.inputs[member.data])
        rows = data.valid_rows[member.data]
        for place, task in enumerate(member.tasks):
            if KINDS[task] == "regression":
                truth = data.targets[member.data, rows, task]
                squared = (predicted[rows, SHAPE.output_slices[task]][:, 0] - truth) ** 2
                assert np.nanmean(squared) == pytest.approx(own.task_score[place], rel=1e-3)
    assert apart


def test_halving_keeps_the_better_half_of_every_group():
    data = make_data()
    rates = (1e-3, 1e-5, 3e-3, 1e-6, 1e-2)
    members = tuple(
        Member(race % 3, (0, 1), 50 + i, Setting(rate), race=race)
        for race in range(2)
        for i, rate in enumerate(rates)
    )
    options = TrainOptions(batch_size=32, max_epochs=7, patience=50, halving=(2, 4), finalists=2)
    fitted = train(Population(SHAPE, members), data, options)
    for race in range(2):
        group = fitted.members[5 * race : 5 * race + 5]
        early = np.array([m.valid_curve[:2].mean(axis=1).min() for m in group])
        out = [m.reason == "raced out at epoch 2" for m in group]
        assert sum(out) == 2
        assert early[out].min() > early[np.logical_not(out)].max()
        assert [m.reason for m in group].count("raced out at epoch 4") == 1
        assert [m.reason for m in group].count("epochs") == 2
        assert {m.epochs for m in group} == {2, 4, 7}


def test_ties_in_a_race_go_to_the_first():
    data = make_data()
    members = (Member(0, (0,), 3),) * 4
    fitted = train(
        Population(SHAPE, members), data, TrainOptions(max_epochs=4, halving=(1, 2), batch_size=32)
    )
    assert [m.epochs for m in fitted.members] == [4, 2, 1, 1]


def test_the_survivor_of_a_race_is_as_if_alone():
    data = make_data()
    members = tuple(Member(0, (0, 1), 3, Setting(rate)) for rate in (1e-6, 3e-3, 1e-5))
    options = TrainOptions(batch_size=32, max_epochs=3, halving=(1,))
    raced = train(Population(SHAPE, members), data, options)
    alone = train(Population(SHAPE, members[1:2]), data, options)
    assert distance(raced, 1, alone, 0) <= 1e-4


def test_many_tasks_train_with_blocks():
    rng = np.random.default_rng(0)
    n_tasks, n_rows = 40, 300
    inputs = rng.normal(size=(1, n_rows, 5)).astype(np.float32)
    targets = (inputs @ rng.normal(size=(5, n_tasks))).astype(np.float32) / 2
    hidden = rng.random(targets.shape) > 0.3
    data = TrainingData(
        inputs,
        np.where(hidden, np.nan, targets).astype(np.float32),
        (np.arange(220),),
        (np.arange(220, 300),),
        ("regression",) * n_tasks,
    )
    shape = NetworkShape(5, (1,) * n_tasks, trunk=(32,), head=(8,))
    members = tuple(Member(0, tuple(range(n_tasks)), seed, Setting(1e-2)) for seed in range(3))
    options = TrainOptions(batch_size=32, max_epochs=30, patience=30)
    fitted = train(Population(shape, members), data, options)
    for k in range(3):
        predicted = fitted.predict(k, inputs[0])[220:]
        truth = targets[0, 220:]
        assert np.mean((predicted - truth) ** 2) < 0.15 * truth.var()


def test_a_member_without_training_labels_is_left_out():
    data = make_data()
    targets = data.targets.copy()
    targets[1, data.train_rows[1], 2] = np.nan
    members = (Member(1, (2,), 0), Member(0, (2,), 0))
    fitted = train(Population(SHAPE, members), replace(data, targets=targets), TrainOptions(max_epochs=2))
    assert fitted.members[0].reason == "no training labels"
    assert fitted.members[0].best_epoch == 0
    assert fitted.members[0].steps == 0
    assert np.isinf(fitted.members[0].best_score)
    assert fitted.members[1].best_epoch > 0


@pytest.mark.parametrize("checkpoint", ["joint", "per-task"])
def test_without_validation_labels_the_training_loss_decides(checkpoint):
    data = make_data()
    targets = data.targets.copy()
    targets[0, data.valid_rows[0], 0] = np.nan
    data = replace(data, targets=targets)
    options = TrainOptions(max_epochs=4, checkpoint=checkpoint)
    members = (Member(0, (0,), 0), Member(0, (0, 3), 0))
    one, two = train(Population(SHAPE, members), data, options).members
    assert one.best_score == one.train_curve.min()
    assert np.isnan(one.task_score).all()
    assert two.best_score == np.nanmin(two.valid_curve[:, 1])
    assert two.task_epoch.tolist() == [two.best_epoch] * 2


def test_nothing_outside_the_named_rows_is_read():
    data = make_data()
    options = TrainOptions(max_epochs=2, batch_size=32)
    population = Population(SHAPE, mixed_members(3))
    targets = data.targets.copy()
    for i in range(3):
        unused = np.setdiff1d(np.arange(400), np.concatenate([data.train_rows[i], data.valid_rows[i]]))
        targets[i, unused] = 1e9
    poisoned = train(population, replace(data, targets=targets), options)
    clean = train(population, data, options)
    for name, array in clean.state.items():
        assert np.array_equal(array, poisoned.state[name])


def test_hooks_see_every_epoch():
    events: list[EpochEnd] = []

    class Watch:
        def on_epoch_end(self, event: EpochEnd) -> None:
            events.append(event)

    data = make_data()
    members = mixed_members(4)
    fitted = train(
        Population(SHAPE, members), data, TrainOptions(max_epochs=3, halving=(1,), batch_size=32), (Watch(),)
    )
    assert [e.epoch for e in events] == [1, 2, 3]
    assert sorted(events[0].members) == [0, 1, 2, 3]
    assert events[0].n_alive == len(events[1].members) == 2
    assert sum(stack.n_members for stack in events[0].stacks) == 4
    for place, k in enumerate(events[0].members):
        tasks = list(members[k].tasks)
        np.testing.assert_array_equal(events[0].valid_loss[place, tasks], fitted.members[k].valid_curve[0])
        others = np.setdiff1d(np.arange(4), tasks)
        assert np.isnan(events[0].train_loss[place, others]).all()


def test_prediction_matches_a_plain_forward_pass():
    data = make_data()
    fitted = train(Population(SHAPE, mixed_members(3)), data, TrainOptions(max_epochs=1))
    state = fitted.state
    x = data.inputs[0, :50].astype(float)
    for i in range(2):
        x = np.maximum(x @ state[f"trunk.{i}.weight"][0] + state[f"trunk.{i}.bias"][0], 0)
    x = np.maximum(x @ state["head.0.weight"][0, 0] + state["head.0.bias"][0, 0], 0)
    x = x @ state["head.1.weight"][0, 0] + state["head.1.bias"][0, 0]
    all_at_once = predict(SHAPE, KINDS, state, data.inputs[0, :50])
    np.testing.assert_allclose(all_at_once[0, :, 0], x[:, 0], atol=1e-5)
    one_each = predict(SHAPE, KINDS, state, np.stack([data.inputs[0, :50]] * 3))
    np.testing.assert_array_equal(all_at_once, one_each)


def test_predictions_do_not_depend_on_the_chunk(monkeypatch):
    from miscible.learning.training import _predict

    data = make_data()
    fitted = train(Population(SHAPE, mixed_members(3)), data, TrainOptions(max_epochs=1))
    whole = fitted.predict(0, data.inputs[0])
    monkeypatch.setattr(_predict, "_CHUNK_FLOATS", 700)
    np.testing.assert_allclose(fitted.predict(0, data.inputs[0]), whole, atol=1e-6)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"reduction": "mean"}, "unknown reduction 'mean'"),
        ({"sampling": "random"}, "balanced"),
        ({"batch_size": 0}, "batch_size must be at least 1"),
        ({"clip_norm": -1.0}, "clip_norm must be positive"),
    ],
)
def test_options_that_make_no_sense(change, message):
    with pytest.raises(PlanError, match=message):
        TrainOptions(**change)


def test_members_and_data_must_fit():
    data = make_data()
    with pytest.raises(ValueError, match="names tasks"):
        Population(SHAPE, (Member(0, (4,), 0),))
    with pytest.raises(ValueError, match="distinct tasks"):
        Population(SHAPE, (Member(0, (1, 1), 0),))
    with pytest.raises(ValueError, match="data slice 3 of 3"):
        train(Population(SHAPE, (Member(3, (0,), 0),)), data, TrainOptions())
    with pytest.raises(ValueError, match="at least one member"):
        train(Population(SHAPE, ()), data, TrainOptions())
    with pytest.raises(ValueError, match="whole numbers 0 to 1"):
        targets = data.targets.copy()
        targets[0, data.train_rows[0], 1] = 2
        train(Population(SHAPE, (Member(0, (0,), 0),)), replace(data, targets=targets), TrainOptions())
    with pytest.raises(ValueError, match="not finite"):
        replace(data, inputs=np.full_like(data.inputs, np.nan))
    with pytest.raises(ValueError, match="takes 5"):
        shape = replace(SHAPE, n_inputs=5)
        train(Population(shape, (Member(0, (0,), 0),)), data, TrainOptions())


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_cuda_agrees_with_cpu():
    data = make_data()
    members = mixed_members(6)
    options = TrainOptions(batch_size=32, max_epochs=1)
    cpu = train(Population(SHAPE, members), data, options)
    cuda = train(Population(SHAPE, members), data, replace(options, device="cuda"))
    assert max(distance(cpu, k, cuda, k) for k in range(6)) <= 1e-4
