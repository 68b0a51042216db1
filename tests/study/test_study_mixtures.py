"""Mixtures of finished cells: what they are made of, how they are scored, and that what is scored is deployed."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import mean_absolute_error
from small_studies import EVERYTHING, context_of, small_frame, small_plan, small_table

from miscible.advice import Deployment, advise
from miscible.advisor._winners import bundle_parts
from miscible.baselines import ensemble_weights
from miscible.bundle import load_bundle, write_bundle
from miscible.errors import PlanError
from miscible.splits import FoldAssignment
from miscible.strategies import MIXTURES, UNMIXED
from miscible.study import RunFolder, StudyResult, run_study
from miscible.study._mixtures import Finished, cross_fitted, mixture_parts, mixture_predictions

PARTS = [name for name in EVERYTHING if name not in (*MIXTURES, *UNMIXED)]
KINDS = ("regression", "binary", "multiclass", "regression")


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> tuple[StudyResult, Path]:
    path = tmp_path_factory.mktemp("run") / "run"
    plan = small_plan(EVERYTHING, split={"repeats": 1}, tuning={"epochs": 20, "rates": [4e-3, 2e-2]})
    return run_study(plan, small_table(small_frame(110, 3, 0.9)), path)[0], path


def gathered(run: tuple[StudyResult, Path]) -> Finished:
    """Straight from the cells."""
    result, path = run
    validation: dict = {}
    slices = (slice(0, 1), slice(1, 2), slice(2, 5), slice(5, 6))
    for name in PARTS:
        for task in range(4):
            alone = name.startswith("independent")
            cell = RunFolder(path).load(f"{name}-r0-t{task}" if alone else f"{name}-r0")
            columns = slice(None) if alone else slices[task]
            for fold, part in enumerate(cell.folds):
                predicted = part.valid_predictions[:, columns].astype(float)
                validation.setdefault(name, {})[0, fold, task] = part.valid_rows, predicted
    return Finished(result.table, result.groups.codes, result.folds, result.outer, result.inner, validation)


def test_an_ensemble_is_made_of_what_is_fitted_but_the_plainest_by_its_shares_on_inner_validation(run):
    result, _ = run
    finished = gathered(run)
    assert len(result.mixtures["ensemble"]) == 12
    used = set()
    for (r, fold, task), parts in result.mixtures["ensemble"].items():
        names = sorted(PARTS)
        rows = finished.validation[names[0]][0, fold, task][0]
        shares = ensemble_weights(
            np.stack([finished.validation[name][0, fold, task][1] for name in names]),
            result.table.labels[rows, task],
            KINDS[task],
            result.table.weights[rows],
            result.groups.codes[rows],
        )
        assert dict(parts) == pytest.approx({n: s for n, s in zip(names, shares, strict=True) if s > 0})
        assert sum(share for _, share in parts) == pytest.approx(1.0)
        assert min(share for _, share in parts) >= 0.02
        test = result.folds.outer[r] == fold
        mixed = sum(share * result.predictions(name, task)[r, test] for name, share in parts)
        np.testing.assert_allclose(result.predictions("ensemble", task)[r, test], mixed)
        used |= {name for name, _ in parts}
    assert len(used) > 3


def test_the_inner_score_of_an_ensemble_is_taken_on_rows_its_shares_were_not_fitted_to(run):
    """It would otherwise win every choice by inner validation."""
    result, _ = run
    finished = gathered(run)
    optimistic = 0
    for (_, fold, task), parts in result.mixtures["ensemble"].items():
        rows, mixed = cross_fitted("ensemble", finished, (0, fold, task))
        known = np.isfinite(result.table.labels[rows, task])
        if task not in (0, 3):
            continue
        truth = result.table.labels[rows[known], task]
        error = mean_absolute_error(truth, mixed[known, 0])
        assert result.inner["ensemble"][0, fold, task] == pytest.approx(error)
        fitted = np.sum(
            [share * finished.validation[name][0, fold, task][1] for name, share in parts], axis=0
        )
        optimistic += mean_absolute_error(truth, fitted[known, 0]) < error
    assert optimistic >= 4


def test_labels_of_one_half_do_not_move_its_own_predictions():
    """Poisoned labels change the shares of the other half only."""
    rng = np.random.default_rng(0)
    table = small_table(small_frame(90, 1, 1.0))
    rows, codes = np.arange(60), np.arange(90) // 3
    outer = np.where(np.arange(90) < 60, 1, 0).astype(np.int16)[None]
    truth = table.labels[:60, :1]
    predictions = {
        name: truth + size * rng.normal(size=(60, 1))
        for name, size in (("ridge", 0.3), ("shared", 0.4), ("lightgbm", 0.5))
    }
    whole = {name: np.zeros((1, 90, 6)) for name in predictions}
    inner = {name: np.full((1, 2, 4), k + 1.0) for k, name in enumerate(predictions)}
    half = codes[:60] % 2 == 0
    poisoned = table.labels.copy()
    poisoned[rows[half], 0] = rng.permutation(poisoned[rows[half], 0]) + 3.0
    validation = {name: {(0, 0, 0): (rows, p)} for name, p in predictions.items()}
    folds = FoldAssignment(outer, 2)
    for mixture in MIXTURES:
        before, after = (
            cross_fitted(mixture, Finished(t, codes, folds, whole, inner, validation), (0, 0, 0))[1]
            for t in (table, replace(table, labels=poisoned))
        )
        np.testing.assert_array_equal(before[half], after[half])
        assert not np.allclose(before[~half], after[~half])


def test_a_part_without_predictions_is_not_mixed(run):
    result, _ = run
    finished = gathered(run)
    outer = {name: values.copy() for name, values in result.outer.items()}
    outer["ridge"][:, result.folds.outer[0] == 1] = np.nan
    parts = mixture_parts("ensemble", replace(finished, outer=outer))
    assert all("ridge" not in dict(found) for (_, fold, _), found in parts.items() if fold == 1)
    assert any("ridge" in dict(found) for (_, fold, _), found in parts.items() if fold != 1)
    for key, found in parts.items():
        assert np.isfinite(mixture_predictions(finished, key, found)).all()


def test_what_is_scored_is_what_is_deployed(run, tmp_path: Path):
    result, path = run
    context = context_of(result.plan, result.table, result.folds.outer, path)
    verdicts = [
        replace(v, deploy=Deployment("ensemble", 1.0, "ridge", 1.0, None, "It was best."))
        for v in advise(result, {})
    ]
    parts = bundle_parts(result, context, verdicts, {}, (), ())
    for task in parts.tasks:
        assert task.reason.startswith("It was best. Ensemble of ") and " % " in task.reason
        for fold, model in enumerate(task.models):
            rows = result.folds.outer[0] == fold
            inputs = parts.preparations[fold].transform(parts.features)[rows]
            np.testing.assert_allclose(model.predict(inputs), task.out_of_fold[rows], rtol=1e-5, atol=1e-6)
    write_bundle(parts, tmp_path / "bundle")
    assert "Ensemble of " in (tmp_path / "bundle" / "MODEL_CARD.md").read_text(encoding="utf-8")
    loaded = load_bundle(tmp_path / "bundle")
    inputs = parts.preparations[0].transform(parts.features)
    for task, models in zip(parts.tasks, loaded.models, strict=True):
        np.testing.assert_allclose(models[0].predict(inputs), task.models[0].predict(inputs), rtol=1e-6)


def test_a_mixture_may_be_added_to_a_finished_run(tmp_path: Path):
    table, names = small_table(small_frame()), ("ridge", "mean", "lightgbm", "independent+w32")
    plan = small_plan(names, split={"repeats": 1})
    before, _ = run_study(plan, table, tmp_path / "run")
    assert "ensemble" not in before.outer
    more = small_plan((*names, "ensemble"), split={"repeats": 1})
    after, _ = run_study(more, table, tmp_path / "run", resume=True)
    assert len(after.cells) == len(before.cells) and np.isfinite(after.outer["ensemble"]).all()
    again, _ = run_study(more, table, tmp_path / "run", resume=True)
    assert again.mixtures == after.mixtures
    with pytest.raises(PlanError, match="strategies"):
        run_study(small_plan((*names, "nearest"), split={"repeats": 1}), table, tmp_path / "run", resume=True)
