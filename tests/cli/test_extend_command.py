"""``miscible advise TABLE --extend RUN``: what it prints and leaves, and what it refuses."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from cli_helpers import Command, Outcome, alloys

ARMS = ("mean", "ridge", "independent", "extended")


@pytest.fixture
def run(finished: tuple[Path, Outcome], tmp_path: Path) -> Path:
    """A finished run, and beside it wide.csv: its alloys with a scarce further property."""
    shutil.copytree(finished[0], tmp_path / "run")
    frame = alloys()
    amounts = frame["alloy"].str.extract(r"Fe(\d+)Ni(\d+)Cr(\d+)").astype(float)
    frame["modulus"] = 200.0 - amounts[2] + np.random.default_rng(1).normal(size=len(frame))
    frame.loc[::2, "modulus"] = np.nan
    frame.to_csv(tmp_path / "wide.csv", index=False)
    return tmp_path / "run"


def test_a_new_property_gets_a_verdict_and_joins_the_bundle(
    run: Path, miscible: Command, tmp_path: Path
) -> None:
    out = tmp_path / "run2"
    outcome = miscible(
        "advise", tmp_path / "wide.csv", "--extend", run, "--targets", "modulus:reg:unit=GPa",
        "--strategies", *ARMS, "--out", out, "--quiet",
    )  # fmt: skip
    assert outcome.status == 0, outcome.err
    assert "modulus" in outcome.out and "Too little to call" in outcome.out
    assert [v["name"] for v in json.loads((out / "verdict.json").read_text())["properties"]] == ["modulus"]
    predicted = miscible(
        "predict", out / "bundle", tmp_path / "wide.csv", "--out", tmp_path / "predicted.csv"
    )
    assert predicted.status == 0, predicted.err
    columns = set(pd.read_csv(tmp_path / "predicted.csv").columns)
    assert {"predicted hardness", "predicted strength", "predicted glass", "predicted modulus"} <= columns
    for again in (("study", "--plan", out / "plan.toml", "--resume", "--quiet"), ("report", out)):
        outcome = miscible(*again)
        assert outcome.status == 0, outcome.err
    page = (out / "report.html").read_text(encoding="utf-8")
    assert "started from the shared layers that another run learned on hardness, strength, glass" in page
    assert "30 of 30 rows are known to the run" in page


def test_the_seed_of_the_run_gives_way_to_one_named(run: Path, miscible: Command, tmp_path: Path) -> None:
    plan = (run / "plan.toml").read_text(encoding="utf-8")
    assert "seed = 0" in plan
    for seed in (5, 0):
        out = tmp_path / f"seed{seed}"
        outcome = miscible(
            "advise", tmp_path / "wide.csv", "--extend", run, "--targets", "modulus:reg", "--strategies", "mean",
            "extended", "--seed", seed, "--out", out, "--quiet",
        )  # fmt: skip
        assert outcome.status == 0, outcome.err
        assert f"seed = {seed}" in (out / "plan.toml").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (("--targets", "modulus:reg", "--group", "none"), "--group does not go with --extend"),
        (("--targets", "modulus:reg", "--inputs", "alloy"), "--inputs does not go with --extend"),
        (("--targets", "modulus:reg", "--split", "ladder"), "--split does not go with --extend"),
        (("--targets", "modulus:reg", "--use", "same"), "--use does not go with --extend"),
        (("--targets", "modulus:reg", "--folds", "3"), "--folds does not go with --extend"),
        (("--targets", "modulus:reg", "--plan", "tiny.toml"), "--plan does not go with --extend"),
        ((), "no new property named"),
        (("--targets", "hardness:reg"), "the run has this property already"),
        (("--targets", "moduls:reg"), "nearest: 'modulus'"),
    ],
)
def test_what_makes_no_sense_is_refused(
    run: Path, miscible: Command, tmp_path: Path, words: tuple[str, ...], named: str
) -> None:
    out = tmp_path / "run2"
    miscible("advise", tmp_path / "wide.csv", "--extend", run, *words, "--out", out).refuses(named)
    assert not out.exists()


def test_a_folder_that_is_no_run_is_refused(miscible: Command, folder: Path) -> None:
    outcome = miscible(
        "advise", folder / "alloys.csv", "--extend", folder, "--targets", "new:reg", "--out", folder / "x"
    )
    outcome.refuses("holds no run to extend")


def test_extended_networks_need_a_run(miscible: Command, folder: Path) -> None:
    outcome = miscible(
        "advise",
        folder / "alloys.csv",
        "--targets",
        "hardness:reg",
        "--strategies",
        "extended",
        "--out",
        folder / "x",
    )
    outcome.refuses("this plan extends none", "--extend RUN")
