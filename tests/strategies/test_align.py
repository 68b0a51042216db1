"""Align: a transfer whose networks also align latents; ratios, records and predictions are those of a transfer."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from network_folds import make_folds

from miscible.splits import FoldData
from miscible.strategies import Tuning, fit_networks, parse_strategy

KNOBS = {"transfer.updates": (8.0,), "transfer.seeds": (2.0,)}
QUICK = Tuning(rates=(1e-3, 4e-3), decays=(1e-2,), finalists=2, halving=(), epochs=3, steps=4, remedies=KNOBS)
TASKS = (0, 1, 2)


@pytest.fixture(autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def fit(name: str, folds: list[FoldData] | None = None, tasks=TASKS, tuning=QUICK, seed: int = 7):
    folds = make_folds() if folds is None else folds
    return fit_networks(parse_strategy(name), folds, tasks, tuning, seed=seed)


def numbers(fits) -> np.ndarray:
    inputs = make_folds()[0].inputs
    return np.stack([fitted.ensemble.predict(inputs) for fitted in fits])


@pytest.mark.parametrize("words", ["", "+scratch", "+one-step", "+correlated", "+tied"])
def test_ratios_are_those_of_a_transfer_and_networks_are_not(words: str):
    aligned, plain = fit(f"align+w32{words}"), fit(f"transfer+w32{words}")
    for ours, theirs in zip(aligned, plain, strict=True):
        assert ours.steps > 0 and ours.members == theirs.members and ours.parameters == theirs.parameters
        # The networks that are kept may differ in setting, their targets do not.
        keys = ("primary", "ratios", "spread", "tasks", "served")
        assert [[s[key] for key in keys] for s in ours.kept] == [
            [s[key] for key in keys] for s in theirs.kept
        ]
        assert {tuple(sorted(ours.ensemble.state))} == {tuple(sorted(theirs.ensemble.state))}
    assert np.abs(numbers(aligned) - numbers(plain)).max() > 1e-3


@pytest.mark.parametrize("word", ["alone", "equal"])
def test_without_a_source_to_align_it_is_a_transfer(word: str):
    tasks = (0,) if word == "equal" else TASKS
    aligned, plain = (
        fit_networks(parse_strategy(f"{name}+w32+{word}"), make_folds(), tasks, QUICK, seed=7)
        for name in ("align", "transfer")
    )
    for ours, theirs in zip(aligned, plain, strict=True):
        assert len(ours.kept) == len(theirs.kept) > 0
        inputs = make_folds()[0].inputs
        np.testing.assert_array_equal(ours.ensemble.predict(inputs), theirs.ensemble.predict(inputs))


def test_settings_differ_in_the_weight_of_the_alignment():
    settings = Tuning().settings(parse_strategy("align").remedies)
    weights = {setting.of("align")["weight"] for setting in settings}
    assert len(weights) == 2 and all(weight > 0 for weight in weights)
    assert {setting.of("align")["sources"] for setting in settings} == {2.0}
    assert all(not setting.of("align") for setting in QUICK.settings(parse_strategy("transfer").remedies))


def test_a_seed_repeats_and_another_does_not():
    first, again, other = (numbers(fit("align+w32+equal", seed=seed)) for seed in (7, 7, 8))
    np.testing.assert_array_equal(first, again)
    assert not np.allclose(first, other)


def test_hidden_labels_change_nothing():
    """Test rows of a fold, and everything another fold knows."""
    folds = make_folds()
    poisoned = [replace(fold, targets=fold.targets.copy()) for fold in folds]
    known = np.isfinite(poisoned[1].targets)
    poison = np.tile([1e4, 1.0, 2.0], (len(known), 1))
    poisoned[1].targets[known] = poison[known]
    poisoned[0].targets[folds[0].test_rows] = poison[folds[0].test_rows]
    sound, other = numbers(fit("align+w32", folds)), numbers(fit("align+w32", poisoned))
    np.testing.assert_allclose(other[0], sound[0], rtol=1e-4, atol=1e-4)
    assert not np.allclose(other[1], sound[1], atol=1.0)


def test_a_task_without_labels_is_neither_target_nor_source():
    folds = make_folds()
    folds[0].targets[folds[0].train_rows, 1] = np.nan
    without, sound = fit("align+w32", folds)
    gone = np.isnan(without.ensemble.predict(folds[0].inputs))
    assert (gone == [False, True, False, False, False]).all()
    assert all(story["ratios"][1] is None for story in without.kept)  # pyright: ignore
    assert np.isfinite(sound.ensemble.predict(folds[0].inputs)).all()


def test_a_network_that_diverges_is_left_out():
    tuning = replace_rates((1e-3, 1e12))
    for fitted in fit("align+w32+equal", tuning=tuning):
        assert fitted.diverged == len(TASKS)
        assert {story["rate"] for story in fitted.kept} == {1e-3}
        assert np.isfinite(fitted.ensemble.predict(make_folds()[0].inputs)).all()


def replace_rates(rates: tuple[float, ...]) -> Tuning:
    return Tuning(**{**QUICK.model_dump(), "rates": rates})
