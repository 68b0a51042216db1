"""Input columns, groups and the estimate of the smallest difference."""

import numpy as np
import pytest
from scipy.stats import chi2_contingency
from scipy.stats import t as student

from miscible.audit import audit
from miscible.audit._columns import column_findings, cramers_v, describe_inputs
from miscible.audit._group_sizes import group_findings, measure_groups
from miscible.audit._power import PAIRED_SPREAD, estimate_power, power_findings
from miscible.audit._replicates import identity_codes, measure_replicates
from miscible.evaluation import DEFAULT_METRIC, correlated_posterior
from miscible.splits import group_keys
from miscible.table import Kind, Property


def power_of(table, by="none", n_folds=5, n_repeats=3):
    targets = table.targets()
    groups = measure_groups(table, group_keys(table, by), n_folds)
    replicates = measure_replicates(table, targets, identity_codes(table))
    metrics = [p.metric or DEFAULT_METRIC[str(p.kind)] for p in table.properties]
    return estimate_power(table, targets, metrics, groups, replicates, n_folds, n_repeats)


def test_constant_inputs_and_gaps(make_table):
    table = make_table(
        {"y": np.arange(10.0)},
        inputs={
            "same": [3.0] * 10,
            "gappy": [1.0, 2.0, *[np.nan] * 8],
            "flag": [1.0, *[np.nan] * 9],
            "kind": ["a"] * 10,
            "empty": [None] * 10,
        },
        numeric=("same", "gappy", "flag"),
        categorical=("kind", "empty"),
    )
    columns = {c.name: c for c in describe_inputs(table)}
    assert {n for n, c in columns.items() if c.constant} == {"same", "kind", "empty"}
    assert (columns["gappy"].n_missing, columns["gappy"].n_distinct) == (8, 2)
    found = {f.subject: f.message for f in column_findings(tuple(columns.values()), 10)}
    assert found["empty"] == "input empty is empty"
    assert "80%" in found["gappy"]


def test_cramers_v_matches_scipy(rng):
    levels = rng.integers(0, 4, size=300)
    flags = (rng.random((300, 2)) < np.where(levels[:, None] == 1, 0.9, 0.2)).astype(float)
    for column, value in zip(flags.T, cramers_v(levels, flags), strict=True):
        counts = np.array([[np.sum((levels == a) & (column == b)) for b in (0, 1)] for a in range(4)])
        assert value == pytest.approx(np.sqrt(chi2_contingency(counts, correction=False).statistic / 300))
    assert cramers_v(levels, np.ones((300, 1))) == 0


def test_inputs_that_tell_what_was_measured_or_where(make_table, rng):
    source = np.repeat(["lab", "web"], 100)
    a, b = np.full(200, np.nan), np.full(200, np.nan)
    a[:100], b[100:] = rng.normal(size=100), rng.normal(size=100)
    route = np.where(source == "web", None, rng.choice(["cast", "rolled"], size=200))
    table = make_table(
        {"a": a, "b": b},
        inputs={
            "route": route,
            "T": np.where(source == "lab", 300.0, np.nan),
            "harmless": rng.choice(["x", "y"], size=200),
            "source": source,
        },
        categorical=("route", "harmless"),
        numeric=("T",),
    )
    columns = {c.name: c for c in describe_inputs(table)}
    assert columns["route"].tells_measured == columns["T"].tells_measured == ("a", "b")
    assert columns["route"].tells_column == columns["T"].tells_column == ("source",)
    assert columns["harmless"].tells_measured == columns["harmless"].tells_column == ()
    topics = {(f.topic, f.subject) for f in column_findings(tuple(columns.values()), 200)}
    assert {("identifies source", "route"), ("identifies source", "T")} <= topics


def test_groups_by_hand(make_table):
    prop = {"c": Property("c", Kind.BINARY, classes=("0", "1"))}
    table = make_table(
        {"y": [1, 2, 3, 4, 5, np.nan], "c": [0, 0, 1, 1, 0, 0]},
        inputs={"g": ["p", "p", "p", "q", "r", "s"]},
        properties=prop,
    )
    sizes = measure_groups(table, group_keys(table, "g"), n_folds=3)
    assert (sizes.n_groups, sizes.largest, sizes.largest_name, sizes.largest_share) == (4, 3, "p", 0.5)
    y, c = sizes.tasks
    assert (y.n_groups, y.n_smallest_class, y.enough) == (3, 3, True)
    assert y.n_effective == pytest.approx(5**2 / (9 + 1 + 1))
    assert (c.n_groups, c.n_smallest_class, c.enough) == (4, 2, False)
    found = {f.topic: f for f in group_findings(sizes)}
    assert "2 groups with its rarest class for 3 folds" in found["few groups"].message
    assert "50%" in found["large group"].message


def test_fewer_groups_than_folds_is_a_problem(make_table):
    table = make_table({"y": np.arange(6.0)}, inputs={"g": list("ppqqrr")})
    topics = [f.topic for f in group_findings(measure_groups(table, group_keys(table, "g"), 5))]
    assert topics == ["groups", "few groups"]


