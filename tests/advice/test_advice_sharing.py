"""Calls on studies with a known truth, and the numbers behind them against independent computations."""

from dataclasses import replace

import baycomp
import numpy as np
import pytest
from known_studies import all_cells, forget, known_study, without
from scipy.stats import t as student
from sklearn.metrics import average_precision_score, f1_score, log_loss, mean_absolute_error

from miscible.advice import Call, Comparison, PropertyVerdict, advise, side_arms
from miscible.advice._compare import is_enough
from miscible.advice._sharing import call_all
from miscible.splits import FoldAssignment
from miscible.study import Decision, StudyResult
from miscible.table import Kind, Property

TWO = (Property("strength", unit="MPa"), Property("density"))
CLASSES = (
    Property("ductile", Kind.BINARY, classes=("no", "yes")),
    Property("phase", Kind.MULTICLASS, classes=("bcc", "fcc", "hcp")),
)


def sharing(verdict: PropertyVerdict) -> Comparison:
    assert verdict.sharing is not None
    return verdict.sharing


def calls(result: StudyResult) -> list[str]:
    return [str(v.call) for v in advise(result, {})]


def test_sharing_that_helps_one_property_and_harms_the_other():
    result = known_study({"independent": (4.0, 2.0), "shared": (2.0, 4.0)})
    mixed, apart = advise(result, {})
    assert (mixed.call, apart.call) == (Call.MIX, Call.SEPARATE)
    assert mixed.partners == ("density",)
    assert apart.partners == ()
    assert sharing(mixed).difference < 0 < sharing(apart).difference
    assert sharing(mixed).p_better > 0.99
    assert sharing(apart).p_worse > 0.99
    assert "practically better" in mixed.reason
    assert "MPa" in mixed.reason
    assert "practically worse" in apart.reason
    assert sharing(mixed).baseline == "best separate"
    assert sharing(mixed).candidate == "best joint"


def test_sharing_that_makes_no_difference():
    verdict = advise(known_study({"independent": 3.0, "shared": 3.003}, own=0.01), {})[0]
    assert verdict.call is Call.EITHER
    assert sharing(verdict).p_equivalent > 0.95
    assert "no practical difference" in verdict.reason
    assert verdict.partners == ("density",)


def test_too_much_noise_to_tell():
    result = known_study({"independent": 3.0, "shared": 2.9}, own=1.0, n_rows=60)
    for verdict in advise(result, {}):
        assert verdict.call is Call.UNDECIDED
        assert verdict.partners == ()
        least = 100 * sharing(verdict).smallest_detectable / sharing(verdict).baseline_error
        assert f"could have shown a difference of about {least:.1f} %" in verdict.reason


@pytest.mark.parametrize(
    ("folds", "repeats", "enough"), [(5, 3, True), (5, 2, False), (4, 3, False), (10, 3, True)]
)
def test_less_than_five_folds_and_three_repeats_is_no_verdict(folds: int, repeats: int, enough: bool):
    result = known_study({"independent": 4.0, "shared": 2.0}, folds=folds, repeats=repeats)
    verdict = advise(result, {})[0]
    assert verdict.call is (Call.MIX if enough else Call.UNDECIDED)
    if not enough:
        assert (
            f"Too little to call ({folds} folds x {repeats} repeats scored, 5 x 3 needed)" in verdict.reason
        )
        assert sharing(verdict).p_better > 0.99


def test_the_posterior_is_baycomps():
    result = known_study({"independent": 3.0, "shared": 2.85}, own=0.5, n_rows=120)
    for t, verdict in enumerate(advise(result, {})):
        seen = sharing(verdict)
        joint, separate = (result.errors(name, t) for name in ("shared", "independent"))
        np.testing.assert_allclose(seen.fold_differences, joint - separate, rtol=1e-12)
        # baycomp counts scores, where more is better: errors with a minus.
        better_joint, same, better_separate = baycomp.CorrelatedTTest.probs(
            -joint.ravel(), -separate.ravel(), rope=seen.rope, runs=3
        )
        expected = (better_joint, same, better_separate)
        assert (seen.p_better, seen.p_equivalent, seen.p_worse) == pytest.approx(expected, abs=1e-9)
        assert 0.01 < seen.p_equivalent < 0.99


