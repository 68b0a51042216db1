"""Transfer: effects from random subsets, ratios from effects, spoiled guides, and whole fits on a small table."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from network_folds import make_folds

from miscible.learning import Population, train
from miscible.splits import FoldData
from miscible.strategies import NetworkFit, Tuning, fit_networks, parse_strategy
from miscible.strategies._bench import Bench, make_bench
from miscible.strategies._sources import Target, alike_groups, correlations, likeness, nearest_sources
from miscible.strategies._subsets import (
    effects_from_subsets,
    ratios_from_effects,
    spoil_guides,
    subset_designs,
)
from miscible.strategies._transfer import _start

KNOBS = {"transfer.updates": (8.0,), "transfer.seeds": (2.0,)}
QUICK = Tuning(rates=(1e-3, 4e-3), decays=(1e-2,), finalists=2, halving=(), epochs=3, steps=4, remedies=KNOBS)
TASKS = (0, 1, 2)
COLUMNS = (slice(0, 1), slice(1, 2), slice(2, 5))
WORDS = ("learned", "one-step", "equal", "alone", "correlated")
STRATEGIES = (
    *(f"transfer+w32+{word}" for word in WORDS),
    "transfer+w32+scratch",
    "transfer+w32+pretrained",
    "transfer+w32+one-step+scratch",
    "transfer+w32+tied",
    "transfer+w32+one-step+tied",
)


@pytest.fixture(autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def fit(name: str, folds: list[FoldData] | None = None, tasks=TASKS, tuning=QUICK, seed: int = 7):
    folds = make_folds() if folds is None else folds
    return fit_networks(parse_strategy(name), folds, tasks, tuning, seed=seed)


def bench_of(labels: np.ndarray, name: str = "transfer+w32", seed: int = 0, tuning: Tuning = QUICK) -> Bench:
    """One fold whose training rows have these labels; a few more rows for validation and test."""
    rng = np.random.default_rng(seed)
    n, n_tasks = labels.shape
    more = rng.normal(size=(20, n_tasks))
    targets = np.concatenate([labels, more])
    fold = FoldData(
        inputs=rng.normal(size=(n + 20, 3)).astype(np.float32),
        targets=targets,
        train_rows=np.arange(n),
        valid_rows=np.arange(n, n + 10),
        test_rows=np.arange(n + 10, n + 20),
        weights=np.ones(n + 20),
        kinds=("regression",) * n_tasks,
        n_classes=(0,) * n_tasks,
        preparation=None,  # pyright: ignore[reportArgumentType]
        codes=np.arange(n + 20),
    )
    return make_bench(
        parse_strategy(name), [fold], range(n_tasks), tuning,
        seed=0, n_inputs=None, train_share=0.8, device="cpu", compile=False,
    )  # fmt: skip


def told(fits: list[NetworkFit]) -> dict[tuple[int, int], tuple[list, list]]:
    """Ratios and their spread by fold and target; all networks of a target must agree."""
    result: dict[tuple[int, int], tuple[list, list]] = {}
    for f, fitted in enumerate(fits):
        for story in fitted.kept:
            key = f, int(str(story["primary"]))
            own = story["ratios"], story["spread"]
            assert result.setdefault(key, own) == own  # pyright: ignore[reportArgumentType]
    return result


# Subsets, effects and ratios


@pytest.mark.parametrize("n_tasks", [2, 3, 7, 40])
def test_designs_are_balanced_and_leave_no_network_empty(n_tasks: int):
    designs = subset_designs(n_tasks, 96, np.random.default_rng(0))
    assert designs.shape == (96, n_tasks) and designs.dtype == bool
    assert designs.any(axis=1).all()
    share = designs.mean(axis=0)
    np.testing.assert_allclose(share, 0.75 if n_tasks == 2 else 0.5)
    for t in range(n_tasks):
        with_target = designs[designs[:, t]].mean(axis=0)
        assert (np.delete(with_target, t) > 0.2).all() and (np.delete(with_target, t) < 0.8).all()
    sizes = designs.sum(axis=1)
    assert len(np.unique(sizes)) > 1
    assert len(subset_designs(n_tasks, 7, np.random.default_rng(0))) == 7


def losses_of(designs: np.ndarray, effects: np.ndarray, noise: float, rng) -> np.ndarray:
    """Log losses that are linear in who was there; NaN where a task was not."""
    logs = rng.normal(size=effects.shape[0]) + designs @ effects.T + noise * rng.normal(size=designs.shape)
    return np.where(designs, np.exp(logs), np.nan)


@pytest.mark.parametrize("seed", range(3))
def test_planted_effects_are_recovered_within_their_deviation(seed: int):
    rng = np.random.default_rng(seed)
    planted = rng.normal(0.0, 0.3, (6, 6)) * (rng.random((6, 6)) < 0.7)
    np.fill_diagonal(planted, 0.0)
    designs = subset_designs(6, 120, rng)
    found = effects_from_subsets(designs, losses_of(designs, planted, 0.1, rng), np.arange(6))
    off = ~np.eye(6, dtype=bool)
    assert np.isnan(found.mean[~off]).all() and np.isnan(found.deviation[~off]).all()
    error = (found.mean - planted)[off]
    assert np.abs(error).max() < 0.12
    scores = error / found.deviation[off]
    assert 0.6 < np.sqrt(np.mean(scores**2)) < 1.5
    exact = effects_from_subsets(designs, losses_of(designs, planted, 1e-3, rng), np.arange(6))
    np.testing.assert_allclose(exact.mean[off], planted[off], atol=5e-3)


def test_effects_of_two_tasks_on_each_other_are_recovered():
    rng = np.random.default_rng(4)
    planted = np.array([[0.0, 0.4], [-0.3, 0.0]])
    designs = subset_designs(2, 48, rng)
    found = effects_from_subsets(designs, losses_of(designs, planted, 0.01, rng), np.arange(2))
    np.testing.assert_allclose([found.mean[0, 1], found.mean[1, 0]], [0.4, -0.3], atol=0.02)


def test_units_share_their_effect_and_have_none_on_themselves():
    rng = np.random.default_rng(1)
    units = np.array([0, 1, 1, 2, 0])
    designs = subset_designs(3, 60, rng)[:, units]
    planted = np.zeros((5, 5))
    planted[:, 1] = -0.5
    found = effects_from_subsets(designs, losses_of(designs, planted, 0.01, rng), units)
    np.testing.assert_allclose(found.mean[0, [1, 2]], -0.5, atol=0.02)
    assert found.mean[0, 1] == found.mean[0, 2]
    assert np.isnan(found.mean[0, [0, 4]]).all() and np.isnan(found.mean[1, [1, 2]]).all()


def test_where_nothing_is_known_there_is_no_effect():
    rng = np.random.default_rng(2)
    designs = subset_designs(4, 40, rng)
    losses = losses_of(designs, np.zeros((4, 4)), 0.1, rng)
    losses[:, 1] = np.nan
    losses[np.flatnonzero(designs[:, 2])[7:], 2] = np.nan
    losses[0, 0], losses[1, 0] = np.inf, 0.0
    found = effects_from_subsets(designs, losses, np.arange(4))
    assert np.isnan(found.mean[[1, 2]]).all()
    assert np.isfinite(found.mean[0, 1:]).all() and np.isfinite(found.mean[3, :3]).all()
    nobody = effects_from_subsets(designs[:, :1], losses[:, :1], np.arange(1))
    assert np.isnan(nobody.mean).all()


def test_a_ratio_is_twice_the_probability_of_helping():
    unknown = ratios_from_effects(np.full(5, np.nan), np.full(5, np.nan))
    np.testing.assert_array_equal(unknown, 1.0)
    certain = ratios_from_effects(np.array([-1.0, 0.0, 1.0]), np.full(3, 0.05))
    np.testing.assert_allclose(certain, [2.0, 1.0, 0.0], atol=1e-12)
    mixed = ratios_from_effects(np.array([-0.3, -0.1, 0.0, 0.1, 0.3, np.nan]), np.full(6, 0.1))
    assert (np.diff(mixed[:5]) < 0).all() and mixed[5] == 1.0
    # Of the normal distribution: one deviation below 0 has 84.134 %.
    assert mixed[1] == pytest.approx(2 * 0.84134, abs=1e-4)
    doubtful = ratios_from_effects(np.array([-0.3, 0.3]), np.full(2, 30.0))
    np.testing.assert_allclose(doubtful, 1.0, atol=0.01)
    assert ratios_from_effects(np.zeros(0), np.zeros(0)).shape == (0,)
    rng = np.random.default_rng(0)
    ratios = ratios_from_effects(rng.normal(size=200), rng.uniform(0.01, 1.0, 200))
    assert (ratios >= 0).all() and ratios.max() <= 2.0


# Labels that resemble each other


def test_correlations_are_those_of_shared_training_rows_with_a_mean_of_one():
    rng = np.random.default_rng(0)
    labels = rng.normal(size=(60, 5))
    labels[:, 1] = -labels[:, 0] + 0.5 * rng.normal(size=60)
    labels[:, 3] = 7.0
    labels[9:, 4] = np.nan
    bench = bench_of(labels)
    ratios = correlations(bench, Target(0, 0, (0, 1, 2, 3, 4)))
    expected = np.abs([np.corrcoef(labels[:, 0], labels[:, s])[0, 1] for s in (1, 2)])
    np.testing.assert_allclose(ratios[1:3], expected / expected.mean(), rtol=1e-5)
    np.testing.assert_array_equal(ratios[3:], 1.0)
    np.testing.assert_allclose(
        correlations(bench, Target(0, 2, (2, 0))), [1.0, 1.0], err_msg="one known source has the mean"
    )
    apart = np.where(np.arange(60)[:, None] % 5 == np.arange(5), labels, np.nan)
    np.testing.assert_array_equal(correlations(bench_of(apart), Target(0, 0, (0, 1, 2, 3, 4))), 1.0)


def family_labels(seed: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    family = np.array([0, 1, 2, 0, 1, 2, 0, 1])
    labels = rng.normal(size=(80, 3))[:, family] * rng.choice([-1, 1], 8) + 0.2 * rng.normal(size=(80, 8))
    return family, labels


def test_families_of_labels_are_groups():
    family, labels = family_labels(1)
    alike = likeness(bench_of(labels), 0, range(8), None)
    assert alike.shape == (8, 8) and (alike >= 0).all() and (alike <= 1).all()
    np.testing.assert_array_equal(alike, alike.T)
    np.testing.assert_array_equal(np.diag(alike), 1.0)
    groups = alike_groups(alike, 3)
    assert sorted(np.unique(groups)) == [0, 1, 2]
    np.testing.assert_array_equal(groups[:, None] == groups, family[:, None] == family)
    np.testing.assert_array_equal(alike_groups(alike, 8), np.arange(8))


def test_there_are_as_many_groups_where_no_row_is_shared():
    _, labels = family_labels(2)
    apart = np.where(np.arange(80)[:, None] % 8 == np.arange(8), labels, np.nan)
    groups = alike_groups(likeness(bench_of(apart), 0, range(8), None), 3)
    assert sorted(np.unique(groups)) == [0, 1, 2]


def test_what_a_network_predicts_tells_copies_that_share_no_row():
    """Tasks 0 and 2 read one input, 1 and 3 another; every row has one label."""
    rng = np.random.default_rng(3)
    inputs = rng.normal(size=(600, 3))
    truth = np.column_stack([inputs[:, 0], inputs[:, 1], -2 * inputs[:, 0], 5 + inputs[:, 1]])
    labels = np.where(np.arange(600)[:, None] % 4 == np.arange(4), truth, np.nan)
    bench = bench_of(labels, "transfer+w32")
    bench.data.inputs[0, :600] = inputs
    member = bench.member(0, (0, 1, 2, 3), 1, 0)
    options = replace(bench.plain(), max_epochs=40, patience=40)
    trained = train(Population(bench.shape, (member,)), bench.data, options).member_state(0)
    alike = likeness(bench, 0, (0, 1, 2, 3), trained)
    expected = np.tile(np.eye(2), (2, 2))
    np.testing.assert_allclose(alike, expected, atol=0.3)
    np.testing.assert_array_equal(alike_groups(alike, 2), [0, 1, 0, 1])
    np.testing.assert_array_equal(likeness(bench, 0, (2, 0), trained), alike[np.ix_([2, 0], [2, 0])])


def test_the_nearest_sources_are_those_most_alike_in_the_order_of_the_tasks():
    alike = np.array([[1.0, 0.2, 0.9, 0.5], [0.2, 1.0, 0.2, 0.2], [0.9, 0.2, 1.0, 0.1], [0.5, 0.2, 0.1, 1.0]])
    tasks = (3, 5, 7, 8)
    assert nearest_sources(alike, tasks, 3, 2) == (3, 7, 8)
    assert nearest_sources(alike, tasks, 8, 1) == (3, 8)
    assert nearest_sources(alike, tasks, 5, 2) == (3, 5, 7)
    assert nearest_sources(alike, tasks, 7, 9) == tasks
    assert nearest_sources(alike, tasks, 7, 0) == (7,)


# Guides that are spoiled


def spoilt(**knobs: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    before = np.where(rng.random((60, 2)) < 0.7, rng.normal(size=(60, 2)), np.nan)
    before[:, 1] = np.where(np.isnan(before[:, 1]), np.nan, before[:, 1] > 0)
    after, rows = before.copy(), np.arange(20, 60)
    chosen = {"labels": 0.0, "bias": 0.0, "noise": 0.0} | knobs
    spoil_guides(after, rows, ("regression", "binary"), chosen, rng)
    np.testing.assert_array_equal(after[:20], before[:20])
    return before, after, rows


def test_guides_are_left_alone_unless_asked():
    before, after, _ = spoilt()
    np.testing.assert_array_equal(after, before)


def test_few_guides_are_drawn_from_those_there_were():
    before, after, rows = spoilt(labels=10)
    known = np.isfinite(after[rows])
    assert known.sum(axis=0).tolist() == [10, 10]
    np.testing.assert_array_equal(after[rows][known], before[rows][known])
    some, all_ = spoilt(labels=1000)[1], spoilt()[1]
    np.testing.assert_array_equal(some, all_)


def test_biased_guides_are_the_largest_quarter():
    before, after, rows = spoilt(bias=1)
    for t in range(2):
        own = np.sort(before[rows, t][np.isfinite(before[rows, t])])[::-1]
        kept = np.sort(after[rows, t][np.isfinite(after[rows, t])])[::-1]
        np.testing.assert_array_equal(kept, own[: -(-len(own) // 4)])
    assert np.isfinite(spoilt(bias=1, labels=3)[1][rows]).sum(axis=0).tolist() == [3, 3]


def test_noise_is_added_to_continuous_guides_alone():
    before, after, rows = spoilt(noise=2.0)
    np.testing.assert_array_equal(after[:, 1], before[:, 1])
    added = (after - before)[rows, 0]
    added = added[np.isfinite(added)]
    assert len(added) > 20 and 1.0 < added.std() < 3.0


# Whole fits


@pytest.mark.parametrize("name", [*STRATEGIES, "align+w32", "align+w32+equal+scratch"])
def test_every_target_is_answered_by_networks_of_its_own(name: str):
    folds = make_folds()
    for fitted in fit(name, folds):
        predictions = fitted.ensemble.predict(folds[0].inputs)
        assert predictions.shape == (len(folds[0].inputs), 5)
        assert np.isfinite(predictions).all()
        np.testing.assert_allclose(predictions[:, 2:].sum(axis=1), 1.0, rtol=1e-6)
        assert fitted.diverged == 0
        assert len(fitted.kept) == QUICK.finalists * 3
        assert fitted.members == len(QUICK.rates) * 3
        state = fitted.ensemble.state
        assert state["tasks"].shape == (len(fitted.kept), 1)
        assert all(len(array) == len(fitted.kept) for array in state.values())
        assert state["head.0.weight"].shape[1] == 1
        for story, heads in zip(fitted.kept, state["tasks"].tolist(), strict=True):
            assert heads == [story["primary"]] == story["tasks"] == story["served"]
        for task, columns in enumerate(COLUMNS):
            own = state["tasks"][:, 0] == task
            alone = replace(fitted.ensemble, state={k: v[own] for k, v in state.items()})
            np.testing.assert_array_equal(alone.predict(folds[0].inputs)[:, columns], predictions[:, columns])


@pytest.mark.parametrize("name", STRATEGIES)
def test_records_tell_the_ratios_and_go_through_json(name: str):
    fits = fit(name)
    assert json.loads(json.dumps([f.kept for f in fits], allow_nan=False))
    word = parse_strategy(name).ratios
    for (_, target), (ratios, spread) in told(fits).items():
        assert ratios[target] == 1.0 and spread[target] is None
        others = [t for t in TASKS if t != target]
        own = np.array([ratios[t] for t in others], float)
        assert (own >= 0).all() and (own <= 2.0).all()
        assert word == "learned" or own.mean() <= 1 + 1e-3
        known = [spread[t] is not None for t in others]
        assert all(known) if word in ("learned", "one-step") else not any(known)
        if word in ("equal", "alone"):
            assert set(own) == {float(word == "equal")}
    assert len(told(fits)) == 2 * 3


def test_both_starts_meet_every_value_that_is_tried_equally_often():
    bench = bench_of(np.random.default_rng(0).normal(size=(20, 2)), "align+w32", tuning=Tuning())
    trained = [{"tasks": np.array([[k]])} for k in range(3)]
    starts = [_start(bench, trained, s) for s in range(len(bench.settings))]
    goes_on = np.array([start is not None for start in starts])
    tried = {
        name: [dict(s.options)[name] for s in bench.settings]
        for name in ("transfer.strength", "transfer.pace", "align.weight")
    }
    tried |= {"rate": [s.rate for s in bench.settings], "decay": [s.decay for s in bench.settings]}
    for values in tried.values():
        for value in set(values):
            own = np.array(values) == value
            assert goes_on[own].sum() * 2 == own.sum()
    paces = np.array(tried["transfer.pace"])[goes_on]
    assert sorted(paces) == [0.2, 0.2, 1.0, 1.0]
    assert {int(start["tasks"][0, 0]) for start in starts if start is not None} == {0, 1, 2}
    for word in ("pretrained", "scratch"):
        given = trained if word == "pretrained" else []
        other = bench_of(np.zeros((20, 2)), f"align+w32+{word}", tuning=Tuning())
        assert {_start(other, given, s) is not None for s in range(8)} == {word == "pretrained"}


@pytest.mark.parametrize(("finalists", "afresh"), [(4, 4), (5, 0), (8, 0)])
def test_none_starts_afresh_where_the_race_could_not_drop_it(finalists: int, afresh: int):
    tuning = Tuning(finalists=finalists)
    bench = bench_of(np.zeros((20, 2)), "transfer+w32", tuning=tuning)
    starts = [_start(bench, [{"tasks": np.array([[0]])}], s) for s in range(len(bench.settings))]
    assert len(starts) == 8 and sum(start is None for start in starts) == afresh


@pytest.mark.parametrize(("start", "pace"), [("", 0.2), ("+pretrained", 0.2), ("+scratch", 1.0)])
def test_what_goes_on_does_so_at_its_pace(start: str, pace: float):
    tuning = QUICK.model_copy(update={"remedies": {**QUICK.remedies, "transfer.pace": (0.2,)}})
    for fitted in fit(f"transfer+equal+w32{start}", tuning=tuning):
        rates = {round(float(str(story["rate"])), 9) for story in fitted.kept}
        assert rates == {round(pace * rate, 9) for rate in QUICK.rates}


def test_steps_of_learning_and_pretraining_are_counted():
    def work(name: str) -> int:
        return sum(f.steps for f in fit(name))

    scratch = work("transfer+w32+equal+scratch")
    networks = sum(sum(int(str(s["steps"])) for s in f.kept) for f in fit("transfer+w32+equal+scratch"))
    assert scratch == networks
    assert work("transfer+w32+equal") > scratch
    assert work("transfer+w32+one-step") > work("transfer+w32+equal")
    assert work("transfer+w32+learned") > work("transfer+w32+equal")


@pytest.mark.parametrize("name", [f"transfer+w32+{word}" for word in WORDS])
def test_a_seed_repeats_and_another_does_not(name: str):
    inputs = make_folds()[0].inputs
    first, again, other = (fit(name, seed=seed)[1] for seed in (7, 7, 8))
    np.testing.assert_array_equal(first.ensemble.predict(inputs), again.ensemble.predict(inputs))
    assert first.kept == again.kept
    assert not np.allclose(first.ensemble.predict(inputs), other.ensemble.predict(inputs), atol=1e-3)


@pytest.mark.parametrize("name", STRATEGIES)
def test_hidden_labels_change_nothing(name: str):
    """Test rows of a fold, and everything another fold knows, which are the hidden labels of this one."""
    folds = make_folds()
    poisoned = [replace(fold, targets=fold.targets.copy()) for fold in folds]
    known = np.isfinite(poisoned[1].targets)
    poison = np.tile([1e4, 1.0, 2.0], (len(known), 1))
    poisoned[1].targets[known] = poison[known]
    test = folds[0].test_rows
    poisoned[0].targets[test] = poison[test]
    sound, other = fit(name, folds), fit(name, poisoned)
    for task in TASKS:
        ours, theirs = (told(f)[0, task][0] for f in (sound, other))
        np.testing.assert_allclose(np.array(ours, float), np.array(theirs, float), atol=2e-3)
    inputs = folds[0].inputs
    np.testing.assert_allclose(
        other[0].ensemble.predict(inputs), sound[0].ensemble.predict(inputs), rtol=1e-3, atol=1e-3
    )
    assert not np.allclose(other[1].ensemble.predict(inputs), sound[1].ensemble.predict(inputs), atol=1.0)


@pytest.mark.parametrize(
    "name",
    [n for n in STRATEGIES if "scratch" in n or "one-step" not in n],
    ids=lambda n: n.removeprefix("transfer+"),
)
def test_ratios_do_not_read_the_validation_part(name: str):
    """Early stopping and the choice among settings may; one-step ratios that start from pretrained networks read it
    through these.
    """
    folds = make_folds(1)
    other = [replace(folds[0], targets=folds[0].targets.copy())]
    rows = folds[0].valid_rows
    shown = other[0].targets[rows]
    other[0].targets[rows] = np.where(np.isfinite(shown), [[90.0, 1.0, 2.0]], np.nan)
    sound, changed = fit(name, folds), fit(name, other)
    assert told(sound) == told(changed)
    scores = [[s["score"] for s in f[0].kept] for f in (sound, changed)]
    assert scores[0] != scores[1]


LEARNED = ("transfer+w32", "transfer+w32+one-step", "transfer+w32+tied", "transfer+w32+correlated")


def without(folds: list[FoldData], task: int, rows: np.ndarray) -> list[FoldData]:
    targets = folds[0].targets.copy()
    targets[rows, task] = np.nan
    return [replace(folds[0], targets=targets), *folds[1:]]


@pytest.mark.parametrize("name", LEARNED)
def test_a_task_without_training_labels_is_neither_source_nor_target_of_its_fold(name: str):
    folds = make_folds()
    fits = fit(name, without(folds, 1, folds[0].train_rows))
    ratios = told(fits)
    assert sorted(ratios) == [(0, 0), (0, 2), (1, 0), (1, 1), (1, 2)]
    for target in (0, 2):
        assert ratios[0, target][0][1] is None and ratios[0, target][0][2 - target] is not None
    predicted = fits[0].ensemble.predict(folds[0].inputs)
    assert np.isnan(predicted[:, 1]).all() and np.isfinite(np.delete(predicted, 1, axis=1)).all()


@pytest.mark.parametrize("name", LEARNED)
def test_a_task_with_one_training_label_or_without_validation_labels_is_served(name: str):
    folds = make_folds()
    rows = folds[0].train_rows
    known = rows[np.isfinite(folds[0].targets[rows, 1])]
    for hidden in (known[1:], folds[0].valid_rows):
        fits = fit(name, without(folds, 1, hidden))
        assert len(told(fits)) == 6
        assert np.isfinite(fits[0].ensemble.predict(folds[0].inputs)).all()


@pytest.mark.parametrize("name", LEARNED)
def test_one_task_alone_has_no_sources(name: str):
    folds = make_folds()
    fits = fit(name, folds, (1,))
    assert told(fits) == {(f, 0): ([1.0], [None]) for f in range(2)}
    assert np.isfinite(fits[0].ensemble.predict(folds[0].inputs)).all()


@pytest.mark.parametrize("name", LEARNED)
def test_a_fold_without_labels_has_no_networks(name: str):
    folds = make_folds()
    empty = [replace(folds[0], targets=np.full_like(folds[0].targets, np.nan)), folds[1]]
    fits = fit(name, empty)
    assert not fits[0].kept and len(told(fits)) == 3
