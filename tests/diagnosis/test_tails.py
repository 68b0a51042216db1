"""Tails: heavier where they are, alike where they are, and silent where labels are few."""

from dataclasses import replace

import numpy as np
import pytest
from finished_studies import around, finished_case

from miscible.diagnosis import exhibit_from_json, exhibit_to_json, find_tails, tails_exhibit
from miscible.diagnosis._tail_groups import concentration, worst_groups
from miscible.diagnosis._tail_measures import fold_changes, paired_change, row_errors
from miscible.table import Kind, Property

REPEATS, FOLDS = 3, 5


def study_of_tails(factor: float, n_rows: int = 600, **options):
    """Apart misses by normal errors; together the same, but its tenth of large errors times a factor."""
    rng = np.random.default_rng(1)
    labels = rng.normal(50, 10, (n_rows, 2))
    errors = rng.normal(size=(REPEATS, n_rows, 2))
    longer = np.where(np.abs(errors) > 1.645, factor * errors, errors)
    longer[:, :, 1] = errors[:, :, 1]
    jitter = 1 + 0.01 * rng.normal(size=errors.shape)
    return finished_case(
        labels, {"independent": labels + errors, "shared": labels + longer * jitter}, **options
    )


def test_a_heavier_tail_is_called_heavier_and_the_untouched_property_alike():
    finding = find_tails(study_of_tails(2.0))
    first, second = finding.tasks
    assert (first.call, second.call) == ("heavier", "alike")
    assert first.together is not None and first.apart is not None and first.change95 is not None
    assert first.together.ratio > 1.6 * first.apart.ratio
    assert first.change95.relative == pytest.approx(1.0, abs=0.15)
    assert first.change95.interval[0] > 0.5
    assert first.change_shape is not None and first.change_shape.interval[0] > 0
    # The middle did not move, the far end doubled.
    assert abs(first.level_changes[0]) < 0.02 and first.level_changes[-1] > 0.8
    text = " ".join(tails_exhibit(finding).answer)
    assert "Larger tail errors together for p0" in text and "no practical difference for p1" in text
    assert "GPa" in text and "in proportion the tail is longer" in text


def test_a_lighter_tail_is_called_lighter_and_wider_errors_are_no_longer_tail_in_shape():
    assert find_tails(study_of_tails(0.7)).tasks[0].call == "lighter"
    labels = np.random.default_rng(0).normal(size=(600, 1))
    labels = np.column_stack([labels, labels])
    apart = around(labels, 1.0, REPEATS, 3)
    wider = labels + 1.5 * (apart - labels)
    first = find_tails(finished_case(labels, {"independent": apart, "shared": wider})).tasks[0]
    assert first.call == "heavier" and first.change_shape is not None
    assert first.change_shape.relative == pytest.approx(0.0, abs=1e-9)


def test_intervals_are_wider_where_fewer_rows_were_trained_on_than_the_folds_say():
    case = study_of_tails(2.0)
    folds = case.result.folds
    tested = folds.outer[:, None, :] == np.arange(FOLDS)[None, :, None]
    half = np.arange(600) % 2 == 0
    fewer = replace(case, result=replace(case.result, folds=replace(folds, barred=half & ~tested)))
    plain, barred = (find_tails(c).tasks[0].change95 for c in (case, fewer))
    assert plain is not None and barred is not None and barred.relative == plain.relative
    # Nadeau and Bengio: variance times 1 / n + tested / trained, here 120 / 480 and 120 / 240.
    before, after = (float(np.diff(np.log1p(c.interval))[0]) for c in (plain, barred))
    assert after / before == pytest.approx(np.sqrt((1 / 15 + 1 / 2) / (1 / 15 + 1 / 4)), rel=0.02)


def test_nothing_is_called_under_five_folds_or_three_repeats():
    labels = np.random.default_rng(0).normal(size=(400, 2))
    arms = {"independent": around(labels, 1.0, 2, 3), "shared": around(labels, 3.0, 2, 4)}
    first = find_tails(finished_case(labels, arms, repeats=2)).tasks[0]
    assert first.call == "undecided"
    assert first.change95 is not None and first.change95.interval[0] > 0.5


def test_few_labels_have_no_fold_comparison_and_no_99th_percentile():
    labels = np.random.default_rng(0).normal(size=(300, 3))
    labels[60:, 1] = np.nan
    labels[3:, 2] = np.nan
    arms = {"independent": around(labels, 1.0, REPEATS, 3), "shared": around(labels, 3.0, REPEATS, 4)}
    finding = find_tails(finished_case(labels, arms))
    many, few, three = finding.tasks
    assert many.change95 is not None and many.change99 is None
    assert few.change95 is None and few.call == "undecided"
    assert few.together is not None and np.isnan(few.together.q99) and few.together.q95 > 0
    assert three.together is not None and len(three.levels) == 0
    exhibit = tails_exhibit(finding)
    assert any("No 99th percentile for p0, p1 and p2" in line for line in exhibit.limits)
    assert any(line.startswith("p1") and "too few" in line for line in exhibit.answer)
    assert exhibit_from_json(exhibit_to_json(exhibit)).answer == exhibit.answer


