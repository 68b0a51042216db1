import math

import numpy as np
import pytest
from planted_studies import FOLDS, planted_study, spread
from scipy.stats import t as student

from miscible.experiments._lee_claims import DEPLOYED, Aim, Contrast
from miscible.experiments._lee_measure import COMPARISON, EFFECTS, all_arms, comparison_rows, effect_rows

PAIR = Contrast("shared", "independent", "?", claimed=True, aim=Aim(better=3, lower=0.06, of=4))


def rows_of(errors, *contrasts, inner=None, make=comparison_rows):
    result = planted_study(errors, inner)
    arms = all_arms(result, [name for c in contrasts for name in (c.arm, c.against)])
    return make("random", result, arms, contrasts)


def test_ratio_and_interval_are_those_of_the_corrected_t_of_the_mean_logarithm():
    rng = np.random.default_rng(1)
    errors = {"independent": spread(rng, [1.0, 2.0, 30.0, 0.1], 0.1)}
    errors["shared"] = errors["independent"] * spread(rng, [0.9, 0.8, 0.95, 1.02], 0.02)
    (row,) = rows_of(errors, PAIR)
    logs = np.log(errors["shared"] / errors["independent"]).mean(axis=1)
    reach = student.ppf(0.975, FOLDS - 1) * np.sqrt(logs.var(ddof=1) * (1 / FOLDS + 1 / (FOLDS - 1)))
    expected = np.exp([logs.mean(), logs.mean() - reach, logs.mean() + reach])
    assert [row["ratio"], row["low"], row["high"]] == pytest.approx(expected)
    pooled = {name: np.sqrt(np.square(values).mean(axis=0)) for name, values in errors.items()}
    ratios = pooled["shared"] / pooled["independent"]
    assert row["pooled_ratio"] == pytest.approx(np.exp(np.log(ratios).mean()))
    assert row["n_better"] == (ratios < 1.0).sum() == 3
    assert set(row) == set(COMPARISON)


def test_what_is_practical_needs_more_than_two_percent_and_a_sure_posterior():
    rng = np.random.default_rng(2)
    before = spread(rng, [1.0] * 4)
    factors = np.array([0.9, 1.1, 0.99, 0.9])
    wobble = np.array([0.001, 0.001, 0.001, 0.5])
    errors = {
        "independent": before,
        "shared": before * factors * (1.0 + wobble * rng.normal(size=before.shape)),
    }
    (row,) = rows_of(errors, PAIR)
    assert (row["n_practically_better"], row["n_practically_worse"]) == (1, 1)
    effects = rows_of(errors, PAIR, make=effect_rows)
    assert [e["verdict"] for e in effects] == ["better", "worse", "equivalent", "undecided"]
    assert [e["declared"] for e in effects] == [True, True, True, False]
    assert all(set(e) == set(EFFECTS) and e["labels"] == 100 for e in effects)
    assert [e["rmse_arm"] / e["rmse_against"] for e in effects] == pytest.approx(
        [e["ratio"] for e in effects]
    )
    p = [e["p"] for e in effects]
    assert effects[int(np.argmin(p))]["p_holm"] == pytest.approx(min(1.0, 4 * min(p)))


@pytest.mark.parametrize(
    ("factors", "status", "aim"),
    [
        ([0.9, 0.9, 0.9, 1.0001], "same direction", "reached"),
        ([0.9, 0.9, 0.9, 1.05], "same direction", "reached"),
        ([0.99, 0.99, 0.99, 0.99], "same direction", "not reached"),
        ([0.7, 0.7, 1.001, 1.001], "same direction", "not reached"),
        ([1.1, 1.1, 1.1, 1.1], "differs", "not reached"),
    ],
)
def test_the_aim_asks_for_both_count_and_size(factors, status, aim):
    rng = np.random.default_rng(3)
    before = spread(rng, [1.0] * 4)
    (row,) = rows_of({"independent": before, "shared": before * spread(rng, factors, 1e-4)}, PAIR)
    assert (row["status"], row["aim_status"]) == (status, aim)
    assert "-4.4 %" in str(row["paper"]) and "summary" in str(row["paper"])


def test_an_aim_of_no_harm_is_missed_by_one_property():
    aim = Aim(nowhere_worse=True, of=4)
    assert aim.judge(4, 0, 0, 1.5) == "reached"
    assert aim.judge(4, 3, 1, 0.5) == "not reached"
    assert aim.words == "nowhere practically worse"


def test_an_aim_asks_the_same_share_of_nearly_as_many_properties_and_nothing_of_few():
    aim = Aim(better=34, lower=0.06)
    assert aim.words == ">= 34 of 40 better, >= 6 % lower"
    assert aim.judge(40, 34, 40, 0.94) == "reached"
    assert aim.judge(40, 33, 0, 0.9) == aim.judge(40, 40, 0, 0.941) == "not reached"
    assert aim.judge(38, 33, 0, 0.9) == "reached (33 of 38 asked)"
    assert aim.judge(38, 32, 0, 0.9) == "not reached (33 of 38 asked)"
    assert aim.judge(35, 35, 0, 0.5) == "not judged on 35 of 40 properties"


def test_what_is_deployed_is_chosen_by_inner_validation_in_every_fold():
    rng = np.random.default_rng(4)
    errors = {name: spread(rng, [1.0, 1.0], 0.3) for name in ("lightgbm", "independent", "shared")}
    inner = {name: spread(rng, [1.0, 1.0], 0.3) for name in errors}
    result = planted_study(errors, inner)
    arms = all_arms(result, [DEPLOYED, "align"])
    assert list(arms) == [DEPLOYED]
    names = np.array(list(errors))
    stacked = np.stack([inner[name] for name in names])
    for task, arm in enumerate(arms[DEPLOYED]):
        picks = names[stacked[:, :, task].argmin(axis=0)]
        assert arm.chosen[0].tolist() == picks.tolist()
        assert arm.errors[0] == pytest.approx([errors[n][f, task] for f, n in enumerate(picks)])


def test_arms_that_were_not_run_are_said_to_be_so():
    rng = np.random.default_rng(5)
    missing = Contrast("align", "shared", "?", aim=Aim(better=1))
    (row,) = rows_of({"shared": spread(rng, [1.0, 2.0], 0.1)}, missing)
    assert (row["status"], row["aim_status"]) == ("not run", "not run")
    assert "ratio" not in row
    assert rows_of({"shared": spread(rng, [1.0, 2.0], 0.1)}, missing, make=effect_rows) == []


def test_a_property_without_an_error_does_not_spoil_the_mean():
    rng = np.random.default_rng(6)
    before = spread(rng, [1.0, 1.0, 1.0, 1.0], 0.1)
    after = before * 0.9
    after[:, 3] = 0.0
    (row,) = rows_of({"independent": before, "shared": after}, PAIR)
    assert row["ratio"] == pytest.approx(0.9)
    assert row["pooled_ratio"] == pytest.approx(0.9)
    assert math.isnan(rows_of({"independent": before, "shared": after}, PAIR, make=effect_rows)[3]["ratio"])
