"""Transfer among tasks of which some are one quantity under different conditions, and to a few targets of many."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
import torch
from network_folds import make_folds

from miscible.learning import Population
from miscible.splits import FoldData
from miscible.strategies import Tuning, parse_strategy
from miscible.strategies import _bench as bench_module
from miscible.strategies import _subsets as subsets
from miscible.strategies import _transfer as transfer
from miscible.strategies._bench import make_bench
from miscible.strategies._families import families_together, one_a_family
from miscible.strategies._sources import nearest_sources
from miscible.strategies._subsets import effects_from_subsets, subset_designs
from miscible.strategies._transfer import fit_transfer

QUICK = Tuning(rates=(1e-3, 4e-3), decays=(1e-2,), finalists=2, halving=(), epochs=2, steps=2)
FAMILIES = ("a", "a", "b", "b", "b", "c", "d")


@pytest.fixture(autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def many_tasks() -> list[FoldData]:
    """One fold with seven continuous labels."""
    rng = np.random.default_rng(1)
    (fold,) = make_folds(1)
    labels = fold.inputs @ rng.normal(size=(4, 7)) + rng.normal(size=(len(fold.inputs), 7))
    labels[rng.random(labels.shape) < 0.3] = np.nan
    labels[fold.test_rows] = np.nan
    return [replace(fold, targets=labels, kinds=("regression",) * 7, n_classes=(0,) * 7)]


def fit(name: str, folds: list[FoldData], only=None, families=FAMILIES):
    bench = make_bench(
        parse_strategy(name), folds, range(7), QUICK,
        seed=3, n_inputs=None, train_share=0.8, device="cpu", compile=False,
    )  # fmt: skip
    return fit_transfer(bench, only, families)


class Seen:
    """Tasks of every network of random subsets, and how many in the networks of each run."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.tasks: list[tuple[int, ...]] = []
        self.runs: list[list[int]] = []
        self._train = subsets.train
        monkeypatch.setattr(subsets, "train", self)

    def __call__(self, population: Population, *rest):
        self.runs.append([len(member.tasks) for member in population.members])
        self.tasks += [member.tasks for member in population.members]
        return self._train(population, *rest)


def test_tasks_of_the_same_family_are_no_sources():
    alike = np.eye(5) + 0.5
    alike[0] = [1.0, 0.9, 0.8, 0.7, 0.6]
    families = ("x", "p", "q", "q", "p", "r", "p")
    tasks = (1, 2, 3, 4, 6)
    assert nearest_sources(alike, tasks, 1, 2, families) == (1, 2, 3)
    assert nearest_sources(alike, tasks, 1, 9, families) == (1, 2, 3)
    assert nearest_sources(alike, tasks, 3, 9, families) == (1, 3, 4, 6)
    assert nearest_sources(alike, tasks, 1, 2) == (1, 2, 3)
    assert nearest_sources(alike, tasks, 6, 9, "0" * 7) == (6,)


def test_a_family_is_one_unit_however_alike_others_are():
    rng = np.random.default_rng(0)
    alike = rng.random((7, 7))
    alike = (alike + alike.T) / 2
    alike[0, 2] = alike[2, 0] = 1.0
    groups = families_together(alike, np.array(FAMILIES), 40)
    assert len(np.unique(groups)) == 4
    expected = np.equal.outer(np.array(FAMILIES), np.array(FAMILIES))
    np.testing.assert_array_equal(groups[:, None] == groups, expected)


def test_families_that_resemble_each_other_are_grouped_where_there_are_many():
    families = np.array(["a", "a", "b", "c", "c", "d"])
    alike = np.full((6, 6), 0.1)
    for one, other in (((0, 1), (3, 4)), ((2,), (5,))):
        alike[np.ix_(one, other)] = alike[np.ix_(other, one)] = 0.8
    groups = families_together(alike, families, 2)
    np.testing.assert_array_equal(groups == groups[0], [True, True, False, True, True, False])
    assert groups[2] == groups[5]


def test_one_of_a_family_is_left_and_of_the_judged_ones_if_it_has_any():
    rng = np.random.default_rng(0)
    families = np.array(["a", "b", "a", "a", "b", "c"])
    units = np.unique(families, return_inverse=True)[1]
    whole = subset_designs(3, 600, rng)[:, units]
    judged = np.array([True, False, False, True, False, False])
    left = one_a_family(whole, families, judged, rng)
    assert not (left & ~whole).any()
    for name in "abc":
        own = families == name
        np.testing.assert_array_equal(left[:, own].sum(axis=1), whole[:, own].any(axis=1))
    assert not left[:, 2].any()
    for pair in ((0, 3), (1, 4)):
        share = left[:, pair[0]].sum() / left[:, pair].sum()
        assert 0.4 < share < 0.6