def test_interval_p_value_and_least_detectable_difference_in_closed_form():
    result = known_study({"independent": 3.0, "shared": 2.9}, own=0.5)
    seen = sharing(advise(result, {})[0])
    d = np.ravel(seen.fold_differences)
    scale = np.sqrt(d.var(ddof=1) * (1 / 15 + 1 / 4))
    assert seen.difference == pytest.approx(d.mean())
    reach = student.ppf(0.975, 14) * scale
    assert seen.interval == pytest.approx((d.mean() - reach, d.mean() + reach))
    assert seen.p_value == pytest.approx(2 * student.sf(abs(d.mean()) / scale, 14))
    assert seen.smallest_detectable == pytest.approx(seen.rope + student.ppf(0.9, 14) * scale)


def test_pooled_errors_are_those_of_scikit_learn():
    weights = np.random.default_rng(1).uniform(0.5, 2.0, 300)
    result = known_study({"independent": 2.0, "shared": 1.0}, properties=(*TWO, *CLASSES), weights=weights)
    verdicts = advise(result, {})
    columns = (slice(0, 1), slice(1, 2), slice(2, 3), slice(3, 6))
    for t, verdict in enumerate(verdicts):
        truth = result.table.labels[:, t]
        rows = np.isfinite(truth)
        for name, found in (
            ("independent", sharing(verdict).baseline_error),
            ("shared", sharing(verdict).candidate_error),
        ):
            each = []
            for r in range(3):
                predicted = result.outer[name][r][rows, columns[t]]
                if t < 2:
                    each.append(mean_absolute_error(truth[rows], predicted, sample_weight=weights[rows]))
                elif t == 2:
                    each.append(
                        1 - average_precision_score(truth[rows], predicted[:, 0], sample_weight=weights[rows])
                    )
                else:
                    each.append(
                        log_loss(truth[rows], predicted, labels=[0, 1, 2], sample_weight=weights[rows])
                    )
            assert found == pytest.approx(np.mean(each), rel=1e-9)
            score = next(s for s in verdict.scores if s.strategy == name)
            assert score.error == pytest.approx(found)
            natural = {"mae": found, "average_precision": 1 - found, "log_loss": found}[verdict.metric]
            assert score.metrics[verdict.metric] == pytest.approx(natural)


def test_the_choice_is_made_by_inner_errors_alone():
    noise = {"independent+w64": 4.0, "independent": 1.0, "shared": 2.0, "shared+balanced": 0.5}
    inner = {"independent+w64": 1.0, "independent": 2.0, "shared": 1.0, "shared+balanced": 2.0}
    result = known_study(noise, inner)
    verdict = advise(result, {})[0]
    chosen = {s.strategy: s.times_chosen for s in verdict.scores}
    assert chosen == {"independent+w64": 15, "independent": 0, "shared": 15, "shared+balanced": 0}
    np.testing.assert_allclose(
        sharing(verdict).fold_differences, result.errors("shared", 0) - result.errors("independent+w64", 0)
    )
    assert verdict.call is Call.MIX


def test_each_fold_and_property_has_its_own_choice():
    inner = {
        name: np.random.default_rng(i).random((3, 5, 2))
        for i, name in enumerate(("shared", "shared+balanced"))
    }
    noise = {"shared": 1.0, "shared+balanced": 3.0, "independent": 2.0}
    result = known_study(noise, {**inner, "independent": 1.0})
    for t in range(2):
        arm, _ = side_arms(result, t)
        assert arm is not None
        expected = np.where(inner["shared"] <= inner["shared+balanced"], "shared", "shared+balanced")[:, :, t]
        assert (arm.chosen == expected).all()
        assert {"shared", "shared+balanced"} == set(expected.ravel())
        for r, f in np.ndindex(3, 5):
            rows = result.folds.outer[r] == f
            own = result.outer[str(expected[r, f])][r][rows, t]
            np.testing.assert_array_equal(arm.predictions[r][rows, 0], own)


