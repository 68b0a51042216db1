"""The exhibits of a diagnosis on the page: what was found, the evidence, the limits."""

from __future__ import annotations

from dataclasses import replace

import lxml.html
import numpy as np
import pytest
from report_sample import short
from test_report_page import HOSTILE, SECTIONS, Nesting, figures, without_library

from miscible.diagnosis import Exhibit, Grid, Heatmap, Lines, Series
from miscible.report import render_report
from miscible.report._figures_exhibits import heatmap_figure, line_styles, lines_figure

NAMES = ("hardness", "yield strength", "amorphous")
COSINES = Heatmap(
    "Cosine between the properties' gradients",
    "cosine",
    NAMES,
    NAMES,
    ((1.0, 0.42, -0.31), (0.42, 1.0, float("nan")), (-0.31, None, 1.0)),
    row_title="property",
    column_title="property",
    note="Mean over five networks.",
)
LEARNING = Lines(
    "What more labels would buy",
    "labels of hardness",
    "MAE [HV]",
    (
        Series("alone", (100.0, 200.0, 400.0), (90.0, 80.0, 71.0), (84.0, 76.0, 66.0), (97.0, 85.0, 77.0)),
        Series("together", (100.0, 200.0, 400.0), (84.0, None, 69.0)),
    ),
    log_x=True,
)
COUNTS = Grid(
    "Labels",
    ("property", "labels", "share of batches without it", "kind"),
    (("hardness", 498, 0.0512, "regression"), ("amorphous", 7070, None, "binary")),
    note="Of the training rows.",
)
ALIGNMENT = Exhibit(
    "alignment",
    "Gradient alignment",
    "Do the properties pull the shared layers in different directions?",
    ("Hardness and amorphous pull against each other: cosine -0.31.", "The other pairs agree."),
    ("Only 3 rows have both labels, so a cosine here is mostly noise.",),
    (COUNTS,),
    (COSINES,),
    (LEARNING,),
)
SHORT = Exhibit("shift", "Shift", "Do the properties live in the same part of input space?", ("Yes.",))


@pytest.fixture(scope="module")
def few():
    return short()


def page_with(few, *exhibits: Exhibit) -> str:
    return render_report(replace(few, exhibits=exhibits))


def section_of(page: str):
    (section,) = lxml.html.fromstring(without_library(page)).xpath("//section[@id='exhibits']")
    return section


def words(element) -> str:
    return " ".join(element.text_content().split())


def test_the_section_stands_before_the_table_and_tells_everything(few):
    page = page_with(few, ALIGNMENT, SHORT)
    parser = Nesting()
    parser.feed(without_library(page))
    assert parser.stack == []
    tree = lxml.html.fromstring(without_library(page))
    at = SECTIONS.index("table")
    assert [s.get("id") for s in tree.iter("section")] == [*SECTIONS[:at], "exhibits", *SECTIONS[at:]]
    first, second = section_of(page).xpath(".//details[@class='exhibit']")
    (summary,) = first.xpath("./summary")
    assert words(summary) == f"{ALIGNMENT.title} {ALIGNMENT.question} {ALIGNMENT.answer[0]}"
    text = words(first)
    for sentence in (*ALIGNMENT.answer, *ALIGNMENT.limits, COSINES.note, COUNTS.note):
        assert sentence in text
    assert first.get("open") is not None and second.get("open") is not None
    assert second.xpath(".//table | .//div[@class='plot'] | .//*[@class='cannot']") == []


def test_the_limits_come_last(few):
    (body,) = section_of(page_with(few, ALIGNMENT)).xpath(".//div[@class='exhibit-body']")
    assert body[-1].get("class") == "cannot"


def test_many_exhibits_fold_away_under_their_answers(few):
    section = section_of(page_with(few, *(replace(SHORT, key=f"k{i}") for i in range(4))))
    assert section.xpath(".//details[@class='exhibit'][@open]") == []
    assert [words(s) for s in section.xpath(".//summary/span[@class='found']")] == ["Yes."] * 4


