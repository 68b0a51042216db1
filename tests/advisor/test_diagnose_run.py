"""A finished run is explained part by part: what is kept, what is left out, what the report shows."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import lxml.html
import numpy as np
import pandas as pd
import pytest
from test_advisor import make_frame

from miscible.advisor import advise_table, case_of_run, diagnose_run, keep_exhibit, open_table, run_mark
from miscible.advisor._exhibits import Kept, kept_exhibits, read_kept
from miscible.advisor._parts import run_parts
from miscible.diagnosis import Case, Exhibit, Grid, Part, _registry
from miscible.errors import InputError, MiscibleError, PlanError
from miscible.study import Plan, make_plan
from miscible.table import Table


def tell(key: str) -> Callable[[str], Exhibit]:
    grid = Grid("Numbers", ("a", "b"), ((1, float("nan")),))
    return lambda found: Exhibit(key, f"About {key}", "Is it?", (found,), grids=(grid,))


def count_labels(case: Case) -> str:
    case.progress(0.5)
    return f"{int(np.isfinite(case.table.labels).sum())} labels, quick {case.quick}."


def know_the_process(case: Case) -> str:
    case.progress(0.5)
    case.progress(0.7)
    fold = case.fold(0)
    return f"{os.getpid()} {fold.inputs.sum():.3f} {case.seed('x')}"


def refuse(case: Case) -> str:
    raise InputError("one property has no partner.")


def show_there(found: str) -> Exhibit:
    return Exhibit("there", "T", "?", (found,))


def show_here(found: str) -> Exhibit:
    return Exhibit("here", "T", "?", (found,))


def parts_of(*finds: tuple[str, Callable[[Case], str]]) -> tuple[Part, ...]:
    return tuple(Part(key, f"About {key}", "Is it?", 1.0, find, tell(key)) for key, find in finds)


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> tuple[Plan, Path]:
    """A finished run; tests read it only."""
    path = tmp_path_factory.mktemp("diagnosed")
    make_frame().to_csv(path / "alloys.csv", index=False)
    content = {
        "table": {
            "source": str(path / "alloys.csv"),
            "targets": ["hardness:reg:unit=HV", "life:reg:transform=log10", "glass:cls"],
            "inputs": ["x", "y", "route"],
        },
        "split": {"group": "batch", "folds": 3, "repeats": 1},
        "strategies": ["mean", "ridge", "shared", "independent"],
        "tuning": {"epochs": 2, "halving": [], "rates": [1e-3], "decays": [0.01]},
        "workers": 1,
    }
    plan = make_plan(content)
    advise_table(plan, table_of(plan), path / "run")
    return plan, path / "run"


def table_of(plan: Plan) -> Table:
    return open_table(plan.table, plan.split.group)[0]


@pytest.fixture
def run(done: tuple[Plan, Path], tmp_path: Path) -> Path:
    """A copy of the run to write into."""
    shutil.copytree(done[1], tmp_path / "run")
    return tmp_path / "run"


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Two parts that look and one that cannot; every look is noted here."""
    looked: list[str] = []

    def noted(key: str, find: Callable[[Case], str]) -> tuple[str, Callable[[Case], str]]:
        def look(case: Case) -> str:
            looked.append(key)
            return find(case)

        return key, look

    finds = (noted("counts", count_labels), noted("refusing", refuse), noted("again", count_labels))
    monkeypatch.setattr(_registry, "PARTS", parts_of(*finds))
    return looked


class Notes:
    """Hears everything."""

    def __init__(self) -> None:
        self.todo: list[str] = []
        self.there: list[str] = []
        self.stale = False
        self.heard: list[tuple[str, float]] = []
        self.finished: list[str] = []

    def begin(self, parts: Sequence[Part], kept: Sequence[Part], is_stale: bool) -> None:
        self.todo, self.there, self.stale = [p.key for p in parts], [p.key for p in kept], is_stale

    def advance(self, part: Part, share: float) -> None:
        self.heard.append((part.key, share))

    def finish(self, part: Part, seconds: float) -> None:
        assert seconds >= 0.0
        self.finished.append(part.key)


