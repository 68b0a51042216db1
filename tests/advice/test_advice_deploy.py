"""What is deployed: the simplest good model, unless the best of anything is practically better."""

from dataclasses import replace

import numpy as np
import pytest
from known_studies import forget, known_study

from miscible.advice import Deployment, advise
from miscible.study import Decision, StudyResult


def deployed(result: StudyResult, task: int = 0) -> Deployment:
    found = advise(result, {})[task].deploy
    assert found is not None
    return found


def test_the_best_is_deployed_where_it_is_also_the_simplest_good_one():
    found = deployed(
        known_study({"mean": 9.0, "ridge": 2.0, "lightgbm": 3.0, "shared": 4.0, "independent": 4.0})
    )
    assert (found.strategy, found.simplest, found.comparison) == ("ridge", "ridge", None)
    assert found.error == found.simplest_error
    assert "best inner validation score" in found.reason


def test_of_plain_models_within_two_percent_the_simplest_is_taken():
    noise = {"mean": 9.0, "ridge": 3.03, "lightgbm": 3.0, "extra-trees": 3.5}
    found = deployed(known_study(noise))
    assert found.strategy == found.simplest == "ridge"
    assert found.comparison is not None
    assert found.comparison.p_better < 0.9
    assert deployed(known_study({**noise, "ridge": 3.5})).strategy == "lightgbm"


def test_a_network_that_is_practically_better_on_outer_folds_is_deployed():
    result = known_study({"ridge": 4.0, "lightgbm": 3.0, "shared": 1.0, "independent": 2.0})
    found = deployed(result)
    assert (found.strategy, found.simplest) == ("shared", "lightgbm")
    assert found.error == pytest.approx(result.strategy_error("shared", 0))
    assert found.simplest_error == pytest.approx(result.strategy_error("lightgbm", 0))
    assert found.comparison is not None
    assert found.comparison.p_better > 0.99
    np.testing.assert_allclose(
        found.comparison.fold_differences, result.errors("shared", 0) - result.errors("lightgbm", 0)
    )
    gain = 100 * -found.comparison.difference / found.comparison.baseline_error
    assert f"by {gain:.1f} %" in found.reason


def test_a_network_that_only_shines_on_inner_validation_is_not():
    noise = {"lightgbm": 3.0, "shared": 3.2, "independent": 3.2}
    found = deployed(known_study(noise, {"lightgbm": 3.0, "shared": 1.0, "independent": 2.0}))
    assert found.strategy == "lightgbm"
    assert "shared" in found.reason
    assert found.comparison is not None
    assert found.comparison.p_worse > 0.5


def test_the_ensemble_stands_for_the_best_of_anything():
    """Its parts may shine more on inner validation, which they were stopped and tuned by."""
    noise = {"lightgbm": 3.0, "shared": 1.5, "independent": 2.0, "ensemble": 1.0}
    inner = {"lightgbm": 3.0, "shared": 0.5, "independent": 2.0, "ensemble": 1.0}
    result = known_study(noise, inner)
    found = deployed(result)
    assert (found.strategy, found.simplest) == ("ensemble", "lightgbm")
    assert found.comparison is not None
    np.testing.assert_allclose(
        found.comparison.fold_differences, result.errors("ensemble", 0) - result.errors("lightgbm", 0)
    )
    assert deployed(known_study({**noise, "ensemble": 3.5}, inner)).strategy == "lightgbm"


def test_without_a_model_of_the_ensemble_the_others_stand_for_themselves():
    result = known_study({"lightgbm": 3.0, "shared": 1.0, "independent": 2.0, "ensemble": 0.5})
    result.inner["ensemble"][:] = np.nan
    result.outer["ensemble"][:] = np.nan
    assert deployed(result).strategy == "shared"


def test_practically_better_needs_as_many_folds_as_a_verdict():
    noise = {"lightgbm": 3.0, "shared": 1.0, "independent": 2.0}
    assert deployed(known_study(noise, repeats=3)).strategy == "shared"
    found = deployed(known_study(noise, repeats=2))
    assert found.strategy == "lightgbm"
    assert "too few folds" in found.reason


