"""Shapes of label distributions against numpy, scipy and planted skew."""

import numpy as np
import pytest
from scipy.stats import skew

from miscible.audit._distribution import describe_labels, distribution_findings
from miscible.table import Kind, Property


def only(table):
    (shape,) = describe_labels(table)
    return shape


def test_statistics_match_numpy_and_scipy(make_table, rng):
    values = rng.gamma(2.0, 3.0, size=201)
    shape = only(make_table({"a": [*values, np.nan]}))
    assert shape.n == 201
    assert shape.std == pytest.approx(np.std(values, ddof=1))
    assert shape.skewness == pytest.approx(skew(values))
    assert shape.quantiles == pytest.approx(np.quantile(values, [0.01, 0.25, 0.5, 0.75, 0.99]))
    assert shape.deviation == pytest.approx(np.abs(values - np.median(values)).mean())


def test_log_is_suggested_for_labels_over_decades(make_table, rng):
    shape = only(make_table({"a": 10 ** rng.normal(0, 1, size=300)}))
    assert shape.suggested_transform == "log10"
    assert abs(shape.skewness_log) < 0.5 < shape.skewness


@pytest.mark.parametrize(
    ("values", "why"),
    [
        (np.linspace(100, 300, 100), "less than two decades"),
        (np.linspace(-1, 1000, 100), "not positive"),
        (np.r_[0.01, np.linspace(90, 110, 99)], "one low outlier: the logarithm is more skewed"),
    ],
)
def test_log_is_not_suggested(make_table, values, why):
    assert only(make_table({"a": values})).suggested_transform == "none", why


def test_log_is_not_suggested_twice_and_nonpositive_labels_are_a_problem(make_table, rng):
    prop = {"a": Property("a", transform="log10")}
    fine = make_table({"a": 10 ** rng.normal(0, 1, size=300)}, properties=prop)
    assert only(fine).suggested_transform == "none"
    assert distribution_findings(describe_labels(fine), fine.properties) == []
    broken = make_table({"a": np.r_[-1.0, 10 ** rng.normal(0, 1, size=300)]}, properties=prop)
    (finding,) = distribution_findings(describe_labels(broken), broken.properties)
    assert finding.severity == "problem" and "down to -1" in finding.message


def test_constant_labels_and_single_classes_are_problems(make_table):
    binary = {"b": Property("b", Kind.BINARY, classes=("no", "yes"))}
    table = make_table({"a": np.full(30, 4.2), "b": np.ones(30)}, properties=binary)
    shapes = describe_labels(table)
    findings = distribution_findings(shapes, table.properties)
    assert [(f.severity, f.subject) for f in findings] == [("problem", "a"), ("problem", "b")]
    assert shapes[0].skewness == 0.0 and shapes[0].suggested_transform == "none"


def test_classes_and_the_rarest(make_table):
    prop = {"p": Property("p", Kind.MULTICLASS, classes=("x", "y", "z"))}
    table = make_table({"p": [0] * 60 + [1] * 38 + [2] * 2 + [np.nan]}, properties=prop)
    shape = only(table)
    assert (shape.counts, shape.rarest, shape.rarest_share) == ((60, 38, 2), "z", pytest.approx(0.02))
    (finding,) = distribution_findings((shape,), table.properties)
    assert finding.topic == "rare class" and "'z'" in finding.message


def test_a_property_without_labels_gives_nan_and_no_finding(make_table):
    table = make_table({"a": np.full(5, np.nan)})
    shape = only(table)
    assert shape.n == 0 and np.isnan(shape.std)
    assert distribution_findings((shape,), table.properties) == []


def test_heavy_skew_is_said(make_table, rng):
    table = make_table({"a": np.r_[rng.normal(size=200), 60.0]})
    (finding,) = distribution_findings(describe_labels(table), table.properties)
    assert finding.topic == "skew"
