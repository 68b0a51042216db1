"""Counts of labels, against counting by hand and closed forms."""

from math import comb

import numpy as np
import pytest

from miscible.audit._coverage import coverage_findings, measure_coverage
from miscible.table import Kind, Property

NAN = np.nan


def test_counts_by_hand(make_table):
    table = make_table(
        {"a": [1, 2, NAN, NAN, 5], "b": [NAN, 1, NAN, NAN, 0], "c": [NAN] * 5},
        censored={"a": [0, 0, -1, 1, 0], "b": [1, 0, 0, 0, 0]},
    )
    cover = measure_coverage(table)
    assert [t.n_labels for t in cover.tasks] == [3, 2, 0]
    assert [(t.n_below, t.n_above) for t in cover.tasks] == [(1, 1), (0, 1), (0, 0)]
    assert cover.rows_by_labels == (2, 1, 2)
    assert cover.n_labels == 5
    assert cover.filled == pytest.approx(1 / 3)
    assert cover.imbalance == pytest.approx(1.5)
    assert [t.share for t in cover.tasks] == pytest.approx([0.6, 0.4, 0.0])


def test_absent_batches_are_hypergeometric_over_labelled_rows(make_table):
    a, b = np.full(210, NAN), np.full(210, NAN)
    a[:200], b[195:200] = 1.0, 1.0
    cover = measure_coverage(make_table({"a": a, "b": b}))
    assert cover.tasks[1].absent == pytest.approx([comb(195, s) / comb(200, s) for s in (32, 128)])
    assert cover.tasks[0].absent == (0.0, 0.0)


def test_absent_batches_of_the_published_alloy_union(make_table):
    """52,388 + 800 + 840 disjoint labels: 62 % of batches of 32 hold no hardness label."""
    labels = np.full((54_028, 3), NAN)
    labels[:52_388, 0], labels[52_388:53_188, 1], labels[53_188:, 2] = 1.0, 1.0, 1.0
    cover = measure_coverage(make_table(dict(zip("rha", labels.T, strict=True))))
    assert [round(t.absent[0], 2) for t in cover.tasks] == [0.0, 0.62, 0.61]
    assert cover.imbalance == pytest.approx(65.485)


def test_findings_name_scarce_censored_and_unequal_properties(make_table, rng):
    many, few, none = rng.normal(size=400), np.full(400, NAN), np.full(400, NAN)
    few[:20] = 1.0
    none[0] = 1.0
    censored = np.zeros(400)
    censored[100:140] = 1
    few_table = make_table({"many": many, "few": few, "one": none}, censored={"few": censored})
    found = {(f.topic, f.subject): f for f in coverage_findings(measure_coverage(few_table), 5)}
    assert found["labels", "one"].severity == "problem"
    assert found["labels", "few"].severity == "warning"
    assert "40 read '>' (67%" in found["censored", "few"].message
    assert "400 times" in found["imbalance", "one"].message
    assert ("labels", "many") not in found


def test_equal_properties_raise_nothing(make_table, rng):
    table = make_table({"a": rng.normal(size=50), "b": rng.normal(size=50)})
    assert coverage_findings(measure_coverage(table), 5) == []


def test_class_labels_are_counted_too(make_table):
    prop = Property("phase", Kind.MULTICLASS, classes=("x", "y", "z"))
    cover = measure_coverage(make_table({"phase": [0, 1, 2, NAN]}, properties={"phase": prop}))
    assert (cover.tasks[0].kind, cover.tasks[0].n_labels) == ("multiclass", 3)
