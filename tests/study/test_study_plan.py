"""Plans: to TOML and back, and every mistake named."""

import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from small_studies import small_plan

from miscible.errors import PlanError
from miscible.strategies import parse_strategies
from miscible.study import Cell, Plan, make_plan, plan_text, read_plan

LEAST = {"table": {"source": "a.csv", "targets": ["y:reg"]}}

plans = st.builds(
    lambda **values: make_plan({**LEAST, **values}),
    table=st.fixed_dictionaries(
        {
            "source": st.text(min_size=1).filter(lambda s: s.isprintable()),
            "targets": st.lists(st.text(st.characters(codec="utf-8"), min_size=1), min_size=1, max_size=3),
            "inputs": st.sampled_from([[], ["smiles:descriptors"], ["SMILES", "T:number"]]),
            "where": st.lists(st.sampled_from(["t <= 298", 'a == "x\\y"', "µ > 1"]), max_size=2),
            "weight": st.none() | st.just("w"),
            "skip_bad_rows": st.booleans(),
        }
    ),
    split=st.fixed_dictionaries(
        {"folds": st.integers(2, 50), "repeats": st.integers(1, 50), "validation": st.floats(0.01, 0.5)}
    ),
    strategies=st.sampled_from([["default"], ["shared+w64", "independent"], ["baselines"]]),
    goal=st.sampled_from(["characterise", "screen"]),
    screen_budget=st.floats(0.001, 0.999),
    budget=st.none() | st.floats(1e-3, 1e6),
    seed=st.integers(0, 2**40),
    tuning=st.fixed_dictionaries({"rates": st.lists(st.floats(1e-9, 1.0), min_size=1, max_size=3)}),
)


@given(plans)
def test_a_plan_survives_toml(plan: Plan):
    assert make_plan(tomllib.loads(plan_text(plan))) == plan


def test_a_plan_survives_a_file(tmp_path: Path):
    plan = small_plan(budget=90.5, goal="screen")
    path = tmp_path / "plan.toml"
    path.write_text(plan_text(plan), encoding="utf-8")
    assert read_plan(path) == plan


def test_defaults_are_what_the_verdict_needs():
    plan = make_plan(LEAST)
    assert plan.split.folds >= 5
    assert plan.split.repeats >= 3
    assert plan.budget is None
    assert plan.parsed_strategies() == parse_strategies(["default"])
    assert len(plan.tuning.rates) * len(plan.tuning.decays) == 8


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"sed": 1}, ["unknown key 'sed'"]),
        ({"split": {"fold": 5}}, ["unknown key 'split.fold'"]),
        ({"tuning": {"rate": 1e-3}}, ["unknown key 'tuning.rate'"]),
        ({"table": {"source": "a.csv"}}, ["'table.targets'", "missing"]),
        ({"table": {"source": "a.csv", "targets": []}}, ["table.targets"]),
        ({"split": {"folds": 1}}, ["split.folds", "greater than or equal to 2", "found 1"]),
        ({"split": {"folds": "many"}}, ["split.folds", "'many'"]),
        ({"split": {"validation": 0.9}}, ["split.validation", "0.9"]),
        ({"goal": "win"}, ["goal", "characterise", "screen", "'win'"]),
        ({"budget": 0}, ["budget", "found 0"]),
        ({"seed": -1}, ["seed", "-1"]),
        ({"workers": 0}, ["workers"]),
        ({"tuning": {"rates": [-1.0]}}, ["tuning.rates.0", "-1.0"]),
        ({"tuning": {"epochs": 0}}, ["tuning.epochs"]),
        ({"strategies": ["share"]}, ["strategies", "'share'", "did you mean shared"]),
        ({"strategies": ["blend"]}, ["strategies", "lightgbm"]),
        ({"strategies": []}, ["strategies"]),
    ],
)
def test_mistakes_name_key_value_and_file(change: dict, words: list[str]):
    with pytest.raises(PlanError) as caught:
        make_plan({**LEAST, **change}, source="my/plan.toml")
    for word in ["my/plan.toml", *words]:
        assert word in str(caught.value)
    assert "pydantic" not in str(caught.value)


@pytest.mark.parametrize("content", [b"table = [", b"\xff\xfe\x00", b"= 1"])
def test_files_that_are_no_toml_are_named(tmp_path: Path, content: bytes):
    path = tmp_path / "plan.toml"
    path.write_bytes(content)
    with pytest.raises(PlanError, match="cannot be read as TOML") as caught:
        read_plan(path)
    assert str(path) in str(caught.value)


def test_a_missing_plan_and_a_folder_are_named(tmp_path: Path):
    with pytest.raises(PlanError, match="no such plan") as caught:
        read_plan(tmp_path / "gone.toml")
    assert "gone.toml" in str(caught.value)
    with pytest.raises(PlanError, match="cannot be read"):
        read_plan(tmp_path)


def test_an_empty_plan_says_what_is_missing(tmp_path: Path):
    path = tmp_path / "plan.toml"
    path.write_text("")
    with pytest.raises(PlanError, match="'table' is missing"):
        read_plan(path)


def test_cells_of_long_names_have_short_files_of_their_own():
    names = [f"warm+from={'硬度' * 60}{end}" for end in "ab"]
    keys = {Cell(name, 0, (0,), 1.0).key for name in names}
    assert len(keys) == 2
    assert all(len(f".{key}.safetensors.part".encode()) < 255 for key in keys)
