"""The page as a whole: structure, safety, size, repeatability."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from html.parser import HTMLParser

import lxml.html
import numpy as np
import pytest
from report_sample import minimal, renamed, sample, short, wide, with_remedies, with_verdict

from miscible.advice import Call
from miscible.errors import MiscibleError
from miscible.report import ReportData, render_report, write_report

VOID = {"meta", "br", "wbr", "hr", "img", "input", "link", "circle"}
SECTIONS = [
    "verdicts",
    "differences",
    "scores",
    "predictions",
    "tails",
    "regions",
    "table",
    "folds",
    "curves",
    "calibration",
    "costs",
    "limits",
    "repeat",
    "citations",
]


class Nesting(HTMLParser):
    """Fails where tags do not close in order."""

    def __init__(self) -> None:
        super().__init__()
        self.stack: list[str] = []

    def handle_starttag(self, tag, attrs):
        if tag not in VOID:
            self.stack.append(tag)

    def handle_startendtag(self, tag, attrs):
        assert tag in VOID, f"<{tag}/> is no void element"

    def handle_endtag(self, tag):
        assert self.stack and self.stack[-1] == tag, f"</{tag}> closes {self.stack[-3:]}"
        self.stack.pop()


def without_library(page: str) -> str:
    """The page less plotly.js, which is the longest script."""
    longest = max(re.findall(r"<script>.*?</script>", page, re.S), key=len)
    assert len(longest) > 1_000_000
    return page.replace(longest, "")


def figures(page: str) -> list[dict]:
    """Every embedded figure."""
    tree = lxml.html.fromstring(without_library(page))
    return [
        json.loads(s.text) for s in tree.xpath("//script[@type='application/json'][contains(@id,'-data')]")
    ]


@pytest.fixture(scope="module")
def data() -> ReportData:
    return sample()


@pytest.fixture(scope="module")
def few() -> ReportData:
    return short()


@pytest.fixture(scope="module")
def page(data) -> str:
    return render_report(data)


@pytest.fixture(scope="module")
def few_page(few) -> str:
    return render_report(few)


@pytest.fixture(scope="module")
def tree(page):
    return lxml.html.fromstring(without_library(page))


def test_tags_close_in_order(page):
    parser = Nesting()
    parser.feed(without_library(page))
    parser.close()
    assert parser.stack == []


def test_every_section_is_there_once_in_reading_order_and_in_the_contents(tree):
    assert [s.get("id") for s in tree.iter("section")] == SECTIONS
    assert tree.xpath("//nav//li/a/@href") == [f"#{key}" for key in SECTIONS]


def test_identifiers_are_unique_and_references_resolve(tree):
    identifiers = tree.xpath("//@id")
    assert len(identifiers) == len(set(identifiers))
    wanted = {h[1:] for h in tree.xpath("//a/@href") if h.startswith("#")} | set(
        tree.xpath("//@aria-labelledby")
    )
    assert wanted <= set(identifiers)


def test_every_plot_has_its_data_a_description_and_reserved_height(tree):
    plots = tree.xpath("//div[@class='plot']")
    assert len(plots) > 15
    for plot in plots:
        assert plot.get("role") == "img"
        assert len(plot.get("aria-label")) > 10
        assert re.search(r"height:\d+px", plot.get("style"))
        content = json.loads(tree.get_element_by_id(f"{plot.get('id')}-data").text)
        assert content["data"] and f"height:{content['layout']['height']}px" in plot.get("style")


def test_nothing_is_loaded_from_elsewhere(tree, page):
    assert tree.xpath("//link | //img | //iframe | //object | //embed | //base | //form") == []
    assert tree.xpath("//@src | //@srcset | //@poster | //@background") == []
    assert all(href.startswith("#") for href in tree.xpath("//a/@href"))
    own = without_library(page)
    assert not re.search(r"@import|url\(", own)
    without_citations = re.sub(r"<pre.*?</pre>", "", own, flags=re.S)
    assert not re.search(r"https?://", without_citations)


def test_the_page_forbids_itself_the_network(tree):
    (policy,) = tree.xpath("//meta[@http-equiv='Content-Security-Policy']/@content")
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    assert rules["default-src"] == "'none'"
    assert not any("http" in value or "*" in value or "eval" in value for value in rules.values())
    assert set(rules["img-src"].split()) == {"data:", "blob:"}
    assert "connect-src" not in rules and "font-src" not in rules


def test_the_demo_sized_page_stays_under_ten_megabytes(page):
    assert len(page.encode()) < 6_500_000


def test_the_same_data_give_the_same_bytes(page):
    assert render_report(sample()) == page


def test_figures_hold_no_nan_and_plotly_accepts_them(page):
    go = pytest.importorskip("plotly.graph_objects")
    for figure in figures(page):
        text = json.dumps(figure)
        assert "NaN" not in text and "Infinity" not in text
        go.Figure(figure)


def test_verdicts_read_as_given(tree, data):
    cards = tree.xpath("//details[starts-with(@class,'card ')]")
    assert len(cards) == len(data.verdicts)
    for card, verdict in zip(cards, data.verdicts, strict=True):
        text = " ".join(card.text_content().split())
        assert verdict.name in text and str(verdict.call) in text and verdict.reason in text
        assert verdict.deploy.strategy in text
        assert "Smallest difference this table could show" in text
        (bar,) = card.xpath(".//span[@class='bar']")
        widths = [float(w) for w in re.findall(r"width:([\d.]+)%", lxml.html.tostring(bar).decode())]
        parts = (verdict.sharing.p_better, verdict.sharing.p_equivalent, verdict.sharing.p_worse)
        assert widths == pytest.approx([100 * p for p in parts], abs=0.006)
        assert bar.get("aria-label").startswith("better ")


def test_answer_names_every_property_under_its_call(tree):
    (answer,) = tree.xpath("//p[@class='answer']")
    assert answer.text == (
        "Learn tensile strength together with other properties; keep amorphous apart; for yield strength it makes "
        "no difference; for hardness and elongation this table cannot tell."
    )


def test_scores_mark_the_nested_choice_and_call_the_rest_exploratory(tree):
    (table,) = tree.xpath("//section[@id='scores']//table[contains(@class,'matrix')]")
    chosen = {
        row.xpath("./th//span[@class='who']/span[2]")[0]
        .text_content()
        .removesuffix("together")
        .removesuffix("apart")
        for row in table.xpath(".//tbody/tr")
        if row.xpath(".//span[@class='mark-chosen']")
    }
    assert chosen == {"independent", "independent+w64", "shared", "shared+balanced+inverse-count"}
    (hardness, *_) = tree.xpath("//section[@id='scores']//details")
    assert hardness.text_content().count("exploratory") == 11 - 4
    assert "11 of 15" in hardness.text_content()


def test_choices_are_out_of_the_folds_that_were_compared(few):
    sharing = few.verdicts[0].sharing
    differences = ((float("nan"), *sharing.fold_differences[0][1:]), *sharing.fold_differences[1:])
    data = with_verdict(few, sharing=replace(sharing, fold_differences=differences, n_folds=4))
    assert "11 of 14" in render_report(data)


def test_a_deployment_that_had_to_beat_the_simplest_shows_by_how_much(data):
    deploy = replace(data.verdicts[0].deploy, simplest="ridge", comparison=data.verdicts[2].sharing)
    text = lxml.html.fromstring(
        without_library(render_report(with_verdict(data, deploy=deploy)))
    ).text_content()
    assert "better with probability >99 %" in text and "ridge 62.5 HV" in text


HOSTILE = "<script>alert('x')</script>"


@pytest.mark.parametrize(
    "name", [HOSTILE, "</script><img src=x onerror=alert(1)>", "a\"b'c&amp;<b>", "<!--<script>", "{{ 1 }}"]
)
def test_names_cannot_inject(name, few_page):
    hostile = render_report(renamed(name))
    parsed = lxml.html.fromstring(without_library(hostile))
    assert len(list(parsed.iter("script"))) == without_library(few_page).count("<script")
    assert parsed.xpath("//img") == [] and parsed.xpath("//@onerror") == []
    (first, *_) = parsed.xpath("//details[starts-with(@class,'card ')]//b")
    assert first.text_content() == name
    assert len(figures(hostile)) == len(figures(few_page))
    assert name not in without_library(hostile) or "<" not in name


def test_every_text_field_is_escaped(few):
    hostile = replace(
        with_verdict(few, reason=HOSTILE, unit=HOSTILE, warnings=(HOSTILE,), partners=(HOSTILE,)),
        title=HOSTILE,
        created=HOSTILE,
        source=HOSTILE,
        goal=HOSTILE,
        group=HOSTILE,
        fold_warnings=(HOSTILE,),
        command=HOSTILE,
        plan=HOSTILE,
        machine={HOSTILE: HOSTILE},
        limits=(HOSTILE,),
        citations=(HOSTILE,),
        bundle=HOSTILE,
        costs=tuple(replace(c, dropped=HOSTILE, reason=HOSTILE) for c in few.costs),
        journal=tuple(replace(j, when=HOSTILE, what=HOSTILE, why=HOSTILE) for j in few.journal),
        predictions=tuple(
            replace(p, unit=HOSTILE, strategy=HOSTILE, rows=(HOSTILE,) * len(p.rows)) for p in few.predictions
        ),
        curves=tuple(replace(c, strategy=HOSTILE) for c in few.curves),
        intervals=tuple(replace(i, unit=HOSTILE) for i in few.intervals),
    )
    page = render_report(hostile)
    assert "<script>alert" not in page
    parser = Nesting()
    parser.feed(without_library(page))
    assert parser.stack == []


def test_one_property_and_nothing_else():
    page = render_report(minimal())
    tree = lxml.html.fromstring(without_library(page))
    assert [s.get("id") for s in tree.iter("section")] == ["verdicts"]
    assert "was not compared" in tree.xpath("//p[@class='answer']")[0].text
    assert "NOT COMPARED" in tree.text_content() and "None" not in tree.text_content()
    assert figures(page) == []


def test_forty_properties_fold_away_and_stay_small():
    page = render_report(wide())
    tree = lxml.html.fromstring(without_library(page))
    assert len(page.encode()) < 9_000_000
    assert tree.xpath("//details[starts-with(@class,'card ')][@open]") == []
    for key in ("predictions", "tails", "regions", "curves"):
        outside = tree.xpath(f"//section[@id='{key}']//div[@class='plot'][not(ancestor::details)]")
        assert outside == [], key
    assert tree.xpath("//p[@class='answer']")[0].text.startswith("Of 40 properties, learn 8 together")


def test_not_measured_numbers_are_a_dash(few):
    nan = float("nan")
    sharing = replace(
        few.verdicts[0].sharing,
        baseline_error=nan,
        candidate_error=nan,
        difference=nan,
        interval=(nan, nan),
        p_better=nan,
        p_equivalent=nan,
        p_worse=nan,
        p_value=nan,
        p_holm=nan,
        smallest_detectable=float("inf"),
        fold_differences=((nan,) * 5,) * 3,
    )
    scores = tuple(replace(s, error=nan, inner_error=nan, metrics={}) for s in few.verdicts[0].scores)
    broken = with_verdict(few, sharing=sharing, scores=scores, call=Call.UNDECIDED)
    predictions = tuple(replace(p, predicted=np.full_like(p.predicted, nan)) for p in few.predictions)
    page = render_report(replace(broken, predictions=predictions))
    text = lxml.html.fromstring(without_library(page)).text_content()
    assert not re.search(
        r"\b(nan|inf|NaN|None)\b", without_library(re.sub(r"<script type.*?</script>", "", page, flags=re.S))
    )
    assert "–" in text


@pytest.mark.parametrize("gone", ["audit", "measured", "fold_labels", "wall_seconds", "bundle"])
def test_optional_parts_may_be_missing(few, gone):
    tree = lxml.html.fromstring(without_library(render_report(replace(few, **{gone: None}))))
    present = [s.get("id") for s in tree.iter("section")]
    assert present == [s for s in SECTIONS if not (gone == "fold_labels" and s == "folds")]


@pytest.mark.parametrize(
    ("gone", "section"),
    [
        ("predictions", {"predictions", "tails", "regions"}),
        ("curves", {"curves"}),
        ("limits", {"limits"}),
        ("citations", {"citations"}),
    ],
)
def test_sections_without_content_vanish(few, gone, section):
    tree = lxml.html.fromstring(without_library(render_report(replace(few, **{gone: ()}))))
    assert [s.get("id") for s in tree.iter("section")] == [s for s in SECTIONS if s not in section]


def test_writing_is_whole_and_leaves_nothing_beside(tmp_path):
    path = tmp_path / "report.html"
    path.write_text("old")
    assert write_report(minimal(), path) == path
    assert path.read_text(encoding="utf-8") == render_report(minimal())
    assert [p.name for p in tmp_path.iterdir()] == ["report.html"]


def test_a_place_that_cannot_be_written_is_named(tmp_path):
    with pytest.raises(MiscibleError, match="nowhere"):
        write_report(minimal(), tmp_path / "nowhere" / "report.html")
    folder = tmp_path / "taken"
    folder.mkdir()
    (folder / "inside").touch()
    with pytest.raises(MiscibleError, match="taken"):
        write_report(minimal(), folder)
    assert [p.name for p in tmp_path.iterdir()] == ["taken"]


def test_remedies_are_a_section_of_their_own(few):
    page = render_report(with_remedies(few))
    tree = lxml.html.fromstring(without_library(page))
    parser = Nesting()
    parser.feed(without_library(page))
    assert parser.stack == []
    keys = [s.get("id") for s in tree.iter("section")]
    assert keys == [*SECTIONS[:9], "remedies", *SECTIONS[9:]]
    (section,) = tree.xpath("//section[@id='remedies']")
    titles = [h.text for h in section.xpath(".//h3[@class='group']")]
    assert titles == ["What the rules did", "Who influences whom", "Which properties were grouped"]
    assert [p.get("id") for p in section.xpath(".//div[@class='plot']")] == [
        "plot-rules-0",
        "plot-influence-0",
        "plot-groups-0",
    ]
    assert len(section.xpath(".//table")) == 3


@pytest.mark.parametrize(
    ("gone", "title"),
    [("rules", "What the rules did"), ("influences", "Who influences"), ("groupings", "were grouped")],
)
def test_a_remedy_without_data_is_not_shown(few, gone, title):
    page = without_library(render_report(replace(with_remedies(few), **{gone: ()})))
    assert title not in page and page.count('class="group"') == 4


def test_many_strategies_and_properties_fold_away_and_stay_small():
    data = wide()
    page = render_report(with_remedies(data, strategies=4))
    tree = lxml.html.fromstring(without_library(page))
    plots = tree.xpath("//section[@id='remedies']//div[@class='plot']")
    assert len(plots) == 12 and all(p.xpath("ancestor::details") for p in plots)
    assert len(page) - len(render_report(data)) < 1_500_000


def test_names_of_remedies_are_escaped(few):
    filled = with_remedies(few)
    hostile = replace(
        filled,
        rules=tuple(replace(r, strategy=HOSTILE, rule=HOSTILE, names=(HOSTILE, "b")) for r in filled.rules),
        influences=tuple(replace(g, strategy=HOSTILE, names=(HOSTILE, "b")) for g in filled.influences),
        groupings=tuple(replace(g, strategy=HOSTILE, names=(HOSTILE, "b")) for g in filled.groupings),
    )
    page = render_report(hostile)
    assert "<script>alert" not in page
    assert len(figures(page)) == len(figures(render_report(filled)))


def test_error_by_region_has_a_row_for_each_region_and_the_balance(tree):
    (first, *_, last) = tree.xpath("//section[@id='regions']//table")
    assert [r.xpath("string(th/text())") for r in first.xpath(".//tbody/tr")] == [
        "many",
        "medium",
        "few",
        "balanced",
    ]
    assert [c.text for c in first.xpath(".//thead//th")] == [
        "region",
        "labels",
        "deployed",
        "best joint",
        "best separate",
    ]
    assert [r.xpath("string(th/text())") for r in last.xpath(".//tbody/tr")] == ["no", "yes", "balanced"]
