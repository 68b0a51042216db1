"""The run folder: what it refuses, what it removes, and what damage it notices."""

import json
import os
from pathlib import Path

import numpy as np
import pytest
from small_studies import small_frame, small_plan, small_table

from miscible.errors import MiscibleError, PlanError
from miscible.study import CellRecord, Decision, RunFolder, read_plan, run_study
from miscible.study._store import OWN, STOP, CellResult, FoldResult

MANIFEST: dict[str, object] = {"data": "abc"}
QUICK = small_plan(("mean", "ridge"), split={"repeats": 1})


def begin(
    path: Path, plan=QUICK, manifest=MANIFEST, *, resume: bool = False, overwrite: bool = False
) -> RunFolder:
    folder = RunFolder(path)
    folder.begin(plan, manifest, resume=resume, overwrite=overwrite)
    return folder


def a_cell(key: str = "mean-r0") -> CellResult:
    rng = np.random.default_rng(0)
    record = CellRecord(
        key, "mean", 0, (0, 1), 1.5, members=3, networks=({"fold": 0, "score": 0.25},), notes=("a note",)
    )
    fold = FoldResult(
        np.arange(3), rng.normal(size=(3, 2)), np.arange(3, 5), np.array([[np.nan, 1e9 + 0.125], [2.0, 3.0]]),
        {"trunk.0.weight": rng.normal(size=(1, 2, 2)).astype(np.float32)},
    )  # fmt: skip
    return CellResult(record, (fold, fold))


def test_a_cell_comes_back_bit_for_bit(tmp_path: Path):
    folder = begin(tmp_path / "run")
    cell = a_cell()
    assert not folder.has("mean-r0")
    folder.save(cell)
    assert folder.has("mean-r0")
    again = folder.load("mean-r0")
    assert again.record == cell.record
    for one, other in zip(cell.folds, again.folds, strict=True):
        for name in ("valid_rows", "valid_predictions", "test_rows", "test_predictions"):
            np.testing.assert_array_equal(getattr(one, name), getattr(other, name))
        np.testing.assert_array_equal(one.state["trunk.0.weight"], other.state["trunk.0.weight"])


def test_another_choice_of_what_is_deployed_goes_on_with_the_same_cells(tmp_path: Path):
    begin(tmp_path / "run").save(a_cell())
    other = QUICK.model_copy(update={"deploy": "best"})
    folder = begin(tmp_path / "run", other, resume=True)
    assert folder.has("mean-r0") and read_plan(folder.plan_path).deploy == "best"


def test_a_run_is_neither_continued_nor_replaced_unasked(tmp_path: Path):
    folder = begin(tmp_path / "run")
    folder.save(a_cell())
    with pytest.raises(PlanError, match="already holds a run") as caught:
        begin(tmp_path / "run")
    assert "--resume" in str(caught.value)
    assert "--overwrite" in str(caught.value)
    assert begin(tmp_path / "run", resume=True).has("mean-r0")
    assert not begin(tmp_path / "run", overwrite=True).has("mean-r0")


def test_another_plan_is_refused_and_the_difference_named(tmp_path: Path):
    begin(tmp_path / "run")
    other = QUICK.model_copy(update={"seed": 5, "goal": "screen"})
    with pytest.raises(PlanError, match="differs") as caught:
        begin(tmp_path / "run", other, resume=True)
    assert "goal, seed" in str(caught.value)
    begin(tmp_path / "run", QUICK.model_copy(update={"workers": 7}), resume=True)


def test_other_data_are_refused(tmp_path: Path):
    plan = small_plan(("mean",), split={"repeats": 1})
    frame = small_frame()
    run_study(plan, small_table(frame), tmp_path / "run")
    for column, value in (("hardness", 5.0), ("x0", 5.0), ("group", 999)):
        changed = frame.copy()
        changed.loc[changed[column].first_valid_index(), column] = value
        with pytest.raises(PlanError, match="the table has changed"):
            run_study(plan, small_table(changed), tmp_path / "run", resume=True)
    with pytest.raises(PlanError, match="the table has changed"):
        run_study(plan, small_table(frame, np.full(len(frame), 2.0)), tmp_path / "run", resume=True)


def test_a_folder_with_other_things_is_never_written_into(tmp_path: Path):
    (tmp_path / "thesis.tex").write_text("years of work")
    for overwrite in (False, True):
        with pytest.raises(PlanError, match="not empty and holds no run"):
            begin(tmp_path, overwrite=overwrite)
    assert [p.name for p in tmp_path.iterdir()] == ["thesis.tex"]


def test_overwriting_removes_only_what_runs_write(tmp_path: Path):
    folder = begin(tmp_path / "run")
    folder.save(a_cell())
    folder.append(Decision(1, ("ridge",), "why", 2.0, {}))
    for name in ("verdict.json", "report.html", "notes.txt"):
        (folder.path / name).write_text("old")
    (folder.path / "bundle").mkdir()
    (folder.path / "bundle" / "bundle.json").write_text("{}")
    (folder.path / "figures").mkdir()
    again = begin(tmp_path / "run", overwrite=True)
    assert sorted(p.name for p in again.path.iterdir()) == [
        "cells", "figures", "manifest.json", "notes.txt", "plan.toml"
    ]  # fmt: skip
    assert list(again.cells.iterdir()) == []
    assert again.journal() == ()