def test_the_best_is_deployed_without_proof_where_that_is_asked_for():
    noise, inner = {"lightgbm": 3.0, "shared": 3.2}, {"lightgbm": 3.0, "shared": 1.0}
    result = known_study(noise, inner)
    asked = replace(result, plan=result.plan.model_copy(update={"deploy": "best"}))
    (sure, best) = (deployed(r) for r in (result, asked))
    assert (sure.strategy, best.strategy, best.simplest) == ("lightgbm", "shared", "lightgbm")
    assert best.error == pytest.approx(result.strategy_error("shared", 0))
    assert best.comparison is not None and f"{best.comparison.p_better:.2f}" in best.reason
    surely = known_study({"lightgbm": 3.0, "shared": 1.0})
    asked = replace(surely, plan=surely.plan.model_copy(update={"deploy": "best"}))
    assert deployed(asked).reason == deployed(surely).reason


def test_outer_errors_never_pick():
    """Every outer error is turned upside down: names stay, only the comparison may speak."""
    inner = {"mean": 9.0, "ridge": 2.0, "lightgbm": 3.0}
    for noise in ({"mean": 9.0, "ridge": 2.0, "lightgbm": 3.0}, {"mean": 1.0, "ridge": 9.0, "lightgbm": 2.0}):
        found = deployed(known_study(noise, inner))
        assert (found.strategy, found.simplest) == ("ridge", "ridge")


def test_a_model_that_is_missing_in_one_fold_of_the_first_repeat_cannot_be_deployed():
    noise = {"lightgbm": 4.0, "shared": 1.0, "independent": 2.0}
    result = known_study(noise)
    result.inner["shared"][0, 2] = np.nan
    result.outer["shared"][0, result.folds.outer[0] == 2] = np.nan
    assert deployed(result).strategy == "independent"
    later = known_study(noise)
    later.inner["shared"][1, 2] = np.nan
    later.outer["shared"][1, later.folds.outer[1] == 2] = np.nan
    assert deployed(later).strategy == "shared"


def test_a_strategy_that_predicts_nothing_is_never_deployed():
    result = known_study({"ridge": 3.0, "shared": np.nan}, {"ridge": 3.0, "shared": 0.1})
    assert deployed(result).strategy == "ridge"
    nothing = known_study({"shared": np.nan, "independent": np.nan})
    assert all(v.deploy is None for v in advise(nothing, {}))


def test_strategies_with_unequal_repeats_are_compared_on_the_repeats_they_share():
    """Later repeats were harder for all; the strategy dropped before them must not win by that."""
    drop = Decision(1, ("ridge",), "time", 1.0, {})
    hard = np.repeat([[[1.0]], [[5.0]], [[5.0]]], 5, axis=1) * np.ones((3, 5, 2))
    inner = {"ridge": 1.5 * hard, "lightgbm": hard}
    result = known_study({"ridge": 2.0, "lightgbm": 2.0}, inner, journal=(drop,))
    forget(result, "ridge", [1, 2])
    assert np.nanmean(result.inner["ridge"]) < np.nanmean(result.inner["lightgbm"])
    assert deployed(result).strategy == "lightgbm"


def test_a_dropped_strategy_can_still_be_deployed():
    drop = Decision(1, ("ridge",), "time", 1.0, {})
    result = known_study({"ridge": 2.0, "lightgbm": 3.0}, journal=(drop,))
    forget(result, "ridge", [1, 2])
    assert deployed(result).strategy == "ridge"


def test_a_property_without_scores_has_nothing_to_deploy():
    result = known_study({"ridge": 2.0, "shared": 2.0, "independent": 2.0})
    for values in result.inner.values():
        values[:, :, 1] = np.nan
    first, second = advise(result, {})
    assert first.deploy is not None
    assert second.deploy is None
