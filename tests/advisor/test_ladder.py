"""The ladder of splits: what it concludes from verdicts, which rungs a table has, and a small one from end to end."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from miscible.advice import Call, Comparison, Deployment, PropertyVerdict
from miscible.advisor import (
    Advisor,
    Ladder,
    Rung,
    advise_table,
    ladder_exhibit,
    missing_rungs,
    open_table,
    use_warnings,
)
from miscible.advisor._climb import _study_rung, plan_climb
from miscible.advisor._ladder_files import ladder_frame
from miscible.bundle import load_bundle
from miscible.errors import PlanError
from miscible.splits import assign_folds, group_keys
from miscible.study import Plan, make_plan, plan_text, read_plan

KEYS = ("random", "group", "system", "cluster", "element")
WORDS = ("none", "composition", "system", "cluster", "element")


def comparison(difference: float) -> Comparison:
    return Comparison(
        baseline="best separate", candidate="best joint", baseline_error=50.0,
        candidate_error=50.0 + difference, difference=difference, interval=(difference - 2, difference + 2),
        rope=1.0, p_better=0.0, p_equivalent=0.0, p_worse=0.0, p_value=0.1, p_holm=0.1,
        smallest_detectable=3.0, n_repeats=3, n_folds=5, fold_differences=((difference,) * 5,) * 3,
    )  # fmt: skip


def verdict(
    call: Call, difference: float = 0.0, error: float = 40.0, name: str = "hardness"
) -> PropertyVerdict:
    deploy = Deployment("lightgbm", error, "lightgbm", error, None, "")
    return PropertyVerdict(
        name=name, kind="regression", unit="HV", metric="mae", n_labels=100, call=call, reason="",
        partners=(), sharing=comparison(difference), deploy=deploy, scores=(), noise_floor=None, warnings=(),
    )  # fmt: skip


def ladder(*calls: Call | str | None, home: str = "group", use: str | None = None) -> Ladder:
    """Of one property; None: the rung could not be had; a text: as on that rung."""
    rungs = []
    for place, (key, word, call) in enumerate(zip(KEYS, WORDS, calls, strict=True)):
        if call is None:
            rungs.append(Rung(key, word, skipped="too few groups"))
        elif not isinstance(call, Call):
            rungs.append(Rung(key, word, same_as=call))
        else:
            sign = {Call.MIX: -5.0, Call.SEPARATE: 5.0}.get(call, 0.5)
            rungs.append(Rung(key, word, (verdict(call, sign, 40.0 + place),), n_groups=50, left=0.8))
    return Ladder(tuple(rungs), home, use)


MIX, APART, EITHER, OPEN = Call.MIX, Call.SEPARATE, Call.EITHER, Call.UNDECIDED


def test_flips_are_calls_turned_into_their_contrary() -> None:
    found = ladder(MIX, MIX, OPEN, APART, APART).flips(0)
    assert [(f.below, f.above, f.before, f.after) for f in found] == [("group", "cluster", MIX, APART)]
    assert ladder(APART, MIX, EITHER, APART, OPEN).flips(0)[1].above == "cluster"
    assert ladder(MIX, MIX, OPEN, EITHER, OPEN).flips(0) == ()
    assert ladder(OPEN, OPEN, OPEN, OPEN, OPEN).flips(0) == ()
    assert ladder(MIX, "random", None, APART, None).flips(0)[0].below == "group"


def test_status_of_each_rung_beside_the_runs_own() -> None:
    of = ladder(OPEN, MIX, MIX, APART, EITHER)
    assert [of.status(key, 0) for key in KEYS] == ["lost", "holds", "holds", "flips", "changes"]
    undecided = ladder(OPEN, OPEN, MIX, None, "system")
    assert [undecided.status(key, 0) for key in KEYS] == ["undecided", "undecided", "found", None, "found"]


@pytest.mark.parametrize(
    ("calls", "last"),
    [
        ((MIX, MIX, MIX, MIX, MIX), "element"),
        ((APART, MIX, MIX, OPEN, MIX), "system"),  # what holds again farther off was lost on the way
        ((MIX, MIX, APART, MIX, MIX), "group"),
        ((MIX, MIX, None, MIX, None), "cluster"),  # a rung that cannot be had is no evidence against
        ((MIX, EITHER, "group", EITHER, OPEN), "cluster"),
        ((MIX, OPEN, MIX, MIX, MIX), None),
    ],
)
def test_the_last_rung_that_supports_a_verdict(calls: tuple[Any, ...], last: str | None) -> None:
    assert ladder(*calls).last_supporting(0) == last


def test_a_use_beyond_the_last_supporting_rung_is_warned_of() -> None:
    calls = (OPEN, MIX, MIX, OPEN, None)
    assert use_warnings(ladder(*calls)) == ()
    assert use_warnings(ladder(*calls, use="group")) == ()
    assert use_warnings(ladder(*calls, use="system")) == ()
    (line,) = use_warnings(ladder(*calls, use="cluster"))
    assert "hardness: your use (cluster) lies beyond the last rung that supports the verdict MIX" in line
    assert "which is system" in line and "there it is UNDECIDED" in line
    assert "43 HV on cluster against 41 HV on group (composition)" in line
    (line,) = use_warnings(ladder(*calls, use="element"))
    assert "that rung was not tested (too few groups)" in line
    (line,) = use_warnings(ladder(*calls, use="same"))
    assert "your use (same) is nearer than the run's own rung, group (composition)" in line
    assert "beyond" not in line and "there it is UNDECIDED" in line
    assert use_warnings(ladder(OPEN, OPEN, OPEN, OPEN, OPEN, use="element")) == ()  # nothing to support


def test_the_exhibit_says_where_verdicts_flip_and_end() -> None:
    exhibit = ladder_exhibit(ladder("group", MIX, OPEN, APART, None, use="element"))
    assert exhibit.key == "ladder"
    text = " ".join(exhibit.answer)
    assert "flips from MIX on the rung group (composition) to SEPARATE on the rung cluster" in text
    assert (
        "the last rung that supports MIX is group (composition); on system it is UNDECIDED (+1.0 %)" in text
    )
    assert "your use (element)" in text
    assert any("element was not tested: too few groups" in line for line in exhibit.limits)
    assert any("random: keeps the same rows together as group" in line for line in exhibit.limits)
    calls = exhibit.grids[0]
    assert calls.columns[2] == "group (composition) *"
    assert calls.rows == (
        ("hardness", "MIX -10.0 %", "MIX -10.0 %", "UNDECIDED +1.0 %", "SEPARATE +10.0 %", None),
    )
    assert exhibit.grids[1].rows[0][3] == "42 lightgbm"
    assert exhibit.lines[0].series[0].y == (-10.0, -10.0, 1.0, 10.0)


def test_a_use_that_is_covered_is_said_too() -> None:
    covered = " ".join(ladder_exhibit(ladder(MIX, MIX, MIX, MIX, OPEN, use="cluster")).answer)
    assert "For your use (cluster) the verdict holds of hardness (MIX)." in covered
    nothing = " ".join(ladder_exhibit(ladder(OPEN, OPEN, OPEN, MIX, OPEN, use="cluster")).answer)
    assert "For your use (cluster) there is no verdict to rely on of hardness." in nothing
    assert "UNDECIDED on the run's own rung, but MIX on the rung cluster" in nothing


def test_the_frame_has_a_row_for_every_property_and_rung() -> None:
    one = ladder(MIX, MIX, OPEN, APART, None)
    two = [
        replace(r, verdicts=(*r.verdicts, replace(r.verdicts[0], name="strength"))) if r.verdicts else r
        for r in one.rungs
    ]
    frame = ladder_frame(Ladder(tuple(two), "group"))
    assert len(frame) == 10
    row = frame[(frame["property"] == "strength") & (frame["rung"] == "cluster")].iloc[0]
    assert (row["verdict"], row["status"], row["effect"], row["deploy_error"]) == (
        "SEPARATE",
        "flips",
        0.1,
        43.0,
    )
    assert frame[frame["rung"] == "element"]["skipped"].tolist() == ["too few groups"] * 2


OTHERS = ("Cr", "Mo", "W", "V", "Ti", "Al", "Cu", "Mn")


def alloys(n: int = 150, seed: int = 0) -> pd.DataFrame:
    """Iron with one or two of eight elements; a third of the compositions twice."""
    rng = np.random.default_rng(seed)
    formulas = []
    for _ in range(n - n // 3):
        extra = rng.choice(OTHERS, rng.integers(1, 3), replace=False).tolist()
        formulas.append("Fe50" + "".join(f"{e}{rng.integers(2, 40)}" for e in extra))
    formulas += formulas[: n // 3]
    x = np.array([len(f) + sum(map(ord, f)) % 17 for f in formulas], dtype=float)
    frame = pd.DataFrame({"alloy": formulas, "hardness": x + rng.normal(size=n), "strength": 3 * x})
    frame["batch"] = [f"b{k % 30}" for k in range(n)]
    frame.loc[::3, "hardness"] = np.nan
    frame.loc[1::3, "strength"] = np.nan
    return frame


def small_plan(source: Path, **split: Any) -> Plan:
    return make_plan(
        {
            "table": {
                "source": str(source), "targets": ["hardness:reg:unit=HV", "strength:reg"], "inputs": ["alloy"]
            },
            "split": {"group": "composition", "folds": 3, "repeats": 2, "ladder": True, **split},
            "strategies": ["mean", "ridge", "shared", "independent"],
            "tuning": {"epochs": 2, "halving": [], "rates": [1e-3], "decays": [0.01]},
            "workers": 1,
        }
    )  # fmt: skip


@pytest.fixture
def source(tmp_path: Path) -> Path:
    alloys().to_csv(tmp_path / "alloys.csv", index=False)
    return tmp_path / "alloys.csv"


def test_a_plan_with_a_ladder_comes_back_from_its_text(source: Path, tmp_path: Path) -> None:
    plan = small_plan(source, use="cluster")
    (tmp_path / "plan.toml").write_text(plan_text(plan), encoding="utf-8")
    assert read_plan(tmp_path / "plan.toml") == plan
    assert plan.split.ladder and plan.split.use == "cluster"


@pytest.mark.parametrize(
    ("group", "home", "words"),
    [
        ("composition", "group", WORDS),
        ("batch", "group", ("none", "batch", "system", "cluster", "element")),
        ("none", "random", WORDS),
        ("system", "system", WORDS),
        ("element", "element", WORDS),
    ],
)
def test_rungs_of_a_table_of_alloys(source: Path, group: str, home: str, words: tuple[str, ...]) -> None:
    plan = small_plan(source, group=group)
    climb = plan_climb(plan, open_table(plan.table, group)[0])
    assert climb.home == home
    assert tuple(rung.group for rung in climb.rungs) == words
    assert tuple(rung.key for rung in climb.rungs) == KEYS
    assert not any(rung.skipped or rung.same_as for rung in climb.rungs)
    assert climb.n_studies == 5
    assert climb.share(100.0) == 20.0


def test_rungs_that_cannot_be_had_say_why(tmp_path: Path) -> None:
    """Unique compositions of four systems of three elements, of which two are everywhere."""
    rng = np.random.default_rng(0)
    parts = rng.permutation(np.arange(10, 300))[:60]
    rows = [f"Fe{p}Ni{q}Cr10" for p, q in zip(parts[:30], parts[30:], strict=True)]
    frame = pd.DataFrame({"alloy": rows, "hardness": parts[:30], "strength": parts[30:]})
    frame.to_csv(tmp_path / "few.csv", index=False)
    plan = small_plan(tmp_path / "few.csv")
    climb = plan_climb(plan, open_table(plan.table)[0])
    rungs = dict(zip(KEYS, climb.rungs, strict=True))
    assert rungs["random"].same_as == "group"
    assert "1 groups, fewer than the 3 folds" in rungs["system"].skipped
    assert "no element can be left out" in rungs["element"].skipped
    assert climb.n_studies == 2
    frame.drop(columns="alloy").assign(x=parts[:30]).to_csv(tmp_path / "plain.csv", index=False)
    content = small_plan(tmp_path / "plain.csv", group="none").model_dump(exclude_none=True)
    content["table"]["inputs"] = ["x"]
    plain = make_plan(content)
    climb = plan_climb(plain, open_table(plain.table)[0])
    assert [bool(r.skipped) for r in climb.rungs] == [False, True, True, False, True]


def test_a_whole_ladder(source: Path, tmp_path: Path) -> None:
    plan = small_plan(source, use="element")
    table, _ = open_table(plan.table, "composition")
    run = tmp_path / "run"
    heard: list[str] = []
    advice = advise_table(plan, table, run, on_rung=heard.append)
    assert heard == ["random", "system", "cluster", "element"]
    assert advice.ladder is not None
    assert advice.ladder.tested == KEYS
    assert [v.name for v in advice.ladder.rungs[4].verdicts] == ["hardness", "strength"]
    assert advice.ladder.rungs[1].verdicts == advice.verdicts
    left = [rung.left for rung in advice.ladder.rungs]
    assert left[:4] == pytest.approx([2 / 3] * 4)
    assert left[4] < 0.66

    # Every rung is a whole study of its own split: each measured pair is predicted in every repeat.
    for key, word in zip(KEYS, WORDS, strict=True):
        folder = run if key == "group" else run / "ladder" / key
        own = read_plan(folder / "plan.toml")
        assert own.split.group == word
        assert own.split.ladder == (key == "group")
        assert own.strategies == plan.strategies
        predictions = pd.read_csv(folder / "predictions.csv")
        assert len(predictions) == 2 * int(np.isfinite(table.labels).sum())
        assert predictions["ridge"].notna().all()
        groups = group_keys(table, word)
        folds = assign_folds(
            groups.codes, table.labels, table.kinds, n_folds=3, n_repeats=2, seed=0, holds=groups.holds
        )  # fmt: skip
        first = predictions[predictions["repeat"] == 1]
        assert (
            first["fold"].to_numpy() == folds.outer[1][table.frame.index.get_indexer(first["row"].to_numpy())]
        ).all()

    content = json.loads((run / "ladder.json").read_text(encoding="utf-8"))
    assert content["own_rung"] == "group" and content["use"] == "element"
    assert [p["verdict"] for p in content["properties"]] == ["UNDECIDED"] * 2  # 3 x 2 are too few for a call
    assert len(pd.read_csv(run / "ladder.csv")) == 10
    assert "Split ladder" in (run / "report.html").read_text(encoding="utf-8")
    assert load_bundle(run / "bundle") is not None

    # Lost on the way: part of a rung, and all of another. The same plan goes on and ends in the same numbers.
    before = pd.read_csv(run / "ladder.csv")
    (run / "ladder" / "cluster" / "cells" / "shared-r1.safetensors").unlink()
    for path in sorted((run / "ladder" / "element").rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    (run / "ladder" / "element").rmdir()
    assert missing_rungs(plan, table, run) == ("ladder/cluster/shared-r1", "ladder/element")
    again = advise_table(plan, table, run, resume=True)
    assert missing_rungs(plan, table, run) == ()
    pd.testing.assert_frame_equal(pd.read_csv(run / "ladder.csv"), before)
    assert again.ladder == advice.ladder


def test_a_rung_that_the_budget_left_empty_is_no_error(source: Path, tmp_path: Path) -> None:
    plan = small_plan(source, ladder=False, group="cluster").model_copy(update={"budget": 1e-9})
    table, _ = open_table(plan.table, "composition")
    rung = Rung("cluster", "cluster", n_groups=10)
    found = _study_rung(rung, plan, table, tmp_path / "run", {}, None)
    assert found.skipped == "the budget ended before a single strategy was done"
    assert found.verdicts == ()
    with pytest.raises(PlanError, match=r"plan.toml in: seed"):  # any other trouble is one
        _study_rung(rung, plan.model_copy(update={"seed": 5}), table, tmp_path / "run", {}, None)


def test_a_ladder_can_be_added_to_a_finished_run_and_goes_with_it(source: Path, tmp_path: Path) -> None:
    plain = small_plan(source, ladder=False)
    table, _ = open_table(plain.table, "composition")
    run = tmp_path / "run"
    advice = advise_table(plain, table, run)
    assert advice.ladder is None and not (run / "ladder").exists()
    cells = {p.name: p.stat().st_mtime_ns for p in (run / "cells").iterdir()}
    added = advise_table(small_plan(source), table, run, resume=True)
    assert added.verdicts == advice.verdicts
    assert added.ladder is not None and len(added.ladder.tested) == 5
    assert {p.name: p.stat().st_mtime_ns for p in (run / "cells").iterdir()} == cells
    assert read_plan(run / "plan.toml").split.ladder
    page = run / "report.html"
    assert "Split ladder" in page.read_text(encoding="utf-8")
    content = json.loads((run / "ladder.json").read_text(encoding="utf-8"))
    content["warnings"] = ["your use lies far off"]
    (run / "ladder.json").write_text(json.dumps(content), encoding="utf-8")
    advise_table(plain, table, run, resume=True)
    assert "Split ladder" not in page.read_text(encoding="utf-8")
    assert "your use lies far off" not in page.read_text(encoding="utf-8")
    advise_table(plain, table, run, overwrite=True)
    assert not (run / "ladder").exists() and not (run / "ladder.json").exists()


def test_a_stop_on_the_ladder_leaves_report_and_bundle_of_the_run(source: Path, tmp_path: Path) -> None:
    def stop(rung: str) -> None:
        raise KeyboardInterrupt

    plan = small_plan(source, use="element")
    table, _ = open_table(plan.table, "composition")
    run = tmp_path / "run"
    with pytest.raises(KeyboardInterrupt):
        advise_table(plan, table, run, on_rung=stop)
    assert load_bundle(run / "bundle") is not None
    assert "hardness" in (run / "report.html").read_text(encoding="utf-8")
    assert len(missing_rungs(plan, table, run)) == 4


def test_a_use_without_a_ladder_is_answered_from_the_runs_own_rung(source: Path, tmp_path: Path) -> None:
    plan = small_plan(source, ladder=False, use="cluster")
    table, _ = open_table(plan.table, "composition")
    advice = advise_table(plan, table, tmp_path / "run")
    assert advice.ladder is not None
    assert advice.ladder.tested == ("group",)
    assert Advisor(plan.table.targets, use="cluster", ladder=True)._plan().split.use == "cluster"
    called = tuple(replace(v, call=Call.MIX) for v in advice.verdicts)
    rungs = tuple(replace(r, verdicts=called) if r.verdicts else r for r in advice.ladder.rungs)
    lines = use_warnings(replace(advice.ladder, rungs=rungs))
    assert len(lines) == 2
    assert "that rung was not tested (this run has no ladder; --split ladder adds it)" in lines[0]
