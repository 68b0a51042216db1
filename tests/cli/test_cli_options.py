"""Options, plans and help: what is asked for is done, what makes no sense is refused before anything is written."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pandas as pd
import pytest
from cli_helpers import TINY, Command

import miscible as package
from miscible.cli._arguments import expand_lists, parse_budget
from miscible.cli._plan import build_plan
from miscible.errors import InputError

VERBS = ("audit", "advise", "study", "report", "predict", "datasets")


@pytest.mark.parametrize("verb", VERBS)
def test_help_of_every_verb(miscible: Command, verb: str) -> None:
    outcome = miscible(verb, "--help")
    assert outcome.status == 0
    assert f"Usage: miscible {verb}" in outcome.out
    assert len(outcome.out.splitlines()) > 5
    assert outcome.err == ""


def test_help_names_the_verbs(miscible: Command) -> None:
    outcome = miscible("--help")
    assert outcome.status == 0
    assert all(verb in outcome.out for verb in VERBS)


def test_version(miscible: Command) -> None:
    assert miscible("--version").out == f"miscible {package.__version__}\n"


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (["advise", "t.csv", "--tragets", "a"], "--tragets"),
        (["advise"], "TABLE"),
        (["advize", "t.csv"], "advise"),
        (["advise", "t.csv", "--folds", "five"], "--folds"),
        (["study"], "--plan"),
    ],
)
def test_words_that_are_no_options(miscible: Command, words: list[str], named: str) -> None:
    outcome = miscible(*words)
    assert outcome.status == 2
    assert named in outcome.err
    assert "Traceback" not in outcome.err


def test_lists_end_at_the_next_option() -> None:
    words = ["advise", "t.csv", "--targets", "a:reg", "b:cls", "--out", "x", "--where", "p > 1", "--quiet"]
    assert expand_lists(words) == [
        "advise", "t.csv", "--targets", "a:reg", "--targets", "b:cls", "--out", "x", "--where", "p > 1", "--quiet"
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "seconds"),
    [(None, None), ("90", 90), ("90s", 90), ("10m", 600), ("1h30m", 5400), ("0.5h", 1800), (" 2m ", 120)],
)
def test_budgets(text: str | None, seconds: float | None) -> None:
    assert parse_budget(text) == seconds


@pytest.mark.parametrize("text", ["", "ten", "10 minutes", "5d", "-3m", "0s", "10m5"])
def test_budgets_that_are_no_times(text: str) -> None:
    with pytest.raises(InputError, match="10m"):
        parse_budget(text)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--budget", "soon"], ["'soon' is not a time", "10m"]),
        (["--goal", "win"], ["goal", "characterise", "screen", "'win'"]),
        (["--strategies", "lightgmb"], ["unknown strategy 'lightgmb'", "lightgbm"]),
        (["--strategies", "blend"], ["lightgbm with a network"]),
        (["--strategies", "ensemble", "ridge"], ["at least two others", "mean and nearest not counted"]),
        (["--device", "cuda:99"], ["no device 'cuda:99'", "This machine has: cpu"]),
        (["--folds", "1"], ["folds", "greater than or equal to 2"]),
        (["--seed", "-1"], ["seed", "greater than or equal to 0"]),
        (["--screen-budget", "1.5"], ["screen_budget", "less than 1"]),
        (["--resume", "--overwrite"], ["--resume", "--overwrite", "one of them"]),
        (["--sheet", "first"], ["a sheet can only be chosen in an Excel file"]),
    ],
)
def test_values_that_make_no_sense(
    folder: Path, miscible: Command, options: list[str], words: list[str]
) -> None:
    call = [
        "advise",
        folder / "alloys.csv",
        "--plan",
        folder / "tiny.toml",
        "--out",
        folder / "run",
        *options,
    ]
    miscible(*call).refuses(*words)
    assert not (folder / "run").exists()


def test_no_target_named(folder: Path, miscible: Command) -> None:
    miscible("advise", folder / "alloys.csv", "--out", folder / "run").refuses("alloys.csv", "--targets")


def test_unknown_dataset(folder: Path, miscible: Command) -> None:
    miscible("audit", "dataset:aloys").refuses("aloys", "alloys")
    miscible("datasets", "show", "aloys").refuses("aloys", "alloys")


def test_datasets(miscible: Command) -> None:
    assert "alloys" in miscible("datasets", "list").out.split()
    assert "hardness" in miscible("datasets", "show", "alloys").out
    assert "dataset:alloy-union:FOLDER" in miscible("datasets", "list").out


def test_a_dataset_read_from_a_folder_says_what_it_lacks(tmp_path: Path, miscible: Command) -> None:
    miscible("datasets", "show", "alloy-union").refuses("--data FOLDER")
    miscible("datasets", "show", "alloy-union", "--data", tmp_path).refuses(str(tmp_path), "starrydata_2019")
    miscible("audit", f"dataset:alloy-union:{tmp_path}").refuses(str(tmp_path), "starrydata_2019")
    miscible("audit", "dataset:alloy-union").refuses("dataset:alloy-union:FOLDER")


def test_a_dataset_brings_its_targets(tmp_path: Path) -> None:
    plan = build_plan("dataset:alloys")
    assert plan.table.source == "dataset:alloys"
    assert any(target.startswith("hardness:reg") for target in plan.table.targets)
    (tmp_path / "p.toml").write_text(
        'strategies = ["mean"]\n[table]\nsource = "dataset:alloys"\ntargets = ["hardness:reg"]\n'
    )
    assert build_plan("dataset:alloys", tmp_path / "p.toml").table.targets == ("hardness:reg",)


def test_a_plan_names_a_dataset(folder: Path, miscible: Command) -> None:
    text = TINY.replace("alloys.csv", "dataset:alloys").replace(
        '"strength:reg", "glass:cls"', '"yield_strength:reg"'
    )
    text = text.replace('inputs = ["alloy", "temperature"]', "where = [\"process == 'WROUGHT'\"]")
    (folder / "tiny.toml").write_text(text.replace('"shared", "independent"', '"nearest"'), encoding="utf-8")
    outcome = miscible("study", "--plan", folder / "tiny.toml", "--out", folder / "run")
    assert outcome.status == 0, outcome.err
    assert "note: " in outcome.out
    plan = tomllib.loads((folder / "run" / "plan.toml").read_text(encoding="utf-8"))
    assert plan["table"]["source"] == "dataset:alloys"
    assert plan["split"]["group"] == "composition"
    card = (folder / "run" / "bundle" / "MODEL_CARD.md").read_text(encoding="utf-8")
    assert "dataset:alloys" in card


def test_the_command_line_goes_over_the_plan(folder: Path) -> None:
    plan = build_plan(
        "alloys.csv", folder / "tiny.toml", targets=["hardness:reg"], folds=4, seed=7, where=[], budget="2m"
    )
    assert plan.table.targets == ("hardness:reg",)
    assert plan.table.inputs == ("alloy", "temperature")
    assert (plan.split.folds, plan.split.repeats, plan.seed, plan.budget) == (4, 1, 7, 120.0)
    assert plan.tuning.epochs == 2
    assert plan.table.source == str(Path("alloys.csv").absolute())


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (None, ["no such plan"]),
        ("strategies = [", ["cannot be read as TOML"]),
        ("[table]\nsource = 'x.csv'\n", ["targets"]),
        (TINY + "\n[tunning]\nepochs = 3\n", ["tunning"]),
        (TINY.replace("epochs = 2", "epochs = 'many'"), ["tuning.epochs", "many"]),
    ],
)
def test_plans_that_cannot_be_read(
    folder: Path, miscible: Command, text: str | None, words: list[str]
) -> None:
    path = folder / "other.toml"
    if text is not None:
        path.write_text(text, encoding="utf-8")
    miscible("study", "--plan", path, "--out", folder / "run").refuses(path, *words)
    assert not (folder / "run").exists()


def test_a_plan_beside_no_run_needs_a_folder(folder: Path, miscible: Command) -> None:
    (folder / "plan.toml").write_text(TINY, encoding="utf-8")
    miscible("study", "--plan", folder / "plan.toml").refuses("no run beside this plan", "--out")
    miscible("study", "--plan", folder / "plan.toml", "--resume").refuses("no run beside this plan")


def test_the_options_reach_the_run(folder: Path, frame: pd.DataFrame, miscible: Command) -> None:
    """Filter, group column, weights, goal, seed: in the plan that is written, and in what was done."""
    frame["trust"] = 1.5
    frame.to_csv(folder / "alloys.csv", index=False)
    outcome = miscible(
        "advise", folder / "alloys.csv", "--targets", "hardness:reg:rmse", "glass:cls",
        "--inputs", "alloy:composition", "temperature:number", "--where", "temperature <= 500",
        "--group", "batch", "--weight", "trust", "--strategies", "mean", "ridge", "--folds", 3, "--repeats", 1,
        "--goal", "screen", "--screen-budget", 0.2, "--seed", 3, "--workers", 1, "--out", folder / "run", "--quiet",
    )  # fmt: skip
    assert outcome.status == 0, outcome.err
    assert "temperature <= 500" in outcome.out
    plan = tomllib.loads((folder / "run" / "plan.toml").read_text(encoding="utf-8"))
    assert plan["table"]["where"] == ["temperature <= 500"]
    assert plan["table"]["weight"] == "trust"
    assert plan["split"]["group"] == "batch"
    assert (plan["goal"], plan["screen_budget"], plan["seed"]) == ("screen", 0.2, 3)
    rows = pd.read_csv(folder / "run" / "predictions.csv")
    kept = frame.set_axis(frame.index + 2).loc[rows["row"]]
    assert (kept["temperature"] <= 500).all()
    folds = rows.assign(batch=kept["batch"].to_numpy()).groupby("batch")["fold"].nunique()
    assert (folds == 1).all()
    assert rows["fold"].nunique() == 3
    metrics = pd.read_csv(folder / "run" / "metrics.csv").groupby("property")["decision_metric"].first()
    assert metrics.to_dict() == {"hardness": "rmse", "glass": "recall@budget"}
