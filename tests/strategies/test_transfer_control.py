"""Positive control: on worlds whose truth is known, learned ratios rank helpful sources above harmful ones."""

import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from miscible.strategies import Tuning
from miscible.strategies._sources import Target, likeness
from miscible.strategies._subsets import learn_from_subsets

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))

from transfer_control import area, bench_of, make_world  # pyright: ignore[reportMissingImports]

TUNING = Tuning(rates=(4e-3,), decays=(1e-2,), finalists=1, halving=(), epochs=30, steps=20)


@pytest.fixture(autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.mark.parametrize("seed", [0, 3])
def test_helpful_sources_rank_above_harmful_ones(seed: int):
    """For the scarce target, and for helpful sources themselves, to which the target and each other are of help."""
    world = make_world(seed, n_target=300)
    bench = bench_of(world, "transfer+w64+scratch", TUNING, seed)
    tasks = tuple(range(len(world.roles)))
    alike = [likeness(bench, 0, tasks, None)]
    found = learn_from_subsets(bench, [Target(0, t, tasks) for t in range(4)], alike)
    harmful = world.roles == "harmful"
    areas, good, bad = [], [], []
    for target in found:
        assert (target.ratios >= 0).all() and (target.ratios <= 2).all()
        assert target.steps > 0 and np.isfinite(np.delete(target.spread, target.target.task)).all()
        friends = (world.roles == "helpful") & (np.array(tasks) != target.target.task)
        good.append(target.ratios[friends].mean())
        bad.append(target.ratios[harmful].mean())
        areas.append(area(target.ratios[friends], target.ratios[harmful]))
    assert np.mean(areas) >= 0.9
    assert np.mean(good) > np.mean(bad) + 0.2
