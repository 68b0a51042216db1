"""Epochs of training with every rule against a plain loop that forms every task's gradient."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

import numpy as np
import pytest
import torch
from literal_training import (
    N_OUTPUTS,
    TOLERANCE,
    Literal,
    Recorder,
    Snapshot,
    difference,
    gap,
    head_outputs,
    literal_training,
    make_data,
    plain_cost,
)
from network_cases import MIXINGS

from miscible.learning import (
    RULES,
    Member,
    NetworkShape,
    Population,
    Setting,
    TrainingData,
    TrainOptions,
    train,
)
from miscible.learning.training import _pair_plan, _slots
from miscible.learning.training._stack import build_network, start_stack

SHAPE = NetworkShape(6, N_OUTPUTS, trunk=(12, 10), head=(7,))
DATA = make_data()
SETTINGS = (Setting(1e-3), Setting(1e-2, 0.3), Setting(3e-3, 0.05))
MEMBERS = (
    Member(0, (0, 1, 2, 3), 1, SETTINGS[0]),
    Member(1, (3, 0), 2, SETTINGS[1]),
    Member(0, (2, 3, 1), 3, SETTINGS[1]),
    Member(1, (0,), 4, SETTINGS[2]),
    Member(0, (3, 2, 1, 0), 5, SETTINGS[1]),
)
OPTIONS = TrainOptions(batch_size=16, max_epochs=1, task_weights="sqrt-inverse-count", clip_norm=2.0)
# Weights of the first two move at the end of an epoch; the others draw an order in each.
EPOCHS = {"gradnorm": 2, "dwa": 3, "pcgrad": 2, "gradvac": 2}


def run(
    members: tuple[Member, ...], options: TrainOptions, shape: NetworkShape = SHAPE, data: TrainingData = DATA
) -> list[Snapshot]:
    """Every member after the last epoch."""
    recorder = Recorder()
    fitted = train(Population(shape, members), data, options, [recorder])
    assert not any(m.diverged for m in fitted.members)
    return [recorder.epochs[k][-1] for k in range(len(members))]


@lru_cache
def literal(rule: str, k: int) -> Literal:
    return literal_training(SHAPE, DATA, MEMBERS[k], options_of(rule))


def options_of(rule: str) -> TrainOptions:
    return replace(OPTIONS, rule=rule, max_epochs=EPOCHS.get(rule, 1))


@pytest.fixture(params=["runs", "blocks"])
def layout(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both layouts of slots; blocks also cut members down to the heads at work."""
    if request.param == "blocks":
        monkeypatch.setattr(_slots, "SEGMENT_HEADS", 0)
        monkeypatch.setattr(_pair_plan, "SEGMENT_HEADS", 0)


@pytest.mark.usefixtures("layout")
@pytest.mark.parametrize("form", ["pairs", "tasks"])
@pytest.mark.parametrize("rule", RULES)
def test_an_epoch_equals_a_plain_loop(monkeypatch, rule, form):
    monkeypatch.setattr(_pair_plan, "cheaper_form", lambda *_: form)
    options, recorder = options_of(rule), Recorder()
    fitted = train(Population(SHAPE, MEMBERS), DATA, options, [recorder])
    for k, member in enumerate(MEMBERS):
        expected, snapshot = literal(rule, k), recorder.epochs[k][-1]
        assert gap(snapshot, expected) < TOLERANCE
        for name, value in expected.state.items():
            own = (slice(len(member.tasks)),) * (value.ndim - 1)
            torch.testing.assert_close(snapshot.rule[name][own].double(), value[0], rtol=2e-3, atol=2e-4)
        told = fitted.members[k].rule
        if rule == "sum":
            assert told is None
            continue
        assert told is not None and told.name == rule
        assert told.weights.shape == (options.max_epochs, len(member.tasks))
        assert told.acted.shape == told.conflicts.shape == (options.max_epochs,)
        np.testing.assert_allclose(told.weights, expected.weights, rtol=2e-3, atol=2e-4)
        np.testing.assert_allclose(told.acted, expected.acted, atol=1e-6)
        np.testing.assert_allclose(told.conflicts, expected.conflicts, atol=1e-6)


@pytest.mark.parametrize("rule", [rule for rule in RULES if rule != "sum"])
def test_a_rule_moves_the_parameters_by_more_than_the_comparison_forgives(rule):
    plain = literal_training(SHAPE, DATA, MEMBERS[4], replace(options_of(rule), rule="sum"))
    gaps = [float((a - b).abs().max()) for a, b in zip(plain.shared, literal(rule, 4).shared, strict=True)]
    assert max(gaps) > 5 * TOLERANCE


@lru_cache
def literal_mixing(mixing: str, rule: str, k: int) -> Literal:
    return literal_training(mixed(mixing), DATA, MEMBERS[k], options_of(rule), n_heads=4)


def mixed(mixing: str) -> NetworkShape:
    return replace(SHAPE, mixing=mixing, relation_start=0.3, relation_l1=0.02)


