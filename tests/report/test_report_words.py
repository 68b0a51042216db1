"""Numbers, sentences and colours."""

from __future__ import annotations

import itertools
import re
from dataclasses import replace

import pytest
from report_sample import sample

from miscible.report._numbers import count, duration, estimate, number, percent, share, signed
from miscible.report._palette import DARK, LIGHT, contrast, css_variables, dark_map, shades
from miscible.report._words import answer, deploy_answer, listed, metric_label, short_error_label


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "–"),
        (float("nan"), "–"),
        (float("inf"), "–"),
        (0.0, "0"),
        (12345.6, "12,300"),
        (0.012345, "0.0123"),
        (-2.5, "−2.50"),
        (9.999, "10.0"),
        (3.2e-9, "3.20 × 10⁻⁹"),
        (4.1e11, "4.10 × 10¹¹"),
    ],
)
def test_numbers_have_three_significant_digits(value, text):
    assert number(value) == text


def test_a_difference_has_the_decimals_its_interval_supports():
    assert estimate(-14.7312, (-34.01, 4.6)) == ("−15", "−34 to +5")
    assert estimate(0.0257, (0.0144, 0.0370)) == ("+0.026", "+0.014 to +0.037")
    assert estimate(float("nan"), (0.0, 1.0)) == ("–", "–")
    assert estimate(1.234, (float("nan"), 1.0)) == ("+1.2", "–")


def test_small_numbers_keep_their_sign_only_where_it_shows():
    assert signed(-0.0001, 2) == "0.00" and signed(0.04, 1) == "0.0" and signed(3.0, 0) == "+3"


def test_probabilities_never_read_as_certain():
    assert [share(p) for p in (0.0, 0.004, 0.5, 0.996, 1.0, None)] == [
        "0 %",
        "<1 %",
        "50 %",
        ">99 %",
        "100 %",
        "–",
    ]
    assert percent(0.8943, 1) == "89.4 %"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.31, "0.31 s"),
        (59.0, "59 s"),
        (60, "1 min"),
        (172.4, "2 min 52 s"),
        (7260, "2 h 1 min"),
        (None, "–"),
    ],
)
def test_durations(seconds, text):
    assert duration(seconds) == text


def test_counts_and_lists():
    assert count(7070) == "7,070"
    assert listed(["a"]) == "a" and listed(["a", "b", "c"]) == "a, b and c"
    assert listed(list("abcdefgh"), 3) == "a, b, c and 5 more"


def test_deploy_sentence_names_models():
    data = sample()
    assert deploy_answer(data.verdicts) == "The model to deploy is lightgbm for every property."
    first = replace(data.verdicts[0], deploy=replace(data.verdicts[0].deploy, strategy="ridge"))
    text = deploy_answer((first, *data.verdicts[1:]))
    assert text.startswith("The models to deploy: lightgbm for yield strength") and text.endswith(
        "ridge for hardness."
    )
    assert deploy_answer([replace(v, deploy=None) for v in data.verdicts]) == ""


def test_answer_without_comparison():
    verdicts = [replace(v, sharing=None) for v in sample().verdicts]
    assert "not compared" in answer(verdicts) and "not compared" in answer(verdicts * 3)


def test_metric_names_carry_units_only_where_they_have_one():
    assert metric_label("mae", "HV") == "MAE [HV]" and metric_label("r2", "HV") == "R²"
    assert short_error_label("average_precision") == "1 − average precision"
    assert short_error_label("mae", "HV") == "MAE [HV]" and metric_label("log_loss", "HV") == "log loss"


@pytest.mark.parametrize("palette", [LIGHT, DARK], ids=["light", "dark"])
def test_text_contrast_meets_wcag_aa(palette):
    for text, ground in itertools.product(
        ("ink", "muted", "joint", "separate", "either", "warn", "problem"), ("paper", "panel")
    ):
        assert contrast(palette[text], palette[ground]) >= 4.5, (text, ground)
    for side in ("joint", "separate", "either"):
        assert contrast(palette[side], palette[f"{side}-soft"]) >= 4.5, side
    assert contrast(palette["muted"], palette["neutral-soft"]) >= 4.5
    assert contrast(palette["ink"], palette["warn-soft"]) >= 4.5


def test_contrast_of_known_pairs():
    assert contrast("#000000", "#ffffff") == pytest.approx(21.0)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


def test_dark_colours_are_found_by_their_light_ones():
    assert len(set(LIGHT.values())) == len(LIGHT) and LIGHT.keys() == DARK.keys()
    assert dark_map()[LIGHT["ink"]] == DARK["ink"]
    names = re.findall(r"--([\w-]+):", css_variables())
    assert len(names) == len(set(names)) and names == re.findall(r"--([\w-]+):", css_variables(dark=True))
    for colours in map(shades, ("joint", "separate", "baseline")):
        for colour in colours:
            assert contrast(dark_map().get(colour, colour), DARK["paper"]) >= 3.0, colour
