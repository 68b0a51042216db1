"""Shift: disjoint, equal and nested domains are told for what they are."""

from dataclasses import replace

import numpy as np
import pytest
from finished_studies import around, finished_case
from sklearn.metrics import roc_auc_score

from miscible.diagnosis import exhibit_from_json, exhibit_to_json, find_shift, shift_exhibit
from miscible.diagnosis._separation import (
    area_under_curve,
    chance_p_value,
    share_inside,
    single_areas,
    tell_apart,
)
from miscible.table import Kind, Property


def two_properties(shift: float, n: int = 150, seed: int = 0, **options):
    """Two properties on rows of their own; the second's first input is moved, in standard deviations."""
    rng = np.random.default_rng(seed)
    inputs = rng.normal(size=(2 * n, 4))
    inputs[n:, 0] += shift
    labels = np.full((2 * n, 2), np.nan)
    labels[:n, 0], labels[n:, 1] = rng.normal(size=(2, n))
    arms = {"independent": around(labels, 1.0, 3, 1), "shared": around(labels, 1.1, 3, 2)}
    return finished_case(labels, arms, inputs=inputs, **options)


def test_disjoint_domains_are_told_apart_and_the_input_is_named():
    finding = find_shift(two_properties(6.0))
    assert finding.area[0, 1] > 0.98 and finding.area[0, 1] == finding.area[1, 0]
    assert finding.p_holm[0, 1] < 1e-6
    assert finding.inside[0, 1] < 0.1 and finding.inside[1, 0] < 0.1
    leading = finding.separators[0]
    assert leading.name == "x0" and leading.trivial and leading.gain > 0.8
    text = " ".join(shift_exhibit(finding).answer)
    assert "clearly different parts" in text and "'x0' alone tells p0 and p1 apart" in text
    assert "p0 lies mostly outside" in text and "its error changed by" in text


def test_the_same_domain_is_not_told_apart():
    areas, low, p = [], [], []
    for seed in range(8):
        finding = find_shift(two_properties(0.0, seed=seed))
        areas.append(finding.area[0, 1])
        low.append(finding.low[0, 1])
        p.append(finding.p_holm[0, 1])
        assert finding.inside[0, 1] > 0.85 and finding.inside[1, 0] > 0.85
        assert not any(x.trivial for x in finding.separators)
    assert np.mean(areas) == pytest.approx(0.5, abs=0.03)
    assert min(p) > 0.05 and max(low) < 0.5
    text = " ".join(shift_exhibit(finding).answer)
    assert "0 live in clearly different parts" in text and "most separates" not in text


def test_a_partial_shift_lies_between_and_grows():
    areas = [find_shift(two_properties(shift)).area[0, 1] for shift in (0.5, 1.5, 3.0)]
    assert areas[0] < areas[1] < areas[2]
    assert 0.7 < areas[1] < 0.95


def test_a_small_domain_within_a_large_one_is_inside_one_way_only():
    rng = np.random.default_rng(0)
    inputs = np.concatenate([rng.uniform(-5, 5, (400, 2)), rng.uniform(-1, 1, (150, 2))])
    labels = np.full((550, 2), np.nan)
    labels[:400, 0], labels[400:, 1] = 1.0, 1.0
    labels += np.random.default_rng(1).normal(size=labels.shape)
    finding = find_shift(finished_case(labels, inputs=inputs))
    assert finding.inside[0, 1] > 0.95
    assert finding.inside[1, 0] < 0.2


def test_an_element_that_a_domain_lacks_lies_outside():
    rng = np.random.default_rng(0)
    inputs = np.column_stack([rng.normal(size=(200, 2)), np.zeros(200)])
    inputs[100:140, 2] = 0.01
    labels = np.where((np.arange(200)[:, None] >= 100) == [False, True], 1.0, np.nan)
    labels += rng.normal(size=labels.shape)
    finding = find_shift(finished_case(labels, inputs=inputs))
    assert 0.5 < finding.inside[0, 1] < 0.6
    assert finding.inside[1, 0] > 0.85
    assert finding.foreign[0, 1] == pytest.approx(0.4) and finding.foreign[1, 0] == 0.0
    assert "40 % of the rows of p1 have an element" in " ".join(shift_exhibit(finding).answer)


