"""Grouped strategies and warm starts: who learns with whom, what is carried over, and what must not leak."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from network_folds import make_folds

from miscible.advisor._report_data import _band
from miscible.advisor._report_remedies import groupings, influences, rule_stories
from miscible.splits import FoldData
from miscible.strategies import NetworkFit, Tuning, fit_networks, parse_strategy
from miscible.study import CellRecord

QUICK = Tuning(rates=(1e-3, 4e-3), decays=(1e-2,), finalists=2, halving=(), epochs=3, steps=4)
TASKS = (0, 1, 2)
NAMES = ("yield strength", "glass/no", "phase")
COLUMNS = (slice(0, 1), slice(1, 2), slice(2, 5))
STRATEGIES = ("grouped+w32+n2", "grouped+w32+pairs", "warm+w32", "warm+w32+frozen", "warm+w32+from=glass/no")


@pytest.fixture(autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def fit(name: str, folds: list[FoldData] | None = None, tasks=TASKS, tuning=QUICK, seed: int = 7):
    folds = make_folds() if folds is None else folds
    return fit_networks(parse_strategy(name), folds, tasks, tuning, seed=seed, names=NAMES)


def families(seed: int, n_folds: int = 2) -> list[FoldData]:
    """Four properties in two families without a common input; brothers are measured on different rows."""
    rng = np.random.default_rng(seed)
    parts = np.array([120, 300, 40])
    inputs = rng.normal(size=(parts.sum(), 16)).astype(np.float32)
    signal = [inputs[:, :8].sum(axis=1), inputs[:, 8:].sum(axis=1)]
    measured = np.repeat(np.column_stack(signal), 2, axis=1) / np.sqrt(8) + 0.1 * rng.normal(
        size=(len(inputs), 4)
    )
    first = rng.random((len(inputs), 2)) < 0.5
    hidden = np.column_stack([first[:, 0], ~first[:, 0], first[:, 1], ~first[:, 1]])
    folds = []
    for _ in range(n_folds):
        train, valid, test = np.split(rng.permutation(len(inputs)), np.cumsum(parts)[:-1])
        targets = np.where(hidden & np.isin(np.arange(len(inputs)), train)[:, None], np.nan, measured)
        targets[test] = np.nan
        folds.append(
            FoldData(
                inputs=inputs,
                targets=targets,
                train_rows=np.sort(train),
                valid_rows=np.sort(valid),
                test_rows=np.sort(test),
                weights=np.ones(len(inputs)),
                kinds=("regression",) * 4,
                n_classes=(0,) * 4,
                preparation=None,  # pyright: ignore[reportArgumentType]
                codes=np.arange(len(inputs)),
            )
        )
    return folds


def records(name: str, fits: list[NetworkFit], tasks=TASKS) -> tuple[CellRecord]:
    """As the store keeps it, through JSON."""
    networks = [{"fold": f, **entry} for f, fitted in enumerate(fits) for entry in fitted.kept]
    networks = json.loads(json.dumps(networks, allow_nan=False))
    return (CellRecord("c", name, 0, tasks, 1.0, networks=tuple(networks)),)


@pytest.mark.parametrize("name", STRATEGIES)
def test_every_task_is_answered_in_every_fold(name: str):
    folds = make_folds()
    for fitted in fit(name, folds):
        predictions = fitted.ensemble.predict(folds[0].inputs)
        assert predictions.shape == (len(folds[0].inputs), 5)
        assert np.isfinite(predictions).all()
        np.testing.assert_allclose(predictions[:, 2:].sum(axis=1), 1.0, rtol=1e-6)
        assert fitted.diverged == 0
        assert fitted.steps > sum(int(str(story["steps"])) for story in fitted.kept)


@pytest.mark.parametrize("name", ["grouped+w32+n2", "grouped+w32+pairs+n8"])
def test_a_group_answers_for_the_tasks_it_serves_and_no_others(name: str):
    for fitted in fit(name):
        state, kept = fitted.ensemble.state, fitted.kept
        served = {tuple(story["tasks"]): tuple(story["served"]) for story in kept}  # pyright: ignore
        assert sorted(t for answered in served.values() for t in answered) == list(TASKS)
        assert len(served) <= parse_strategy(name).n_networks
        assert len(kept) == QUICK.finalists * len(served)
        assert fitted.members == len(QUICK.rates) * len(served)
        for story, heads in zip(kept, state["tasks"].tolist(), strict=True):
            assert set(story["served"]) <= set(story["tasks"])
            assert sorted(t for t in heads if t >= 0) == sorted(story["served"])
        for task, columns in enumerate(COLUMNS):
            own = (state["tasks"] == task).any(axis=1)
            alone = replace(fitted.ensemble, state={k: v[own] for k, v in state.items()})
            inputs = make_folds()[0].inputs
            np.testing.assert_array_equal(
                alone.predict(inputs)[:, columns], fitted.ensemble.predict(inputs)[:, columns]
            )


@pytest.mark.parametrize(("affinity", "rate", "epochs"), [("gradients", 4e-3, 8), ("pairs", 8e-3, 16)])
def test_families_are_found(affinity: str, rate: float, epochs: int):
    tuning = Tuning(
        rates=(rate,), decays=(0.0,), finalists=1, halving=(), epochs=epochs, patience=epochs, steps=8
    )
    name = f"grouped+w32+n2+{affinity}"
    for seed in range(2):
        fits = fit(name, families(seed), (0, 1, 2, 3), tuning, seed)
        for fitted in fits:
            assert [story["tasks"] for story in fitted.kept] == [[0, 1], [2, 3]]
            assert [story["served"] for story in fitted.kept] == [[0, 1], [2, 3]]
        (told,) = groupings(records(name, fits, (0, 1, 2, 3)), ("a", "b", "c", "d"))
        expected = np.kron(np.eye(2), np.ones((2, 2)))
        np.fill_diagonal(expected, np.nan)
        np.testing.assert_array_equal(told.together, expected)


@pytest.mark.parametrize("name", [*STRATEGIES, "shared+w32+pcgrad", "shared+w32+lds", "relation+w32"])
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
    inputs = folds[0].inputs
    np.testing.assert_allclose(
        other[0].ensemble.predict(inputs), sound[0].ensemble.predict(inputs), rtol=1e-4, atol=1e-4
    )
    assert [s["tasks"] for s in other[0].kept] == [s["tasks"] for s in sound[0].kept]
    assert not np.allclose(other[1].ensemble.predict(inputs), sound[1].ensemble.predict(inputs), atol=1.0)


@pytest.mark.parametrize("name", STRATEGIES)
def test_a_seed_repeats_and_another_does_not(name: str):
    inputs = make_folds()[0].inputs
    first, again, other = (fit(name, seed=seed)[1] for seed in (7, 7, 8))
    np.testing.assert_array_equal(first.ensemble.predict(inputs), again.ensemble.predict(inputs))
    assert first.kept == again.kept
    assert not np.allclose(first.ensemble.predict(inputs), other.ensemble.predict(inputs))


def trunk(fitted: NetworkFit, network: int) -> np.ndarray:
    state = fitted.ensemble.state
    return np.concatenate([state[k][network].ravel() for k in sorted(state) if k.startswith("trunk")])


def test_frozen_networks_keep_a_trunk_learned_on_all_tasks():
    """Networks of the same seed trained together are what a warm start begins with."""
    for warm, before in zip(fit("warm+w32+frozen"), fit("shared+w32"), strict=True):
        learned = [trunk(before, k) for k in range(2)]
        assert len(warm.kept) == 3 * 2
        assert sorted(tuple(s["tasks"]) for s in warm.kept) == [(0,), (0,), (1,), (1,), (2,), (2,)]  # pyright: ignore
        for k in range(len(warm.kept)):
            assert any(np.array_equal(trunk(warm, k), one) for one in learned)
        assert len({trunk(warm, k).tobytes() for k in range(len(warm.kept))}) == 2


def test_without_frozen_trunks_move_but_stay_near_where_they_start():
    warm, before, elsewhere = fit("warm+w32")[0], fit("shared+w32")[0], fit("shared+w32", seed=8)[0]
    for k in range(len(warm.kept)):
        moved, far = (
            min(np.linalg.norm(trunk(warm, k) - trunk(one, n)) for n in range(2))
            for one in (before, elsewhere)
        )
        assert 0.0 < moved < 0.3 * far


def test_heads_go_on_from_what_they_learned():
    """One task alone, frozen or not, starts below where a network that never trained would."""
    state, before = fit("warm+w32+frozen")[0].ensemble.state, fit("shared+w32")[0].ensemble.state
    for head, task in zip(state["head.0.weight"], state["tasks"].ravel().tolist(), strict=True):
        gaps = [np.linalg.norm(head[0] - learned[task]) for learned in before["head.0.weight"]]
        others = [np.linalg.norm(head[0] - learned[(task + 1) % 3]) for learned in before["head.0.weight"]]
        assert min(gaps) < 0.3 * min(others)


def full_folds() -> list[FoldData]:
    """Three regressions without a gap outside the test rows: one alone has the rows and the shape of all."""
    folds = []
    for fold in make_folds():
        targets = 50.0 + 10.0 * fold.inputs[:, :3].astype(float)
        targets[fold.test_rows] = np.nan
        folds.append(replace(fold, targets=targets, kinds=("regression",) * 3, n_classes=(0,) * 3))
    return folds


def test_one_source_gives_its_trunk_to_every_task():
    folds = full_folds()
    for warm, source in zip(
        fit("warm+w32+frozen+from=yield strength", folds), fit("independent+w32", folds, (0,)), strict=True
    ):
        learned = [trunk(source, k) for k in range(2)]
        assert len(warm.kept) == 3 * 2
        for k in range(len(warm.kept)):
            assert min(np.abs(trunk(warm, k) - one).max() for one in learned) < 1e-6


def test_a_fold_whose_source_has_no_labels_has_no_network():
    folds = make_folds()
    folds[0].targets[folds[0].train_rows, 1] = np.nan
    without, sound = fit("warm+w32+from=glass/no", folds)
    assert (without.kept, without.members, without.steps) == ((), 0, 0)
    assert np.isnan(without.ensemble.predict(folds[0].inputs)).all()
    assert np.isfinite(sound.ensemble.predict(folds[0].inputs)).all()


@pytest.mark.parametrize("name", [*STRATEGIES[:4], "warm+w32+from=yield strength"])
def test_a_task_without_training_labels_is_nan_alone(name: str):
    folds = make_folds()
    folds[0].targets[folds[0].train_rows, 1] = np.nan
    without, sound = fit(name, folds)
    gone = np.isnan(without.ensemble.predict(folds[0].inputs))
    assert (gone == [False, True, False, False, False]).all()
    assert all(1 not in story["tasks"] for story in without.kept)  # pyright: ignore
    assert np.isfinite(sound.ensemble.predict(folds[0].inputs)).all()


@pytest.mark.parametrize("name", STRATEGIES)
def test_no_label_at_all_is_no_reason_to_fail(name: str):
    folds = make_folds()
    for fold in folds:
        fold.targets[:] = np.nan
    for fitted in fit(name, folds):
        assert fitted.kept == ()
        assert np.isnan(fitted.ensemble.predict(folds[0].inputs)).all()


def test_rules_are_told_as_the_report_reads_them():
    fits = fit("shared+w32+pcgrad")
    (told,) = rule_stories(records("shared+w32+pcgrad", fits), NAMES, _band)
    assert (told.rule, told.names, told.n_networks) == ("pcgrad", NAMES, 4)
    assert len(told.epochs) == QUICK.epochs
    assert all(np.isfinite(band.mean).all() and (band.mean > 0).all() for band in told.weights)
    assert told.conflicts is not None
    for band in (told.acted, told.conflicts):
        assert ((band.mean >= 0) & (band.mean <= 1)).all()
    assert rule_stories(records("shared+w32", fit("shared+w32")), NAMES, _band) == ()


@pytest.mark.parametrize("name", ["relation+w32", "relation-dynamic+w32"])
def test_relations_are_told_as_the_report_reads_them(name: str):
    folds = make_folds()
    folds[0].targets[folds[0].train_rows, 1] = np.nan
    (told,) = influences(records(name, fit(name, folds)), NAMES)
    assert (told.names, told.n_networks) == (NAMES, 4)
    off = ~np.eye(3, dtype=bool)
    assert np.isfinite(told.mean[off]).all() and (told.mean[off] > 0).any()
    assert (np.nansum(told.mean, axis=1) <= 1.0).all()
    assert np.isnan(told.mean.diagonal()).all()
    assert influences(records("shared+w32", fit("shared+w32")), NAMES) == ()
