"""Who helps whom: order, colours, ends of the rows, stability and what paid."""

from __future__ import annotations

import math
from dataclasses import replace

import lxml.html
import numpy as np
import pytest
from report_sample import short, wide, with_ratios
from scipy.stats import spearmanr

from miscible.report import RatioChange, RatioMatrix, ReportData, render_report
from miscible.report._figures_ratios import clustered, ratio_extent, ratio_figure, scatter_figure
from miscible.report._palette import LIGHT
from miscible.report._view_ratios import ratio_views

NAN = float("nan")
HOSTILE = "<script>alert('x')</script>"


def matrix(mean, **changes) -> RatioMatrix:
    mean = np.array(mean, dtype=float)
    n = len(mean)
    known = np.where(np.isfinite(mean), 15, 0)
    blank = np.full((n, n), NAN)
    given = RatioMatrix(
        "transfer",
        "learned",
        tuple("abcdefghijklmnopqrst"[:n]),
        np.arange(n) + 100,
        mean,
        blank,
        blank,
        known,
        known,
        np.full(n, 2.5),
        blank,
    )
    return replace(given, **changes)


def page_data(*matrices: RatioMatrix) -> ReportData:
    return ReportData("", "", "", (), "", "", 1, 1, 1, 1, ratios=matrices)


