"""Populations of targets: whose labels count for what, independence of neighbours, starts, steps, refusals."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from miscible.learning import (
    Fitted,
    Member,
    NetworkShape,
    Population,
    Setting,
    TrainingData,
    TrainOptions,
    TransferPlan,
    train,
)
from miscible.learning.training._material import Material
from miscible.learning.training._sampling import member_pairs
from miscible.learning.training._stack import build_network
from miscible.learning.training._targeted import Targeted

KINDS = ("regression", "binary", "multiclass", "regression")
SHAPE = NetworkShape(6, (1, 1, 3, 1), trunk=(16, 16), head=(8,))
COEFFICIENTS = np.random.default_rng(7).normal(size=(6, 4)) / 2
OPTIONS = TrainOptions(batch_size=32, min_steps=4, max_epochs=3, patience=3)
POISON = (1e4, 1.0, 2.0, -1e4)


@pytest.fixture(autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def make_data(n_rows: int = 400, n_data: int = 2, seed: int = 0) -> TrainingData:
    """Learnable labels of unequal counts; the second slice has fewer rows."""
    rng = np.random.default_rng(seed)
    inputs = rng.normal(size=(n_data, n_rows, 6)).astype(np.float32)
    targets = (inputs @ COEFFICIENTS).astype(np.float32)
    targets[..., 1] = targets[..., 1] > 0
    targets[..., 2] = np.digitize(targets[..., 2], [-0.4, 0.4])
    targets[rng.random(targets.shape) > np.array([0.4, 0.5, 0.7, 0.2])] = np.nan
    rows = [rng.permutation(n_rows)[: n_rows - 120 * i] for i in range(n_data)]
    return TrainingData(inputs, targets, tuple(r[80:] for r in rows), tuple(r[:80] for r in rows), KINDS)


def held_out(data: TrainingData, member: Member, n: int) -> np.ndarray:
    """The first training rows with a label of the member's primary task, and some without."""
    rows = data.train_rows[member.data]
    known = np.isfinite(data.targets[member.data, rows, member.primary])
    return np.sort(np.concatenate([rows[known][:n], rows[~known][:5]]))


def learning_plan(data: TrainingData, members: tuple[Member, ...], n: int = 30, **more) -> TransferPlan:
    shape = len(members), max(len(m.tasks) for m in members)
    rows = tuple(held_out(data, m, n) for m in members)
    return TransferPlan(np.ones(shape), np.full(len(members), 2.0), held_out=rows, **more)


def poisoned(data: TrainingData, slice_: int, rows: np.ndarray, tasks: list[int]) -> TrainingData:
    """Other labels where there are some."""
    targets = data.targets.copy()
    for t in tasks:
        own = rows[np.isfinite(targets[slice_, rows, t])]
        targets[slice_, own, t] = POISON[t]
    assert not np.array_equal(targets, data.targets, equal_nan=True)
    return replace(data, targets=targets)


def distance(a: Fitted, i: int, b: Fitted, j: int, heads: int | None = None) -> float:
    """Largest difference of any parameter of the shared layers and the first heads."""
    one, two = a.member_state(i), b.member_state(j)
    n = len(a.members[i].tasks) if heads is None else heads
    pairs = [
        (x[:, :n], two[name][:, :n]) if name.startswith("head") else (x, two[name])
        for name, x in one.items()
        if name != "tasks"
    ]
    return max(float(np.abs(x - y).max()) for x, y in pairs)


MEMBERS = (
    Member(0, (0, 1, 2, 3), 11, Setting(3e-3, 0.1), primary=0),
    Member(1, (2, 1, 0), 12, Setting(1e-3), primary=1),
    Member(0, (3, 2, 1), 13, Setting(3e-3, 0.1), primary=3),
    Member(1, (0, 2, 3), 14, Setting(1e-3), primary=2),
)


