"""Figures show the numbers they are given."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from report_sample import sample
from sklearn.metrics import average_precision_score

from miscible.report import Intervals, Predictions, Reliability
from miscible.report._figures_base import compact, nice_step, safe, spread
from miscible.report._figures_calibration import coverage_check_figure, reliability_figure
from miscible.report._figures_coverage import (
    coverage_figure,
    label_patterns,
    overlap_counts,
    overlap_figure,
)
from miscible.report._figures_curves import curve_figure, curve_styles
from miscible.report._figures_differences import difference_figure, is_stretched, surest
from miscible.report._figures_predictions import MOST_POINTS, prediction_figure
from miscible.report._figures_tails import absolute_errors, error_tails, largest_errors, tail_figure
from miscible.report._panels import embed_json


@pytest.fixture(scope="module")
def data():
    return sample()


@pytest.fixture
def rng():
    return np.random.default_rng(1)


def test_differences_are_shown_in_percent_of_the_baseline(data):
    plain = [v for v in data.verdicts if v.kind == "regression"]
    assert not is_stretched(plain)
    figure = difference_figure(plain)
    means = [t.x[0] for t in figure.data if t.marker.symbol == "diamond"]
    wanted = [100 * v.sharing.difference / v.sharing.baseline_error for v in plain]
    assert means == pytest.approx(wanted, rel=1e-3)
    bands = [s for s in figure.layout.shapes if s.type == "rect"]
    assert [b.x1 for b in bands] == pytest.approx([2.0] * 4)
    dots = [t for t in figure.data if t.customdata is not None]
    assert [len(d.x) for d in dots] == [15] * 4


def test_a_wide_range_compresses_the_axis_but_ticks_tell_the_truth(data):
    assert is_stretched(data.verdicts)
    figure = difference_figure(data.verdicts)
    axis = figure.layout.xaxis
    for position, text in zip(axis.tickvals, axis.ticktext, strict=True):
        percent = float(text.replace("−", "-").replace(" %", ""))
        assert 5 * np.sinh(position) == pytest.approx(percent, abs=1e-3)
    mean = [t.x[0] for t in figure.data if t.marker.symbol == "diamond"][-1]
    amorphous = data.verdicts[-1].sharing
    assert 5 * np.sinh(mean) == pytest.approx(100 * amorphous.difference / amorphous.baseline_error, rel=1e-3)


def test_no_comparison_no_figure(data):
    assert difference_figure([replace(v, sharing=None) for v in data.verdicts]) is None


def test_too_many_rows_keep_the_surest(data, rng):
    verdicts = []
    for k, sure in enumerate(rng.permutation(70) / 70):
        verdict = data.verdicts[k % 5]
        sharing = replace(verdict.sharing, p_better=sure, p_equivalent=0.0, p_worse=0.0)
        verdicts.append(replace(verdict, name=f"p{k}", sharing=sharing))
    kept = surest(verdicts)
    assert len(kept) == 60
    certain = {v.name: max(v.sharing.p_better, v.sharing.p_equivalent, v.sharing.p_worse) for v in verdicts}
    left = {v.name for v in verdicts} - {v.name for v in kept}
    assert max(certain[name] for name in left) < min(certain[v.name] for v in kept)
    assert [v.name for v in kept] == [v.name for v in verdicts if v.name not in left]


def test_thinning_keeps_the_distribution(rng):
    values = rng.normal(size=20_000)
    kept = values[spread(values, 500)]
    assert len(kept) == 500 and kept.min() == values.min() and kept.max() == values.max()
    levels = np.linspace(0.05, 0.95, 10)
    assert np.quantile(kept, levels) == pytest.approx(np.quantile(values, levels), abs=0.02)


def test_parity_points_are_the_predictions(rng):
    observed = rng.normal(size=5000)
    predictions = Predictions("p", "regression", "eV", "m", observed, 2 * observed + 1)
    points = prediction_figure(predictions).data[1]
    assert len(points.x) == MOST_POINTS
    assert np.array(points.y) == pytest.approx(2 * np.array(points.x) + 1, abs=5e-3)


def test_precision_recall_curve_has_the_area_of_scikit_learn(data):
    predictions = data.predictions[-1]
    curve = prediction_figure(predictions).data[-1]
    area = np.trapezoid(curve.y[::-1], curve.x[::-1])
    order = 1 if curve.x[0] < curve.x[-1] else -1
    assert -order * area == pytest.approx(
        average_precision_score(predictions.observed, predictions.predicted), abs=0.01
    )


def test_confusion_counts_and_shares(rng):
    truth = np.array([0, 0, 0, 1, 1, 2, np.nan])
    guess = np.array([0, 0, 1, 1, 1, 0, 2])
    probabilities = np.eye(3)[guess]
    predictions = Predictions("c", "multiclass", "", "m", truth, probabilities, classes=("a", "b", "<c>"))
    heat = prediction_figure(predictions).data[0]
    assert heat.customdata == ([2, 1, 0], [0, 2, 0], [1, 0, 0])
    assert np.array(heat.z) == pytest.approx(np.array([[2 / 3, 1 / 3, 0], [0, 1, 0], [1, 0, 0]]), abs=1e-3)


def test_no_finite_prediction_no_figure():
    nothing = Predictions("p", "regression", "", "m", np.arange(3.0), np.full(3, np.nan))
    assert prediction_figure(nothing) is None and tail_figure(nothing) is None


def test_tails_are_quantiles_and_the_curve_is_the_survival_function(rng):
    observed = np.zeros(4000)
    predicted = rng.normal(size=4000)
    predictions = Predictions(
        "p", "regression", "", "m", observed, predicted, rows=tuple(map(str, range(4000)))
    )
    (tail,) = error_tails(predictions)
    errors = np.abs(predicted)
    assert (tail.median, tail.q99, tail.largest) == pytest.approx(
        (np.median(errors), np.quantile(errors, 0.99), errors.max())
    )
    curve = tail_figure(predictions).data[0]
    for x, y in zip(curve.x, curve.y, strict=True):
        assert y / 100 == pytest.approx((errors >= x).mean(), rel=0.02, abs=3e-4)
    worst = largest_errors(predictions, 3)
    assert [int(w[0]) for w in worst] == np.argsort(-errors)[:3].tolist()


def test_class_errors_are_what_the_true_class_lacks():
    binary = absolute_errors("binary", np.array([0.0, 1.0]), np.array([0.2, 0.7]))
    assert binary == pytest.approx([0.2, 0.3])
    probabilities = np.array([[0.5, 0.3, 0.2], [0.1, 0.1, 0.8], [1.0, 0.0, 0.0]])
    several = absolute_errors("multiclass", np.array([1.0, 2.0, np.nan]), probabilities)
    assert several[:2] == pytest.approx([0.7, 0.2]) and np.isnan(several[2])


def test_overlap_and_patterns_count_rows(rng):
    measured = rng.random((300, 4)) < 0.4
    counts = overlap_counts(measured)
    for i in range(4):
        for j in range(4):
            assert counts[i, j] == sum(a and b for a, b in zip(measured[:, i], measured[:, j], strict=True))
    patterns, total = label_patterns(measured, most=5)
    assert total == len({tuple(r) for r in measured.tolist()})
    for pattern in patterns:
        assert pattern.n_rows == sum(tuple(r) == pattern.present for r in measured.tolist())
    assert [p.n_rows for p in patterns] == sorted((p.n_rows for p in patterns), reverse=True)
    heat = overlap_figure(["a", "b", "c", "d"], measured).data[0]
    assert heat.text[0][1] == str(counts[0, 1])
    assert heat.z[0][1] == pytest.approx(100 * counts[0, 1] / min(counts[0, 0], counts[1, 1]), abs=0.06)


@pytest.mark.parametrize("n", [3, 150, 1000])
def test_coverage_slices_add_up(rng, n):
    measured = rng.random((n, 2)) < 0.3
    heat = coverage_figure(["a", "b"], measured).data[0]
    width = np.diff(
        np.concatenate([[0], np.cumsum([len(s) for s in np.array_split(np.arange(n), len(heat.x))])])
    )
    assert (np.array(heat.z) / 100 @ width) / n == pytest.approx(measured.mean(axis=0), abs=0.005)


def test_curves_keep_one_style_a_strategy_in_every_panel(data):
    strategies = list(dict.fromkeys(c.strategy for c in data.curves))
    styles = curve_styles(strategies, data.sides)
    assert len({s.colour for s in styles}) == len({s.glyph for s in styles}) == 4
    for name in ("hardness", "amorphous"):
        figure = curve_figure([c for c in data.curves if c.name == name], styles)
        marks = [t for t in figure.data if t.mode == "markers"]
        assert [m.marker.color for m in marks] == [s.colour for s in styles]
        first = next(c for c in data.curves if c.name == name)
        assert marks[0].y[0] == pytest.approx(first.valid.mean[-1], rel=1e-3)


def test_calibration_figures_show_their_points():
    bins = np.array([0.1, 0.9])
    reliability = Reliability("r", bins, np.array([0.2, 0.8]), np.array([10, 30]), 0.1, 0.05)
    trace = reliability_figure(reliability).data[-1]
    assert trace.x == (0.1, 0.9) and trace.y == (0.2, 0.8) and trace.customdata == (10, 30)
    assert trace.marker.size[1] > trace.marker.size[0]
    one = Intervals("i", "K", np.array([0.8, 0.9]), np.array([0.79, np.nan]), np.array([1.0, 2.0]))
    assert coverage_check_figure([one]).data[-1].y == (0.79, None)


def test_numbers_and_texts_are_made_safe_for_plotly():
    assert compact(np.array([1 / 3, np.inf, -0.0])) == [0.3333, None, 0.0]
    assert safe("<b>&</b>") == "&lt;b&gt;&amp;&lt;/b&gt;"
    assert [nice_step(v) for v in (10.0, 1234.0, 0.037)] == pytest.approx([2.0, 200.0, 0.01])


def test_embedded_json_cannot_end_its_script():
    value = {"a": "</script><!-- & \u2028"}
    text = embed_json(value)
    assert not set("<>&\u2028") & set(text)
    assert json.loads(text) == value