def test_a_long_answer_folds_away_after_its_first_sentences(few):
    long = replace(SHORT, answer=tuple(f"Sentence {i}." for i in range(20)))
    section = section_of(page_with(few, long))
    (inner,) = section.xpath(".//details[@class='inner']")
    assert words(inner.xpath("./summary")[0]) == "13 more sentences"
    assert [words(i) for i in inner.xpath(".//li")] == list(long.answer[7:])
    assert all(sentence in words(section) for sentence in long.answer)


def test_tables_show_their_cells_and_set_numbers_right(few):
    (table,) = section_of(page_with(few, ALIGNMENT)).xpath(".//table[caption='Labels']")
    cells = [[words(c) for c in row] for row in table.xpath(".//tr")]
    assert cells == [list(COUNTS.columns), ["hardness", "498", "0.0512", "regression"],
                     ["amorphous", "7,070", "–", "binary"]]  # fmt: skip
    right = [c.get("class") == "n" for c in table.xpath(".//tbody/tr[1]/*")]
    assert right == [False, True, True, False]
    sentence = "A reason that is longer than thirty characters."
    page = page_with(few, replace(ALIGNMENT, grids=(replace(COUNTS, rows=(("a", 1, 2.0, sentence),)),)))
    assert section_of(page).xpath(".//table[caption='Labels']//td[@class='w']/text()") == [sentence]


def test_a_matrix_is_a_figure_and_a_table(few):
    (table,) = section_of(page_with(few, ALIGNMENT)).xpath(".//table[caption[@class='hidden']]")
    assert [words(c) for c in table.xpath(".//tbody/tr[3]/*")] == ["amorphous", "−0.310", "–", "1.00"]


def test_colours_part_at_the_centre():
    (trace,) = heatmap_figure(replace(COSINES, centre=0.25)).data
    assert (trace.zmin + trace.zmax) / 2 == pytest.approx(0.25)
    assert trace.zmax >= 1.0 and len(trace.colorscale) == 3
    assert np.array(trace.z, dtype=float)[0] == pytest.approx([1.0, 0.42, -0.31])
    assert trace.z[1][2] is None and trace.text[1][2] == ""


def test_a_scale_with_one_end_begins_at_zero():
    (trace,) = heatmap_figure(replace(COSINES, centre=None, values=((1.0, 2.0, 3.0),) * 3)).data
    assert (trace.zmin, trace.zmax) == (0.0, 3.0) and len(trace.colorscale) == 2


def test_one_value_far_out_does_not_make_the_others_pale():
    values = ((0.1, -0.1, 0.1), (0.1, 500.0, -0.1), (0.1, 0.1, 0.1))
    (trace,) = heatmap_figure(replace(COSINES, values=values)).data
    assert trace.zmax == pytest.approx(0.4)
    assert trace.text[1][1] == "500"


@pytest.mark.parametrize("values", [((None, None, None),) * 3, ((0.0, 0.0, 0.0),) * 3])
def test_nothing_to_colour(values):
    (trace,) = heatmap_figure(replace(COSINES, values=values)).data
    assert trace.zmin < trace.zmax


def test_lines_have_bands_gaps_and_their_own_places_on_a_logarithmic_axis():
    styles = line_styles(LEARNING.series)
    assert [s.variable for s in styles] == ["--separate-0", "--joint-0"]
    figure = lines_figure(LEARNING, styles)
    band, alone, together = figure.data
    assert band.fill == "toself" and len(band.x) == 6
    assert list(alone.y) == [90.0, 80.0, 71.0] and list(together.y) == [84.0, None, 69.0]
    assert figure.layout.xaxis.type == "log" and list(figure.layout.xaxis.tickvals) == [100, 200, 400]


def test_lines_without_a_point_are_left_out(few):
    empty = replace(
        LEARNING, series=(Series("nothing", (1.0, 2.0), (None, float("nan"))), Series("none", (), ()))
    )
    page = page_with(few, replace(ALIGNMENT, lines=(empty,), heatmaps=(), grids=()))
    assert section_of(page).xpath(".//div[@class='plot']") == []