@pytest.mark.parametrize(("every", "horizon"), [(1, 1), (3, 1), (3, 3)])
def test_learned_ratios_do_not_depend_on_neighbours(every: int, horizon: int):
    """Of one epoch: float rounding grows with the steps, through the signs that Adam's first steps follow."""
    data = make_data()
    plan = learning_plan(data, MEMBERS, every=every, horizon=horizon, rate=0.3)
    options = replace(OPTIONS, max_epochs=1, min_steps=1)
    together = train(Population(SHAPE, MEMBERS), data, options, transfer=plan)
    assert len({m.steps for m in together.members}) > 2
    moved = 0.0
    for k, member in enumerate(MEMBERS):
        own = learning_plan(data, (member,), every=every, horizon=horizon, rate=0.3)
        alone = train(Population(SHAPE, (member,)), data, options, transfer=own)
        assert together.members[k].steps == alone.members[0].steps
        ours, theirs = together.members[k].ratios, alone.members[0].ratios
        assert ours is not None and theirs is not None and ours.shape == (1, len(member.tasks))
        np.testing.assert_allclose(ours, theirs, rtol=1e-3)
        moved = max(moved, np.nanmax(np.abs(theirs - 1)))
        assert distance(together, k, alone, 0) <= 1e-4
    assert moved > 0.01


def test_fixed_ratios_do_not_depend_on_neighbours():
    data = make_data()
    ratios = np.random.default_rng(0).uniform(0, 2, (4, 4))
    options = replace(OPTIONS, max_epochs=1)
    together = train(
        Population(SHAPE, MEMBERS), data, options, transfer=TransferPlan(ratios, np.array([1.0, 2, 3, 4]))
    )
    for k, member in enumerate(MEMBERS):
        plan = TransferPlan(ratios[k : k + 1, : len(member.tasks)], np.array([k + 1.0]))
        alone = train(Population(SHAPE, (member,)), data, options, transfer=plan)
        assert distance(together, k, alone, 0) <= 1e-5
        assert together.members[k].ratios is None


def test_what_is_not_a_source_has_no_ratio():
    data = make_data()
    targets = data.targets.copy()
    targets[0, data.train_rows[0], 3] = np.nan
    data = replace(data, targets=targets)
    plan = learning_plan(data, MEMBERS[:1])
    (fit,) = train(Population(SHAPE, MEMBERS[:1]), data, OPTIONS, transfer=plan).members
    assert fit.ratios is not None and fit.ratios.shape == (3, 4)
    assert np.isnan(fit.ratios[:, [0, 3]]).all()
    assert np.isfinite(fit.ratios[:, [1, 2]]).all()


def test_held_out_rows_are_not_trained_on():
    """Neither the primary labels there, which only guide, nor those of the sources, which nobody reads."""
    data = make_data()
    member, plan = MEMBERS[0], learning_plan(make_data(), MEMBERS[:1], every=2)
    assert plan.held_out is not None
    rows = plan.held_out[0]
    pairs = [member_pairs(data, member, data.train_rows[0])]
    drawn = Targeted(plan, (member,), pairs, data, 32).epoch(0, 0, 60)
    assert not np.isin(drawn.rows, rows).any()
    left = np.setdiff1d(data.train_rows[0], rows)
    known = left[np.isfinite(data.targets[0, left]).any(axis=1)]
    assert set(drawn.rows.tolist()) == set(known.tolist())
    population = Population(SHAPE, (member,))
    sound = train(population, data, OPTIONS, transfer=plan)
    same = train(population, poisoned(data, 0, rows, [1, 2, 3]), OPTIONS, transfer=plan)
    assert distance(sound, 0, same, 0) == 0
    guided = train(population, poisoned(data, 0, rows, [0]), OPTIONS, transfer=plan)
    ratios, again, other = (f.members[0].ratios for f in (sound, same, guided))
    assert ratios is not None and again is not None and other is not None
    np.testing.assert_array_equal(ratios, again)
    assert not np.allclose(ratios, other, equal_nan=True, atol=1e-3)
    assert np.nanmax(guided.members[0].train_curve) < 10


def test_validation_is_about_the_primary_task():
    data = make_data()
    population = Population(SHAPE, MEMBERS[:1])
    plan = TransferPlan(np.ones((1, 4)), np.ones(1))
    sound = train(population, data, OPTIONS, transfer=plan)
    same = train(population, poisoned(data, 0, data.valid_rows[0], [1, 2, 3]), OPTIONS, transfer=plan)
    assert sound.members[0].best_score == same.members[0].best_score
    assert distance(sound, 0, same, 0) == 0
    other = train(population, poisoned(data, 0, data.valid_rows[0], [0]), OPTIONS, transfer=plan)
    assert other.members[0].best_score > 1e6 > sound.members[0].best_score
    curve = sound.members[0].valid_curve
    assert np.isfinite(curve[:, 0]).all() and np.isnan(curve[:, 1:]).all()
    assert sound.members[0].best_score == curve[:, 0].min()