def test_what_is_left_without_an_input_that_is_enough_alone():
    """One input, known on rows of one property only, tells all; without it and its flag nothing does."""
    for moved, low, high in ((0.0, 0.4, 0.6), (1.5, 0.75, 0.95)):
        rng = np.random.default_rng(0)
        inputs = rng.normal(size=(300, 3))
        inputs[150:, 0] = np.nan
        inputs[150:, 1] += moved
        labels = np.where((np.arange(300)[:, None] >= 150) == [False, True], 1.0, np.nan)
        finding = find_shift(finished_case(labels + rng.normal(size=labels.shape), inputs=inputs))
        assert finding.area[0, 1] > 0.99 and low <= finding.area_without[0, 1] <= high
        named = [x.name for x in finding.separators if x.trivial]
        assert "x0 missing" in named
    assert np.isnan(find_shift(two_properties(1.0)).area_without).all()


def test_rows_with_both_labels_count_for_neither_and_are_reported():
    rng = np.random.default_rng(0)
    labels = rng.normal(size=(200, 3))
    labels[150:, 1] = np.nan
    finding = find_shift(finished_case(labels))
    assert finding.shared[0, 1] == 150 and finding.alone[0, 1] == 50 and finding.alone[1, 0] == 0
    assert np.isnan(finding.area).all()
    assert finding.inside[0, 1] > 0.85
    exhibit = shift_exhibit(finding)
    assert any("150 have both: too few of their own" in line for line in exhibit.answer)
    assert any("one label only" in line for line in exhibit.limits)


