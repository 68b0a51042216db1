"""Run folders: what is in them, running twice, resuming, and writing the report again."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pandas as pd
import pytest
from cli_helpers import TINY, Command, Outcome

STRATEGIES = ["mean", "ridge", "shared", "independent"]


def test_what_a_run_leaves(finished: tuple[Path, Outcome]) -> None:
    run, outcome = finished
    assert {p.name for p in run.iterdir()} >= {
        "plan.toml", "manifest.json", "cells", "verdict.json", "metrics.csv", "predictions.csv",
        "report.html", "bundle",
    }  # fmt: skip
    assert not list(run.rglob("*.part"))
    for name in ("hardness", "strength", "glass", "UNDECIDED", str(run / "report.html"), str(run / "bundle")):
        assert name in outcome.out
    assert outcome.err == ""


def test_running_twice_into_one_folder(
    finished: tuple[Path, Outcome], folder: Path, miscible: Command
) -> None:
    run = folder / "run"
    shutil.copytree(finished[0], run)
    before = {p: p.read_bytes() for p in run.rglob("*") if p.is_file()}
    outcome = miscible("study", "--plan", folder / "tiny.toml", "--out", run)
    outcome.refuses(run, "already holds a run", "--resume", "--overwrite")
    assert {p: p.read_bytes() for p in run.rglob("*") if p.is_file()} == before


def test_another_plan_does_not_resume(
    finished: tuple[Path, Outcome], folder: Path, miscible: Command
) -> None:
    run = folder / "run"
    shutil.copytree(finished[0], run)
    options = ["--plan", run / "plan.toml", "--out", run, "--resume", "--seed", 9]
    miscible("advise", finished[0].parent / "alloys.csv", *options).refuses(
        run / "plan.toml", "differs", "seed"
    )


def test_a_changed_table_does_not_resume(folder: Path, frame: pd.DataFrame, miscible: Command) -> None:
    words = ["study", "--plan", folder / "tiny.toml", "--out", folder / "run"]
    assert miscible(*words).status == 0
    frame.loc[1, "hardness"] = 77.0
    frame.to_csv(folder / "alloys.csv", index=False)
    miscible(*words, "--resume").refuses(folder / "run", "the table has changed")


def test_overwriting_starts_again(finished: tuple[Path, Outcome], miscible: Command, folder: Path) -> None:
    run = folder / "run"
    shutil.copytree(finished[0], run)
    (run / "mine.txt").write_text("kept")
    (folder / "tiny.toml").write_text(TINY.replace('"shared", "independent"', '"nearest"'), encoding="utf-8")
    outcome = miscible("study", "--plan", folder / "tiny.toml", "--out", run, "--overwrite")
    assert outcome.status == 0, outcome.err
    assert set(pd.read_csv(run / "metrics.csv")["strategy"]) == {"mean", "ridge", "nearest"}
    assert (run / "mine.txt").read_text() == "kept"


def test_a_folder_of_something_else_is_left_alone(folder: Path, miscible: Command) -> None:
    before = sorted(folder.iterdir())
    words = ["study", "--plan", folder / "tiny.toml", "--out", folder]
    miscible(*words).refuses(folder, "not empty and holds no run")
    miscible(*words, "--overwrite").refuses(folder)
    assert sorted(folder.iterdir()) == before


def test_the_report_is_written_again(
    finished: tuple[Path, Outcome], tmp_path: Path, miscible: Command
) -> None:
    """From the plan in the folder, without training: cells stay as they are."""
    run = tmp_path / "moved"
    shutil.copytree(finished[0], run)
    verdicts = json.loads((run / "verdict.json").read_text())
    cells = {p: p.stat().st_mtime_ns for p in (run / "cells").iterdir()}
    for name in ("report.html", "verdict.json", "metrics.csv"):
        (run / name).unlink()
    shutil.rmtree(run / "bundle")
    outcome = miscible("report", run)
    assert outcome.status == 0, outcome.err
    assert {p: p.stat().st_mtime_ns for p in (run / "cells").iterdir()} == cells
    assert json.loads((run / "verdict.json").read_text()) == verdicts
    assert (run / "report.html").exists()
    assert (run / "bundle" / "bundle.json").exists()


def test_the_report_of_an_unfinished_run(
    finished: tuple[Path, Outcome], tmp_path: Path, miscible: Command
) -> None:
    run = tmp_path / "run"
    shutil.copytree(finished[0], run)
    (run / "cells" / "shared-r0.safetensors").unlink()
    (run / "report.html").unlink()
    outcome = miscible("report", run)
    outcome.refuses(run, "not finished", "shared-r0", f"miscible study --plan {run / 'plan.toml'} --resume")
    assert not (run / "report.html").exists()
    assert miscible("study", "--plan", run / "plan.toml", "--resume").status == 0
    assert (run / "report.html").exists()


def test_the_report_of_no_run(tmp_path: Path, miscible: Command) -> None:
    miscible("report", tmp_path / "nothing").refuses(tmp_path / "nothing", "holds no run", "--out")


@pytest.mark.parametrize("damage", ["cut", "garbage"])
def test_a_damaged_cell_is_named(
    finished: tuple[Path, Outcome], tmp_path: Path, miscible: Command, damage: str
) -> None:
    run = tmp_path / "run"
    shutil.copytree(finished[0], run)
    cell = run / "cells" / "ridge-r0.safetensors"
    data = cell.read_bytes()
    cell.write_bytes(data[: len(data) // 2] if damage == "cut" else b"x" * len(data))
    miscible("report", run).refuses(cell, "damaged", "Delete it")


def test_a_budget_that_ends_at_once(folder: Path, miscible: Command) -> None:
    """What the budget left out is journalled, printed and shown."""
    words = ["advise", folder / "alloys.csv", "--plan", folder / "tiny.toml", "--out", folder / "run"]
    outcome = miscible(*words, "--repeats", 3, "--budget", "0.05s")
    assert outcome.status in (0, 2), outcome.err
    journal = (folder / "run" / "journal.jsonl").read_text().splitlines()
    assert json.loads(journal[-1])["dropped"] == ["everything"]
    if outcome.status == 0:
        assert "budget" in (folder / "run" / "report.html").read_text(encoding="utf-8")
    else:
        outcome.refuses("budget", "larger --budget")
