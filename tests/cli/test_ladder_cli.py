"""``--split ladder``, ``--use`` and the new words for ``--group`` on the command line."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from cli_helpers import Command

from miscible.study import read_plan

QUICK = """
strategies = ["mean", "ridge"]
workers = 1

[table]
source = "alloys.csv"
targets = ["hardness:reg:unit=HV", "strength:reg"]
inputs = ["alloy"]

[split]
group = "batch"
folds = 2
repeats = 1
ladder = true
use = "cluster"
"""


@pytest.fixture
def plan(folder: Path) -> Path:
    (folder / "quick.toml").write_text(QUICK, encoding="utf-8")
    return folder / "quick.toml"


def test_a_ladder_is_printed_with_the_rungs_that_cannot_be_had(
    folder: Path, plan: Path, miscible: Command
) -> None:
    outcome = miscible("study", "--plan", plan, "--out", folder / "run")
    assert outcome.status == 0, outcome.err
    for words in (
        "Split ladder",
        "group (batch) *",
        "Error of the model to deploy",
        "rows left for training",
    ):
        assert words in outcome.out
    # Every alloy is of Fe, Ni and Cr: one system, and no element without which anything is left.
    assert "Rung system was not tested: the table has 1 groups, fewer than the 2 folds" in outcome.out
    assert "Rung element was not tested: no element can be left out" in outcome.out
    assert sorted(p.name for p in (folder / "run" / "ladder").iterdir()) == ["cluster", "random"]
    again = miscible("report", folder / "run")
    assert again.status == 0, again.err
    assert again.out == outcome.out
    next((folder / "run" / "ladder" / "random" / "cells").iterdir()).unlink()
    miscible("report", folder / "run").refuses("not finished", "ladder/random/")
    resumed = miscible("study", "--plan", folder / "run" / "plan.toml", "--resume")
    assert resumed.out == outcome.out


def test_options_reach_the_plan(folder: Path, plan: Path, miscible: Command) -> None:
    words = ("advise", folder / "alloys.csv", "--plan", plan, "--group", "cluster", "--use", "element")
    outcome = miscible(*words, "--split", "group", "--out", folder / "run")
    assert outcome.status == 0, outcome.err
    split = read_plan(folder / "run" / "plan.toml").split
    assert (split.group, split.ladder, split.use) == ("cluster", False, "element")
    assert "Split ladder" not in outcome.out
    assert not (folder / "run" / "ladder").exists()
    outcome = miscible(*words[:4], "--split", "ladder", "--folds", 3, "--out", folder / "other")
    assert read_plan(folder / "other" / "plan.toml").split.ladder


def test_what_makes_no_sense_is_refused(folder: Path, plan: Path, miscible: Command) -> None:
    words = ("advise", folder / "alloys.csv", "--plan", plan, "--out", folder / "run")
    miscible(*words, "--split", "staircase").refuses("--split 'staircase' is not known", "--split ladder")
    miscible(*words, "--use", "mars").refuses("split.use", "'cluster'", "'mars'")
    miscible(*words, "--group", "element").refuses("no element can be left out", "Group by composition")
    frame = pd.read_csv(folder / "alloys.csv").assign(cluster="a")
    frame.to_csv(folder / "alloys.csv", index=False)
    miscible(*words, "--group", "cluster").refuses("alloys.csv", "column 'cluster'", "Rename the column")
    assert not (folder / "run").exists()
