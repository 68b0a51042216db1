"""``miscible diagnose``: what it prints, what it refuses, and what Ctrl-C leaves."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from cli_helpers import Command, Outcome, alloys

from miscible.advisor import Advisor
from miscible.diagnosis import Case, Exhibit, Grid, Heatmap, Part, _registry
from miscible.errors import InputError

GRID = Grid(
    "Numbers", ("property", "labels", "share"), (("[red]hardness", 1498, 0.25), ("glass", 7, None)), "Said."
)
LONG = Grid("Long list", ("n",), tuple((i,) for i in range(40)))
MAP = Heatmap("All pairs", "", ("a",), ("b",), ((1.0,),))


def shows(key: str) -> Callable[[str], Exhibit]:
    answer = ("Nothing hurts [here].", "Not even there.")
    return lambda found: Exhibit(
        key, key.title(), f"What of {key}?", (found, *answer), ("Little data.",), (GRID, LONG), (MAP,)
    )


def finds(case: Case) -> str:
    return f"Quick is {case.quick}."


def cannot(case: Case) -> str:
    raise InputError("only one property.")


@pytest.fixture
def parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three parts that take no time."""
    found = [("tails", finds, 3.0), ("shift", cannot, 20.0), ("transfer", finds, 240.0)]
    monkeypatch.setattr(
        _registry, "PARTS", tuple(Part(k, k.title(), f"What of {k}?", c, f, shows(k)) for k, f, c in found)
    )


@pytest.fixture
def run(finished: tuple[Path, Outcome], tmp_path: Path) -> Path:
    """A finished run to write into."""
    shutil.copytree(finished[0], tmp_path / "run")
    return tmp_path / "run"


@pytest.mark.usefixtures("parts")
def test_everything_found_is_printed(run: Path, miscible: Command) -> None:
    outcome = miscible("diagnose", run)
    assert outcome.status == 0, outcome.err
    lines = outcome.out.splitlines()
    assert [line.split("  ")[0] for line in lines if re.fullmatch(r"\w+  \d+ s", line)] == [
        "Tails", "Shift", "Transfer",
    ]  # fmt: skip
    for words in (
        "What of tails?", "Quick is False.", "Nothing hurts [here].", "limit: Little data.", "Said.",
        "Cannot be seen here: only one property.", "in the report: All pairs; Long list",
        f"report: {run / 'report.html'}", f"diagnosis: {run / 'diagnosis.json'}",
    ):  # fmt: skip
        assert words in outcome.out
    assert lines[-1].endswith("diagnosis.json") and outcome.err == ""


@pytest.mark.usefixtures("parts")
def test_small_tables_are_aligned(run: Path, miscible: Command) -> None:
    out = miscible("diagnose", run, "--parts", "tails").out
    heading, first, second = (
        next(line.rstrip() for line in out.splitlines() if word in line)
        for word in ("property ", "[red]hardness", "glass ")
    )
    assert heading.split() == ["property", "labels", "share"]
    assert first.split() == ["[red]hardness", "1,498", "0.250"] and second.split() == ["glass", "7", "-"]
    assert len(heading) == len(first) == len(second)
    assert heading.index("property") == first.index("[red]") == second.index("glass")


def test_long_answers_are_cut(run: Path, miscible: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    long = Exhibit("tails", "T", "?", tuple(f"Sentence {i}." for i in range(15)))
    monkeypatch.setattr(_registry, "PARTS", (Part("tails", "T", "?", 1.0, finds, lambda found: long),))
    out = miscible("diagnose", run).out
    assert "Sentence 9." in out and "Sentence 10." not in out and "in the report: 5 more sentences" in out


@pytest.mark.usefixtures("parts")
def test_parts_are_chosen_quick_and_resumed(run: Path, miscible: Command) -> None:
    outcome = miscible("diagnose", run, "--parts", "transfer", "tails", "--quick")
    assert outcome.status == 0 and outcome.out.count("Quick is True.") == 2 and "Shift" not in outcome.out
    kept = json.loads((run / "diagnosis.json").read_text(encoding="utf-8"))["parts"]
    assert {key: part["quick"] for key, part in kept.items()} == {"tails": True, "transfer": True}
    again = miscible("diagnose", run, "--quick", "--resume", "--parts", "tails")
    assert again.out.count("Quick is True.") == 1
    assert (run / "report.html").read_text(encoding="utf-8").count('class="exhibit"') == 2


@pytest.mark.usefixtures("parts")
def test_the_parts_are_listed_with_their_cost(miscible: Command) -> None:
    outcome = miscible("diagnose", "--list")
    assert outcome.status == 0
    assert [line.split()[:3] for line in outcome.out.splitlines()[:3]] == [
        ["tails", "3", "s"],
        ["shift", "20", "s"],
        ["transfer", "4", "min"],
    ]
    assert "What of shift?" in outcome.out


def test_the_real_parts_are_listed(miscible: Command, tmp_path: Path) -> None:
    outcome = miscible("diagnose", tmp_path, "--list")
    assert outcome.status == 0
    assert [line.split()[0] for line in outcome.out.split("\n\n")[0].splitlines()] == [
        part.key for part in _registry.PARTS
    ]


@pytest.mark.usefixtures("parts")
@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--parts", "tail"], ["no part 'tail'", "Did you mean 'tails'?"]),
        (["--parts", "quux"], ["There are: tails, shift, transfer."]),
    ],
)
def test_an_unknown_part(run: Path, miscible: Command, words: list[str], said: list[str]) -> None:
    miscible("diagnose", run, *words).refuses(*said)
    assert not (run / "diagnosis.json").exists()


