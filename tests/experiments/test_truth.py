from dataclasses import replace

import numpy as np
import pytest
from small_worlds import QUICK, PlainWorld

from miscible.errors import PlanError
from miscible.experiments import arm_risks, sharing_truth
from miscible.experiments._redraws import redraw, risks
from miscible.experiments._truth import mean_and_error
from miscible.strategies import parse_strategies
from miscible.table import Kind, Property

LONGER = QUICK.model_copy(update={"epochs": 30})


def truth(world, **options):
    options = {"n_redraws": 6, "n_test": 1500, "tuning": LONGER, **options}
    return sharing_truth(world, [("independent", "shared")], **options)


def test_a_scarce_copy_gains_and_a_stranger_does_not():
    copy = truth(PlainWorld(likeness=1.0))
    mean, error = copy.effect()
    assert mean[1] < -4 * error[1]
    assert copy.relative()[1] < -0.2
    stranger = truth(PlainWorld(likeness=0.0))
    assert stranger.effect()[0][1] > mean[1] + 2 * np.hypot(error[1], stranger.effect()[1][1])


def test_a_class_is_scored_against_its_true_probability():
    world = PlainWorld(binary=True, counts=(300, 300), noise=0.05)
    found = truth(world, n_redraws=2)
    _, values = world.test(1500, 0)
    spread = np.var(values[:, 1])
    for arm in ("independent", "shared"):
        assert (found.risks[arm][:, 1] > 0).all()
        # A Brier score against labels could not fall below the variance of a coin with that probability.
        assert (found.risks[arm][:, 1] < 0.6 * spread).all()
        assert (found.risks[arm][:, 1] < 0.3 * np.mean(values[:, 1] * (1 - values[:, 1]))).all()


def test_risk_is_in_units_of_the_variance():
    values = np.random.default_rng(0).normal(5.0, 3.0, (4000, 1))
    kind = [Property("a", Kind.REGRESSION)]
    assert risks(np.full_like(values, values.mean()), values, kind) == pytest.approx([1.0])
    assert risks(values + 3.0, values, kind) == pytest.approx([9.0 / values.var()])
    assert risks(values + 0.1, values, [Property("a", Kind.BINARY, classes=("0", "1"))]) == pytest.approx(
        [0.01]
    )
    assert np.isnan(risks(values, np.full_like(values, 2.0), kind)).all()


def test_trees_are_a_learner_too_and_arms_see_the_same_redraws():
    world = PlainWorld(counts=(120, 60))
    options = {"n_redraws": 2, "n_test": 200, "tuning": QUICK}
    found = sharing_truth(world, [("mean", "ridge"), ("lightgbm", "lightgbm-stacked")], **options)
    assert found.pairs[1] == ("lightgbm", "lightgbm-stacked")
    assert set(found.risks) == {"mean", "ridge", "lightgbm", "lightgbm-stacked"}
    assert (found.risks["mean"] > 0.9).all()
    alone = arm_risks(world, parse_strategies(["mean"]), seed=0, **options)
    np.testing.assert_array_equal(alone["mean"], found.risks["mean"])
    other = arm_risks(world, parse_strategies(["mean"]), seed=1, **options)
    assert (other["mean"] != found.risks["mean"]).all()


def test_chunks_hold_every_redraw_once_and_short_tables_are_filled_up():
    class Growing(PlainWorld):
        def draw(self, seed):
            return replace(self, counts=(40 + seed % 7, 30)).draw_plain(seed)

        def draw_plain(self, seed):
            return PlainWorld.draw(self, seed)

    parts = list(redraw(Growing(), 5, 20, seed=3, n_networks=24))
    assert [part.first for part in parts] == [0, 2, 4]
    assert [len(part.folds) for part in parts] == [2, 2, 1]
    for part in parts:
        assert len({len(fold.inputs) for fold in part.folds}) == 1
        for fold in part.folds:
            labelled = np.isfinite(fold.targets).any(axis=1)
            used = np.sort(np.concatenate([fold.train_rows, fold.valid_rows]))
            np.testing.assert_array_equal(used, np.flatnonzero(labelled))
            assert len(fold.codes) == len(np.unique(fold.codes)) == len(fold.weights)


def test_progress_ends_at_one_and_one_redraw_is_refused():
    heard = []
    truth(PlainWorld(counts=(40, 20)), n_redraws=2, n_test=20, tuning=QUICK, progress=heard.append)
    assert heard == sorted(heard) and heard[-1] == pytest.approx(1.0)
    with pytest.raises(PlanError, match="standard error"):
        truth(PlainWorld(), n_redraws=1)
    with pytest.raises(PlanError, match="blend"):
        arm_risks(
            PlainWorld(), parse_strategies(["lightgbm", "independent", "blend"]),
            n_redraws=2, n_test=10, tuning=QUICK, seed=0,
        )  # fmt: skip


def test_mean_and_error_leave_out_what_is_missing():
    values = np.array([[1.0, np.nan, np.nan], [2.0, 4.0, np.nan], [6.0, np.nan, np.nan]])
    mean, error = mean_and_error(values)
    np.testing.assert_allclose(mean, [3.0, 4.0, np.nan])
    np.testing.assert_allclose(error, [np.std(values[:, 0], ddof=1) / np.sqrt(3), np.nan, np.nan])