def test_a_logarithmic_axis_of_many_places_names_round_ones():
    x = tuple(np.geomspace(130, 1000, 30).tolist())
    line = Series("fitted", x, x)
    figure = lines_figure(replace(LEARNING, series=(line,)), line_styles([line]))
    assert list(figure.layout.xaxis.ticktext) == ["200", "500", "1,000"]
    wide = replace(line, x=tuple(np.geomspace(1, 1e6, 30).tolist()))
    figure = lines_figure(replace(LEARNING, series=(wide,)), line_styles([wide]))
    assert list(figure.layout.xaxis.tickvals) == [10.0**k for k in range(7)]


def test_names_that_are_too_long_for_their_columns_are_turned():
    assert heatmap_figure(COSINES).layout.xaxis.tickangle == -35
    short_names = ("a", "b", "c")
    assert heatmap_figure(replace(COSINES, columns=short_names)).layout.xaxis.tickangle == 0


@pytest.mark.parametrize(
    ("value", "text"),
    [(1132.0, "1,132"), (9.3e-16, "<10⁻⁹"), (-9.3e-16, ">−10⁻⁹"), (0.0, "0"), (0.985, "0.985"), (3, "3")],
)
def test_numbers_in_tables(few, value, text):
    page = page_with(few, replace(SHORT, grids=(Grid("G", ("a", "b"), (("x", value),)),)))
    assert words(section_of(page).xpath(".//table//td")[0]) == text


def test_many_lines_can_be_told_apart():
    series = tuple(Series(f"p{i}", (1.0, 2.0), (1.0, 2.0)) for i in range(15))
    styles = line_styles(series)
    assert len({(s.colour, s.symbol) for s in styles}) == 15


def test_a_wide_matrix_writes_no_numbers_and_scrolls_in_its_box(few):
    n = 40
    names = tuple(f"property {i}" for i in range(n))
    values = tuple(tuple(float(i - j) for j in range(n)) for i in range(n))
    wide = replace(COSINES, rows=names, columns=names, values=values)
    assert heatmap_figure(wide).data[0].texttemplate is None
    (plot,) = section_of(page_with(few, replace(ALIGNMENT, heatmaps=(wide,), lines=()))).xpath(
        ".//div[@class='plot']"
    )
    assert "min-width:950px" in plot.get("style")


def test_every_text_of_an_exhibit_is_escaped(few):
    names = (HOSTILE, "b", "c")
    hostile = Exhibit(
        "alignment", HOSTILE, HOSTILE, (HOSTILE, HOSTILE), (HOSTILE,),
        (Grid(HOSTILE, (HOSTILE, HOSTILE), ((HOSTILE, HOSTILE),), HOSTILE),),
        (replace(COSINES, title=HOSTILE, unit=HOSTILE, rows=names, columns=names, row_title=HOSTILE,
                 column_title=HOSTILE, note=HOSTILE),),
        (replace(LEARNING, title=HOSTILE, x_title=HOSTILE, y_title=HOSTILE, note=HOSTILE,
                 series=(replace(LEARNING.series[0], name=HOSTILE),)),),
    )  # fmt: skip
    page = page_with(few, hostile)
    assert "<script>alert" not in page
    assert len(figures(page)) == len(figures(page_with(few, ALIGNMENT)))


def test_identifiers_stay_unique(few):
    tree = lxml.html.fromstring(without_library(page_with(few, ALIGNMENT, replace(ALIGNMENT, key="other"))))
    identifiers = tree.xpath("//@id")
    assert len(identifiers) == len(set(identifiers))


def test_falling_errors_have_the_colour_of_learning_together():
    scales = [heatmap_figure(replace(COSINES, low_is_good=good)).data[0].colorscale for good in (False, True)]
    ends = [(scale[0][1], scale[-1][1]) for scale in scales]
    assert ends[0] == ends[1][::-1]
    assert ends[0][0] != ends[0][1]