@pytest.mark.parametrize("primary", range(4))
def test_sources_without_a_ratio_do_not_matter(primary: int):
    """Alone: no source at all. With one other source: those of ratio 0 are drawn now and then, and count nothing."""
    data = make_data()
    others = [t for t in range(4) if t != primary]
    member = replace(MEMBERS[0], primary=primary)
    for helpful in ([], others[:1]):
        ratios = np.isin(np.arange(4), helpful)[None].astype(float)
        plan = TransferPlan(ratios, np.full(1, 2.0))
        bad = poisoned(data, 0, data.train_rows[0], [t for t in others if t not in helpful])
        sound, same = (train(Population(SHAPE, (member,)), d, OPTIONS, transfer=plan) for d in (data, bad))
        assert sound.members[0].best_score == same.members[0].best_score
        columns = SHAPE.output_slices[primary]
        np.testing.assert_array_equal(
            sound.predict(0, data.inputs[0])[:, columns], same.predict(0, data.inputs[0])[:, columns]
        )
    moved = train(
        Population(SHAPE, (member,)), poisoned(data, 0, data.train_rows[0], helpful), OPTIONS, transfer=plan
    )
    assert not np.allclose(
        moved.predict(0, data.inputs[0])[:, columns], sound.predict(0, data.inputs[0])[:, columns], atol=1e-3
    )


def test_without_ratios_a_target_is_trained_as_a_network_of_its_own():
    """With the same pairs in a batch; the draws have other sizes, so losses are compared, not parameters."""
    data = make_data()
    options = replace(OPTIONS, max_epochs=30, patience=30)
    alone = [Member(0, (0,), s, Setting(3e-3)) for s in range(4)]
    members = tuple(replace(m, tasks=(0, 1, 2, 3), primary=0) for m in alone)
    plan = TransferPlan(np.zeros((4, 4)), np.ones(4))
    one = train(Population(SHAPE, tuple(alone)), data, replace(options, sampling="balanced"))
    two = train(Population(SHAPE, members), data, options, transfer=plan)
    ours, theirs = (np.mean([m.best_score for m in f.members]) for f in (two, one))
    assert ours == pytest.approx(theirs, rel=0.3)


@pytest.mark.parametrize(("primary", "floor"), [(1, np.log(2)), (2, np.log(3))])
@pytest.mark.parametrize("learned", [False, True])
def test_classes_can_be_the_target(primary: int, floor: float, learned: bool):
    data = make_data()
    member = replace(MEMBERS[0], primary=primary, setting=Setting(4e-3))
    plan = learning_plan(data, (member,)) if learned else TransferPlan(np.ones((1, 4)), np.ones(1))
    options = replace(OPTIONS, max_epochs=15, patience=15)
    fitted = train(Population(SHAPE, (member,)), data, options, transfer=plan)
    (fit,) = fitted.members
    assert not fit.diverged
    assert fit.best_score < 0.7 * floor
    predicted = fitted.predict(0, data.inputs[0])[:, SHAPE.output_slices[primary]]
    assert (predicted >= 0).all() and (predicted <= 1).all()
    if learned:
        assert fit.ratios is not None and np.isfinite(np.delete(fit.ratios, primary, axis=1)).all()


