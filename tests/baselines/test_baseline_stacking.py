"""Stacked LightGBM: what the other properties add, and that nothing of a row's own label comes back to it."""

from dataclasses import replace

import numpy as np
import pytest
from baseline_folds import labelled, make_toy, with_targets

from miscible.baselines import BASELINES, BlendModel, fit_baseline, fit_stacked, load_model, predict_tasks
from miscible.baselines._lightgbm import BoosterModel
from miscible.baselines._sample import task_sample
from miscible.baselines._stacked import _fit_helpers, _inner_parts


def make_related(seed: int):
    """Task 0 has many labels; task 1 is its absolute value and has few, on other rows."""
    rng = np.random.default_rng(seed)
    fold = make_toy(n_rows=1500, seed=seed, n_inputs=8)
    x = fold.inputs
    total = x[:, :4].sum(axis=1)
    few = rng.random(1500) < 0.1
    truth = np.column_stack([total, np.abs(total)])
    targets = np.where(np.column_stack([~few, few]), truth, np.nan)
    targets[fold.test_rows] = np.nan
    related = replace(
        fold, targets=targets, kinds=("regression",) * 2, n_classes=(0, 0), weights=np.ones(1500)
    )
    return related, truth


def test_stacking_helps_where_one_property_is_a_function_of_another():
    ratios = []
    for seed in range(3):
        fold, truth = make_related(seed)
        rows = fold.test_rows
        errors = [
            np.mean(
                (fit_baseline(name, fold, 1, seed=0).predict(fold.inputs[rows])[:, 0] - truth[rows, 1]) ** 2
            )
            for name in ("lightgbm", "lightgbm-stacked")
        ]
        ratios.append(errors[1] / errors[0])
    assert max(ratios) < 0.75


@pytest.fixture(scope="module")
def noise():
    """Labels that cannot be learned: whoever predicts them has seen them."""
    fold = make_toy(n_rows=600, seed=3)
    labels = np.random.default_rng(9).normal(size=600)
    by_group = np.random.default_rng(10).normal(size=600)[fold.codes] + 0.1 * labels
    inputs = fold.inputs.copy()
    inputs[:, 0] = fold.codes
    fold = with_targets(replace(fold, inputs=inputs), lambda y: y.__setitem__(slice(None), np.nan))
    use = np.r_[fold.train_rows, fold.valid_rows]
    return with_targets(fold, lambda y: y[:, 0].__setitem__(use, by_group[use]))


def test_training_rows_get_predictions_that_never_saw_their_group(noise):
    part = _inner_parts(noise, seed=0)
    for code in np.unique(noise.codes):
        assert len(set(part[noise.codes == code])) == 1
    models, helped = _fit_helpers(noise, 0, task_sample(noise, 0), part, 0, 1)
    rows = noise.train_rows
    honest = np.corrcoef(helped[rows, 0], noise.targets[rows, 0])[0, 1]
    seen = np.mean([m.predict(noise.inputs[rows]) for m in models], axis=0)[:, 0]
    assert honest < 0.1
    assert np.corrcoef(seen, noise.targets[rows, 0])[0, 1] > max(honest, 0) + 0.15


def test_helpers_know_validation_rows_and_nothing_of_test_rows(noise):
    models, helped = _fit_helpers(noise, 0, task_sample(noise, 0), _inner_parts(noise, 0), 0, 1)
    assert np.isnan(helped[noise.test_rows]).all()
    expected = np.mean([m.predict(noise.inputs[noise.valid_rows]) for m in models], axis=0)
    np.testing.assert_array_equal(helped[noise.valid_rows], expected)


def test_level_zero_is_shared_and_saved_only_where_used(tmp_path):
    fold = make_toy()
    first, second, third = fit_stacked(fold, seed=0)
    assert first.helpers is second.helpers is third.helpers
    assert first.tasks == (1, 2)
    first.save(tmp_path)
    assert {p.name for p in tmp_path.glob("helper-*")} == {
        f"helper-{t}-{p}" for t in (1, 2) for p in range(3)
    }


def test_predicting_together_is_predicting_one_by_one():
    fold = make_toy(n_rows=200)
    models = [*fit_stacked(fold, seed=0), *(fit_baseline(name, fold, 2, seed=0) for name in BASELINES)]
    for model, together in zip(models, predict_tasks(models, fold.inputs), strict=True):
        np.testing.assert_array_equal(together, model.predict(fold.inputs))


def test_level_zero_is_asked_once_after_loading(tmp_path, monkeypatch):
    """Every property has its own copy on disk; read back, equal helpers are one object."""
    fold = make_toy(n_rows=200)
    models = fit_stacked(fold, seed=0)
    for t, model in enumerate(models):
        model.save(tmp_path / str(t))
    loaded = [load_model(tmp_path / str(t)) for t in range(len(models))]
    distinct = {id(helper) for model in loaded for task in model.tasks for helper in model.helpers[task]}
    assert len(distinct) == 9
    expected = [model.predict(fold.inputs) for model in models]
    asked, predict = [], BoosterModel.predict
    monkeypatch.setattr(BoosterModel, "predict", lambda self, x: asked.append(self) or predict(self, x))
    blend = BlendModel((0.5, 0.5), (loaded[0], loaded[1]))
    *alone, mixed = predict_tasks([*loaded, blend], fold.inputs)
    assert len(asked) == 9 + 3
    for one, other in zip(alone, expected, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-12)
    np.testing.assert_allclose(mixed, (alone[0] + alone[1]) / 2, rtol=1e-12)


def test_properties_with_few_labels_help_nobody():
    fold = make_toy()
    kept = labelled(fold, 1, fold.train_rows)[:10]
    sparse = with_targets(fold, lambda y: y[:, 1].__setitem__(np.setdiff1d(fold.train_rows, kept), np.nan))
    first, second, third = fit_stacked(sparse, seed=0)
    assert (first.tasks, third.tasks) == ((2,), (0,))
    assert "at least 20" in second.note


def test_one_property_alone_is_plain_lightgbm():
    fold = make_toy()
    alone = replace(fold, targets=fold.targets[:, :1], kinds=("regression",), n_classes=(0,))
    (model,) = fit_stacked(alone, seed=0)
    expected = fit_baseline("lightgbm", alone, 0, seed=0).predict(fold.inputs)
    np.testing.assert_array_equal(model.predict(fold.inputs), expected)
