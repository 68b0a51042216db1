"""Each baseline against the library, or the formula, used directly."""

from dataclasses import replace

import lightgbm as lgb
import numpy as np
import pytest
from baseline_folds import labelled, make_toy
from sklearn.ensemble import ExtraTreesClassifier, ExtraTreesRegressor
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import log_loss
from sklearn.metrics.pairwise import pairwise_kernels
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor

from miscible.baselines import _kernel, fit_baseline
from miscible.baselines._kernel import ALPHAS, KernelModel

LIGHTGBM = {
    "objective": ["l2", "binary", "multiclass"],
    "learning_rate": 0.08,
    "n_estimators": 1500,
    "min_child_samples": 5,
    "max_bin": 63,
    "colsample_bytree": 0.5,
    "subsample": 0.8,
    "subsample_freq": 1,
    "reg_lambda": 1.0,
    "extra_trees": True,
    "deterministic": True,
    "force_row_wise": True,
    "n_jobs": 1,
    "verbosity": -1,
}


@pytest.fixture(scope="module")
def fold():
    return make_toy()


@pytest.fixture(scope="module")
def flat(fold):
    """The same fold, every weight 1."""
    return replace(fold, weights=np.ones(len(fold.inputs)))


def parts(fold, task):
    train, valid = labelled(fold, task, fold.train_rows), labelled(fold, task, fold.valid_rows)
    weights = fold.weights / fold.weights[train].mean()
    return [(fold.inputs[r], fold.targets[r, task], weights[r]) for r in (train, valid)]


def test_mean_is_the_weighted_mean(fold):
    (_, y, w), _ = parts(fold, 0)
    prediction = fit_baseline("mean", fold, 0, seed=0).predict(fold.inputs)
    assert prediction.shape == (400, 1)
    np.testing.assert_allclose(prediction, np.sum(w * y) / np.sum(w))


def test_with_few_rows_the_kernel_model_is_kernel_ridge_regression(flat):
    """Against the bordered system of kernel ridge regression with a free intercept."""
    (x, y, _), _ = parts(flat, 0)
    model = fit_baseline("kernel", flat, 0, seed=0)
    assert isinstance(model, KernelModel) and len(model.landmarks) == len(x)
    between, new = (pairwise_kernels(a, x, metric=model.kernel, gamma=model.gamma) for a in (x, flat.inputs))
    errors = []
    for alpha in ALPHAS:
        system = np.ones((len(x) + 1, len(x) + 1))
        system[:-1, :-1], system[-1, -1] = between + alpha * np.eye(len(x)), 0.0
        solution = np.linalg.solve(system, np.append(y, 0.0))
        expected = new @ solution[:-1] + solution[-1]
        errors.append(np.abs(model.predict(flat.inputs)[:, 0] - expected).max())
    assert min(errors) < 1e-5 * np.abs(y).max()


def test_with_many_rows_the_kernel_model_has_landmarks(flat, monkeypatch: pytest.MonkeyPatch):
    exact = fit_baseline("kernel", flat, 0, seed=0)
    monkeypatch.setattr(_kernel, "MOST_LANDMARKS", 60)
    few = fit_baseline("kernel", flat, 0, seed=0)
    assert isinstance(few, KernelModel) and len(few.landmarks) == 60
    _, (x, y, _) = parts(flat, 0)
    whole, some, mean = (
        np.mean((m.predict(x)[:, 0] - y) ** 2) for m in (exact, few, fit_baseline("mean", flat, 0, seed=0))
    )
    assert whole <= some * 1.1 and some < 0.7 * mean


@pytest.mark.parametrize("task", [1, 2])
def test_class_mean_is_laplace_smoothed(flat, task):
    (_, y, _), _ = parts(flat, task)
    counts = np.bincount(y.astype(int))
    smoothed = (counts + 1) / (counts.sum() + len(counts))
    expected = smoothed[1:] if task == 1 else smoothed
    np.testing.assert_allclose(fit_baseline("mean", flat, task, seed=0).predict(flat.inputs[:1])[0], expected)


def test_nearest_is_the_best_of_scikit_learns(flat):
    (x, y, _), (xv, yv, _) = parts(flat, 0)
    fits = [KNeighborsRegressor(k, weights="distance").fit(x, y) for k in (1, 3, 5, 10)]
    best = fits[int(np.argmin([np.mean((m.predict(xv) - yv) ** 2) for m in fits]))]
    rows = flat.inputs[np.r_[flat.valid_rows, flat.test_rows]]
    np.testing.assert_allclose(
        fit_baseline("nearest", flat, 0, seed=0).predict(rows)[:, 0], best.predict(rows), 1e-5
    )


def test_nearest_classes_are_the_best_of_scikit_learns(flat):
    (x, y, _), (xv, yv, _) = parts(flat, 2)
    fits = [KNeighborsClassifier(k, weights="distance").fit(x, y) for k in (1, 3, 5, 10)]
    chosen = [np.take_along_axis(m.predict_proba(xv), yv.astype(int)[:, None], axis=1) for m in fits]
    best = fits[int(np.argmin([-np.log(np.clip(p, 1e-6, 1)).mean() for p in chosen]))]
    rows = flat.inputs[flat.test_rows]
    model = fit_baseline("nearest", flat, 2, seed=0)
    np.testing.assert_allclose(model.predict(rows), best.predict_proba(rows), atol=1e-5)


