"""Fitting network strategies on folds, and the ensembles that are kept."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from network_folds import KINDS, make_folds
from pydantic import ValidationError
from sklearn.metrics import log_loss

from miscible.baselines import load_model
from miscible.learning import predict
from miscible.splits import FoldData
from miscible.strategies import (
    NetworkEnsemble,
    NetworkFit,
    NetworkModel,
    Tuning,
    fit_networks,
    parse_strategy,
)

QUICK = Tuning(rates=(1e-3, 4e-3), decays=(1e-2,), finalists=2, halving=(), epochs=3, steps=4)
TASKS = (0, 1, 2)


@pytest.fixture(autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def fit(name: str = "shared+w32", folds: list[FoldData] | None = None, tasks=TASKS, tuning=QUICK, **options):
    folds = make_folds() if folds is None else folds
    return fit_networks(parse_strategy(name), folds, tasks, tuning, seed=7, **options)


def dense(ensemble: NetworkEnsemble, network: int, inputs: np.ndarray) -> np.ndarray:
    """One joint network by hand: ReLU layers, a head a task, sigmoid and softmax, targets unscaled."""
    state = {k: v[network].astype(float) for k, v in ensemble.state.items() if k != "tasks"}
    x = inputs.astype(float)
    for i in range(len(ensemble.shape.trunk)):
        x = np.maximum(x @ state[f"trunk.{i}.weight"] + state[f"trunk.{i}.bias"], 0.0)
    columns = []
    for h, task in enumerate(ensemble.state["tasks"][network]):
        hidden = np.maximum(x @ state["head.0.weight"][h] + state["head.0.bias"][h], 0.0)
        raw = (hidden @ state["head.1.weight"][h] + state["head.1.bias"][h])[
            :, : ensemble.shape.n_outputs[task]
        ]
        if ensemble.kinds[task] == "binary":
            raw = 1.0 / (1.0 + np.exp(-raw))
        elif ensemble.kinds[task] == "multiclass":
            raw = np.exp(raw) / np.exp(raw).sum(axis=1, keepdims=True)
        columns.append(raw * ensemble.scale[task] + ensemble.centre[task])
    return np.hstack(columns)


def test_an_ensemble_is_the_mean_of_its_networks_in_user_scale():
    fitted = fit()[0]
    assert len(fitted.kept) == 2
    inputs = make_folds()[0].inputs[:9]
    by_hand = np.mean([dense(fitted.ensemble, k, inputs) for k in range(2)], axis=0)
    np.testing.assert_allclose(fitted.ensemble.predict(inputs), by_hand, rtol=1e-4, atol=1e-5)
    fold = make_folds()[0]
    labels = fold.targets[fold.train_rows, 0]
    assert fitted.ensemble.centre[0] == pytest.approx(np.nanmean(labels))
    assert fitted.ensemble.scale[0] == pytest.approx(np.nanstd(labels))
    assert fitted.ensemble.centre[1:].tolist() == [0.0, 0.0]


def test_the_finalists_are_the_best_by_inner_validation():
    tuning = Tuning(**{**QUICK.model_dump(), "rates": (1e-5, 1e-3, 1e-2), "finalists": 1, "epochs": 4})
    folds = make_folds(1)
    kept = fit(folds=folds, tuning=tuning)[0].kept
    alone = [
        fit(folds=folds, tuning=Tuning(**{**tuning.model_dump(), "rates": (rate,)}))[0].kept[0]
        for rate in tuning.rates
    ]
    assert len(kept) == 1
    # Seeds differ by position among the settings; the order of such unequal rates does not.
    assert kept[0]["rate"] == min(alone, key=lambda story: story["score"])["rate"] == 1e-2


def test_a_score_is_the_mean_validation_loss_of_the_kept_network():
    tuning = Tuning(**{**QUICK.model_dump(), "rates": (4e-3,), "finalists": 1})
    fold = make_folds(1)[0]
    fitted = fit(folds=[fold], tasks=(1, 2), tuning=tuning)[0]
    predictions = fitted.ensemble.predict(fold.inputs[fold.valid_rows]).astype(np.float32)
    truth = fold.targets[fold.valid_rows]
    losses = []
    for labels, probability, classes in (
        (truth[:, 1], predictions[:, 0], [0, 1]),
        (truth[:, 2], predictions[:, 1:], [0, 1, 2]),
    ):
        known = np.isfinite(labels)
        losses.append(log_loss(labels[known], probability[known], labels=classes))
    assert fitted.kept[0]["score"] == pytest.approx(np.mean(losses), rel=1e-4)


def test_networks_round_trip_through_a_folder(tmp_path: Path):
    for name in ("shared+w32", "shared+w32+per-task"):
        fitted = fit(name)[1]
        inputs = make_folds()[0].inputs
        for task, columns in enumerate((slice(0, 1), slice(1, 2), slice(2, 5))):
            model = NetworkModel(fitted.ensemble, task)
            folder = tmp_path / f"{name}-{task}"
            model.save(folder)
            again = load_model(folder)
            assert isinstance(again, NetworkModel)
            np.testing.assert_array_equal(again.predict(inputs), model.predict(inputs))
            np.testing.assert_array_equal(again.predict(inputs), fitted.ensemble.predict(inputs)[:, columns])
            assert again.ensemble.shape == fitted.ensemble.shape
            assert again.note == ""
    probabilities = NetworkModel(fitted.ensemble, 2).predict(inputs)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1.0, rtol=1e-6)


def test_an_ensemble_without_members_predicts_nan_and_says_so(tmp_path: Path):
    full = fit()[0].ensemble
    empty = NetworkEnsemble(full.shape, KINDS, {}, full.centre, full.scale)
    inputs = make_folds()[0].inputs
    assert np.isnan(empty.predict(inputs)).all()
    assert empty.predict(inputs).shape == (len(inputs), 5)
    NetworkModel(empty, 2).save(tmp_path / "empty")
    again = load_model(tmp_path / "empty")
    assert again.note == "every network diverged"
    assert np.isnan(again.predict(inputs)).all()
    assert again.predict(inputs).shape == (len(inputs), 3)


def test_per_task_checkpoints_average_every_task_over_its_own_networks():
    fitted = fit("shared+w32+per-task")[0]
    state = fitted.ensemble.state
    assert sorted(state["tasks"].ravel().tolist()) == [0, 0, 1, 1, 2, 2]
    inputs = make_folds()[0].inputs[:7]
    each = predict(fitted.ensemble.shape, KINDS, state, inputs).astype(float)
    for task, column in ((0, 0), (1, 1), (2, 2)):
        own = state["tasks"].ravel() == task
        expected = (
            each[own, :, column].mean(axis=0) * fitted.ensemble.scale[task] + fitted.ensemble.centre[task]
        )
        np.testing.assert_allclose(fitted.ensemble.predict(inputs)[:, column], expected, rtol=1e-9)
        assert np.isnan(each[~own][:, :, column]).all()


def check_contained(mixed: NetworkFit, sound: NetworkFit, inputs: np.ndarray) -> None:
    assert mixed.diverged >= 1
    assert sound.diverged == 0
    assert [story["rate"] for story in mixed.kept] == [1e-3]
    assert np.isfinite(mixed.ensemble.predict(inputs)).all()
    np.testing.assert_allclose(mixed.ensemble.predict(inputs), sound.ensemble.predict(inputs), rtol=1e-4)


def test_diverged_members_are_left_out_and_counted():
    for name in ("shared+w32", "shared+w32+per-task", "independent+w32"):
        tasks = (0,) if name.startswith("independent") else TASKS
        mixed, sound = (
            fit(name, tasks=tasks, tuning=Tuning(**{**QUICK.model_dump(), "rates": rates}))
            for rates in ((1e-3, 1e6), (1e-3,))
        )
        for one, other in zip(mixed, sound, strict=True):
            check_contained(one, other, make_folds()[0].inputs)


def test_a_strategy_whose_members_all_diverge_is_empty():
    for fitted in fit(tuning=Tuning(**{**QUICK.model_dump(), "rates": (1e6,)})):
        assert fitted.diverged == fitted.members == 1
        assert fitted.kept == ()
        assert fitted.ensemble.state == {}
        assert np.isnan(fitted.ensemble.predict(make_folds()[0].inputs)).all()


def test_a_fold_without_training_labels_of_a_task_predicts_nan_for_it_alone():
    folds = make_folds()
    folds[0].targets[folds[0].train_rows, 1] = np.nan
    first, second = fit(folds=folds)
    gone = np.isnan(first.ensemble.predict(folds[0].inputs)).all(axis=0)
    assert gone.tolist() == [False, True, False, False, False]
    assert np.isfinite(second.ensemble.predict(folds[0].inputs)).all()


def test_tasks_without_any_label_are_no_reason_to_fail():
    folds = make_folds()
    for fold in folds:
        fold.targets[:, 1] = np.nan
    for fitted in fit("independent+w32", folds=folds, tasks=(1,)):
        assert fitted.members == 0
        assert np.isnan(fitted.ensemble.predict(folds[0].inputs)).all()


def test_inputs_without_a_column_still_train():
    folds = [replace(fold, inputs=fold.inputs[:, :0]) for fold in make_folds()]
    for fitted, fold in zip(fit(folds=folds), folds, strict=True):
        predictions = fitted.ensemble.predict(fold.inputs)
        assert np.isfinite(predictions).all()
        assert np.ptp(predictions, axis=0).max() < 1e-9


def test_a_fold_does_not_depend_on_the_other_folds_beyond_rounding():
    """Neither on their number, nor on their columns where the width is given, nor on their split."""
    folds = make_folds(3)
    wider = np.pad(folds[1].inputs, ((0, 0), (0, 2)), constant_values=1.0)
    # More rows to train on, fewer for validation: the batch size of all must not follow.
    most = np.sort(np.concatenate([folds[2].train_rows, folds[2].valid_rows[1:]]))
    others = [
        replace(folds[1], inputs=wider),
        replace(folds[2], train_rows=most, valid_rows=folds[2].valid_rows[:1]),
    ]
    alone = fit(folds=folds[:1], n_inputs=6)[0].ensemble.predict(folds[0].inputs)
    together = fit(folds=[folds[0], *others], n_inputs=6)[0].ensemble.predict(folds[0].inputs)
    np.testing.assert_allclose(together, alone, rtol=1e-4, atol=1e-5)
    # Without the width the widest fold decides where a network starts.
    assert not np.allclose(fit(folds=folds[:1])[0].ensemble.predict(folds[0].inputs), alone, rtol=1e-3)


def test_missing_columns_of_a_narrow_fold_count_as_zero():
    folds = make_folds()
    narrow = replace(folds[0], inputs=folds[0].inputs[:, :3])
    padded = replace(folds[0], inputs=np.pad(narrow.inputs, ((0, 0), (0, 1))))
    one, other = (fit(folds=[first, folds[1]])[0].ensemble for first in (narrow, padded))
    np.testing.assert_array_equal(one.predict(narrow.inputs), other.predict(padded.inputs))


def test_arms_with_few_and_with_many_rows_take_comparable_steps():
    tuning = Tuning()
    for n_rows in (1, 30, 200, 320, 321, 1000, 5_000, 10_000):
        batch = tuning.batch_size(n_rows)
        steps = max(-(-n_rows // batch), tuning.min_steps)
        assert batch & (batch - 1) == 0
        assert 8 <= batch <= 256
        assert tuning.steps / 2 <= steps <= tuning.steps
    scarce = make_folds(1, n_rows=25)
    rich = make_folds(1, n_rows=900)
    quick = Tuning(**{**QUICK.model_dump(), "steps": 12, "rates": (1e-3,)})
    steps = [
        fit("independent+w32", folds=folds, tasks=(0,), tuning=quick)[0].steps for folds in (scarce, rich)
    ]
    assert 6 * quick.epochs <= min(steps) <= max(steps) <= 12 * quick.epochs


def test_a_batch_given_makes_an_epoch_one_pass():
    tuning = Tuning(batch=32)
    assert [tuning.batch_size(n) for n in (10, 3_000, 50_000)] == [32, 32, 32]
    assert tuning.min_steps == 1


def test_parameters_are_counted_as_torch_counts_them():
    fitted = fit()[0]
    torch_size = sum(
        p.numel()
        for layers in ([(4, 32), (32, 32)], [(32, 64), (64, 1)], [(32, 64), (64, 1)], [(32, 64), (64, 3)])
        for a, b in layers
        for p in torch.nn.Linear(a, b).parameters()
    )
    assert fitted.parameters == torch_size


@pytest.mark.parametrize(
    "values",
    [
        {"rates": ()},
        {"rates": (0.0,)},
        {"rates": (float("nan"),)},
        {"decays": ()},
        {"decays": (-1.0,)},
        {"halving": (0,)},
        {"epochs": 0},
        {"finalists": 0},
        {"clip": 0.0},
        {"rate": 1e-3},
    ],
)
def test_senseless_tuning_is_refused(values: dict):
    with pytest.raises(ValidationError):
        Tuning(**values)