def test_of_equal_inner_errors_the_simplest_wins():
    noise = {"shared+balanced": 1.0, "shared": 2.0, "shared+w64": 3.0, "independent": 2.0}
    arm, _ = side_arms(known_study(noise, dict.fromkeys(noise, 1.0)), 0)
    assert arm is not None
    assert set(arm.chosen.ravel()) == {"shared+w64"}


def test_a_strategy_without_inner_score_or_predictions_is_never_chosen():
    noise = {"shared": 3.0, "shared+balanced": 1.0, "independent": 3.0, "independent+w64": np.nan}
    inner = {"shared": 3.0, "shared+balanced": np.nan, "independent": 3.0, "independent+w64": 0.1}
    verdict = advise(known_study(noise, inner), {})[0]
    assert {s.strategy: s.times_chosen for s in verdict.scores if s.times_chosen} == {
        "shared": 15,
        "independent": 15,
    }
    assert verdict.deploy is None or verdict.deploy.strategy in ("shared", "independent")


def test_declaring_stops_where_the_mean_error_would_pass_five_percent():
    """0.999 and 0.98 may stand with 0.88 refused for being under 0.90; 0.91 would spoil the mean."""

    def comparison(p: float) -> Comparison:
        return Comparison(
            "best separate", "best joint", 1.0, 0.5, -0.5, (-0.6, -0.4), 0.02, p, 1 - p, 0.0, 0.01, 0.01, 0.1,
            3, 5, ((-0.5,) * 5,) * 3,
        )  # fmt: skip

    def declared(*ps: float) -> list[Call]:
        return [c for c, _ in call_all([comparison(p) for p in ps], [("other",)] * len(ps), [""] * len(ps))]

    assert declared(0.999, 0.98, 0.88) == [Call.MIX, Call.MIX, Call.UNDECIDED]
    assert declared(0.96) == [Call.MIX]
    assert declared(0.94) == [Call.UNDECIDED]
    assert declared(0.94, 0.999) == [Call.MIX, Call.MIX]
    # 0.10 alone is too much, and the mean of 0.001, 0.09, 0.10 is 0.064: the surest two stand.
    assert declared(0.90, 0.999, 0.91) == [Call.UNDECIDED, Call.MIX, Call.MIX]
    (_, reason), *_ = call_all([comparison(0.94)], [("other",)], [""])
    assert "Would be MIX on its own (probability 0.94)" in reason


def test_folds_that_contradict_the_pooled_error_are_no_verdict():
    def comparison(before: float, after: float, ps: tuple[float, float, float]) -> Comparison:
        return Comparison(
            "best separate", "best joint", before, after, 0.0, (0.0, 0.0), 0.02, *ps, 0.01, 0.01, 0.1,
            3, 5, ((0.0,) * 5,) * 3,
        )  # fmt: skip

    cases = {
        Call.MIX: ((1.0, 0.9), (1.0, 1.1), (1.0, 0.0, 0.0)),
        Call.EITHER: ((1.0, 0.99), (1.0, 0.9), (0.0, 1.0, 0.0)),
        Call.SEPARATE: ((1.0, 1.1), (1.0, 0.9), (0.0, 0.0, 1.0)),
    }
    for call, (agreeing, contradicting, ps) in cases.items():
        assert call_all([comparison(*agreeing, ps)], [("other",)], [""])[0][0] is call
        found, reason = call_all([comparison(*contradicting, ps)], [("other",)], [""])[0]
        assert found is Call.UNDECIDED
        assert f"would be {call}" in reason
        assert "pooled" in reason