def test_nearest_weights_by_sample_weight_over_distance(fold):
    model = fit_baseline("nearest", fold, 0, seed=0)
    (x, y, w), _ = parts(fold, 0)
    row = fold.inputs[fold.test_rows[:1]]
    distance = np.sqrt(np.sum((x.astype(float) - row) ** 2, axis=1))
    near = np.argsort(distance)[: model.n_neighbors]
    expected = np.average(y[near], weights=w[near] / distance[near])
    assert model.n_neighbors > 1
    np.testing.assert_allclose(model.predict(row)[0, 0], expected, 1e-5)


def test_ridge_is_the_best_of_scikit_learns(fold):
    (x, y, w), (xv, yv, wv) = parts(fold, 0)
    fits = [Ridge(a).fit(x.astype(float), y, w) for a in 10.0 ** np.arange(-2, 5)]
    best = fits[int(np.argmin([np.average((m.predict(xv) - yv) ** 2, weights=wv) for m in fits]))]
    prediction = fit_baseline("ridge", fold, 0, seed=0).predict(fold.inputs)[:, 0]
    np.testing.assert_allclose(prediction, best.predict(fold.inputs.astype(float)), 1e-6)


@pytest.mark.parametrize("task", [1, 2])
def test_logistic_is_the_best_of_scikit_learns(fold, task):
    (x, y, w), (xv, yv, wv) = parts(fold, task)
    fits = [LogisticRegression(C=c, tol=1e-8, max_iter=2000).fit(x, y, w) for c in 10.0 ** np.arange(-4, 2)]
    best = fits[int(np.argmin([log_loss(yv, m.predict_proba(xv), sample_weight=wv) for m in fits]))]
    expected = best.predict_proba(fold.inputs)
    prediction = fit_baseline("ridge", fold, task, seed=0).predict(fold.inputs)
    np.testing.assert_allclose(prediction, expected[:, 1:] if task == 1 else expected, atol=5e-3)


@pytest.mark.parametrize("task", [0, 1, 2])
def test_extra_trees_are_scikit_learns(fold, task):
    (x, y, w), (xv, yv, wv) = parts(fold, task)
    model = fit_baseline("extra-trees", fold, task, seed=7)
    found = []
    for leaf in (1, 3) if task == 0 else (3, 10):
        build = ExtraTreesRegressor if task == 0 else ExtraTreesClassifier
        settings = {"min_samples_leaf": leaf, "max_features": 6, "random_state": 7}
        direct = build(100, **settings).fit(x, y, w)
        trial = build(10, **settings).fit(x, y, w)
        if task == 0:
            loss = np.average((trial.predict(xv) - yv) ** 2, weights=wv)
            found.append((loss, direct.predict(fold.inputs)[:, None]))
        else:
            chosen = np.take_along_axis(trial.predict_proba(xv), yv.astype(int)[:, None], axis=1)[:, 0]
            loss = np.average(-np.log(np.clip(chosen, 1e-6, 1)), weights=wv)
            found.append((loss, direct.predict_proba(fold.inputs)[:, 2 - task :]))
    np.testing.assert_allclose(
        model.predict(fold.inputs), min(found, key=lambda pair: pair[0])[1], atol=1e-12
    )


@pytest.mark.parametrize(("n_inputs", "candidates"), [(5, (5, 5)), (20, (8, 8)), (90, (30, 9))])
def test_extra_trees_try_a_share_of_many_inputs_and_all_of_few(n_inputs, candidates):
    fold = make_toy(n_rows=60, n_inputs=n_inputs)
    found = tuple(fit_baseline("extra-trees", fold, task, seed=0).forest.max_features for task in (0, 1))
    assert found == candidates


@pytest.mark.filterwarnings("ignore:The argument 'eval_set'")
@pytest.mark.parametrize("task", [0, 1, 2])
def test_lightgbm_is_its_own_scikit_learn_face(fold, task):
    (x, y, w), (xv, yv, wv) = parts(fold, task)
    build = lgb.LGBMRegressor if task == 0 else lgb.LGBMClassifier
    settings = {
        **LIGHTGBM,
        "objective": LIGHTGBM["objective"][task],
        "num_leaves": max(4, min(31, len(y) // 8)),
    }
    direct = build(**settings, random_state=3)
    stop = lgb.early_stopping(30, verbose=False)
    direct.fit(x, y, sample_weight=w, eval_set=[(xv, yv)], eval_sample_weight=[wv], callbacks=[stop])
    expected = direct.booster_.predict(fold.inputs).reshape(len(fold.inputs), -1)
    np.testing.assert_array_equal(fit_baseline("lightgbm", fold, task, seed=3).predict(fold.inputs), expected)
    assert direct.booster_.best_iteration < 1500


def test_large_tables_search_every_threshold():
    large = make_toy(n_rows=10_500, n_inputs=3)
    assert len(labelled(large, 0, large.train_rows)) >= 5000
    for fold, flag in ((make_toy(), 1), (large, 0)):
        text = fit_baseline("lightgbm", fold, 0, seed=0).booster.model_to_string()
        assert f"[extra_trees: {flag}]" in text