@pytest.mark.usefixtures("layout")
@pytest.mark.parametrize("form", ["pairs", "tasks"])
@pytest.mark.parametrize("rule", ["sum", "pcgrad", "gradnorm"])
@pytest.mark.parametrize("mixing", [mixing for mixing in MIXINGS if mixing != "none"])
def test_an_epoch_of_a_mixing_equals_a_plain_loop(monkeypatch, mixing, rule, form):
    monkeypatch.setattr(_pair_plan, "cheaper_form", lambda *_: form)
    for k, snapshot in enumerate(run(MEMBERS[:3], options_of(rule), mixed(mixing))):
        assert gap(snapshot, literal_mixing(mixing, rule, k)) < TOLERANCE


@pytest.mark.usefixtures("layout")
def test_the_penalty_of_a_relation_graph_counts_in_the_clipping_of_tasks_in_the_batch_alone():
    shape = replace(SHAPE, mixing="relation", relation_start=0.3, relation_l1=1.0)
    options = replace(OPTIONS, clip_norm=0.5)
    for snapshot, member in zip(run(MEMBERS, options, shape), MEMBERS, strict=True):
        assert gap(snapshot, literal_training(shape, DATA, member, options, n_heads=4)) < TOLERANCE


@pytest.mark.parametrize("sampling", ["balanced", "temperature"])
@pytest.mark.parametrize("rule", ["pcgrad", "famo", "uncertainty"])
def test_pairs_drawn_one_by_one_in_the_sum_reduction(rule, sampling):
    options = replace(
        OPTIONS,
        rule=rule,
        sampling=sampling,
        reduction="pair-sum",
        batch_size=8,
        task_weights="inverse-count",
    )
    for snapshot, member in zip(run(MEMBERS, options), MEMBERS, strict=True):
        assert gap(snapshot, literal_training(SHAPE, DATA, member, options)) < TOLERANCE


@pytest.mark.parametrize("form", ["pairs", "tasks"])
@pytest.mark.parametrize("rule", ["pcgrad", "gradvac", "mgda", "upgrad", "gradnorm"])
def test_members_cut_down_to_the_heads_at_work(monkeypatch, rule, form):
    """Batches of three pairs never hold all four tasks."""
    monkeypatch.setattr(_slots, "SEGMENT_HEADS", 0)
    monkeypatch.setattr(_pair_plan, "SEGMENT_HEADS", 0)
    monkeypatch.setattr(_pair_plan, "cheaper_form", lambda *_: form)
    data = replace(DATA, train_rows=tuple(rows[-24:] for rows in DATA.train_rows))
    options = replace(OPTIONS, rule=rule, sampling="balanced", batch_size=3, max_epochs=2)
    for snapshot, member in zip(run(MEMBERS, options, data=data), MEMBERS, strict=True):
        expected = literal_training(SHAPE, data, member, options)
        assert gap(snapshot, expected) < TOLERANCE
        for name, value in expected.state.items():
            own = (slice(len(member.tasks)),) * (value.ndim - 1)
            torch.testing.assert_close(snapshot.rule[name][own].double(), value[0], rtol=2e-3, atol=2e-4)


OTHER_OPTIONS = {
    "gradnorm": (("gradnorm.alpha", 0.2), ("gradnorm.learning_rate", 0.3)),
    "uncertainty": (("uncertainty.learning_rate", 0.1),),
    "dwa": (("dwa.temperature", 0.5),),
    "famo": (("famo.learning_rate", 0.2),),
    "pcgrad": (),
    "gradvac": (("gradvac.beta", 0.5),),
    "cagrad": (("cagrad.c", 0.8),),
}


@pytest.mark.parametrize("rule", OTHER_OPTIONS)
def test_neighbours_with_other_options_change_nothing(rule):
    options, other = options_of(rule), OTHER_OPTIONS[rule]
    settings = (Setting(1e-2), Setting(1e-2, options=other))
    members = tuple(replace(m, setting=settings[i % 2]) for i, m in enumerate(MEMBERS))
    if other:
        first, second = (run((replace(MEMBERS[0], setting=s),), options)[0] for s in settings)
        assert difference(first, second, 4) > 5 * TOLERANCE
    for member, together in zip(members, run(members, options), strict=True):
        (alone,) = run((member,), options)
        assert difference(together, alone, len(member.tasks)) < 2e-5
        assert gap(together, literal_training(SHAPE, DATA, member, options)) < TOLERANCE


def test_famo_looks_back_at_the_batch_of_the_step():
    """After one step Adam's first moment is a tenth of the gradient, which the drop of the log losses decides."""
    member = replace(MEMBERS[0], setting=Setting(1e-2, 0.0, (("famo.decay", 0.0),)))
    options = replace(OPTIONS, rule="famo", batch_size=200, reduction="task-mean")
    (snapshot,) = run((member,), options)
    start = start_stack(SHAPE, (member,), build_network(SHAPE, 4), torch.device("cpu"), torch.float64).weights
    before = batch_losses([layer[0] for layer in start.trunk], [layer[:, 0] for layer in start.heads])
    after = batch_losses([a.double() for a in snapshot.shared], [a.double() for a in snapshot.own])
    drop = (before / after).log()
    assert drop.abs().min() > 1e-3
    expected = (drop - drop.mean()) / 4
    torch.testing.assert_close(snapshot.rule["first"].double() * 10, expected, rtol=1e-3, atol=1e-6)