def test_p_values_are_corrected_over_properties():
    properties = [Property(f"p{i}") for i in range(4)]
    result = known_study(
        {"independent": 3.0, "shared": (3.0, 2.9, 2.95, 2.5)}, properties=properties, own=0.3, n_rows=200
    )
    seen = [sharing(v) for v in advise(result, {})]
    p = np.array([c.p_value for c in seen])
    order = np.argsort(p)
    by_hand = np.minimum(1.0, np.maximum.accumulate(p[order] * np.array([4, 3, 2, 1])))
    assert [seen[i].p_holm for i in order] == pytest.approx(by_hand.tolist())
    assert all(c.p_holm >= c.p_value for c in seen)


def test_the_users_margin_replaces_the_rule():
    noise = {"independent": 4.0, "shared": 3.6}
    for margin, call in ((None, Call.MIX), (1.0, Call.EITHER), (0.01, Call.MIX)):
        properties = (Property("strength", margin=margin), Property("density"))
        verdict = advise(known_study(noise, properties=properties), {})[0]
        assert verdict.call is call
        expected = 0.02 * sharing(verdict).baseline_error if margin is None else margin
        assert sharing(verdict).rope == pytest.approx(expected)


def test_the_margin_grows_with_the_excess_over_the_noise_floor():
    result = known_study({"independent": 4.0, "shared": 3.9})
    for std in (None, float("nan"), 0.0, 1.0, 4.5, 100.0):
        verdict = advise(result, {"strength": std})[0]
        error = sharing(verdict).baseline_error
        if std is None or np.isnan(std):
            assert verdict.noise_floor is None
            expected = 0.02 * error
        else:
            assert verdict.noise_floor == pytest.approx(std * np.sqrt(2 / np.pi))
            expected = max(0.02 * error, 0.05 * (error - std * np.sqrt(2 / np.pi)))
        assert sharing(verdict).rope == pytest.approx(expected)
        assert advise(result, {"strength": std})[1].noise_floor is None


@pytest.mark.parametrize("metric", ["mae", "rmse", "r2"])
def test_the_noise_floor_is_the_error_of_a_perfect_model(metric: str):
    """Labels are noise around one truth: whoever predicts the truth has the floor as error."""
    result = known_study(
        {"shared": 1.0}, properties=(Property("y", metric=metric),), n_rows=60_000, repeats=1
    )
    labels = result.table.labels[:, 0]
    result.outer["shared"][:] = 50.0
    floor = advise(result, {"y": float(np.nanstd(labels))})[0].noise_floor
    assert floor == pytest.approx(result.strategy_error("shared", 0), rel=0.02)


def test_no_floor_where_replicates_give_none():
    for prop in (*CLASSES, Property("y", metric="spearman")):
        assert (
            advise(known_study({"shared": 1.0}, properties=(prop,)), {prop.name: 1.0})[0].noise_floor is None
        )


def test_a_screen_is_judged_by_recall_at_its_budget():
    properties = (Property("strength"), CLASSES[0])
    result = known_study(
        {"independent": (9.0, 4.0), "shared": (2.0, 1.0)}, properties=properties, goal="screen",
        screen_budget=0.2, n_rows=500,
    )  # fmt: skip
    for t, verdict in enumerate(advise(result, {})):
        assert verdict.metric == "recall@budget"
        assert verdict.unit == ""
        truth = result.table.labels[:, t]
        rows = np.flatnonzero(np.isfinite(truth))
        picks = int(np.ceil(0.2 * len(rows)))
        expected = []
        for r in range(3):
            called = np.argsort(-result.outer["shared"][r][rows, t])[:picks]
            top = np.argsort(-truth[rows])[:picks] if t == 0 else np.flatnonzero(truth[rows] == 1)
            expected.append(1 - len(set(called) & set(top)) / min(picks, len(top)))
        assert sharing(verdict).candidate_error == pytest.approx(np.mean(expected))
        score = next(s for s in verdict.scores if s.strategy == "shared")
        assert score.metrics["recall@budget"] == pytest.approx(1 - np.mean(expected))
        assert verdict.call is Call.MIX