def section_of(run: Path) -> lxml.html.HtmlElement | None:
    page = (run / "report.html").read_text(encoding="utf-8")
    found = lxml.html.fromstring(page).xpath("//section[@id='exhibits']")
    return found[0] if found else None


def titles(run: Path) -> list[str]:
    section = section_of(run)
    return [] if section is None else section.xpath(".//summary/h3/text()")


def test_every_part_is_kept_and_shown(done: tuple[Plan, Path], run: Path, asked: list[str]) -> None:
    plan, _ = done
    notes = Notes()
    before = {p: p.read_bytes() for p in run.rglob("*") if p.is_file() and p.name != "report.html"}
    found = diagnose_run(plan, table_of(plan), run, listener=notes)
    assert [e.key for e in found.exhibits] == ["counts", "refusing", "again"]
    n_labels = int(np.isfinite(table_of(plan).labels).sum())
    assert found.exhibits[0].answer == (f"{n_labels} labels, quick False.",)
    assert found.exhibits[1].answer == ("Cannot be seen here: one property has no partner.",)
    assert asked == notes.todo == notes.finished == ["counts", "refusing", "again"]
    assert ("counts", 0.5) in notes.heard
    assert titles(run) == ["About counts", "About refusing", "About again"]
    assert (found.report, found.path) == (run / "report.html", run / "diagnosis.json")
    # Nothing else in the folder is touched, and nothing was trained.
    after = {p: p.read_bytes() for p in run.rglob("*") if p.is_file()}
    assert {p: after[p] for p in before} == before
    assert set(after) - set(before) == {run / "report.html", run / "diagnosis.json"}


def test_a_report_written_later_shows_it_too(done: tuple[Plan, Path], run: Path, asked: list[str]) -> None:
    plan, _ = done
    diagnose_run(plan, table_of(plan), run)
    (run / "report.html").unlink()
    advise_table(plan, table_of(plan), run, resume=True)
    assert titles(run) == ["About counts", "About refusing", "About again"]


def test_the_same_page_but_for_the_section(done: tuple[Plan, Path], run: Path, asked: list[str]) -> None:
    """Written without models to deploy, the report tells the same about them."""

    def rest(page: str) -> list[str]:
        tree = lxml.html.fromstring(page)
        times = "//footer | //p[@class='kicker'] | //dl[@class='strip']"
        for gone in tree.xpath(f"//section[@id='exhibits'] | //nav | {times}"):
            gone.drop_tree()
        text = lxml.html.tostring(tree, encoding="unicode")
        return text.replace(str(run), "RUN").replace(str(done[1]), "RUN").split()

    plan, _ = done
    before = rest((run / "report.html").read_text(encoding="utf-8"))
    diagnose_run(plan, table_of(plan), run)
    assert rest((run / "report.html").read_text(encoding="utf-8")) == before


def test_resuming_leaves_out_what_is_there(done: tuple[Plan, Path], run: Path, asked: list[str]) -> None:
    plan, _ = done
    table = table_of(plan)
    diagnose_run(plan, table, run, parts=["again"])
    assert asked == ["again"] and titles(run) == ["About again"]
    notes = Notes()
    found = diagnose_run(plan, table, run, resume=True, listener=notes)
    assert asked == ["again", "counts", "refusing"]
    assert (notes.todo, notes.there, notes.stale) == (["counts", "refusing"], ["again"], False)
    assert [e.key for e in found.exhibits] == ["counts", "refusing", "again"]
    diagnose_run(plan, table, run, parts=["counts"], resume=True)
    assert len(asked) == 3
    diagnose_run(plan, table, run, parts=["counts"])
    assert asked[3:] == ["counts"]
    assert titles(run) == ["About counts", "About refusing", "About again"]


