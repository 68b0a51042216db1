"""Copies, helpers and strangers are told apart, on shared rows and without any."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from form_cases import known_case

from miscible.diagnosis import (
    Independence,
    exhibit_from_json,
    exhibit_to_json,
    find_independence,
    independence_exhibit,
)
from miscible.diagnosis._independence import call_pairs
from miscible.diagnosis._independence_gain import measured_errors, predicted_error
from miscible.diagnosis._independence_laws import Law, fit_product
from miscible.table import Kind, Property


def inputs_of(rng: np.random.Generator, n: int) -> pd.DataFrame:
    frame = pd.DataFrame(rng.normal(size=(n, 4)), columns=["a", "b", "c", "d"])
    return frame.assign(temperature=rng.uniform(300.0, 900.0, n))


def test_a_product_in_logarithms_finds_its_exponents_and_its_input() -> None:
    rng = np.random.default_rng(0)
    log_s, log_inputs = rng.normal(size=60), rng.normal(size=(60, 5))
    law = fit_product(1.5 - log_s + 0.5 * log_inputs[:, 3], log_s, log_inputs)
    assert law.column == 3 and np.allclose(law.coefficients, [1.5, -1.0, 0.5])
    alone = fit_product(2.0 * log_s + 0.1 * rng.normal(size=60), log_s, log_inputs)
    assert alone.column == -1 and alone.coefficients[2] == 0.0


def measured_pair(rng: np.random.Generator, n: int) -> tuple[pd.DataFrame, np.ndarray]:
    frame = inputs_of(rng, n)
    return frame, np.exp(0.5 * frame["a"].to_numpy() + 0.5 * rng.normal(size=n))


def test_a_property_computed_from_another_is_redundant() -> None:
    rng = np.random.default_rng(0)
    frame, first = measured_pair(rng, 150)
    found = find_independence(known_case(frame, np.column_stack([first, 24.4 / first]), quick=True))
    assert [pair.relation for pair in found.pairs] == ["redundant", "redundant"]
    assert all(pair.derived for pair in found.pairs)
    assert "no second witness" in " ".join(independence_exhibit(found).answer)


def test_a_property_computed_with_the_temperature_is_redundant_by_a_law() -> None:
    rng = np.random.default_rng(1)
    frame, resistivity = measured_pair(rng, 200)
    conductivity = 2.44e-8 * frame["temperature"].to_numpy() / resistivity
    names = [Property("resistivity"), Property("conductivity")]
    case = known_case(frame, np.column_stack([resistivity, conductivity]), names, quick=True)
    found = find_independence(case)
    pair = found.pair("conductivity", "resistivity")
    assert (pair.relation, pair.derived, pair.basis) == ("redundant", "", "shared rows")
    assert pair.law is not None and pair.law.text == "resistivity^-1 x temperature^1"
    assert found.pair("resistivity", "conductivity").relation == "redundant"
    assert "resistivity^-1 x temperature^1 explains 100.0 %" in " ".join(independence_exhibit(found).answer)


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_a_property_computed_with_a_little_noise_is_redundant_and_a_second_measurement_is_not(
    seed: int,
) -> None:
    rng = np.random.default_rng(seed)
    frame = inputs_of(rng, 300)
    truth = frame["a"] + 0.5 * frame["b"] ** 2
    first = truth + 0.7 * rng.normal(size=300)
    copied = -3.0 * np.exp(0.3 * first) * np.exp(0.05 * rng.normal(size=300))
    again = truth + 0.7 * rng.normal(size=300)
    labels = np.column_stack([first, copied, again])
    found = find_independence(known_case(frame, labels, quick=True))
    assert found.pair("t1", "t0").relation == found.pair("t0", "t1").relation == "redundant"
    others = [pair for pair in found.pairs if "t2" in (pair.target, pair.source)]
    assert "redundant" not in [pair.relation for pair in others]


def test_an_input_that_tells_the_property_alone_makes_nothing_redundant() -> None:
    rng = np.random.default_rng(2)
    frame, first = measured_pair(rng, 150)
    second = 3.0 * frame["temperature"].to_numpy() ** 2
    found = find_independence(known_case(frame, np.column_stack([first, second]), quick=True))
    assert "redundant" not in [pair.relation for pair in found.pairs]


@pytest.mark.parametrize("seed", [0, 1])
def test_properties_of_different_inputs_are_independent(seed: int) -> None:
    rng = np.random.default_rng(seed)
    frame = inputs_of(rng, 500)
    labels = np.column_stack(
        [frame["a"] + 1.0 * rng.normal(size=500), frame["b"] + 1.0 * rng.normal(size=500)]
    )
    found = find_independence(known_case(frame, labels))
    relations = [pair.relation for pair in found.pairs]
    assert set(relations) <= {"independent", "cannot tell"} and "independent" in relations
    assert all(abs(pair.change) < 0.05 for pair in found.pairs)


def test_what_the_inputs_do_not_know_is_informative_on_shared_rows() -> None:
    rng = np.random.default_rng(0)
    frame, hidden = inputs_of(rng, 300), rng.normal(size=300)
    labels = np.column_stack(
        [frame["a"] + hidden + 0.4 * rng.normal(size=300), frame["b"] - hidden + 0.4 * rng.normal(size=300)]
    )
    predicted = np.stack([frame["a"], frame["b"]], axis=1)[None]
    found = find_independence(known_case(frame, labels, outer={"mean": 0 * predicted, "ridge": predicted}))
    assert [pair.relation for pair in found.pairs] == ["informative", "informative"]
    pair = found.pair("t0", "t1")
    assert pair.change < -0.2 and pair.interval[1] < 0.0
    # The hidden part and its noise are all that is left: -1 / (1 + 0.4^2).
    assert pair.residual_correlation == pytest.approx(-1.0 / 1.16, abs=0.05)
    assert found.strategy == "ridge" and abs(pair.prediction_correlation) < 0.15


def latent(frame: pd.DataFrame) -> np.ndarray:
    return np.sin(2.0 * frame["a"]) * frame["b"] + np.abs(frame["c"]) * frame["d"]


def test_a_well_measured_property_is_informative_about_a_scarce_one_without_shared_rows() -> None:
    rng = np.random.default_rng(0)
    frame = inputs_of(rng, 1600)
    labels = np.column_stack([latent(frame), latent(frame)]) + 0.3 * rng.normal(size=(1600, 2))
    labels[:120, 1], labels[120:, 0] = np.nan, np.nan
    found = find_independence(known_case(frame, labels, quick=False, folds=5))
    pair = found.pair("t0", "t1")
    assert (pair.basis, pair.n_rows, pair.law) == ("predictions", 0, None)
    assert pair.relation == "informative" and pair.change < -0.1
    assert found.pair("t1", "t0").relation != "informative"


def test_a_stranger_is_not_informative_without_shared_rows() -> None:
    rng = np.random.default_rng(3)
    frame = inputs_of(rng, 700)
    labels = np.column_stack([frame["a"] + rng.normal(size=700), rng.normal(size=700)])
    labels[:200, 1], labels[200:, 0] = np.nan, np.nan
    found = find_independence(known_case(frame, labels))
    assert "informative" not in [pair.relation for pair in found.pairs]
    assert "redundant" not in [pair.relation for pair in found.pairs]


def test_test_labels_are_read_by_the_score_alone() -> None:
    rng = np.random.default_rng(0)
    frame = inputs_of(rng, 200)
    labels = rng.normal(size=(200, 2))
    seen = []

    def look(labels: np.ndarray) -> None:
        case = known_case(frame, labels, seed=5)
        fold = case.fold(0)

        def score(rows: np.ndarray, predicted: np.ndarray) -> float:
            seen.append(predicted)
            return 0.0

        measured_errors(fold, 0, frame[["a"]].to_numpy(), np.arange(200), score, (1,))
        predicted_error(fold, 0, 1, np.setdiff1d(np.arange(200), fold.test_rows), score, (1,))

    look(labels)
    test = known_case(frame, labels, seed=5).fold(0).test_rows
    changed = labels.copy()
    changed[test] += 100.0
    assert np.array_equal(known_case(frame, changed, seed=5).fold(0).test_rows, test)
    look(changed)
    assert len(seen) == 6
    assert all(np.array_equal(a, b) for a, b in zip(seen[:3], seen[3:], strict=True))


def pair_of(**changes) -> Independence:
    content = {
        "target": "t", "source": "s", "basis": "shared rows", "n_rows": 100, "law": None, "derived": "",
        "change": 0.0, "interval": (-1.0, 1.0), "p_helps": 0.5, "p_no_help": 0.5,
        "residual_correlation": np.nan, "prediction_correlation": np.nan,
    }  # fmt: skip
    return Independence(**{**content, **changes})


@pytest.mark.parametrize(
    ("changes", "relation"),
    [
        ({}, "cannot tell"),
        ({"p_helps": 0.91, "p_no_help": 0.09}, "informative"),
        ({"p_helps": 0.09, "p_no_help": 0.91}, "independent"),
        ({"p_helps": np.nan, "p_no_help": np.nan}, "cannot tell"),
        ({"p_helps": 1.0, "derived": "1 / s"}, "redundant"),
        ({"p_helps": 1.0, "law": Law(0.99, "s")}, "redundant"),
        ({"p_helps": 1.0, "law": Law(0.85, "s")}, "informative"),
        # A model without the source leaves more than four times as much.
        ({"p_helps": 1.0, "law": Law(0.95, "s", 0.25)}, "redundant"),
        ({"p_helps": 1.0, "law": Law(0.95, "s", 0.15)}, "informative"),
        ({"p_helps": 1.0, "law": Law(0.7, "s", 1.5)}, "informative"),
        # The inputs alone leave no more.
        ({"law": Law(0.99, "s^1 x a^1", 0.015)}, "cannot tell"),
        ({"law": Law(np.nan, "")}, "cannot tell"),
    ],
)
def test_relations_are_called_by_their_rules(changes: dict, relation: str) -> None:
    assert call_pairs((pair_of(**changes),))[0].relation == relation


def test_many_and_poor_properties_are_answered_too() -> None:
    rng = np.random.default_rng(0)
    frame = inputs_of(rng, 150).assign(flat=1.0)
    labels = rng.normal(size=(150, 4))
    labels[3:, 1] = np.nan
    labels[:, 2] = frame["a"] > 0
    labels[:, 3] = rng.integers(0, 3, 150)
    labels[:75, 3] = np.nan
    properties = [
        Property("plain"), Property("three"),
        Property("side", Kind.BINARY, classes=("no", "yes")),
        Property("phase", Kind.MULTICLASS, classes=("bcc", "fcc", "hcp")),
    ]  # fmt: skip
    progress: list[float] = []
    case = known_case(frame, labels, properties, folds=3, quick=True)
    case = type(case)(case.context, case.result, case.verdicts, True, progress.append)
    found = find_independence(case)
    assert found.scarce == ("three",) and len(found.pairs) == 6
    assert progress == sorted(progress) and progress[-1] == 1.0
    exhibit = independence_exhibit(found)
    assert exhibit_from_json(exhibit_to_json(exhibit)) == exhibit
    assert independence_exhibit(find_independence(case)) == exhibit
    alone = find_independence(known_case(frame[["flat"]], labels[:, :1], folds=3, quick=True))
    assert alone.pairs == () and "fewer than two" in independence_exhibit(alone).answer[0]
    flat = find_independence(known_case(frame[["flat"]], labels[:, [0, 2]], folds=3, quick=True))
    assert {pair.relation for pair in flat.pairs} <= {"cannot tell", "independent"}


def test_shared_rows_that_all_lie_in_one_fold_are_answered() -> None:
    rng = np.random.default_rng(0)
    labels = np.exp(rng.normal(size=(200, 2)))
    labels[80:140, 0] = labels[140:, 1] = np.nan
    case = known_case(inputs_of(rng, 200), labels, folds=3, quick=True)
    outer = np.where(np.arange(200) < 80, 0, case.context.outer[0])[None]
    case = replace(case, context=replace(case.context, outer=outer))
    found = find_independence(case)
    assert [(p.basis, p.n_rows, p.relation) for p in found.pairs] == 2 * [("shared rows", 80, "cannot tell")]