@pytest.mark.parametrize(
    "left", [[], ["cells/"], ["cells/", "manifest.json"], [".plan.toml.ab12.part", "cells/"]]
)
def test_a_kill_while_a_run_is_begun_needs_no_cleaning_up(tmp_path: Path, left: list[str]):
    for name in left:
        (tmp_path / name).mkdir() if name.endswith("/") else (tmp_path / name).write_text("{")
    folder = begin(tmp_path, resume=True)
    assert folder.plan_path.exists()
    assert json.loads(folder.manifest_path.read_text()) == MANIFEST


def test_a_kill_while_a_run_is_cleared_needs_only_the_same_command(tmp_path: Path):
    for kept in range(1, len(OWN)):
        path = tmp_path / str(kept)
        path.mkdir()
        for name in OWN[kept:]:
            (path / name).mkdir() if name.endswith("/") else (path / name).write_text("old")
        (path / "cells").mkdir(exist_ok=True)
        (path / "cells" / "mean-r0.safetensors").write_text("old")
        with pytest.raises(PlanError, match="holds no run"):
            begin(path)
        assert not begin(path, overwrite=True).has("mean-r0")


def test_half_written_cells_are_swept_away_on_resume(tmp_path: Path):
    folder = begin(tmp_path / "run")
    (folder.cells / ".mean-r0.safetensors.0a1b2c3d.part").write_bytes(b"half")
    assert not folder.has("mean-r0")
    begin(tmp_path / "run", resume=True)
    assert list(folder.cells.iterdir()) == []


@pytest.mark.parametrize("content", [None, "", "[]", "{}"])
def test_a_damaged_manifest_is_named(tmp_path: Path, content: str | None):
    folder = begin(tmp_path / "run")
    folder.manifest_path.unlink() if content is None else folder.manifest_path.write_text(content)
    with pytest.raises(PlanError, match="manifest is missing or damaged"):
        begin(tmp_path / "run", resume=True)


def test_a_damaged_cell_is_named_and_can_be_made_again(tmp_path: Path):
    plan = small_plan(("mean", "ridge"), split={"repeats": 1})
    table = small_table(small_frame())
    whole, _ = run_study(plan, table, tmp_path / "run")
    path = tmp_path / "run" / "cells" / "ridge-r0.safetensors"
    content = path.read_bytes()
    for damage in (b"", content[: len(content) // 2], b"\x00" * 100, b"\x02\x00\x00\x00\x00\x00\x00\x00{}"):
        path.write_bytes(damage)
        with pytest.raises(MiscibleError, match="damaged cell") as caught:
            run_study(plan, table, tmp_path / "run", resume=True)
        assert "ridge-r0" in str(caught.value)
        assert "--resume" in str(caught.value)
    path.unlink()
    again, _ = run_study(plan, table, tmp_path / "run", resume=True)
    np.testing.assert_array_equal(again.outer["ridge"], whole.outer["ridge"])


def test_a_full_disk_is_told_and_nothing_half_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    folder = begin(tmp_path / "run")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(MiscibleError, match="No space left"):
        folder.save(a_cell())
    assert list(folder.cells.iterdir()) == []
    with pytest.raises(MiscibleError, match="No space left"):
        folder.append(Decision(1, (), "why", 2.0, {}))
    with pytest.raises(MiscibleError, match="No space left"):
        begin(tmp_path / "other")
    assert not (tmp_path / "other" / "plan.toml").exists()


def test_decisions_come_back_and_a_cut_line_is_dropped(tmp_path: Path):
    folder = begin(tmp_path / "run")
    assert folder.journal() == ()
    decisions = (
        Decision(1, ("ridge", "shared"), "µ: why", 2.5, {"mean": -0.5}),
        Decision(2, (STOP,), "time", 9.0, {}),
    )
    for decision in decisions:
        folder.append(decision)
    assert folder.journal() == decisions
    assert [d.stops for d in decisions] == [False, True]
    with folder.journal_path.open("a") as handle:
        handle.write('{"repeat": 3, "dropped": ["mea')
    assert folder.journal() == decisions
    folder.append(decisions[0])
    assert folder.journal() == (*decisions, decisions[0])


def test_a_first_line_cut_short_is_no_journal(tmp_path: Path):
    folder = begin(tmp_path / "run")
    folder.journal_path.write_text('{"repeat": 1')
    assert folder.journal() == ()
    assert folder.journal_path.read_text() == ""


def test_a_damaged_journal_is_named(tmp_path: Path):
    folder = begin(tmp_path / "run")
    for line in ("not json\n", '{"repeat": 1}\n', "[1]\n"):
        folder.journal_path.write_text(line)
        with pytest.raises(MiscibleError, match="damaged journal"):
            folder.journal()
