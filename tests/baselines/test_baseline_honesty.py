"""Nothing leaks, nothing crashes, the same call gives the same model."""

from dataclasses import replace

import numpy as np
import pytest
from baseline_folds import labelled, make_toy, with_targets

from miscible.baselines import BASELINES, fit_baseline, fit_stacked
from miscible.errors import PlanError

TRAINED = BASELINES[1:]


@pytest.fixture(scope="module")
def fold():
    return make_toy(n_rows=300)


def drop(fold, rows, tasks=slice(None)):
    """Without the labels of these rows."""
    return with_targets(fold, lambda y: y.__setitem__((rows, tasks), np.nan))


@pytest.mark.parametrize("name", BASELINES)
@pytest.mark.parametrize("task", [0, 1, 2])
def test_predictions_have_the_shape_and_range_of_the_task(fold, name, task):
    prediction = fit_baseline(name, fold, task, seed=0).predict(fold.inputs)
    assert prediction.shape == (300, (1, 1, 3)[task])
    assert prediction.dtype == np.float64
    assert np.isfinite(prediction).all()
    if task:
        assert prediction.min() >= 0
        assert prediction.max() <= 1 + 1e-12
    if task == 2:
        np.testing.assert_allclose(prediction.sum(axis=1), 1.0)


@pytest.mark.parametrize("name", TRAINED)
@pytest.mark.parametrize("task", [0, 1, 2])
def test_every_model_beats_the_mean_on_rows_it_never_saw(name, task):
    fold, full = make_toy(), make_toy()
    truth = full.inputs[:, 0] + np.sin(2 * full.inputs[:, 1])
    rows = fold.test_rows
    errors = []
    for candidate in ("mean", name):
        prediction = fit_baseline(candidate, fold, task, seed=0).predict(fold.inputs[rows])
        if task == 0:
            errors.append(np.mean((prediction[:, 0] - truth[rows]) ** 2))
        elif task == 1:
            errors.append(np.mean((prediction[:, 0] - (truth[rows] > 0.3)) ** 2))
        else:
            errors.append(np.mean((prediction - np.eye(3)[fold.inputs[rows, :3].argmax(axis=1)]) ** 2))
    assert errors[1] < 0.8 * errors[0]


@pytest.mark.parametrize("name", BASELINES)
def test_labels_and_inputs_of_test_rows_change_nothing(fold, name):
    poisoned = with_targets(fold, lambda y: y.__setitem__(fold.test_rows, [1e6, 1.0, 2.0]))
    inputs = fold.inputs.copy()
    inputs[fold.test_rows] = -50.0
    poisoned = replace(poisoned, inputs=inputs)
    for task in range(3):
        expected, found = (fit_baseline(name, f, task, seed=1).predict(fold.inputs) for f in (fold, poisoned))
        np.testing.assert_array_equal(found, expected)


def test_validation_labels_choose_when_to_stop(fold):
    flipped = with_targets(fold, lambda y: y.__setitem__((fold.valid_rows, 0), -y[fold.valid_rows, 0]))
    rounds = [fit_baseline("lightgbm", f, 0, seed=0).booster.num_trees() for f in (fold, flipped)]
    assert rounds[1] < rounds[0] / 2
    means = [fit_baseline("mean", f, 0, seed=0).values for f in (fold, flipped)]
    assert means[0] == means[1]


@pytest.mark.parametrize("name", TRAINED)
def test_the_same_seed_gives_the_same_model(fold, name):
    first, again, other = (fit_baseline(name, fold, 0, seed=s).predict(fold.inputs) for s in (5, 5, 6))
    np.testing.assert_array_equal(first, again)
    assert np.array_equal(first, other) == (name in ("nearest", "ridge"))


@pytest.mark.parametrize("name", BASELINES)
def test_seeds_may_have_32_bits(fold, name):
    assert np.isfinite(fit_baseline(name, fold, 0, seed=2**32 - 1).predict(fold.inputs[:3])).all()


