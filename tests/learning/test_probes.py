"""Unbiased Grams and the probes that gather them, against explicit gradients of single pairs."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from network_cases import MIXINGS, build_case, run_step

from miscible.learning import (
    GradientProbe,
    Member,
    NetworkShape,
    Population,
    TrainingData,
    TrainOptions,
    shared_parts,
    train,
)
from miscible.learning.gram import unbiased_gram
from miscible.learning.nets import Views, pair_records
from miscible.learning.training._stack import build_network


def test_unbiased_gram_leaves_out_pairs_of_the_same_row():
    case = build_case(4, 0.6, "proportional", "task-mean", form="pairs")
    batch = case.schedule.batches[0]
    passed = run_step(case, batch)
    records = pair_records(case.network, Views(case.stack.weights), passed.trace, batch, passed.top)
    pairs = records.pairs
    assert pairs.slot is not None and pairs.mask is not None and pairs.task is not None
    row = batch.rows[batch.slot_row[pairs.slot]]
    half = torch.arange(row.shape[1]).expand_as(row) % 2 == 0
    found = unbiased_gram(records, row, half)
    each = torch.cat([(a.unsqueeze(3) * d.unsqueeze(2)).flatten(2) for a, d in records.layers], dim=2)
    for k in range(batch.n_members):
        of_task = [[p for p in np.flatnonzero(pairs.mask[k]) if pairs.task[k, p] == t] for t in range(4)]
        for t in range(4):
            for s in range(4):
                products = [
                    float(each[k, p] @ each[k, q])
                    for p in of_task[t]
                    for q in of_task[s]
                    if row[k, p] != row[k, q]
                ]
                expected = np.mean(products) if products else np.nan
                np.testing.assert_allclose(found.gram[k, t, s], expected, rtol=1e-9, atol=1e-15)
            halves = [[p for p in of_task[t] if bool(half[k, p]) == side] for side in (True, False)]
            first, second = (sum((each[k, p] for p in ps), torch.zeros(each.shape[2])) for ps in halves)
            if float(first.norm() * second.norm()) > 0.0:
                cosine = float(first @ second / (first.norm() * second.norm()))
                np.testing.assert_allclose(found.split_half[k, t], cosine, rtol=1e-9)
                means = [float(g.norm()) / len(ps) for g, ps in zip((first, second), halves, strict=True)]
                np.testing.assert_allclose(found.half_square[k, t], np.prod(means), rtol=1e-9)


def test_the_diagonal_is_not_inflated_by_the_size_of_the_sample():
    """Labels that are pure noise have no expected gradient; the plain Gram's diagonal is far from zero there."""
    rng = np.random.default_rng(0)
    inputs = rng.normal(size=(1, 4000, 6)).astype(np.float32)
    targets = np.stack([inputs[0, :, 0], rng.normal(size=4000)], axis=1)[None].astype(np.float32)
    data = TrainingData(inputs, targets, (np.arange(4000),), (np.arange(0),), ("regression",) * 2)
    members = tuple(Member(0, (0, 1), seed) for seed in range(12))
    population = Population(NetworkShape(6, (1, 1), trunk=(16,), head=()), members)
    probe = GradientProbe(population, data, n_labels=64)
    train(population, data, TrainOptions(batch_size=64, max_epochs=4, patience=4), [probe])
    seen = [probe.probes(k) for k in range(len(members))]
    gram = np.array([p.gram for p in seen])
    assert gram.shape == (12, 4, 2, 2)
    assert np.isfinite(gram).all()
    noise = gram[:, -1, 1, 1]
    assert (noise < 0.0).any(), "an unbiased estimate of about zero is negative at times"
    assert all(p.losses.shape == (4, 2) and (np.abs(p.split_half) <= 1.0 + 1e-6).all() for p in seen)


@pytest.mark.parametrize("norm", [False, True])
@pytest.mark.parametrize("mixing", [*MIXINGS])
def test_every_shared_layer_is_a_part_with_a_name(mixing, norm):
    shape = NetworkShape(5, (1, 1, 1), trunk=(7, 6), head=(4,), mixing=mixing, norm=norm)
    network = build_network(shape, 3)
    trunk, *each = shared_parts(shape).values()
    assert each == [(i,) for i in range(len(network.shared_shapes))]
    assert trunk == tuple(range(network.n_trunk))


def make_pair(seed: int, second: np.ndarray | None = None) -> TrainingData:
    """Two tasks on rows of their own, the second with the function of the first unless another is given."""
    rng = np.random.default_rng(seed)
    inputs = rng.normal(size=(1, 600, 6)).astype(np.float32)
    first = np.sin(inputs[0, :, 0]) + inputs[0, :, 1] * inputs[0, :, 2]
    targets = np.stack([first, first if second is None else second], axis=1)
    targets[:300, 0] = targets[300:, 1] = np.nan
    rows = rng.permutation(600)
    return TrainingData(
        inputs, targets[None].astype(np.float32), (rows[:500],), (rows[500:],), ("regression",) * 2
    )


def look(data: TrainingData, n_members: int = 4, **shape) -> list:
    members = tuple(Member(0, (0, 1), seed) for seed in range(n_members))
    shape = {"trunk": (24,), "head": (8,), **shape}
    population = Population(NetworkShape(6, (1, 1), **shape), members)
    probe = GradientProbe(population, data, by_part=True)
    train(population, data, TrainOptions(batch_size=32, max_epochs=8, patience=8), [probe])
    return [probe.probes(k) for k in range(n_members)]


def test_grams_of_the_layers_add_up():
    seen = look(make_pair(0), 1, trunk=(24, 12), mixing="relation")[0]
    assert list(seen.parts) == ["trunk", "trunk 1", "trunk 2", "states", "messages"]
    gram = {name: part.gram for name, part in seen.parts.items()}
    np.testing.assert_allclose(gram["trunk"], gram["trunk 1"] + gram["trunk 2"], rtol=1e-4, atol=1e-8)
    whole = gram["trunk"] + gram["states"] + gram["messages"]
    np.testing.assert_allclose(seen.gram, whole, rtol=1e-4, atol=1e-8)
    assert np.abs(gram["messages"]).max() > 0.0
    np.testing.assert_array_equal(seen.parts["trunk"].losses, seen.losses)


def test_a_copy_on_other_rows_shows_and_its_sign_does_not():
    """A head turns the sign of its task, so that a copy and its opposite look alike; a stranger looks like neither."""
    data = make_pair(1)
    opposite = replace(data, targets=data.targets * np.array([1.0, -1.0], np.float32))
    x = data.inputs[0]
    stranger = make_pair(1, np.cos(x[:, 3]) + x[:, 4] * x[:, 5])
    copy, flipped, other = (
        np.array([p.cosines()[:5].mean(axis=0) for p in look(d, 6, trunk=(64, 64), head=())])
        for d in (data, opposite, stranger)
    )
    for seen in (copy, flipped, other):
        assert seen[:, 0, 1] == pytest.approx(seen[:, 1, 0])
        assert (np.diagonal(seen.mean(axis=0)) > 0.1).all(), "the control must let the difference be seen"
    assert (copy[:, 0, 1] > 0.08).all() and (flipped[:, 0, 1] > 0.08).all()
    assert abs(other[:, 0, 1].mean()) < 0.06
