"""Influence in relation graphs: a known copy, a stranger, the arithmetic, and tables on which nothing can be seen."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from finished_studies import finished_case

from miscible.diagnosis import Case, exhibit_from_json, exhibit_to_json, find_relation, relation_exhibit
from miscible.diagnosis._relation import compare_influence
from miscible.errors import InputError
from miscible.strategies import Tuning
from miscible.table import Kind, Property


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def quick_case(labels: np.ndarray, epochs: int = 20, steps: int = 20, **options) -> Case:
    case = finished_case(labels, quick=True, **options)
    tuning = Tuning(rates=(2e-3,), decays=(1e-2,), epochs=epochs, steps=steps)
    plan = case.context.plan.model_copy(update={"tuning": tuning})
    return replace(case, context=replace(case.context, plan=plan))


@pytest.fixture(scope="module")
def found():
    """A scarce property, a noisy copy of it with ten times the labels, and a stranger."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(1200, 6))
    first = np.sin(x[:, 0]) + x[:, 1] * x[:, 2]
    labels = np.column_stack(
        [first, first + 0.1 * rng.normal(size=1200), 1.5 * np.cos(x[:, 3]) + x[:, 4] * x[:, 5]]
    )
    labels[rng.random(1200) > 0.08, 0] = np.nan
    return find_relation(quick_case(labels, inputs=x))


def test_the_scarce_property_takes_from_its_copy_and_not_from_the_stranger(found):
    assert found.n_networks == 9 and found.influence.shape == found.null.shape == (9, 3, 3)
    assert found.above[0, 1]
    assert not found.above[0, 2] and not found.above[1, 2] and not found.above[2, 1]
    assert found.mean[0, 1] > 3 * found.null_mean[0, 1]
    assert found.exceedance[0, 1] == 1.0
    assert np.isnan(np.diagonal(found.mean)).all() and not np.diagonal(found.above).any()


def test_the_control_is_a_copy_of_a_property_that_can_be_learned(found):
    control = found.control
    assert control.visible and control.name in ("p1", "p2")
    assert control.copy.mean() > 3 * control.shuffled.mean()
    assert control.p < 0.05


def test_the_exhibit_says_so(found):
    exhibit = relation_exhibit(found)
    assert exhibit.answer[0].startswith("p0 takes") and "from p1" in exhibit.answer[0]
    assert any("cannot be told from those of shuffled labels" in line for line in exhibit.answer)
    assert any(line.startswith("Control:") for line in exhibit.answer)
    assert "weak witness" in exhibit.limits[0]
    assert [row[-1] for row in exhibit.grids[0].rows].count("above shuffled labels") == found.above.sum()
    assert exhibit_from_json(exhibit_to_json(exhibit)) == exhibit


def test_without_a_visible_control_nothing_is_seen(found):
    blind = replace(found, control=replace(found.control, visible=False), above=np.zeros((3, 3), bool))
    exhibit = relation_exhibit(blind)
    assert exhibit.answer[0].startswith("Cannot be seen")
    assert {row[-1] for row in exhibit.grids[0].rows} == {"cannot be seen"}


def test_nothing_above_is_an_answer(found):
    text = relation_exhibit(replace(found, above=np.zeros((3, 3), bool))).answer[0]
    assert text.startswith("No property is seen to take more from another")


def test_comparison_counts_networks_and_pairs():
    rng = np.random.default_rng(0)
    null = rng.uniform(0.0, 0.02, (10, 3, 3))
    influence = rng.uniform(0.0, 0.02, (10, 3, 3))
    influence[:, 0, 1] += 0.05
    influence[:, 1, 0] -= 0.05
    influence[:, 2, 0], null[:, 2, 0] = rng.uniform(0.0, 0.005, (2, 10))
    influence[:, 2, 1] = np.nan
    score, p, exceedance = compare_influence(influence, null, 0.25)
    difference = np.log(influence[:, 0, 1]) - np.log(np.maximum(null[:, 0, 1], 0.005))
    assert score[0, 1] == pytest.approx(difference.mean() / (difference.std(ddof=1) * np.sqrt(0.1 + 0.25)))
    assert p[0, 1] < 0.001 and exceedance[0, 1] == 1.0
    assert p[1, 0] == 1.0 and exceedance[1, 0] == 0.0, "less than shuffled labels is no influence"
    assert p[2, 0] == 1.0 and score[2, 0] == 0.0, "half a percent is nothing"
    assert np.isnan([score[2, 1], p[2, 1], exceedance[2, 1], p[0, 0]]).all()


def test_chance_is_rarely_called_influence():
    """Networks of a fold are alike: independent ones are the least that must hold."""
    rng = np.random.default_rng(0)
    called = []
    for _ in range(200):
        influence, null = rng.uniform(0.0, 0.1, (2, 10, 3, 3))
        called.append(np.nanmin(compare_influence(influence, null, 0.25)[1]) <= 0.05)
    assert np.mean(called) <= 0.05


def test_one_property_has_no_other_to_take_from():
    with pytest.raises(InputError, match="one property"):
        find_relation(quick_case(np.random.default_rng(0).normal(size=(60, 1))))


def test_degenerate_tables_are_survived_and_nothing_is_claimed():
    """Noise, three labels, classes, constant inputs."""
    rng = np.random.default_rng(0)
    n = 90
    labels = np.column_stack(
        [rng.normal(size=n), rng.integers(0, 2, n), rng.integers(0, 3, n), np.full(n, np.nan)]
    ).astype(float)
    labels[:3, 3] = 1.0, 2.0, 3.0
    properties = (
        Property("a"),
        Property("b", Kind.BINARY, classes=("no", "yes")),
        Property("c", Kind.MULTICLASS, classes=("x", "y", "z")),
        Property("d"),
    )
    heard = []
    case = quick_case(labels, 4, 2, properties=properties, inputs=np.ones((n, 2)))
    found = find_relation(replace(case, progress=heard.append))
    assert not found.above.any()
    assert heard == sorted(heard) and heard[-1] == 1.0
    exhibit = relation_exhibit(found)
    assert exhibit.answer and exhibit_from_json(exhibit_to_json(exhibit)) == exhibit
