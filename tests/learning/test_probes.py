"""Unbiased Grams and the probes that gather them, against explicit gradients of single pairs."""

from __future__ import annotations

import numpy as np
import torch
from network_cases import build_case, run_step

from miscible.learning import (
    GradientProbe,
    Member,
    NetworkShape,
    Population,
    TrainingData,
    TrainOptions,
    train,
)
from miscible.learning.gram import unbiased_gram
from miscible.learning.nets import Views, pair_records


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
            first, second = (
                sum((each[k, p] for p in of_task[t] if bool(half[k, p]) == side), torch.zeros(each.shape[2]))
                for side in (True, False)
            )
            if float(first.norm() * second.norm()) > 0.0:
                cosine = float(first @ second / (first.norm() * second.norm()))
                np.testing.assert_allclose(found.split_half[k, t], cosine, rtol=1e-9)


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