def test_a_start_better_than_every_epoch_is_kept():
    data = make_data()
    options = replace(OPTIONS, max_epochs=40, patience=40)
    first = train(Population(SHAPE, (Member(0, (0, 1, 2, 3), 5, Setting(3e-3)),)), data, options)
    start = first.member_state(0)
    wild = tuple(replace(m, setting=Setting(0.3)) for m in MEMBERS[:1])
    plan = TransferPlan(np.ones((1, 4)), np.ones(1))
    fitted = train(Population(SHAPE, wild), data, OPTIONS, starts=[start], transfer=plan)
    (fit,) = fitted.members
    assert (fit.best_epoch, fit.epochs) == (0, 3)
    assert fit.best_score < fit.valid_curve[:, 0].min()
    rows = data.valid_rows[0][np.isfinite(data.targets[0, data.valid_rows[0], 0])]
    error = np.mean((first.predict(0, data.inputs[0][rows])[:, 0] - data.targets[0, rows, 0]) ** 2)
    assert fit.best_score == pytest.approx(error, rel=1e-4)
    assert distance(fitted, 0, first, 0) == 0
    gentle = tuple(replace(m, setting=Setting(1e-3)) for m in MEMBERS[:1])
    on = train(Population(SHAPE, gentle), data, OPTIONS, starts=[start], transfer=plan)
    assert on.members[0].best_score <= fit.best_score


def test_a_hopeless_member_stops_after_its_patience_with_its_start():
    data = make_data()
    options = replace(OPTIONS, max_epochs=40, patience=40)
    start = train(Population(SHAPE, (Member(0, (0,), 5, Setting(3e-3)),)), data, options).member_state(0)
    member = Member(0, (0, 3), 1, Setting(0.3), primary=0)
    plan = TransferPlan(np.ones((1, 2)), np.ones(1))
    fitted = train(
        Population(SHAPE, (member,)),
        data,
        replace(OPTIONS, max_epochs=9, patience=2),
        starts=[start],
        transfer=plan,
    )
    (fit,) = fitted.members
    assert (fit.best_epoch, fit.epochs, fit.reason) == (0, 2, "patience")