def test_an_undefined_fold_counts_for_neither_arm():
    """No inner score in one fold of one repeat: it leaves both arms, pooled errors included."""
    result = known_study({"independent": 4.0, "shared": 2.0}, folds=6, repeats=3)
    for name in ("independent", "shared"):
        result.inner[name][1, 2, 0] = np.nan
    verdict = advise(result, {})[0]
    seen = sharing(verdict)
    assert np.isnan(seen.fold_differences[1][2])
    assert np.isfinite(seen.fold_differences).sum() == 17
    assert (seen.n_folds, seen.n_repeats) == (5, 3)
    assert verdict.call is Call.MIX
    truth = result.table.labels[:, 0]
    each = []
    for r in range(3):
        rows = np.isfinite(truth) & ((result.folds.outer[r] != 2) if r == 1 else True)
        each.append(mean_absolute_error(truth[rows], result.outer["independent"][r][rows, 0]))
    assert seen.baseline_error == pytest.approx(np.mean(each))
    assert np.isfinite(seen.rope)


def test_five_folds_with_one_undefined_are_too_few_unless_three_repeats_are_full():
    for repeats, call in ((3, Call.UNDECIDED), (4, Call.MIX)):
        result = known_study({"independent": 4.0, "shared": 2.0}, repeats=repeats)
        result.inner["shared"][0, 0, 0] = np.nan
        verdict = advise(result, {})[0]
        assert sharing(verdict).n_folds == 4
        assert is_enough(sharing(verdict)) == (repeats == 4)
        assert verdict.call is call


def test_a_diverged_fold_of_one_strategy_leaves_the_choice_to_the_others():
    noise = {"independent": 4.0, "shared": 1.0, "shared+balanced": 2.0}
    result = known_study(noise)
    result.inner["shared"][1, 2] = np.nan
    result.outer["shared"][1, result.folds.outer[1] == 2] = np.nan
    arm, _ = side_arms(result, 0)
    assert arm is not None
    assert arm.chosen[1, 2] == "shared+balanced"
    assert (arm.chosen == "shared").sum() == 14
    assert np.isfinite(arm.errors).all()
    assert advise(result, {})[0].call is Call.MIX


def test_a_strategy_dropped_by_the_race_counts_in_the_repeats_it_ran():
    drop = Decision(1, ("shared+balanced",), "time", 1.0, {})
    noise = {"independent": 4.0, "shared": 2.0, "shared+balanced": 1.0}
    result = known_study(noise, journal=(drop,))
    forget(result, "shared+balanced", [1, 2])
    arm, _ = side_arms(result, 0)
    assert arm is not None
    assert [set(row) for row in arm.chosen] == [{"shared+balanced"}, {"shared"}, {"shared"}]
    verdict = advise(result, {})[0]
    assert (sharing(verdict).n_repeats, sharing(verdict).n_folds) == (3, 5)
    assert verdict.call is Call.MIX


def test_an_arm_that_misses_repeats_is_compared_where_both_are():
    result = known_study({"independent": 4.0, "shared": 2.0}, repeats=4)
    forget(result, "shared", [2, 3])
    verdict = advise(result, {})[0]
    seen = sharing(verdict)
    assert (seen.n_repeats, seen.n_folds) == (2, 5)
    assert verdict.call is Call.UNDECIDED
    truth = result.table.labels[:, 0]
    rows = np.isfinite(truth)
    each = [mean_absolute_error(truth[rows], result.outer["independent"][r][rows, 0]) for r in (0, 1)]
    assert seen.baseline_error == pytest.approx(np.mean(each))


def test_a_repeat_that_the_budget_cut_short_does_not_count():
    """Only the worse joint strategy was run in the last repeat: not the choice that the others make."""
    noise = {"independent": 4.0, "shared": 2.0, "shared+balanced": 8.0}
    stop = Decision(3, ("everything",), "time", 1.0, {})
    whole = known_study(noise, repeats=4)
    cells = without(all_cells(whole.strategies, 4, 2), "shared", [3])
    result = known_study(noise, repeats=4, journal=(stop,), cells=cells)
    forget(result, "shared", [3])
    arm, separate = side_arms(result, 0)
    assert arm is not None
    assert separate is not None
    assert (arm.chosen[3] == "").all()
    assert (separate.chosen[3] == "independent").all()
    verdict = advise(result, {})[0]
    assert (sharing(verdict).n_repeats, verdict.call) == (3, Call.MIX)
    # Without the journal the last repeat would be judged with half of the choice.
    unfair = known_study(noise, repeats=4)
    forget(unfair, "shared", [3])
    arm, _ = side_arms(unfair, 0)
    assert arm is not None
    assert set(arm.chosen[3]) == {"shared+balanced"}