def test_a_quick_look_does_not_stand_for_a_full_one(
    done: tuple[Plan, Path], run: Path, asked: list[str]
) -> None:
    plan, _ = done
    table = table_of(plan)
    quick = diagnose_run(plan, table, run, parts=["counts"], quick=True)
    assert quick.exhibits[0].answer[0].endswith("quick True.")
    assert "quick look" in quick.exhibits[0].limits[-1]
    full = diagnose_run(plan, table, run, parts=["counts"], resume=True)
    assert full.exhibits[0].answer[0].endswith("quick False.") and full.exhibits[0].limits == ()
    again = diagnose_run(plan, table, run, parts=["counts"], quick=True, resume=True)
    assert again.exhibits == full.exhibits
    assert asked == ["counts", "counts"]


def test_an_interruption_keeps_what_is_done(
    done: tuple[Plan, Path], run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan, _ = done
    looked: list[str] = []

    def stop(case: Case) -> str:
        looked.append("second")
        if len(looked) == 1:
            raise KeyboardInterrupt
        return "Done."

    monkeypatch.setattr(_registry, "PARTS", parts_of(("first", count_labels), ("second", stop)))
    with pytest.raises(KeyboardInterrupt):
        diagnose_run(plan, table_of(plan), run)
    kept = json.loads((run / "diagnosis.json").read_text(encoding="utf-8"))
    assert list(kept["parts"]) == ["first"] and section_of(run) is None
    notes = Notes()
    found = diagnose_run(plan, table_of(plan), run, resume=True, listener=notes)
    assert notes.todo == ["second"] and [e.key for e in found.exhibits] == ["first", "second"]


def test_an_error_of_ours_propagates(
    done: tuple[Plan, Path], run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan, _ = done
    monkeypatch.setattr(_registry, "PARTS", parts_of(("first", lambda case: str(1 / 0))))
    with pytest.raises(ZeroDivisionError):
        diagnose_run(plan, table_of(plan), run)


@pytest.mark.parametrize("change", ["data", "plan"])
def test_a_diagnosis_of_another_run_is_not_shown_and_is_replaced(
    done: tuple[Plan, Path], run: Path, asked: list[str], change: str
) -> None:
    plan, _ = done
    diagnose_run(plan, table_of(plan), run)
    manifest = json.loads((run / "manifest.json").read_text(encoding="utf-8"))
    changed = run_mark(plan.model_copy(update={"seed": 5}), manifest["data"])
    if change == "data":
        changed = run_mark(plan, "f" * 64)
    content = json.loads((run / "diagnosis.json").read_text(encoding="utf-8"))
    assert content["run"] == run_mark(plan, manifest["data"]) != changed
    (run / "diagnosis.json").write_text(json.dumps({**content, "run": changed}))
    advise_table(plan, table_of(plan), run, resume=True)
    assert section_of(run) is None
    notes, seen = Notes(), len(asked)
    diagnose_run(plan, table_of(plan), run, parts=["counts"], resume=True, listener=notes)
    assert notes.stale and notes.todo == ["counts"] and asked[seen:] == ["counts"]
    assert titles(run) == ["About counts"]


def test_workers_do_not_make_another_run(done: tuple[Plan, Path]) -> None:
    plan, _ = done
    assert run_mark(plan, "d") == run_mark(plan.model_copy(update={"workers": 7}), "d")


@pytest.mark.parametrize("damage", ["", "{", "[1]", '{"run": 1}', '{"parts": {}}'])
def test_a_damaged_file_is_as_good_as_none(
    done: tuple[Plan, Path], run: Path, asked: list[str], damage: str
) -> None:
    plan, _ = done
    (run / "diagnosis.json").write_text(damage)
    advise_table(plan, table_of(plan), run, resume=True)
    assert section_of(run) is None
    diagnose_run(plan, table_of(plan), run, parts=["counts"], resume=True)
    assert titles(run) == ["About counts"]


def test_damaged_parts_are_as_good_as_none(tmp_path: Path) -> None:
    (tmp_path / "diagnosis.json").write_text('{"run": "m", "parts": {"a": {"quick": false}}}')
    assert read_kept(tmp_path, "m") == {}


def test_an_exhibit_from_elsewhere_is_kept_beside_the_parts(tmp_path: Path) -> None:
    ladder, tails = Exhibit("ladder", "L", "?", ("a",)), Exhibit("tails", "T", "?", ("b",))
    for exhibit in (tails, ladder, replace(tails, answer=("c",))):
        keep_exhibit(tmp_path, "m", Kept(exhibit, False, 1.0))
    assert kept_exhibits(tmp_path, "m") == (ladder, replace(tails, answer=("c",)))
    assert kept_exhibits(tmp_path, "other") == ()


def test_an_unfinished_run_and_no_run(done: tuple[Plan, Path], run: Path, tmp_path: Path) -> None:
    plan, _ = done
    table = table_of(plan)
    with pytest.raises(PlanError, match=r"holds no run.*--out"):
        diagnose_run(plan, table, tmp_path / "nothing")
    (run / "cells" / "shared-r0.safetensors").unlink()
    with pytest.raises(PlanError, match=r"not finished; missing 1 cells: shared-r0.* --resume"):
        diagnose_run(plan, table, run)
    assert not (run / "diagnosis.json").exists() and not (run / "cells" / "shared-r0.safetensors").exists()


def test_a_changed_table_is_refused(done: tuple[Plan, Path], run: Path, asked: list[str]) -> None:
    plan, _ = done
    table = table_of(plan)
    labels = table.labels.copy()
    labels[np.isfinite(labels[:, 0]), 0] += 1.0
    with pytest.raises(PlanError, match="the table has changed"):
        diagnose_run(plan, replace(table, labels=labels), run)
    assert asked == []


def test_an_unknown_part_is_refused_before_anything_is_read(
    done: tuple[Plan, Path], asked: list[str]
) -> None:
    plan, _ = done
    with pytest.raises(PlanError, match="Did you mean 'counts'"):
        diagnose_run(plan, table_of(plan), Path("/nowhere"), parts=["count"])


def test_a_case_holds_the_whole_study(done: tuple[Plan, Path]) -> None:
    plan, run = done
    case = case_of_run(plan, table_of(plan), run, quick=True)
    assert case.quick and case.names == ("hardness", "life", "glass")
    assert [v.name for v in case.verdicts] == list(case.names)
    metrics = pd.read_csv(run / "metrics.csv").set_index(["property", "strategy"])["error"]
    assert case.result.strategy_error("shared", 0) == pytest.approx(metrics["hardness", "shared"], rel=1e-5)


def test_worker_processes_find_the_same(done: tuple[Plan, Path]) -> None:
    plan, run = done
    case = case_of_run(plan, table_of(plan), run)
    parts = (
        Part("here", "T", "?", 1.0, know_the_process, show_here),
        Part("there", "T", "?", 2.0, know_the_process, show_there),
    )
    heard: list[tuple[str, float]] = []

    def look(n_workers: int) -> dict[str, tuple[str, ...]]:
        found = run_parts(case, parts, n_workers, lambda part, share: heard.append((part.key, share)))
        return {part.key: exhibit.answer for part, exhibit, _ in found}

    alone = look(1)
    assert heard == [("here", 0.5), ("here", 0.7), ("there", 0.5), ("there", 0.7)]
    heard.clear()
    apart = look(2)
    assert sorted(heard) == [("here", 0.5), ("here", 0.7), ("there", 0.5), ("there", 0.7)]
    pids = {answer[0].split()[0] for answer in apart.values()}
    assert str(os.getpid()) not in pids and {a[0].split()[0] for a in alone.values()} == {str(os.getpid())}
    assert {k: a[0].split()[1:] for k, a in alone.items()} == {k: a[0].split()[1:] for k, a in apart.items()}


def vanish(case: Case) -> str:
    os._exit(9)


def test_a_worker_that_is_killed(done: tuple[Plan, Path]) -> None:
    plan, run = done
    case = case_of_run(plan, table_of(plan), run)
    other = Part("there", "T", "?", 1.0, know_the_process, show_there)
    with pytest.raises(MiscibleError, match="memory may have run out"):
        list(run_parts(case, (Part("here", "T", "?", 2.0, vanish, show_here), other), 2, lambda *_: None))