@pytest.mark.parametrize(("batch", "least"), [(8, 1), (32, 4), (64, 20), (256, 3)])
@pytest.mark.parametrize("strength", [0.0, 1.0, 8.0])
def test_an_epoch_is_about_one_pass_over_the_primary_labels(batch: int, least: int, strength: float):
    data = make_data()
    options = replace(OPTIONS, batch_size=batch, min_steps=least, max_epochs=1)
    plan = TransferPlan(np.ones((4, 4)), np.full(4, strength))
    fitted = train(Population(SHAPE, MEMBERS), data, options, transfer=plan)
    for member, fit in zip(MEMBERS, fitted.members, strict=True):
        pairs = member_pairs(data, member, data.train_rows[member.data])
        own = int(pairs.counts[member.tasks.index(member.primary or 0)])
        one_pass = own * (1.0 + strength) / batch
        most = max(-(-len(pairs.rows) // batch), least)
        assert least <= fit.steps <= most
        if least < fit.steps < most:
            assert one_pass / 1.3 - 1 <= fit.steps <= one_pass * 1.3 + 1


@pytest.mark.parametrize("reduction", ["task-mean", "pair-sum"])
def test_a_batch_is_divided_by_its_pairs_whatever_the_reduction(reduction):
    """A mean within each task would undo what the chances of the sources are corrected by."""
    plan = TransferPlan(np.array([[1.0, 0.2, 3.0, 1.0]]), np.full(1, 2.0))
    options = replace(OPTIONS, reduction=reduction)
    population = Population(SHAPE, MEMBERS[:1])
    material = Material(population, make_data(), options, build_network(SHAPE, 4), plan)
    assert material.targeted is not None
    drawn = material.targeted.epoch(0, 0, int(material.steps_each[0]))
    factors = [np.unique(drawn.weight[drawn.head == h]) for h in range(4)]
    for batch in material.training_schedule(0, [0]).batches:
        assert batch.slot_owner is not None
        for h in range(4):
            own = batch.weight[batch.slot_owner == h]
            np.testing.assert_allclose(own[own > 0].numpy(), factors[h][0] / 32, rtol=1e-6)


def test_a_target_without_labels_is_not_trained():
    data = make_data()
    targets = data.targets.copy()
    targets[0, data.train_rows[0], 0] = np.nan
    plan = TransferPlan(np.ones((4, 4)), np.ones(4))
    fitted = train(Population(SHAPE, MEMBERS), replace(data, targets=targets), OPTIONS, transfer=plan)
    assert (fitted.members[0].reason, fitted.members[0].steps) == ("no training labels", 0)
    assert all(fit.steps > 0 for fit in fitted.members[1:])


def test_a_target_without_validation_labels_follows_its_training_loss():
    data = make_data()
    targets = data.targets.copy()
    targets[0, data.valid_rows[0], 0] = np.nan
    plan = TransferPlan(np.ones((1, 4)), np.ones(1))
    (fit,) = train(
        Population(SHAPE, MEMBERS[:1]), replace(data, targets=targets), OPTIONS, transfer=plan
    ).members
    assert not fit.diverged and np.isfinite(fit.best_score)
    assert fit.best_score == pytest.approx(fit.train_curve.mean(axis=1).min())


GOOD = {"ratios": np.ones((2, 3)), "strength": np.ones(2)}


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"ratios": np.ones((3, 3))}, ["ratios of 3 members", "strengths of 2"]),
        ({"ratios": np.full((2, 3), -0.1)}, ["ratios", "not negative"]),
        ({"ratios": np.full((2, 3), np.nan)}, ["ratios", "finite"]),
        ({"strength": np.array([1.0, np.inf])}, ["strengths", "finite"]),
        ({"strength": np.array([1.0, -1.0])}, ["strengths", "not negative"]),
        ({"held_out": (np.arange(3),)}, ["held-out rows of 1 members", "expected 2"]),
        ({"groups": np.zeros((2, 4), int)}, ["groups", "(2, 4)", "(2, 3)"]),
        ({"horizon": 0}, ["horizon", "1 to 5", "got 0"]),
        ({"horizon": 6}, ["horizon", "1 to 5", "got 6"]),
        ({"every": 0}, ["horizon", "1 to 0"]),
        ({"rate": 0.0}, ["rate must be positive"]),
        ({"cap": 1.0}, ["cap above 1"]),
        ({"noise": -1.0}, ["noise not negative"]),
    ],
)
def test_plans_that_cannot_be_say_why(wrong: dict, words: list[str]):
    with pytest.raises(ValueError) as caught:
        TransferPlan(**(GOOD | wrong))
    for word in words:
        assert word in str(caught.value)
    TransferPlan(**GOOD)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"members": (replace(MEMBERS[0], primary=None),)}, ["primary task"]),
        ({"plan": TransferPlan(np.ones((1, 3)), np.ones(1))}, ["ratios are (1, 3)", "(1, 4)"]),
        ({"options": replace(OPTIONS, rule="pcgrad")}, ["ratios work on plain shared layers"]),
        ({"options": replace(OPTIONS, frozen=True)}, ["ratios work on plain shared layers"]),
        ({"options": replace(OPTIONS, compile=True)}, ["ratios work on plain shared layers"]),
        ({"shape": replace(SHAPE, norm=True)}, ["ratios work on plain shared layers"]),
        ({"shape": replace(SHAPE, mixing="mmoe")}, ["ratios work on plain shared layers"]),
    ],
)
def test_training_refuses_what_ratios_cannot_do(change: dict, words: list[str]):
    given = {
        "members": MEMBERS[:1],
        "plan": TransferPlan(np.ones((1, 4)), np.ones(1)),
        "options": OPTIONS,
        "shape": SHAPE,
    } | change
    with pytest.raises(ValueError) as caught:
        train(
            Population(given["shape"], given["members"]),
            make_data(),
            given["options"],
            transfer=given["plan"],
        )
    for word in words:
        assert word in str(caught.value)


def test_held_out_rows_must_guide_and_be_training_rows():
    data = make_data()
    population, plan = Population(SHAPE, MEMBERS[:1]), learning_plan(make_data(), MEMBERS[:1])
    rows = data.train_rows[0]
    unlabelled = rows[np.isnan(data.targets[0, rows, 0])]
    with pytest.raises(ValueError, match="member 0 has no held-out label of its primary task 0"):
        train(population, data, OPTIONS, transfer=replace(plan, held_out=(unlabelled,)))
    with pytest.raises(ValueError, match="held-out rows of member 0 must be among its training rows"):
        train(population, data, OPTIONS, transfer=replace(plan, held_out=(data.valid_rows[0],)))


def test_a_primary_task_must_be_one_of_the_members():
    with pytest.raises(ValueError, match="does not learn its primary task 3"):
        Population(SHAPE, (Member(0, (0, 1), 1, primary=3),))