def test_no_run(miscible: Command, tmp_path: Path) -> None:
    miscible("diagnose").refuses("no run named", "--out")
    miscible("diagnose", tmp_path).refuses(tmp_path, "holds no run", "--out")


@pytest.mark.usefixtures("parts")
def test_an_unfinished_run(run: Path, miscible: Command) -> None:
    (run / "cells" / "shared-r0.safetensors").unlink()
    miscible("diagnose", run).refuses(
        run, "not finished", "shared-r0", f"miscible study --plan {run / 'plan.toml'} --resume"
    )


@pytest.mark.usefixtures("parts")
def test_a_run_of_a_data_frame(tmp_path: Path, miscible: Command) -> None:
    Advisor(
        ["hardness:reg"], inputs=["alloy"], folds=2, repeats=1, strategies=["mean"], workers=1, out=tmp_path / "run"
    ).fit(alloys())  # fmt: skip
    miscible("diagnose", tmp_path / "run").refuses("data frame", "diagnose_run")


@pytest.mark.usefixtures("parts")
def test_a_diagnosis_of_other_data_is_replaced(run: Path, miscible: Command) -> None:
    assert miscible("diagnose", run).status == 0
    content = json.loads((run / "diagnosis.json").read_text(encoding="utf-8"))
    (run / "diagnosis.json").write_text(json.dumps({**content, "run": "0" * 64}))
    outcome = miscible("diagnose", run, "--resume", "--parts", "tails")
    assert "note: diagnosis.json was of other data" in outcome.out
    kept = json.loads((run / "diagnosis.json").read_text(encoding="utf-8"))
    assert list(kept["parts"]) == ["tails"] and kept["run"] == content["run"]
    assert "note:" not in miscible("diagnose", run, "--resume").out


def test_ctrl_c_keeps_what_is_done(run: Path, miscible: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(case: Case) -> str:
        raise KeyboardInterrupt

    finishing = Part("tails", "T", "?", 1.0, finds, shows("tails"))
    monkeypatch.setattr(_registry, "PARTS", (finishing, Part("shift", "S", "?", 1.0, stop, shows("shift"))))
    before = (run / "report.html").read_bytes()
    outcome = miscible("diagnose", run, "--quick")
    assert outcome.status == 130 and "Traceback" not in outcome.err
    assert f"go on with: miscible diagnose {run} --quick --resume" in outcome.err
    assert list(json.loads((run / "diagnosis.json").read_text(encoding="utf-8"))["parts"]) == ["tails"]
    assert (run / "report.html").read_bytes() == before
    monkeypatch.setattr(_registry, "PARTS", (finishing,))
    assert miscible("report", run).status == 0
    assert (run / "report.html").read_text(encoding="utf-8").count('class="exhibit"') == 1


@pytest.mark.usefixtures("parts")
def test_overwriting_a_run_throws_its_diagnosis_away(
    finished: tuple[Path, Outcome], run: Path, miscible: Command
) -> None:
    assert miscible("diagnose", run).status == 0
    plan = finished[0].parent / "tiny.toml"
    assert miscible("study", "--plan", plan, "--out", run, "--overwrite").status == 0
    assert not (run / "diagnosis.json").exists()
    assert 'class="exhibit"' not in (run / "report.html").read_text(encoding="utf-8")
    assert len(pd.read_csv(run / "metrics.csv"))
