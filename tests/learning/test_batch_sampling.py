"""What an epoch holds: every label once, or tasks with the chances asked for."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from miscible.learning import Member, TrainingData
from miscible.learning.training._sampling import (
    MemberPairs,
    draw_epoch,
    member_pairs,
    n_steps,
    random_stream,
    task_weights,
)

COUNTS = (900, 100, 9, 0)


def make_pairs(counts: tuple[int, ...] = COUNTS, overlap: float = 0.0, seed: int = 0) -> MemberPairs:
    rng = np.random.default_rng(seed)
    n_rows = sum(counts)
    targets = np.full((1, n_rows, len(counts)), np.nan, np.float32)
    starts = np.cumsum((0, *counts))
    for t, count in enumerate(counts):
        targets[0, starts[t] : starts[t] + count, t] = rng.normal(size=count)
    targets[0][rng.random(targets[0].shape) < overlap] = 1.0
    rows = rng.permutation(n_rows)
    data = TrainingData(
        np.zeros((1, n_rows, 2), np.float32), targets, (rows,), (rows[:0],), ("regression",) * len(counts)
    )
    return member_pairs(data, Member(0, tuple(range(len(counts))), 0), rows)


def epoch_of(pairs: MemberPairs, sampling: str, *, batch_size=32, min_steps=1, seed=5, epoch=0):
    steps = n_steps(pairs, batch_size, min_steps)
    return draw_epoch(pairs, sampling, batch_size, steps, random_stream(seed, 1, epoch)), steps


def labels_of(pairs: MemberPairs) -> list[tuple[int, int, float]]:
    return sorted(zip(pairs.rows[pairs.place], pairs.head, pairs.target, strict=True))


@settings(deadline=None, max_examples=30)
@given(
    st.lists(st.integers(0, 40), min_size=1, max_size=5).filter(any),
    st.floats(0, 0.9),
    st.integers(1, 40),
)
def test_a_proportional_epoch_holds_every_label_once(counts, overlap, batch_size):
    pairs = make_pairs(tuple(counts), overlap)
    epoch, steps = epoch_of(pairs, "proportional", batch_size=batch_size)
    assert sorted(epoch.rows) == sorted(pairs.rows)
    held = sorted(zip(epoch.rows[epoch.position], epoch.head, epoch.target, strict=True))
    assert held == labels_of(pairs)
    assert steps == -(-len(pairs.rows) // batch_size)


@pytest.mark.parametrize("sampling", ["balanced", "temperature"])
def test_sampled_pairs_are_real_and_fill_the_batches(sampling):
    pairs = make_pairs(overlap=0.02)
    epoch, steps = epoch_of(pairs, sampling)
    assert len(epoch.rows) == steps * 32
    assert steps == epoch_of(pairs, "proportional")[1]
    assert sorted(epoch.position) == list(range(steps * 32))
    known = set(labels_of(pairs))
    assert set(zip(epoch.rows[epoch.position], epoch.head, epoch.target, strict=True)) <= known


@pytest.mark.parametrize(
    ("sampling", "chances"),
    [("balanced", [1 / 3, 1 / 3, 1 / 3, 0]), ("temperature", [30 / 43, 10 / 43, 3 / 43, 0])],
)
def test_tasks_come_with_the_chances_asked_for(sampling, chances):
    pairs = make_pairs()
    seen = np.zeros(len(COUNTS))
    for i in range(20):
        seen += np.bincount(epoch_of(pairs, sampling, epoch=i)[0].head, minlength=len(COUNTS))
    n = seen.sum()
    spread = np.sqrt(n * np.array(chances) * (1 - np.array(chances)))
    assert np.all(np.abs(seen - n * np.array(chances)) <= 4.5 * spread)


def test_no_label_is_repeated_before_all_were_drawn():
    pairs = make_pairs()
    epoch, _ = epoch_of(pairs, "balanced")
    for head, count in enumerate(COUNTS[:3]):
        times = np.bincount(epoch.rows[epoch.position][epoch.head == head], minlength=sum(COUNTS))
        own = times[sum(COUNTS[:head]) : sum(COUNTS[: head + 1])]
        assert own.sum() == times.sum()
        assert len(own) == count
        assert own.max() - own.min() <= 1


def test_an_epoch_depends_on_seed_and_number_alone():
    pairs = make_pairs(overlap=0.1)
    for sampling in ("proportional", "balanced", "temperature"):
        first = epoch_of(pairs, sampling)[0]
        again = epoch_of(pairs, sampling)[0]
        assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))
        assert not np.array_equal(first.rows, epoch_of(pairs, sampling, epoch=1)[0].rows)
        assert not np.array_equal(first.rows, epoch_of(pairs, sampling, seed=6)[0].rows)


def test_few_rows_are_passed_over_until_the_steps_are_done():
    pairs = make_pairs((20,))
    epoch, steps = epoch_of(pairs, "proportional", batch_size=16, min_steps=10)
    assert steps == 10
    assert len(epoch.rows) == 160
    assert np.bincount(epoch.rows, minlength=20).tolist() == [8] * 20
    assert np.array_equal(epoch.position, np.arange(160))


def test_steps_of_an_epoch():
    pairs = make_pairs((65,))
    assert n_steps(pairs, 32, 1) == 3
    assert n_steps(pairs, 32, 8) == 8
    assert n_steps(make_pairs((0, 3)), 32, 1) == 1
    empty = member_pairs(
        TrainingData(
            np.zeros((1, 3, 1), np.float32),
            np.full((1, 3, 1), np.nan, np.float32),
            (np.arange(3),),
            (np.arange(0),),
            ("regression",),
        ),
        Member(0, (0,), 0),
        np.arange(3),
    )
    assert n_steps(empty, 32, 8) == 0


def test_task_weights_have_mean_one_over_tasks_with_labels():
    counts = np.array([52388, 800, 840, 0])
    assert task_weights(counts, "uniform").tolist() == [1, 1, 1, 0]
    inverse = task_weights(counts, "inverse-count")
    assert inverse.sum() == pytest.approx(3)
    assert inverse[1] / inverse[0] == pytest.approx(52388 / 800)
    root = task_weights(counts, "sqrt-inverse-count")
    assert root.sum() == pytest.approx(3)
    assert root[1] / root[0] == pytest.approx(np.sqrt(52388 / 800))
    assert task_weights(np.zeros(2, int), "inverse-count").tolist() == [0, 0]
