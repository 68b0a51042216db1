"""What is gathered from cells: inner scores, thresholds, blends, ensembles; against independent computations."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.optimize import minimize_scalar
from sklearn.metrics import average_precision_score, f1_score, log_loss, mean_absolute_error
from small_studies import EVERYTHING, context_of, small_frame, small_plan, small_table

from miscible.errors import PlanError
from miscible.study import RunFolder, StudyResult, fold_data, run_study
from miscible.study._scoring import decision_metrics, inner_scores
from miscible.table import Table

COLUMNS = (slice(0, 1), slice(1, 2), slice(2, 5), slice(5, 6))


@pytest.fixture(scope="module")
def table() -> Table:
    return small_table(small_frame(110, 3, 0.9), np.random.default_rng(0).lognormal(0.0, 1.5, 110))


@pytest.fixture(scope="module")
def run(table: Table, tmp_path_factory: pytest.TempPathFactory) -> tuple[StudyResult, Path]:
    path = tmp_path_factory.mktemp("run") / "run"
    plan = small_plan(
        EVERYTHING, split={"repeats": 1}, tuning={"epochs": 40, "finalists": 2, "rates": [4e-3, 2e-2]}
    )
    return run_study(plan, table, path)[0], path


def validation(
    run: tuple[StudyResult, Path], name: str, task: int, fold: int
) -> tuple[np.ndarray, np.ndarray]:
    """Labelled inner validation rows and predictions, straight from the cell."""
    result, path = run
    key = f"{name}-r0-t{task}" if name.startswith("independent") else f"{name}-r0"
    cell = RunFolder(path).load(key)
    columns = slice(0, 1 if task != 2 else 3) if name.startswith("independent") else COLUMNS[task]
    rows = cell.folds[fold].valid_rows
    known = np.isfinite(result.table.labels[rows, task])
    return rows[known], cell.folds[fold].valid_predictions[known][:, columns]


@pytest.mark.parametrize("name", ["ridge", "lightgbm", "independent+w32", "shared+balanced+per-task+w32"])
def test_inner_scores_are_those_of_scikit_learn_on_the_inner_validation_rows(run, name: str):
    result, _ = run
    for fold in range(3):
        for task in range(4):
            rows, predicted = validation(run, name, task, fold)
            truth, weights = result.table.labels[rows, task], result.table.weights[rows]
            if task in (0, 3):
                expected = mean_absolute_error(truth, predicted, sample_weight=weights)
            elif task == 1:
                expected = 1 - average_precision_score(truth, predicted[:, 0], sample_weight=weights)
            else:
                expected = log_loss(
                    truth, predicted.astype(np.float32), labels=[0, 1, 2], sample_weight=weights
                )
            assert result.inner[name][0, fold, task] == pytest.approx(expected, rel=1e-5)


def test_inner_validation_rows_are_neither_trained_on_nor_tested(run, tmp_path: Path):
    result, path = run
    context = context_of(result.plan, result.table, result.folds.outer, path)
    for fold in range(3):
        data = fold_data(context, 0, fold)
        stored = RunFolder(path).load("ridge-r0").folds[fold]
        np.testing.assert_array_equal(stored.valid_rows, data.valid_rows)
        np.testing.assert_array_equal(stored.test_rows, np.flatnonzero(result.folds.outer[0] == fold))
        assert not set(stored.valid_rows) & (set(data.train_rows) | set(stored.test_rows))


def test_thresholds_maximise_f1_on_inner_validation(run):
    result, _ = run
    for name in ("ridge", "independent+w32"):
        for fold in range(3):
            rows, predicted = validation(run, name, 1, fold)
            truth, probability = result.table.labels[rows, 1], predicted[:, 0]
            best = max(f1_score(truth, probability >= cut) for cut in np.unique(probability))
            threshold = result.thresholds[name][0, fold, 1]
            assert f1_score(truth, probability >= threshold) == pytest.approx(best)
            assert (result.thresholds[name][0, fold, [0, 2, 3]] == 0.5).all()


def test_tuned_thresholds_enter_inner_scores():
    table = small_table(small_frame())
    truth = np.array([0.0, 0.0, 1.0, 1.0, 1.0])
    rows = np.flatnonzero(np.isfinite(table.labels[:, 1]))[:5]
    table.labels[rows, 1] = truth
    probability = np.array([[0.05], [0.1], [0.2], [0.3], [0.4]])
    error, threshold = inner_scores(table, "f1", 0.1, 1, rows, probability)
    assert 0.1 < threshold <= 0.2
    assert error == 0.0
    error, threshold = inner_scores(table, "f1", 0.1, 1, rows, np.full((5, 1), np.nan))
    assert np.isnan(error)
    assert threshold == 0.5


def test_a_blend_mixes_lightgbm_with_the_best_network_of_the_fold(run):
    result, _ = run
    networks = ["independent+w32", "shared+w32", "shared+balanced+per-task+w32"]
    assert len(result.mixtures["blend"]) == 12
    for (r, fold, task), ((network, weight), (trees, rest)) in result.mixtures["blend"].items():
        assert trees == "lightgbm" and weight + rest == pytest.approx(1.0)
        best = min(networks, key=lambda name: result.inner[name][0, fold, task])
        assert result.inner[network][0, fold, task] == result.inner[best][0, fold, task]
        rows = result.folds.outer[r] == fold
        mixed = weight * result.predictions(network, task)[r, rows]
        mixed += (1 - weight) * result.predictions("lightgbm", task)[r, rows]
        np.testing.assert_allclose(result.predictions("blend", task)[r, rows], mixed)


def test_the_weight_of_a_blend_is_the_least_weighted_loss_on_inner_validation(run):
    result, _ = run
    inside = 0
    for (_, fold, task), ((network, weight), _) in result.mixtures["blend"].items():
        rows, a = validation(run, network, task, fold)
        _, b = validation(run, "lightgbm", task, fold)
        truth, weights = result.table.labels[rows, task], result.table.weights[rows]

        def loss(share: float, task=task, a=a, b=b, truth=truth, weights=weights) -> float:
            mixed = share * a + (1 - share) * b
            if task in (0, 3):
                return float(weights @ (mixed[:, 0] - truth) ** 2)
            probability = np.hstack([1 - mixed, mixed]) if task == 1 else mixed
            return float(weights @ -np.log(probability[np.arange(len(truth)), truth.astype(int)]))

        if np.allclose(a, b):
            continue
        found = minimize_scalar(loss, bounds=(0, 1), method="bounded", options={"xatol": 1e-6})
        assert loss(weight) <= min(found.fun, loss(0.0), loss(1.0)) * (1 + 1e-3) + 1e-9
        if task in (0, 3):
            assert weight == pytest.approx(found.x, abs=1e-4)
            inside += 0.01 < weight < 0.99
    assert inside >= 2


def test_the_inner_score_of_a_blend_is_taken_on_rows_its_weight_was_not_fitted_to(run):
    """Halves of the validation groups, each mixed by the weight of the other."""
    result, _ = run
    optimistic = 0
    for (_, fold, task), ((network, weight), _) in result.mixtures["blend"].items():
        if task not in (0, 3):
            continue
        rows, a = validation(run, network, task, fold)
        _, b = validation(run, "lightgbm", task, fold)
        gap, truth = (a - b)[:, 0], result.table.labels[rows, task]
        all_rows = RunFolder(run[1]).load("lightgbm-r0").folds[fold].valid_rows
        groups = np.unique(result.groups.codes[all_rows])
        half = np.searchsorted(groups, result.groups.codes[rows]) % 2 == 0
        mixed = b[:, 0].copy()
        for own in (half, ~half):
            w = result.table.weights[rows[~own]] * gap[~own]
            share = np.clip(w @ (truth - b[:, 0])[~own] / (w @ gap[~own]), 0, 1)
            mixed[own] += share * gap[own]
        weights = result.table.weights[rows]
        expected = mean_absolute_error(truth, mixed, sample_weight=weights)
        assert result.inner["blend"][0, fold, task] == pytest.approx(expected)
        fitted = mean_absolute_error(truth, b[:, 0] + weight * gap, sample_weight=weights)
        optimistic += fitted < expected
    assert optimistic > 0


def test_ensembles_of_the_first_repeat_predict_what_was_stored(run):
    result, path = run
    context = context_of(result.plan, result.table, result.folds.outer, path)
    names = {name for name, _, _ in result.ensembles}
    assert names == {"independent+w32", "shared+w32", "shared+balanced+per-task+w32"}
    for (name, task, fold), (ensemble, position) in result.ensembles.items():
        data = fold_data(context, 0, fold)
        start = sum(ensemble.shape.n_outputs[:position])
        width = ensemble.shape.n_outputs[position]
        predicted = ensemble.predict(data.inputs[data.test_rows])[:, start : start + width]
        np.testing.assert_allclose(result.predictions(name, task)[0, data.test_rows], predicted, rtol=1e-6)


def test_metrics_follow_goal_kind_and_the_users_choice(table: Table):
    plan = small_plan()
    assert decision_metrics(plan, table) == ("mae", "average_precision", "log_loss", "mae")
    screen = small_plan(goal="screen")
    assert decision_metrics(screen, table) == ("recall@budget", "recall@budget", "log_loss", "recall@budget")
    own = replace(table, properties=(replace(table.properties[0], metric="rmse"), *table.properties[1:]))
    assert decision_metrics(screen, own)[0] == "rmse"
    wrong = replace(table, properties=(replace(table.properties[0], metric="f1"), *table.properties[1:]))
    with pytest.raises(PlanError, match="f1"):
        decision_metrics(plan, wrong)


def test_members_that_diverge_are_counted_and_the_strategy_is_not_chosen(tmp_path: Path):
    """A rate of 1e6 beside a sound one is contained; alone it leaves a strategy without predictions."""
    table = small_table(small_frame())
    names = ("mean", "independent+w32", "shared+w32")
    for rates, n_diverged in (([1e-3, 1e6], 3), ([1e6], 3)):
        plan = small_plan(names, split={"repeats": 1}, tuning={"rates": rates, "halving": []})
        result, _ = run_study(plan, table, tmp_path / str(len(rates)))
        for cell in result.cells:
            assert cell.diverged == (0 if cell.strategy == "mean" else n_diverged)
            assert all(n["rate"] == 1e-3 for n in cell.networks)
        finite = np.isfinite(result.outer["shared+w32"]).all()
        assert finite == (len(rates) == 2)
        if not finite:
            assert np.isnan(result.outer["shared+w32"]).all()
            assert np.isnan(result.inner["shared+w32"]).all()
            assert all(e.state == {} for e, _ in result.ensembles.values())


def test_a_property_without_any_label_is_carried_along(tmp_path: Path):
    frame = small_frame()
    frame["scarce"] = np.nan
    names = ("mean", "ridge", "lightgbm", "lightgbm-stacked", "independent+w32", "shared+w32", "blend")
    result, _ = run_study(small_plan(names, split={"repeats": 1}), small_table(frame), tmp_path / "run")
    for name in names:
        assert np.isfinite(result.inner[name][0, :, :3]).all()
        assert np.isnan(result.inner[name][0, :, 3]).all()