def test_classes_are_judged_by_the_log_loss_of_single_rows():
    observed = np.array([0.0, 1.0, np.nan])
    losses = row_errors("binary", observed, np.array([[[0.2], [0.05], [0.5]]]))
    np.testing.assert_allclose(losses, [[-np.log(0.8), -np.log(0.05), np.nan]])
    wide = np.array([[[0.7, 0.2, 0.1], [0.3, 0.3, 0.4], [1.0, 0.0, 0.0]]])
    losses = row_errors("multiclass", np.array([2.0, 0.0, 1.0]), wide)
    np.testing.assert_allclose(losses, [[-np.log(0.1), -np.log(0.3), -np.log(1e-7)]])


def test_confident_and_wrong_classes_are_counted():
    rng = np.random.default_rng(0)
    properties = (Property("glass", Kind.BINARY, classes=("no", "yes")), Property("strength"))
    labels = np.column_stack([rng.integers(0, 2, 500), rng.normal(size=500)]).astype(float)
    sure = np.where(labels[:, :1] == 1, 0.9, 0.1) * np.ones((REPEATS, 1, 1))
    sure = np.clip(sure + 0.02 * rng.normal(size=sure.shape), 0.01, 0.99)
    wrong = np.where(rng.random((REPEATS, 500, 1)) < 0.2, 1 - np.round(labels[:, :1]) * 0.98 - 0.01, sure)
    strength = around(labels[:, 1:], 1.0, REPEATS, 2)
    arms = {
        "independent": np.concatenate([sure, strength], axis=2),
        "shared": np.concatenate([wrong, strength], axis=2),
    }
    glass, strength_tails = find_tails(finished_case(labels, arms, properties=properties)).tasks
    assert glass.call == "heavier" and glass.apart is not None and glass.together is not None
    assert glass.apart.wrong == 0.0 and glass.together.wrong == pytest.approx(0.2, abs=0.04)
    assert glass.wrong is not None and glass.wrong[1] > 0.1
    assert strength_tails.wrong is None and strength_tails.call == "alike"


def test_changes_by_fold_are_those_of_a_plain_loop():
    rng = np.random.default_rng(0)
    together, apart = np.abs(rng.normal(size=(2, 2, 90)))
    outer = np.stack([np.arange(90) % 3, np.arange(90) // 30])
    found = fold_changes(together, apart, outer, 3, 0.95)
    rows = np.arange(30)
    expected = np.log(np.percentile(together[1, rows], 95) / np.percentile(apart[1, rows], 95))
    assert found[1, 0] == pytest.approx(expected)
    assert np.isnan(fold_changes(together, apart, outer, 3, 0.99)).all()
    assert np.isnan(fold_changes(together, 0 * apart, outer, 3, 0.95)).all()
    assert paired_change(np.array([[0.1, np.nan]]), 0.5) is None


def test_the_groups_that_hold_the_tail_are_named():
    rng = np.random.default_rng(0)
    codes = np.arange(400) // 4
    labels = rng.normal(size=(400, 2))
    bad = np.isin(codes, [7, 8, 9, 10, 11])
    size = np.where(bad, 20.0, 1.0)[:, None] * [1.0, 0.0] + [0.0, 1.0]
    arms = {
        "independent": labels + rng.normal(size=(REPEATS, 400, 2)),
        "shared": labels + size * rng.normal(size=(REPEATS, 400, 2)),
    }
    finding = find_tails(finished_case(labels, arms, codes=codes))
    first, second = finding.tasks
    assert {g.name for g in first.worst} == {f"g{c}" for c in range(7, 12)}
    assert all(g.n_labels == 4 and g.together > 4 * g.apart for g in first.worst)
    assert first.concentration is not None and first.concentration.p_value < 0.01
    assert first.concentration.for_half <= 3 < first.concentration.expected_for_half
    assert second.concentration is not None and second.concentration.p_value > 0.01
    text = " ".join(tails_exhibit(finding).answer)
    assert "largest errors of p0 sit in few groups" in text and "largest errors of p1" not in text


def test_groups_of_their_own_hold_no_more_than_chance():
    errors = np.abs(np.random.default_rng(0).normal(size=200))
    assert concentration(errors, np.arange(200), 0) is None
    assert concentration(errors[:40], np.arange(40) // 2, 0) is None
    assert worst_groups((None, errors), np.arange(200), np.arange(200).astype(str)) == ()


def test_a_lone_property_and_a_study_without_one_arm_are_shown_but_not_compared():
    labels = np.random.default_rng(0).normal(size=(200, 1))
    both = {"independent": around(labels, 1.0, REPEATS, 3), "shared": around(labels, 3.0, REPEATS, 4)}
    alone = find_tails(finished_case(labels, both))
    assert alone.tasks[0].together is None and alone.tasks[0].apart is not None
    assert "Not compared for p0" in " ".join(tails_exhibit(alone).answer)
    two = np.column_stack([labels, labels])
    trees = find_tails(finished_case(two, {"mean": around(two, 1.0, REPEATS, 3)}))
    assert all(t.together is None and t.apart is None and t.worst == () for t in trees.tasks)
    assert tails_exhibit(trees).grids[0].rows == ()


def test_perfect_predictions_have_no_ratio():
    finding = find_tails(finished_case(np.random.default_rng(0).normal(size=(200, 2))))
    tail = finding.tasks[0].together
    assert tail is not None and tail.largest == 0 and np.isnan(tail.ratio)
    assert finding.tasks[0].change95 is None
    tails_exhibit(finding)
