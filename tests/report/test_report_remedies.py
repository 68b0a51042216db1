"""Regions and remedies: figures show the numbers they are given."""

from __future__ import annotations

import numpy as np
import pytest
from report_sample import PROPERTIES, sample, short, wide, with_remedies
from sklearn.metrics import recall_score

from miscible.report import Band, Grouping, Influence, Predictions, ReportData, RuleStory
from miscible.report._figures_curves import curve_styles
from miscible.report._figures_pairs import grouping_figure, influence_figure
from miscible.report._figures_regions import MOST_REGIONS, region_figure, region_table
from miscible.report._figures_rules import rule_figure
from miscible.report._view_regions import region_views
from miscible.report._view_remedies import remedy_view


@pytest.fixture
def rng():
    return np.random.default_rng(2)


@pytest.fixture(scope="module")
def data() -> ReportData:
    return with_remedies(short())


def normal_predictions(rng, n=800) -> Predictions:
    truth = rng.normal(size=n)
    noise = np.where(np.abs(truth) > 2.5, 5.0, 1.0)
    return Predictions("p", "regression", "eV", "m", truth, truth + noise, truth + 2 * noise, None)


def test_errors_by_region_are_drawn_for_every_arm(rng):
    table = region_table(normal_predictions(rng))
    assert table is not None and list(table.arms) == ["deployed", "best joint"]
    figure = region_figure(table, "eV")
    by_symbol = {t.marker.symbol: t for t in figure.data}
    assert set(by_symbol) == {"diamond", "circle"}
    many, medium, few, balanced = by_symbol["diamond"].x
    assert many == medium == 1.0 and few > 2.0
    assert balanced == pytest.approx((many + medium + few) / 3, rel=1e-3)
    assert np.array(by_symbol["circle"].x) == pytest.approx(2 * np.array(by_symbol["diamond"].x), rel=1e-3)
    counts = [int(t.split(" · ")[1]) for t in figure.layout.yaxis.ticktext[:-1]]
    assert sum(counts) == 800


def test_arms_are_compared_on_common_labels(rng):
    given = normal_predictions(rng)
    joint = given.joint.copy()
    joint[:100] = np.nan
    table = region_table(Predictions("p", "regression", "", "m", given.observed, given.predicted, joint))
    assert table.regions.counts.sum() == 700
    assert np.isfinite(table.shown("deployed")).all() and np.isfinite(table.shown("best joint")).all()


def test_classes_are_regions_judged_at_their_own_thresholds(rng):
    truth = (rng.random(600) < 0.2).astype(float)
    probability = np.clip(0.2 + 0.3 * truth + 0.15 * rng.normal(size=600), 0, 1)
    predictions = Predictions(
        "c",
        "binary",
        "",
        "m",
        truth,
        probability,
        classes=("no", "yes"),
        thresholds={"deployed": np.full(600, 0.35)},
    )
    figure = region_figure(region_table(predictions), "")
    missed = [100 - 100 * recall_score(truth, probability >= 0.35, pos_label=c) for c in (0, 1)]
    assert np.array(figure.data[0].x) == pytest.approx([*missed, np.mean(missed)], rel=1e-3)


def test_many_classes_keep_the_commonest_and_the_rarest(rng):
    truth = np.repeat(np.arange(20.0), np.arange(1, 21) ** 2)
    predictions = Predictions(
        "c",
        "multiclass",
        "",
        "m",
        truth,
        rng.dirichlet(np.ones(20), len(truth)),
        classes=tuple("abcdefghijklmnopqrst"),
    )
    table = region_table(predictions)
    assert len(table.order) == MOST_REGIONS
    assert table.order[0] == 19 and set(table.order[1:]) == set(range(MOST_REGIONS - 1))
    (view,) = region_views(ReportData("", "", "", (), "", "", 1, 1, 1, 1, predictions=(predictions,)))
    assert view.n_more == 20 - MOST_REGIONS


def test_one_region_is_no_panel():
    constant = Predictions("p", "regression", "", "m", np.full(50, 2.0), np.arange(50.0))
    one_class = Predictions("c", "binary", "", "m", np.ones(50), np.full(50, 0.4), classes=("no", "yes"))
    nothing = Predictions("p", "regression", "", "m", np.arange(50.0), np.full(50, np.nan))
    assert [region_table(p) for p in (constant, one_class, nothing)] == [None] * 3


