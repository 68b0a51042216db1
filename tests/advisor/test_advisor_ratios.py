"""Ratios gathered from the records of networks, and whether they paid."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from miscible.advisor._report_ratios import ratio_matrices
from miscible.splits import FoldAssignment, Groups
from miscible.strategies import parse_strategy
from miscible.study import CellRecord, StudyResult, make_plan
from miscible.table import InputSpec, Property, Table

NAN = float("nan")
N_ROWS, FOLDS, REPEATS, TASKS = 60, 3, 2, 3


def study(cells=(), errors=None) -> StudyResult:
    """Strategies miss every label by their size of error, one a task."""
    errors = {"transfer": 1.0} if errors is None else errors
    rng = np.random.default_rng(0)
    labels = rng.normal(size=(N_ROWS, TASKS))
    labels[:20, 0] = labels[40:, 1] = NAN
    table = Table(
        frame=pd.DataFrame({"x": np.arange(N_ROWS)}),
        inputs=InputSpec(numeric=("x",)),
        properties=tuple(Property(name) for name in "abc"),
        labels=labels,
        censored=np.zeros(labels.shape, int),
        weights=np.ones(N_ROWS),
    )
    strategies = tuple(sorted((parse_strategy(name) for name in errors), key=lambda s: s.complexity))
    shape = (REPEATS, FOLDS, TASKS)
    outer = np.stack([rng.permutation(np.arange(N_ROWS) % FOLDS) for _ in range(REPEATS)]).astype(np.int16)
    plan = make_plan(
        {
            "table": {"source": "by hand", "targets": list("abc")},
            "split": {"folds": FOLDS, "repeats": REPEATS, "group": "none"},
            "strategies": [s.name for s in strategies],
        }
    )
    size = {
        name: np.broadcast_to(np.asarray(value, float), (REPEATS, 1, TASKS)) for name, value in errors.items()
    }
    return StudyResult(
        plan,
        table,
        Groups(np.arange(N_ROWS), np.arange(N_ROWS).astype(str), "none"),
        FoldAssignment(outer, FOLDS),
        ("mae",) * TASKS,
        strategies,
        {name: np.nan_to_num(labels) + size[name] for name in errors},
        {name: np.ones(shape) for name in errors},
        {name: np.full(shape, 0.5) for name in errors},
        {},
        tuple(cells),
        {},
        (),
    )


def network(primary, ratios, spread=None, fold=0, **more) -> dict:
    own = {"fold": fold, "tasks": list(range(len(ratios))), "primary": primary, "ratios": ratios, **more}
    return own if spread is None else own | {"spread": spread}


def cell(*networks, strategy="transfer", tasks=(0, 1, 2), repeat=0) -> CellRecord:
    return CellRecord(f"{strategy}-r{repeat}", strategy, repeat, tasks, 1.0, networks=networks)


def test_networks_without_ratios_give_nothing():
    plain = cell({"fold": 0, "tasks": [0, 1, 2]}, strategy="shared")
    alone = cell(network(0, [1.0, None, None]), network(1, [None, 1.0, None]))
    assert ratio_matrices(study((plain, alone), {"shared": 1.0, "transfer": 1.0})) == {}


def test_means_are_over_folds_and_repeats_and_the_target_is_blank():
    cells = (
        cell(network(0, [1.0, 1.2, 0.4]), network(0, [1.0, 1.6, None], fold=1), network(2, [0.7, None, 1.0])),
        cell(network(0, [1.0, 0.8, 0.8]), repeat=1),
    )
    found = ratio_matrices(study(cells))
    assert list(found) == ["transfer"]
    one = found["transfer"]
    assert one.names == ("a", "b", "c") and one.labels.tolist() == [40, 40, 60]
    np.testing.assert_allclose(one.mean, [[NAN, 1.2, 0.6], [NAN] * 3, [0.7, NAN, NAN]])
    assert one.known.tolist() == [[0, 3, 2], [0, 0, 0], [1, 0, 0]]
    np.testing.assert_allclose(
        one.between, [[NAN, np.std([1.2, 1.6, 0.8], ddof=1), np.sqrt(0.08)], [NAN] * 3, [NAN, NAN, NAN]]
    )
    assert np.isnan(one.within).all() and np.isnan(one.correlation).all()


def test_a_network_agrees_on_its_own_side_of_one():
    values = [1.5, 1.5001, 0.5, 1.0, 1.2]
    networks = [network(0, [1.0, v, 1.0], fold=f) for f, v in enumerate(values)]
    one = ratio_matrices(study((cell(*networks),)))["transfer"]
    assert one.known[0].tolist() == [0, 5, 5] and one.agreeing[0].tolist() == [0, 3, 0]
    assert not one.stable.any()


def test_finalists_with_the_same_ratios_count_once_in_a_fold():
    same = [network(0, [1.0, 1.4, 0.5], rate=r) for r in (0.001, 0.003)]
    other = [network(0, [1.0, 1.4, 0.5], fold=1), network(0, [1.0, 0.8, 0.5], fold=1)]
    one = ratio_matrices(study((cell(*same, *other),)))["transfer"]
    assert one.known[0, 1] == 3 and one.mean[0, 1] == pytest.approx((1.4 + 1.4 + 0.8) / 3)
    assert one.stable[0].tolist() == [False, False, True]


def test_strength_is_the_mean_over_all_finalists_of_a_target():
    told = [network(0, [1.0, 1.4, 0.5], options={"transfer.strength": s}) for s in (1.0, 4.0)]
    other = cell(network(0, [1.0, 1.4, 0.5], options={"transfer.strength": 9.0}), strategy="align")
    one = ratio_matrices(
        study((cell(*told, network(1, [1.0, 1.0, 0.9])), other), {"transfer": 1.0, "align": 1.0})
    )
    np.testing.assert_allclose(one["transfer"].strength, [2.5, NAN, NAN])


def test_spread_told_by_networks_is_their_root_mean_square():
    cells = cell(
        network(1, [1.1, 1.0, None], [0.3, None, None]), network(1, [1.2, 1.0, 0.9], [0.4, 0.0, 0.1], 1)
    )
    one = ratio_matrices(study((cells,)))["transfer"]
    assert one.within[1, 0] == pytest.approx(np.sqrt((0.09 + 0.16) / 2))
    assert one.within[1, 2] == pytest.approx(0.1) and np.isnan(one.within[1, 1])
    assert one.spread[1, 0] == pytest.approx(0.1 / np.sqrt(2)) and one.spread[1, 2] == pytest.approx(0.1)


def test_cells_of_some_tasks_stand_at_their_place_in_the_table():
    one = ratio_matrices(study((cell(network(1, [0.6, 1.0]), tasks=(0, 2)),)))["transfer"]
    assert np.argwhere(np.isfinite(one.mean)).tolist() == [[2, 0]] and one.mean[2, 0] == 0.6


def test_learned_ratios_come_first_then_simple_strategies():
    names = [
        "transfer+equal",
        "transfer+correlated",
        "transfer+one-step",
        "align",
        "transfer",
        "transfer+w64",
    ]
    cells = [cell(network(0, [1.0, 1.0, 0.9]), strategy=name) for name in names]
    found = ratio_matrices(study(cells, dict.fromkeys(names, 1.0)))
    assert list(found) == ["transfer+w64", "transfer", "align", *names[2:0:-1], "transfer+equal"]
    kinds = [one.kind for one in found.values()]
    assert kinds == ["learned", "learned", "learned", "one-step", "correlated", "fixed"]


def test_correlations_are_handed_on():
    given = np.arange(9.0).reshape(3, 3)
    assert ratio_matrices(study((cell(network(0, [1.0, 1.1, 0.9])),)), given)["transfer"].correlation is given


def test_errors_are_pooled_over_what_both_predict():
    errors = {
        "independent": [2.0, 1.0, 0.5],
        "shared": [1.0, 1.25, 1.0],
        "transfer+equal": [0.8, 1.0, 1.0],
        "transfer": [0.8, 1.0, 1.0],
    }
    result = study((cell(network(0, [1.0, 1.1, 0.9])),), errors)
    result.outer["shared"][1] = NAN
    half = result.folds.outer[0] == 0
    result.outer["transfer"][0, half, 2] += 7.0
    result.outer["shared"][0, half, 2] = NAN
    shared, independent, equal = ratio_matrices(result)["transfer"].changes
    assert (shared.against, independent.against, equal.against) == ("shared", "independent", "transfer+equal")
    np.testing.assert_allclose(shared.own, [0.8, 1.0, 1.0])
    np.testing.assert_allclose(shared.relative, [-0.2, -0.2, 0.0], atol=1e-12)
    assert shared.folds.tolist() == [3, 3, 2] and shared.better.tolist() == [3, 3, 0]
    np.testing.assert_allclose(independent.relative[:2], [-0.6, 0.0], atol=1e-12)
    assert independent.folds.tolist() == [6, 6, 6]
    assert independent.own[2] == pytest.approx(np.mean([1.0 + 7.0 / 3, 1.0]))
    assert equal.better[0] == 0


def test_what_did_not_run_is_no_change():
    result = study((cell(network(0, [1.0, 1.1, 0.9])),), {"shared": 1.0, "transfer": 1.0})
    result.outer["shared"][:, :, 1] = NAN
    (change,) = ratio_matrices(result)["transfer"].changes
    assert np.isnan(change.relative).tolist() == [False, True, False] and change.folds[1] == 0
