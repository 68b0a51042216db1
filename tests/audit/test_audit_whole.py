"""The audit as a whole: findings, text and JSON, and the facts known of the alloy table."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from miscible.audit import Finding, audit, render_text
from miscible.audit._finding import condense, shorten
from miscible.errors import InputError
from miscible.table import Kind, Property


@pytest.fixture
def dirty(make_table, rng):
    """Every kind of fault at once."""
    n = 240
    hardness = rng.uniform(100, 900, size=n)
    strength = 9.81 * hardness
    strength[150:] = np.nan
    modulus = 10 ** rng.normal(2, 0.05, size=n)
    modulus[:40] /= 1000
    phase = (rng.random(n) < 0.02).astype(float)
    return make_table(
        {"hardness": hardness, "strength": strength, "modulus": modulus, "phase": phase},
        inputs={"alloy": [f"Fe{i}Ni" for i in np.repeat(np.arange(1, n // 2 + 1), 2)], "route": ["cast"] * n},
        properties={"phase": Property("phase", Kind.BINARY, classes=("no", "yes"))},
        composition="alloy",
        categorical=("route",),
    )


def test_every_fault_is_found_and_ordered(dirty):
    found = audit(dirty, "composition")
    topics = {(f.topic, f.subject) for f in found.findings}
    assert {
        ("derived", "strength"),
        ("unit", "modulus"),
        ("rare class", "phase"),
        ("constant input", "route"),
        ("replicates", "hardness"),
    } <= topics
    order = ["problem", "warning", "info"]
    ranks = [order.index(f.severity) for f in found.findings]
    assert ranks == sorted(ranks)
    assert any("strength is 9.81 x hardness (150 shared rows)" in f.message for f in found.findings)


def test_json_holds_everything_and_nothing_json_cannot_hold(dirty):
    found = audit(dirty, "composition")
    plain = json.loads(json.dumps(found.to_dict(), allow_nan=False))
    assert plain["names"] == ["hardness", "strength", "modulus", "phase"]
    assert plain["overlap"]["shared"][0][1] == 150
    assert plain["groups"]["by"] == "composition"
    assert [t["n_labels"] for t in plain["coverage"]["tasks"]] == [240, 150, 240, 240]
    assert plain["findings"][0]["message"]
    assert plain["replicates"]["tasks"][3]["spread"] is None


def test_text_names_every_property_and_finding(dirty):
    found = audit(dirty, "composition", n_folds=4, n_repeats=2)
    text = render_text(found)
    words = " ".join(text.split())
    assert all(name in text for name in found.names)
    assert all(f.message in words for f in found.findings)
    assert "4 folds x 2 repeats" in text
    assert max(map(len, text.splitlines())) <= 120


def test_nothing_of_the_table_is_changed(dirty):
    labels, frame = dirty.labels.copy(), dirty.frame.copy()
    audit(dirty, "composition")
    np.testing.assert_array_equal(labels, dirty.labels)
    pd.testing.assert_frame_equal(frame, dirty.frame)


def test_rows_in_another_order_give_the_same_audit(dirty, rng):
    shuffled = dirty.take(rng.permutation(dirty.n_rows))
    first, second = audit(dirty, "composition"), audit(shuffled, "composition")
    assert first.findings == second.findings
    assert first.groups == second.groups


def test_one_property_and_no_labels_are_survived(make_table):
    lonely = audit(make_table({"y": np.arange(40.0)}))
    assert "Shared rows" not in render_text(lonely)
    empty = audit(make_table({"y": np.full(8, np.nan), "z": np.arange(8.0)}))
    assert "never" in render_text(empty)
    json.dumps(empty.to_dict(), allow_nan=False)
    assert ("problem", "y") in {(f.severity, f.subject) for f in empty.findings}


def test_log_of_nonpositive_labels_is_reported_not_raised(make_table, rng):
    prop = {"y": Property("y", transform="log10")}
    values = np.r_[-1.0, 0.0, 10 ** rng.normal(0, 1, size=60)]
    found = audit(make_table({"y": values, "z": rng.normal(size=62)}, properties=prop))
    assert found.findings[0].topic == "transform" and found.findings[0].severity == "problem"


def test_wide_tables_show_the_largest_and_merge_findings(make_table, rng):
    labels = {f"p{i}": np.where(np.arange(60) < 60 - i, rng.normal(size=60), np.nan) for i in range(58)}
    found = audit(make_table(labels))
    text = render_text(found)
    assert "(the 25 properties with most; 33 more)" in text
    scarce = [f for f in found.findings if f.topic == "labels" and f.severity == "problem"]
    assert [f.subject for f in scarce] == ["p56", "p57"]
    few = [f for f in found.findings if f.topic == "labels" and f.severity == "warning"]
    assert len(few) == 1 and "likewise" in few[0].message


def test_rows_with_ten_labels_or_more_are_summed(make_table):
    text = render_text(
        audit(make_table({f"p{i}": [*[np.nan] * (i < 6), *range(39 + (i >= 6))] for i in range(12)}))
    )
    assert "1 with 6, 39 with 10 or more" in text


def test_merging_keeps_five_and_names_the_others():
    findings = [Finding("info", "skew", f"p{i}", f"p{i} is skewed") for i in range(9)]
    assert condense(findings[:5]) == tuple(findings[:5])
    (merged,) = condense(findings)
    assert merged.message == "p0 is skewed; likewise 8 more: p1, p2, p3, p4, p5, p6 and 2 more"
    other = replace(findings[0], severity="problem")
    assert condense([*findings, other])[0] == other
    assert shorten(["a", "b"]) == "a, b"


def test_groups_that_do_not_exist_are_refused(make_table):
    with pytest.raises(InputError, match="nothing"):
        audit(make_table({"y": np.arange(10.0)}), "nothing")