@pytest.mark.parametrize("noise", [{"shared": 1.0}, {"independent": 1.0}, {"ridge": 1.0, "mean": 2.0}])
def test_without_both_arms_there_is_no_comparison(noise: dict[str, float]):
    for verdict in advise(known_study(noise), {}):
        assert verdict.sharing is None
        assert verdict.call is Call.UNDECIDED
        assert "both a shared and a separate network" in verdict.reason
        assert verdict.deploy is not None


def test_a_property_that_is_alone_has_nothing_to_share_with():
    verdict = advise(known_study({"independent": 4.0, "shared": 2.0}, properties=TWO[:1]), {})[0]
    assert verdict.sharing is None
    assert verdict.call is Call.UNDECIDED
    assert "No other property" in verdict.reason


def test_partners_are_the_properties_with_labels():
    result = known_study({"independent": 4.0, "shared": 2.0}, properties=(*TWO, Property("empty")))
    result.table.labels[:, 2] = np.nan
    verdicts = advise(result, {})
    assert verdicts[0].partners == ("density",)
    assert verdicts[2].call is Call.UNDECIDED
    assert verdicts[2].n_labels == 0


def test_identical_arms_are_equivalent_without_a_division_by_zero():
    result = known_study({"independent": 3.0, "shared": 3.0}, own=0.0)
    verdict = advise(result, {})[0]
    assert verdict.call is Call.EITHER
    assert sharing(verdict).p_value == 1.0
    assert sharing(verdict).smallest_detectable == sharing(verdict).rope


def test_thresholds_of_the_picked_strategies_count():
    """F1 as decision metric: with the thresholds of inner validation, not with one half."""
    properties = (Property("ductile", Kind.BINARY, metric="f1", classes=("no", "yes")), Property("density"))
    result = known_study({"independent": 2.0, "shared": 1.0}, properties=properties)
    rng = np.random.default_rng(3)
    for name in ("independent", "shared"):
        result.thresholds[name][:, :, 0] = rng.uniform(0.2, 0.8, (3, 5))
    verdict = advise(result, {})[0]
    truth = result.table.labels[:, 0]
    pooled = []
    for r in range(3):
        calls_made = np.empty(len(truth))
        for f in range(5):
            rows = result.folds.outer[r] == f
            calls_made[rows] = result.outer["shared"][r][rows, 0] >= result.thresholds["shared"][r, f, 0]
            own = rows & np.isfinite(truth)
            expected = 1 - f1_score(truth[own], calls_made[own])
            assert result.errors("shared", 0)[r, f] == pytest.approx(expected)
        known = np.isfinite(truth)
        pooled.append(1 - f1_score(truth[known], calls_made[known]))
    assert sharing(verdict).candidate_error == pytest.approx(np.mean(pooled))
    score = next(s for s in verdict.scores if s.strategy == "shared")
    assert score.metrics["f1"] == pytest.approx(1 - np.mean(pooled))


def test_warnings_go_to_the_property_they_name():
    result = known_study({"independent": 4.0, "shared": 2.0})
    cells = list(result.cells)
    cells[0] = replace(cells[0], tasks=(1,), diverged=3)
    warned = replace(
        result,
        cells=tuple(cells),
        folds=FoldAssignment(
            result.folds.outer,
            5,
            ("task 'density' has no label in 3 of 15 test folds", "group 'strength' is large"),
        ),
    )
    strength, density = advise(warned, {})
    assert strength.warnings == ()
    assert density.warnings[0] == "task 'density' has no label in 3 of 15 test folds"
    assert "3 networks diverged" in density.warnings[1]