def test_the_caption_for_those_who_cannot_see_holds_the_numbers(data):
    view = region_views(data)[0]
    for _, _, _, _, cells in view.rows:
        for cell in cells:
            assert cell in view.panel.label
    assert "balanced" in view.panel.label and view.rows[-1][0] == "balanced"


def test_weights_are_lines_with_their_quartiles(data):
    (story,) = data.rules
    styles = {s.strategy: s for s in curve_styles(story.names, dict.fromkeys(story.names, "joint"))}
    figure = rule_figure(story, styles)
    lines = [t for t in figure.data if t.mode == "lines" and t.fill is None and t.yaxis is None]
    assert len(lines) == len(story.names)
    for line, band in zip(lines, story.weights, strict=True):
        assert np.array(line.y) == pytest.approx(band.mean, rel=1e-3)
    fills = [t for t in figure.data if t.fill == "toself"]
    assert fills[0].y[:80] == pytest.approx(story.weights[0].upper, rel=1e-3)
    acted, conflicts = [t for t in figure.data if t.yaxis == "y2"]
    assert np.array(acted.y) == pytest.approx(100 * story.acted.mean, rel=0.01)
    assert np.array(conflicts.y) == pytest.approx(100 * story.conflicts.mean, rel=0.01)


def test_many_weights_are_rows_around_their_mean(rng):
    flat = np.ones(4)
    bands = [Band(w * flat, w * flat, w * flat) for w in (4.0, 1.0, 0.5, 0.5, 0.5, 0.5)]
    acted = Band(flat, flat, flat)
    story = RuleStory("s", "r", tuple("abcdef"), np.arange(1, 5), tuple(bands), acted, None, 3)
    figure = rule_figure(story, {})
    heat = figure.data[0]
    mean = 7.0 / 6
    wanted = np.log2(np.array([4.0, 1.0, 0.5, 0.5, 0.5, 0.5]) / mean)
    assert np.array(heat.z)[:, 0] == pytest.approx(wanted, abs=5e-3)
    assert "weight 4," in heat.text[0][0] and len(figure.data) == 2


def test_influence_names_who_takes_from_whom():
    mean = np.array([[np.nan, 0.3, 0.002], [0.1, np.nan, 0.2], [0.0, 0.0, np.nan]])
    influence = Influence("relation", ("a", "<b>", "c"), mean, 0.1 * mean, 9)
    heat = influence_figure(influence).data[0]
    assert heat.z[0][1] == 30.0 and heat.z[0][0] is None and heat.text[0][1] == "30 ± 3"
    assert heat.zmax == 30.0
    assert heat.customdata[0][1] == ("a", "&lt;b&gt;") or heat.customdata[0][1] == ["a", "&lt;b&gt;"]
    (part,) = remedy_view(ReportData("", "", "", (), "", "", 1, 1, 1, 1, influences=(influence,)))
    assert part.views[0].rows == (("a", "<b> 30 % ± 3"), ("<b>", "c 20 % ± 2, a 10 % ± 1"), ("c", ""))


def test_grouping_says_alone_and_never_answered():
    together = np.array([[np.nan, 0.8, 0.0], [0.8, np.nan, 0.0], [np.nan] * 3])
    together = np.vstack([np.hstack([together, [[0.0], [0.0], [np.nan]]]), [0.0, 0.0, 0.0, np.nan]])
    grouping = Grouping("grouped", tuple("abcd"), together, 15)
    heat = grouping_figure(grouping).data[0]
    assert heat.z[0][1] == 80.0 and heat.text[0][1] == "80 %" and heat.z[2][0] is None
    (part,) = remedy_view(ReportData("", "", "", (), "", "", 1, 1, 1, 1, groupings=(grouping,)))
    assert [row[1] for row in part.views[0].rows] == ["b 80 %", "a 80 %", "–", "alone in every fold"]


def test_a_few_strategies_are_open_and_more_fold_away():
    assert not any(part.many for part in remedy_view(with_remedies(short(), strategies=2)))
    assert all(part.many for part in remedy_view(with_remedies(short(), strategies=3)))
    assert not any(part.many for part in remedy_view(with_remedies(wide(6), strategies=1)))
    assert all(part.many for part in remedy_view(with_remedies(wide(6), strategies=2)))
    assert remedy_view(sample(PROPERTIES[:2])) == ()


def test_matrices_of_many_properties_hold_no_text():
    parts = remedy_view(with_remedies(wide(15)))
    assert [part.key for part in parts] == ["rules", "influence", "groups"]
    assert all("texttemplate" not in str(part.views[0].panel.figure) for part in parts)