def batch_losses(shared: list[torch.Tensor], own: list[torch.Tensor]) -> torch.Tensor:
    """``(4,)`` weighted mean losses on the training rows of the first fold."""
    rows, result = DATA.train_rows[0], []
    assert DATA.weights is not None
    for t, kind in enumerate(DATA.kinds):
        known = rows[np.isfinite(DATA.targets[0, rows, t])]
        x = torch.as_tensor(DATA.inputs[0, known]).double()
        for layer in shared:
            x = torch.relu(x @ layer[:-1] + layer[-1])
        z = head_outputs(SHAPE, range(4), 4, t, x, shared, [layer[t] for layer in own])
        losses = plain_cost(
            kind, t, z[:, : N_OUTPUTS[t]], torch.as_tensor(DATA.targets[0, known, t]).double()
        )
        result.append((losses * torch.as_tensor(DATA.weights[known])).mean())
    return torch.stack(result)


def test_absent_tasks_keep_what_the_rule_knows_of_them():
    """A task whose only labels lie in another batch leaves its statistics where they were."""
    options = replace(OPTIONS, rule="uncertainty", max_epochs=2)
    (snapshot,) = run((MEMBERS[0],), options)
    steps = snapshot.rule["steps"].numpy()
    assert steps[0] == 12 and 0 < steps[3] < 12


def one_unit(labels: np.ndarray) -> TrainingData:
    """Positive inputs and labels far above any prediction: gradients of the tasks are nearly parallel."""
    rng = np.random.default_rng(3)
    inputs = rng.uniform(0.5, 1.5, (1, 64, 5)).astype(np.float32)
    rows = np.arange(64)
    return TrainingData(
        inputs, labels[None].astype(np.float32), (rows[:48],), (rows[48:],), ("regression",) * labels.shape[1]
    )


def signs(seed: int, shape: NetworkShape) -> np.ndarray:
    """Of the heads' weights on the trunk's one unit; zeros where that unit is dead on these inputs."""
    network = build_network(shape, shape.n_tasks)
    member = Member(0, tuple(range(shape.n_tasks)), seed)
    start = start_stack(shape, (member,), network, torch.device("cpu"), torch.float64).weights
    unit = start.trunk[0][0, :, 0]
    lowest = torch.where(unit[:-1] > 0, 0.5 * unit[:-1], 1.5 * unit[:-1]).sum() + unit[-1]
    return torch.sign(start.heads[0][:, 0, 0, 0]).numpy() * bool(lowest > 0.1)


def told(n_tasks: int, wanted: tuple[int, ...], labels: np.ndarray):
    """What PCGrad says of a network with one shared unit whose heads start with the wanted signs."""
    shape = NetworkShape(5, (1,) * n_tasks, trunk=(1,), head=())
    seed = next(s for s in range(1000) if tuple(signs(s, shape)) == wanted)
    options = TrainOptions(rule="pcgrad", batch_size=16, max_epochs=2, clip_norm=None)
    member = Member(0, tuple(range(n_tasks)), seed, Setting(1e-5))
    curves = train(Population(shape, (member,)), one_unit(labels), options).members[0].rule
    assert curves is not None
    return curves


def test_duplicate_labels_give_pcgrad_nothing_to_do():
    curves = told(2, (1, 1), np.full((64, 2), 5.0))
    np.testing.assert_array_equal(curves.weights, 1.0)
    np.testing.assert_array_equal(curves.acted, 0.0)
    np.testing.assert_array_equal(curves.conflicts, 0.0)


def test_opposed_heads_conflict_at_every_step():
    curves = told(2, (1, -1), np.full((64, 2), 5.0))
    np.testing.assert_array_equal(curves.acted, 1.0)
    np.testing.assert_array_equal(curves.conflicts, 1.0)
    assert (curves.weights > 1.1).all()


def test_shares_of_conflicts_are_over_the_pairs_of_tasks_that_met():
    labels = np.full((64, 3), 5.0)
    curves = told(3, (1, 1, -1), labels)
    np.testing.assert_allclose(curves.conflicts, 2 / 3)
    labels[:, 2] = np.nan
    curves = told(3, (1, 1, -1), labels)
    np.testing.assert_array_equal(curves.conflicts, 0.0)
    assert np.isnan(curves.weights[:, 2]).all()
    labels[:, 0] = np.nan
    curves = told(3, (1, 1, -1), labels)
    assert np.isnan(curves.conflicts).all() and (curves.acted == 0.0).all()


def test_rules_without_a_gram_say_nothing_of_conflicts():
    options = replace(OPTIONS, rule="uncertainty")
    curves = train(Population(SHAPE, MEMBERS[:1]), DATA, options).members[0].rule
    assert curves is not None and np.isnan(curves.conflicts).all()
