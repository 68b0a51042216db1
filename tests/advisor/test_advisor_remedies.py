"""What the report gathers from the networks of the cells."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from miscible.advisor._report_data import _band, _thresholds
from miscible.advisor._report_remedies import groupings, influences, rule_stories
from miscible.study import CellRecord

NAMES = ("a", "b", "c")


def cell(strategy: str, *networks: dict, tasks=(0, 1, 2), repeat: int = 0) -> CellRecord:
    return CellRecord(f"{strategy}-r{repeat}", strategy, repeat, tasks, 1.0, networks=networks)


def network(fold: int = 0, tasks=(0, 1, 2), **more) -> dict:
    return {"fold": fold, "tasks": list(tasks), **more}


def rule(weights, acted, conflicts=None, name="pcgrad") -> dict:
    found = {"name": name, "weights": weights, "acted": acted}
    return found if conflicts is None else found | {"conflicts": conflicts}


def test_networks_that_say_nothing_give_nothing():
    cells = (cell("shared", network(), network(1)), cell("mean"))
    assert rule_stories(cells, NAMES, _band) == influences(cells, NAMES) == groupings(cells, NAMES) == ()


def test_rules_are_averaged_over_networks_by_property_of_the_table():
    first = network(tasks=(0, 2), rule=rule([[1.0, 2.0], [1.0, 0.0]], [0.5, 1.0], [0.2, 0.4]))
    second = network(1, tasks=(2,), rule=rule([[3.0, 4.0]], [0.1, 0.2], [0.0, 0.0]))
    (story,) = rule_stories((cell("shared+pcgrad", first, second),), NAMES, _band)
    assert (story.strategy, story.rule, story.names, story.n_networks) == (
        "shared+pcgrad",
        "pcgrad",
        ("a", "c"),
        2,
    )
    assert story.weights[0].mean.tolist() == [1.0, 2.0]
    assert story.weights[1].mean.tolist() == [2.0, 2.0]
    assert story.weights[1].lower == pytest.approx([1.5, 1.0]) and story.weights[1].upper == pytest.approx(
        [2.5, 3.0]
    )
    assert story.acted.mean == pytest.approx([0.3, 0.6])
    assert story.conflicts is not None and story.conflicts.mean == pytest.approx([0.1, 0.2])


def test_cells_of_some_tasks_name_them_by_their_place_in_the_table():
    entry = network(tasks=(1,), rule=rule([[2.0]], [0.0]))
    (story,) = rule_stories((cell("s", entry, tasks=(0, 2)),), NAMES, _band)
    assert story.names == ("c",) and story.conflicts is None


def test_curves_of_different_lengths_share_their_epochs():
    entries = [
        network(f, rule=rule([[1.0] * n, [1.0] * n, [None] * n], [1.0] * n))
        for f, n in enumerate((2, 9, 9, 9))
    ]
    (story,) = rule_stories((cell("s", *entries),), NAMES, _band)
    assert story.names == ("a", "b")
    assert len(story.epochs) == len(story.acted.mean) == 9
    assert all(len(line) == 9 for b in story.weights for line in (b.mean, b.lower, b.upper))


def test_influence_is_mean_and_spread_over_networks():
    shares = [[0.0, 0.2, 0.1], [0.3, 0.0, 0.1], [0.0, 0.0, 0.0]]
    other = (np.array(shares) * 3).tolist()
    few = [[0.0, 0.5], [0.1, 0.0]]
    cells = (
        cell("relation", network(influence=shares), network(1, influence=other)),
        cell("relation", network(tasks=(0, 1), influence=few), repeat=1),
    )
    (graph,) = influences(cells, NAMES)
    assert graph.n_networks == 3 and np.isnan(graph.mean.diagonal()).all()
    assert graph.mean[0, 1] == pytest.approx(np.mean([0.2, 0.6, 0.5]))
    assert graph.spread[0, 1] == pytest.approx(np.std([0.2, 0.6, 0.5]))
    assert graph.mean[0, 2] == pytest.approx(0.2) and graph.spread[0, 2] == pytest.approx(0.1)


def test_influence_over_every_task_of_the_cell_where_one_was_not_learned():
    full = [[0.0, 0.2, 0.1], [0.3, 0.0, 0.1], [0.0, 0.0, 0.0]]
    (graph,) = influences((cell("relation", network(tasks=(0, 1), influence=full)),), NAMES)
    assert graph.names == NAMES and graph.mean[1, 0] == 0.3


def test_groups_count_folds_not_networks():
    fold_0 = [
        network(0, tasks=(0, 1), served=[0, 1]),
        network(0, tasks=(0, 1), served=[0, 1]),
        network(0, tasks=(2,), served=[2]),
    ]
    fold_1 = [network(1, tasks=(0, 1, 2), served=[0]), network(1, tasks=(1, 2), served=[1, 2])]
    (group,) = groupings((cell("grouped", *fold_0, *fold_1),), NAMES)
    assert group.n_folds == 2
    np.testing.assert_allclose(group.together, [[np.nan, 1.0, 0.5], [0.5, np.nan, 0.5], [0.0, 0.5, np.nan]])


def test_finalists_that_differ_share_a_fold_in_equal_parts():
    entries = [network(0, tasks=(0, 1), served=[0]), network(0, tasks=(0, 2), served=[0])]
    (group,) = groupings((cell("grouped", *entries),), NAMES)
    np.testing.assert_allclose(group.together[0], [np.nan, 0.5, 0.5])
    assert np.isnan(group.together[1:]).all()


def test_every_row_has_the_threshold_of_its_own_fold():
    thresholds = np.arange(12.0).reshape(2, 3, 2) / 20
    outer = np.array([[0, 1, 2, 0, 1, 2], [2, 2, 1, 1, 0, 0]])
    result = SimpleNamespace(thresholds={"lightgbm": thresholds}, folds=SimpleNamespace(outer=outer))
    joint = SimpleNamespace(thresholds=np.array([[0.7, 0.8, 0.9], [0.0, 0.0, 0.0]]))
    found = _thresholds(result, 1, "lightgbm", [joint, None], np.array([1, 2, 3]))
    assert set(found) == {"deployed", "joint"}
    np.testing.assert_allclose(found["deployed"], thresholds[0, [1, 2, 0], 1])
    np.testing.assert_allclose(found["joint"], [0.8, 0.9, 0.7])