def test_groups_in_both_properties_are_never_split():
    """Both properties of one alloy stand on two rows with equal inputs: nothing can tell them apart."""
    rng = np.random.default_rng(0)
    inputs = np.repeat(rng.normal(size=(100, 3)), 2, axis=0)
    labels = np.where(np.arange(200)[:, None] % 2 == np.arange(2), rng.normal(size=(200, 2)), np.nan)
    finding = find_shift(finished_case(labels, inputs=inputs, codes=np.arange(200) // 2))
    assert finding.shared[0, 1] == 0 and finding.shared_groups[0, 1] == 100
    assert finding.area[0, 1] == pytest.approx(0.5, abs=0.1)


def test_few_groups_per_property_give_a_wide_interval():
    """Eight alloys a property with twenty copies each are no 160 rows."""
    rng = np.random.default_rng(3)
    inputs = np.repeat(rng.normal(size=(16, 3)), 20, axis=0) + 0.01 * rng.normal(size=(320, 3))
    labels = np.full((320, 2), np.nan)
    labels[:160, 0], labels[160:, 1] = rng.normal(size=(2, 160))
    finding = find_shift(finished_case(labels, inputs=inputs, codes=np.arange(320) // 20))
    assert finding.high[0, 1] - finding.low[0, 1] > 0.3
    assert finding.p_holm[0, 1] > 0.01


def test_an_interval_that_holds_every_answer_gives_none():
    finding = find_shift(two_properties(0.5))
    assert "may live" not in shift_exhibit(finding).answer[1]
    wide = replace(finding, low=0.0 * finding.low + 0.5, high=0.0 * finding.high + 0.9)
    overview, pair = shift_exhibit(wide).answer[:2]
    assert overview.endswith("0 overlap in part, 0 in the same part, 1 unclear.")
    assert "may live in the same part of input space or in clearly different ones" in pair


def test_a_source_column_that_is_no_input_is_named():
    source = ["handbook"] * 150 + ["lab"] * 149 + [None]
    noise = np.random.default_rng(0).integers(0, 4, 300)
    finding = find_shift(two_properties(0.0, columns={"source": source, "batch": noise}))
    named = [x for x in finding.separators if not x.is_input]
    assert [(x.name, x.trivial) for x in named] == [("source", True)]
    assert finding.area[0, 1] < 0.65
    text = " ".join(shift_exhibit(finding).answer)
    assert "'source' alone tells p0 and p1 apart" in text and "batch" not in text


def test_classes_scarce_and_lone_properties_and_constant_inputs():
    rng = np.random.default_rng(0)
    properties = (
        Property("glass", Kind.BINARY, classes=("no", "yes")),
        Property("phase", Kind.MULTICLASS, classes=("bcc", "fcc", "hcp")),
        Property("scarce"),
    )
    labels = np.full((200, 3), np.nan)
    labels[:100, 0], labels[100:, 1], labels[:3, 2] = rng.integers(0, 2, 100), rng.integers(0, 3, 100), 1.0
    finding = find_shift(finished_case(labels, properties=properties))
    assert np.isfinite(finding.area[0, 1]) and np.isnan(finding.area[0, 2])
    assert np.isnan(finding.inside[2]).all()
    exhibit = shift_exhibit(finding)
    assert exhibit_from_json(exhibit_to_json(exhibit)).answer == exhibit.answer

    constant = find_shift(finished_case(labels, properties=properties, inputs=np.ones((200, 2))))
    assert np.isnan(constant.area).all()
    shift_exhibit(constant)

    alone = shift_exhibit(find_shift(finished_case(rng.normal(size=(50, 1)))))
    assert "one property" in alone.answer[0] and alone.heatmaps == ()


def test_the_finding_repeats_and_a_quick_look_leaves_properties_out():
    first, second = (find_shift(two_properties(1.0, quick=True)) for _ in range(2))
    np.testing.assert_array_equal(first.area, second.area)
    labels = np.where(np.arange(240)[:, None] % 8 == np.arange(8), 1.0, np.nan)
    labels += np.random.default_rng(0).normal(size=labels.shape)
    finding = find_shift(finished_case(labels, quick=True))
    assert len(finding.looked_at) == 6
    assert any("2 others were not" in line for line in shift_exhibit(finding).limits)


def test_areas_are_those_of_scikit_learn():
    rng = np.random.default_rng(0)
    scores = np.round(rng.normal(size=60), 1)
    second = rng.random(60) < 0.4
    weights = rng.integers(0, 3, (2, 60)).astype(float)
    found = area_under_curve(scores, second, weights)
    expected = [roc_auc_score(second, scores, sample_weight=w) for w in weights]
    np.testing.assert_allclose(found, expected)
    assert np.isnan(area_under_curve(scores, second, weights * second)).all()
    alone = single_areas(np.column_stack([scores, -scores, np.ones(60)]), second)
    area = roc_auc_score(second, scores)
    np.testing.assert_allclose(alone, [max(area, 1 - area)] * 2 + [0.5])


def test_p_of_chance_is_about_right():
    rng = np.random.default_rng(0)
    second = np.arange(60) < 20
    areas = [area_under_curve(rng.normal(size=60), second, np.ones((1, 60)))[0] for _ in range(400)]
    p = np.array([chance_p_value(a, 40, 20) for a in areas])
    assert np.mean(p < 0.1) == pytest.approx(0.1, abs=0.04)


def test_own_rows_lie_inside_their_domain_for_95_percent_by_definition():
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(400, 80))
    codes = np.arange(400)
    assert share_inside(rows, codes, rows, codes) == pytest.approx(0.95, abs=0.003)
    assert share_inside(rows + 100, codes, rows, codes) == 0.0
    assert np.isnan(share_inside(rows, codes, rows, np.zeros(400, int)))


def test_separation_needs_no_balance():
    rng = np.random.default_rng(0)
    inputs = rng.normal(size=(420, 3)).astype(np.float32)
    second = np.arange(420) >= 400
    inputs[second, 1] += 4.0
    found = tell_apart(inputs, second, np.arange(420), 0)
    assert found.area > 0.9 and int(np.argmax(found.gain)) == 1
    assert found.interval[0] <= found.area <= found.interval[1]