def planted(n: int = 12, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Ratios near 2 within three families in shuffled order, near 0.3 between them."""
    rng = np.random.default_rng(seed)
    family = rng.permutation(np.arange(n) % 3)
    mean = np.where(family[:, None] == family, 2.0, 0.3) + 0.05 * rng.random((n, n))
    np.fill_diagonal(mean, NAN)
    return mean, family


def test_families_stand_side_by_side():
    mean, family = planted()
    ordered = family[clustered(mean)]
    assert (np.diff(ordered) != 0).sum() == 2
    assert sorted(clustered(mean).tolist()) == list(range(12))


def test_one_direction_is_enough_and_no_source_is_far_away():
    mean = np.full((4, 4), NAN)
    mean[2, 0] = mean[1, 3] = 2.0
    order = clustered(mean).tolist()
    assert abs(order.index(0) - order.index(2)) == abs(order.index(1) - order.index(3)) == 1


@pytest.mark.parametrize("n", [1, 2, 3])
def test_few_properties_keep_their_order_or_have_one(n):
    assert sorted(clustered(np.full((n, n), NAN)).tolist()) == list(range(n))


def test_colours_turn_at_one_and_blanks_stay_blank():
    given = matrix([[NAN, 1.4, 0.9], [0.7, NAN, NAN], [1.0, 1.1, NAN]])
    figure = ratio_figure(given, np.array([1, 0, 2]), np.array([2, 1, 0]))
    heat = figure.data[0]
    assert heat.zmin + heat.zmax == pytest.approx(2.0) and heat.zmax == pytest.approx(1.4)
    assert [c for _, c in heat.colorscale] == [LIGHT["separate"], LIGHT["heat-low"], LIGHT["joint"]]
    assert heat.z[0][0] is None and heat.z[0][1] is None and heat.z[0][2] == 0.7
    assert heat.z[1][0] == 0.9 and heat.z[1][1] == 1.4
    assert figure.layout.yaxis.ticktext == ("b · 101", "a · 100", "c · 102")
    assert figure.layout.xaxis.ticktext == ("c · 102", "b · 101", "a · 100")


def test_one_large_ratio_does_not_make_the_others_pale():
    mean = np.full((6, 6), 1.1)
    mean[0, 1] = 18.0
    assert ratio_extent(mean) == pytest.approx(0.4)
    assert ratio_extent(np.full((6, 6), 18.0)) == 1.0
    assert ratio_extent(np.ones((3, 3))) == ratio_extent(np.full((3, 3), NAN)) == 1.0


def test_spread_is_over_networks_else_seeds_and_stability_is_a_share_of_networks():
    one = matrix(
        [[NAN, 1.5, 0.5], [1.2, NAN, 1.0], [0.8, NAN, NAN]],
        between=np.array([[NAN, NAN, 0.3], [0.3, NAN, NAN], [NAN, NAN, NAN]]),
        within=np.array([[NAN, 0.4, 0.4], [NAN, NAN, NAN], [NAN, NAN, NAN]]),
        known=np.array([[0, 10, 10], [1, 0, 10], [5, 0, 0]]),
        agreeing=np.array([[0, 8, 7], [1, 0, 0], [4, 0, 0]]),
    )
    np.testing.assert_allclose(one.spread, [[NAN, 0.4, 0.3], [0.3, NAN, NAN], [NAN, NAN, NAN]])
    assert one.stable.tolist() == [[False, True, False], [False] * 3, [True, False, False]]
    assert np.isnan(matrix(one.mean).spread).all()


def test_the_ends_of_a_row_are_named_with_their_numbers():
    mean = [[NAN, 1.5, 0.5, 0.9, 1.1, 0.2, 1.2, 0.8], *[[NAN] * 8] * 7]
    one = matrix(mean, between=np.full((8, 8), 0.25), agreeing=np.full((8, 8), 9))
    (view,) = ratio_views(page_data(one))
    (row,) = view.rows
    assert [s.name for s in row.strongest] == ["b", "g", "e"]
    assert [s.name for s in row.weakest] == ["f", "c", "h"]
    assert row.strongest[0].ratio == "1.50 ± 0.25" and row.strongest[0].agreeing == "9 of 15"
    assert (
        row.strength == "2.5" and not row.strongest[0].is_stable and row.name == "a" and row.labels == "100"
    )


def test_no_source_is_both_strongest_and_weakest():
    one = matrix([[NAN, 1.5, 0.5, 0.9], [1.0, NAN, NAN, NAN], [2.0, 0.1, NAN, NAN], [NAN] * 4])
    (view,) = ratio_views(page_data(one))
    ends = [([s.name for s in row.strongest], [s.name for s in row.weakest]) for row in view.rows]
    assert ends == [(["b", "d"], ["c"]), (["a"], []), (["a"], ["b"])]
    assert view.rows[0].strongest[0].ratio == "1.50" and view.rows[0].strongest[0].is_stable


def test_what_was_measured_is_said_in_words_and_beside_each_target():
    own = np.array([0.9, 1.1, 0.5, 1.0])
    changes = (
        RatioChange("shared", own, np.array([1.0, 1.0, 1.0, NAN]), np.array([9, 2, 15, 0]), np.array([15, 15, 15, 0])),
        RatioChange("independent", own, np.ones(4), np.full(4, 7), np.full(4, 15)),
    )  # fmt: skip
    one = matrix(np.where(np.eye(4), NAN, 1.2), changes=changes)
    (view,) = ratio_views(page_data(one))
    mean = 100 * (math.exp(np.log([0.9, 1.1, 0.5]).mean()) - 1)
    assert f"against shared the error is lower for 2 of 3 targets (−{-mean:.1f} %" in view.lead
    assert "against independent the error is lower for 2 of 4 targets" in view.lead
    assert view.columns == ("shared", "independent")
    assert view.rows[0].changes[0] == ("−10.0 %", "better in 9 of 15 folds")
    assert view.rows[3].changes[0] == ("–", "") and view.rows[3].error == "1.00"
    assert view.sentences[0] == "Against shared the error fell most for c (−50.0 %) and a (−10.0 %)."
    assert view.sentences[1] == "Against shared the error rose most for b (+10.0 %)."
    assert any("equal ratios" in limit for limit in view.limits)


def test_equal_ratios_beside_it_lift_the_limit():
    change = RatioChange("transfer+equal", np.ones(3), np.ones(3), np.zeros(3, int), np.full(3, 15))
    (view,) = ratio_views(page_data(matrix(np.where(np.eye(3), NAN, 1.2), changes=(change,))))
    assert not any("equal ratios" in limit for limit in view.limits)
    assert "0 of 3 targets (0.0 % in the geometric mean)" in view.lead
    assert not any("most for" in sentence for sentence in view.sentences)


def test_without_a_simpler_network_nothing_is_said_of_errors():
    (view,) = ratio_views(page_data(matrix(np.where(np.eye(3), NAN, 1.2))))
    assert "not known" in view.lead and view.rows[0].error == "–" and view.columns == ()


def test_stable_ratios_are_counted_and_so_is_what_chance_would_give():
    mean = np.array([[NAN, 1.5, 0.5], [1.2, NAN, 0.6], [0.8, 1.1, NAN]])
    agreeing = np.array([[0, 15, 12], [11, 0, 15], [15, 15, 0]])
    one = matrix(mean, agreeing=agreeing, between=np.full((3, 3), 0.2))
    (view,) = ratio_views(page_data(one))
    said = " ".join(view.sentences)
    assert "Of 6 ratios 2 are stable above 1 and 3 stable below" in said and "80 %" in said
    assert "0.20 from network to network" in said and "by what learned it" not in said
    chance = 2 * sum(math.comb(15, k) for k in (12, 13, 14, 15)) / 2**15
    assert any(f"{100 * chance:.0f} % of ratios" in limit for limit in view.limits)


def test_rank_correlation_is_that_of_known_pairs():
    rng = np.random.default_rng(1)
    correlation = rng.uniform(-1, 1, (6, 6))
    mean = np.where(np.eye(6), NAN, 1 + np.abs(correlation))
    correlation[0, 1:4] = NAN
    one = matrix(mean, correlation=correlation)
    (view,) = ratio_views(page_data(one))
    facts = dict(view.scatter.facts)
    use = np.isfinite(mean) & np.isfinite(correlation)
    wanted = spearmanr(correlation[use], mean[use]).statistic
    assert facts["pairs"] == "27" and facts["with |r|"] == "+1.00"
    assert facts["rank correlation with r"] == f"{wanted:+.2f}".replace("-", "−")
    assert "3 more pairs" in view.scatter.caption
    points = scatter_figure(one).data[1]
    assert len(points.x) == 27 and "b for c" in points.text
    at = list(points.text).index("b for c")
    assert (points.x[at], points.y[at]) == pytest.approx((correlation[2, 1], mean[2, 1]), rel=2e-3)


def test_few_known_correlations_are_not_drawn_and_set_ratios_never_are():
    mean = np.where(np.eye(6), NAN, 1.2)
    few = np.full((6, 6), NAN)
    few[0, 1:] = 0.5
    all_known = matrix(mean, kind="correlated", correlation=np.full((6, 6), 0.5))
    views = ratio_views(page_data(matrix(mean, correlation=few), all_known))
    assert [view.scatter for view in views] == [None, None]
    told = [[limit for limit in view.limits if "cannot be seen" in limit] for view in views]
    assert len(told[0]) == 1 and "5 pairs share" in told[0][0] and told[1] == []
    assert [view.is_open for view in views] == [True, False] and "not learned" in views[1].question


def test_what_a_ratio_is_depends_on_where_it_comes_from():
    mean = np.where(np.eye(6), NAN, 1.2)
    within = np.full((6, 6), 0.4)
    kinds = ("learned", "one-step", "correlated")
    views = ratio_views(page_data(*(matrix(mean, kind=kind, within=within) for kind in kinds)))
    limits = [" ".join(view.limits) for view in views]
    assert "random halves" in limits[0] and "steps ahead" not in limits[0]
    assert "steps ahead" in limits[1] and "random halves" not in limits[1]
    assert "held out" not in limits[2] and "others were preferred" not in limits[2]
    assert "uncertain by 0.40 by what learned it" in views[0].sentences[-1]


def test_ratios_that_are_fixed_have_no_section():
    fixed = matrix(np.where(np.eye(3), NAN, 1.0), kind="fixed")
    assert ratio_views(page_data(fixed, matrix(np.full((3, 3), NAN)))) == ()
    assert 'id="ratios"' not in render_report(short())


def test_targets_and_sources_without_ratios_take_no_room():
    mean = np.full((20, 20), NAN)
    mean[4, 5:12] = 1.3
    (view,) = ratio_views(page_data(matrix(mean)))
    assert "7 sources for 1 targets" in view.matrix.label and len(view.rows) == 1


@pytest.mark.parametrize(("n", "width"), [(5, 500), (40, 1000), (137, 2000)])
def test_names_are_readable_from_five_to_137_properties(n, width):
    mean = np.where(np.eye(n), NAN, np.random.default_rng(n).lognormal(0, 0.3, (n, n)))
    names = tuple(f"property {k}" for k in range(n))
    one = replace(matrix(mean), names=names)
    (view,) = ratio_views(page_data(one))
    assert view.matrix.min_width == pytest.approx(width, rel=0.1)
    figure = ratio_figure(one, np.arange(n), np.arange(n))
    size = figure.layout.yaxis.tickfont.size
    assert (figure.layout.height - 150) / n > size and len(figure.layout.xaxis.ticktext) == n
    assert (figure.data[0].texttemplate is not None) == (n == 5)


def test_hundreds_of_properties_have_a_table_and_no_matrix():
    n = 210
    mean = np.where(np.eye(n), NAN, 1.2)
    one = replace(matrix(mean), names=tuple(f"p{k}" for k in range(n)))
    (view,) = ratio_views(page_data(one))
    assert view.matrix is None and len(view.rows) == n and view.is_long


def test_the_section_stands_in_the_page_and_claims_no_help():
    data = with_ratios(wide(16), "transfer", "align", "transfer+equal", sources=0.9)
    tree = lxml.html.fromstring(render_report(data))
    (section,) = tree.xpath("//section[@id='ratios']")
    assert tree.xpath("//nav//a[@href='#ratios']") and len(section.xpath("./div/details")) == 2
    assert [len(d.xpath("self::*[@open]")) for d in section.xpath("./div/details")] == [1, 0]
    text = " ".join(section.text_content().split())
    assert "does not show that a source helps" in text and "What this cannot show here" in text
    assert section.xpath("count(.//tbody/tr)") == 32
    assert "against shared" in text and "nan" not in text.lower().split()


def test_names_are_escaped():
    data = with_ratios(short())
    names = (HOSTILE, "b")
    hostile = replace(data, ratios=tuple(replace(m, strategy=HOSTILE, names=names) for m in data.ratios))
    assert "<script>alert" not in render_report(hostile)