def test_rows_on_their_own_give_no_finding(make_table):
    table = make_table({"y": np.arange(60.0)})
    sizes = measure_groups(table, group_keys(table, "none"), 5)
    assert sizes.tasks[0].n_effective == 60
    assert group_findings(sizes) == []


def test_smallest_difference_by_the_formula(make_table, rng):
    y = rng.normal(0, 10, size=400)
    (power,) = power_of(make_table({"y": y}))
    fold = PAIRED_SPREAD * y.std(ddof=1) / np.sqrt(80)
    rope = 0.02 * 0.5 * np.abs(y - np.median(y)).mean()
    expected = rope + student.ppf(0.9, 14) * fold * np.sqrt(1 / 15 + 1 / 4)
    assert power.smallest == pytest.approx(expected)
    assert power.relative == pytest.approx(expected / power.constant_error)


def test_a_simulated_comparison_would_just_reach_the_verdict(make_table, rng):
    """Differences with the assumed spread and the estimated mean give 90 % in the corrected test."""
    (power,) = power_of(make_table({"y": rng.normal(0, 10, size=400)}))
    z = rng.normal(size=15)
    differences = -power.smallest + power.fold_spread * (z - z.mean()) / z.std(ddof=1)
    better, _, _ = correlated_posterior(differences, 1 / 4).probabilities(power.equivalence)
    assert better == pytest.approx(0.9)


def test_more_labels_show_smaller_differences_and_copies_do_not(make_table, rng):
    y = rng.normal(size=1600)
    small, large = (power_of(make_table({"y": y[:n]}))[0] for n in (100, 1600))
    assert large.smallest < 0.4 * small.smallest
    repeated = make_table({"y": np.repeat(y[:100], 8)}, inputs={"g": np.repeat(np.arange(100), 8)})
    (same,) = power_of(repeated, by="g")
    assert same.n_effective == pytest.approx(100)
    assert same.smallest == pytest.approx(small.smallest, rel=0.02)


def test_margin_replaces_the_region_of_equivalence(make_table, rng):
    prop = {"y": Property("y", unit="HV", margin=3.0)}
    (power,) = power_of(make_table({"y": rng.normal(0, 10, size=400)}, properties=prop))
    assert (power.equivalence, power.unit) == (3.0, "HV")


def test_a_margin_in_another_metric_than_the_estimates_is_left_out(make_table, rng):
    y = rng.normal(0, 10, size=400)
    plain, other = (
        power_of(make_table({"y": y}, properties={"y": Property("y", metric=metric, margin=margin)}))[0]
        for metric, margin in (("", None), ("r2", 0.3))
    )
    assert other.equivalence == plain.equivalence
    assert (plain.judged_by, other.judged_by) == ("mae", "mae (r2 decides)")


def test_the_goal_settles_the_metric_that_decides(make_table, rng):
    table = make_table({"y": rng.normal(size=60)}, properties={"y": Property("y", margin=0.2)})
    screened = audit(table, goal="screen").powers[0]
    assert screened.decision_metric == "recall@budget"
    assert screened.equivalence != 0.2 == audit(table).powers[0].equivalence


def test_a_margin_that_leaves_nothing_to_find_is_a_problem(make_table, rng):
    prop = {"y": Property("y", unit="HV", transform="log10", margin=5.0)}
    found = audit(make_table({"y": rng.lognormal(5, 0.4, size=60)}, properties=prop))
    (finding,) = [f for f in found.findings if f.topic == "margin"]
    assert (finding.severity, finding.subject) == ("problem", "y")
    assert "margin 5 log10(HV) is not below 0." in finding.message


def test_classes_count_their_positives(make_table, rng):
    prop = {"c": Property("c", Kind.BINARY, classes=("0", "1"))}
    rare, half = (np.zeros(1000) for _ in range(2))
    rare[:50], half[:500] = 1, 1
    powers = [power_of(make_table({"c": c}, properties=prop))[0] for c in (rare, half)]
    assert powers[0].metric == "average_precision"
    ratio = (powers[0].smallest - powers[0].equivalence) / (powers[1].smallest - powers[1].equivalence)
    assert ratio == pytest.approx(np.sqrt(10))
    many = {"c": Property("c", Kind.MULTICLASS, classes=("a", "b", "c", "d"))}
    (power,) = power_of(make_table({"c": np.arange(400) % 4}, properties=many))
    assert (power.metric, power.constant_error) == ("log_loss", pytest.approx(np.log(4)))


def test_what_cannot_be_judged_is_infinite(make_table, rng):
    prop = {"c": Property("c", Kind.BINARY, classes=("0", "1"))}
    table = make_table({"y": np.full(40, np.nan), "c": np.zeros(40), "k": np.ones(40)}, properties=prop)
    assert all(p.smallest == np.inf for p in power_of(table))
    assert power_findings(power_of(table)) == []


def test_scarce_labels_are_warned_of(make_table, rng):
    (finding,) = power_findings(power_of(make_table({"y": rng.normal(size=10)})))
    assert finding.topic == "power" and "could be shown" in finding.message