def test_the_effect_of_a_unit_is_that_of_any_of_its_tasks():
    """Of tasks 1 and 2 one is there at a time, either as good."""
    rng = np.random.default_rng(2)
    families = np.array(["t", "u", "u", "v"])
    units = np.array([0, 1, 1, 2])
    designs = one_a_family(subset_designs(3, 120, rng)[:, units], families, families == "t", rng)
    there = designs[:, 1] | designs[:, 2]
    logs = rng.normal(0.0, 0.02, designs.shape) - 0.4 * there[:, None] + 0.2 * designs[:, 3:]
    found = effects_from_subsets(designs, np.where(designs, np.exp(logs), np.nan), units)
    np.testing.assert_allclose(found.mean[0], [np.nan, -0.4, -0.4, 0.2], atol=0.02)


def test_networks_of_subsets_hold_one_of_a_family_and_the_targets_first(monkeypatch: pytest.MonkeyPatch):
    seen = Seen(monkeypatch)
    (fitted,) = fit("transfer+w32+scratch", many_tasks(), only=(0, 3))
    assert len(seen.tasks) >= 48
    for tasks in seen.tasks:
        own = [FAMILIES[t] for t in tasks]
        assert len(set(own)) == len(own)
    assert {t for tasks in seen.tasks for t in tasks} == {0, 3, 5, 6}
    for story in fitted.kept:
        ratios = story["ratios"]
        assert isinstance(ratios, list)
        target = int(str(story["primary"]))
        mates = [t for t in range(7) if FAMILIES[t] == FAMILIES[target] and t != target]
        assert [t for t in range(7) if ratios[t] is None] == mates
        assert all(0 <= ratios[t] <= 2 for t in range(7) if t not in mates)


@pytest.mark.parametrize("word", ["learned", "one-step", "equal"])
def test_a_target_learns_nothing_from_its_family(word: str):
    folds = many_tasks()
    other = [replace(folds[0], targets=folds[0].targets.copy())]
    other[0].targets[:, 4] = np.where(np.isfinite(folds[0].targets[:, 4]), 7.0 + np.arange(90) % 5, np.nan)
    name = f"transfer+w32+{word}+scratch"
    sound, changed = (fit(name, own, only=(2, 5))[0] for own in (folds, other))
    predicted = [own.ensemble.predict(folds[0].inputs) for own in (sound, changed)]
    np.testing.assert_array_equal(predicted[0][:, 2], predicted[1][:, 2])
    assert not np.allclose(predicted[0][:, 5], predicted[1][:, 5], atol=1e-4)
    free = [fit(name, own, only=(2,), families=None)[0] for own in (folds, other)]
    predicted = [own.ensemble.predict(folds[0].inputs)[:, 2] for own in free]
    assert not np.allclose(*predicted, atol=1e-4)


def test_a_family_of_all_tasks_leaves_no_source():
    (fitted,) = fit("transfer+w32+scratch", many_tasks(), only=(1,), families="0" * 7)
    assert [story["ratios"] for story in fitted.kept] == [[None, 1.0, *[None] * 5]] * 2


def test_families_and_starts_from_networks_of_all_tasks_do_not_go_together():
    for name in ("transfer+w32", "transfer+w32+pretrained", "align+w32+equal"):
        with pytest.raises(ValueError, match="family"):
            fit(name, many_tasks(), only=(1,))


def test_tasks_that_count_for_no_target_are_not_learned_for_the_ratios(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(transfer, "_ALL_UP_TO", 5)
    monkeypatch.setattr(transfer, "MOST_SOURCES", 2)
    seen = Seen(monkeypatch)
    (fitted,) = fit("transfer+w32+scratch", many_tasks(), only=(0,), families=None)
    ratios = [story["ratios"] for story in fitted.kept]
    known = {t for t in range(7) if isinstance(ratios[0], list) and ratios[0][t] is not None}
    assert len(known) == 3 and 0 in known
    assert {t for tasks in seen.tasks for t in tasks} == known
    seen.tasks.clear()
    fit("transfer+w32+scratch", many_tasks(), families=None)
    assert {t for tasks in seen.tasks for t in tasks} == set(range(7))


def test_networks_of_a_size_are_trained_together_and_runs_change_nothing(monkeypatch: pytest.MonkeyPatch):
    """A run takes as much memory for each of its networks as for the largest."""
    seen = Seen(monkeypatch)
    (whole,) = fit("transfer+w32+scratch", many_tasks(), families=None)
    assert len(seen.runs) == 1
    monkeypatch.setattr(bench_module, "CHUNK_BYTES", 20 * 20 * 10_000)
    seen.runs.clear()
    (cut,) = fit("transfer+w32+scratch", many_tasks(), families=None)
    assert len(seen.runs) > 2
    for small, large in pairwise(seen.runs):
        assert max(small) <= min(large)
    for one, other in zip(whole.kept, cut.kept, strict=True):
        assert one["primary"] == other["primary"]
        for key in ("ratios", "spread"):
            first, second = (np.array(story[key], float) for story in (one, other))
            np.testing.assert_allclose(first, second, atol=2e-3)