@pytest.mark.parametrize("name", BASELINES)
@pytest.mark.parametrize("task", [0, 1, 2])
def test_only_the_proportions_of_weights_matter(fold, name, task):
    scaled = replace(fold, weights=fold.weights * 1024.0)
    expected, found = (fit_baseline(name, f, task, seed=1).predict(fold.inputs) for f in (fold, scaled))
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("name", ["mean", "ridge", "lightgbm", "lightgbm-stacked"])
def test_rows_of_vanishing_weight_hardly_count(fold, name):
    light = labelled(fold, 0, fold.train_rows)[::4]
    weights = fold.weights.copy()
    weights[light] = 1e-9
    weighted = replace(fold, weights=weights)
    shifted = with_targets(weighted, lambda y: y.__setitem__((light, 0), y[light, 0] + 5.0))
    unweighted = with_targets(fold, lambda y: y.__setitem__((light, 0), y[light, 0] + 5.0))
    expected, found, moved = (
        fit_baseline(name, f, 0, seed=1).predict(fold.inputs) for f in (weighted, shifted, unweighted)
    )
    np.testing.assert_allclose(found, expected, atol=1e-3)
    assert np.abs(moved - expected).mean() > 0.1


@pytest.mark.parametrize("name", BASELINES)
def test_without_labels_the_mean_stands_in_and_says_so(fold, name):
    empty = drop(fold, fold.train_rows)
    for task, expected in ((0, [0.0]), (1, [0.5]), (2, [1 / 3] * 3)):
        model = fit_baseline(name, empty, task, seed=0)
        np.testing.assert_allclose(model.predict(fold.inputs[:2]), [expected] * 2)
        assert name == "mean" or "no label" in model.note


@pytest.mark.parametrize("name", TRAINED)
def test_one_class_in_training_gives_the_mean(fold, name):
    constant = with_targets(fold, lambda y: y.__setitem__((fold.train_rows, 1), 0.0))
    model = fit_baseline(name, constant, 1, seed=0)
    n_train = len(fold.train_rows)
    np.testing.assert_allclose(model.predict(fold.inputs[:1]), 1 / (n_train + 2))
    assert "one class" in model.note


@pytest.mark.parametrize("n_labels", [1, 3, 5, 19, 20])
@pytest.mark.parametrize("name", BASELINES)
def test_few_labels_never_crash(fold, name, n_labels):
    few = drop(fold, fold.train_rows)
    chosen = fold.train_rows[np.isfinite(fold.targets[fold.train_rows]).all(axis=1)][:n_labels]
    few = with_targets(few, lambda y: y.__setitem__(chosen, fold.targets[chosen]))
    for task in range(3):
        model = fit_baseline(name, few, task, seed=0)
        assert np.isfinite(model.predict(fold.inputs)).all()
        if task == 0 and name.startswith("lightgbm"):
            assert bool(model.note) == (n_labels < 20)


@pytest.mark.parametrize("name", BASELINES)
def test_without_validation_labels_defaults_serve(fold, name):
    blind = drop(fold, fold.valid_rows)
    for task in range(3):
        model = fit_baseline(name, blind, task, seed=0)
        assert model.note == ""
        assert np.isfinite(model.predict(fold.inputs)).all()


@pytest.mark.parametrize("name", BASELINES)
@pytest.mark.parametrize("present", [(0, 2), (1, 2), (0, 1)])
def test_a_class_without_training_rows_is_hardly_predicted(fold, name, present):
    (absent,) = {0, 1, 2} - set(present)
    gone = with_targets(
        fold, lambda y: y[:, 2].__setitem__((y[:, 2] == absent) & ~valid_mask(fold), present[0])
    )
    prediction = fit_baseline(name, gone, 2, seed=0).predict(fold.inputs)
    np.testing.assert_allclose(prediction.sum(axis=1), 1.0)
    assert prediction[:, absent].max() < 0.02
    assert prediction[:, present[1]].max() > 0.2


def valid_mask(fold):
    mask = np.zeros(len(fold.inputs), bool)
    mask[fold.valid_rows] = True
    return mask


def test_unknown_names_are_refused(fold):
    with pytest.raises(PlanError, match=r"'forest'.*extra-trees"):
        fit_baseline("forest", fold, 0, seed=0)


def test_stacked_covers_every_task_with_the_models_of_the_single_call(fold):
    together = fit_stacked(fold, seed=4)
    for task, model in enumerate(together):
        alone = fit_baseline("lightgbm-stacked", fold, task, seed=4)
        np.testing.assert_array_equal(model.predict(fold.inputs), alone.predict(fold.inputs))
