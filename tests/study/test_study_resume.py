"""Stopped at any moment and resumed, a study gives the numbers of an uninterrupted one."""

import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from small_studies import EVERYTHING, NETWORKS, outer_folds, small_frame, small_plan, small_table

from miscible.advice import advise
from miscible.errors import InputError, MiscibleError, PlanError
from miscible.study import StudyResult, run_study
from miscible.study._executors import InProcess, make_executor

SCRIPT = Path(__file__).with_name("killed_study.py")
SOURCE = Path(__file__).parents[2] / "src"


def cells(path: Path) -> dict[str, bytes]:
    """Arrays of every cell; the record beside them holds the seconds, which differ."""
    found = {}
    for cell in sorted((path / "cells").glob("*.safetensors")):
        content = cell.read_bytes()
        found[cell.name] = content[8 + int.from_bytes(content[:8], "little") :]
    return found


def assert_same(one: StudyResult, other: StudyResult) -> None:
    assert one.strategies == other.strategies
    assert one.mixtures == other.mixtures
    for name in one.outer:
        np.testing.assert_array_equal(one.outer[name], other.outer[name], err_msg=name)
        np.testing.assert_array_equal(one.inner[name], other.inner[name], err_msg=name)
        np.testing.assert_array_equal(one.thresholds[name], other.thresholds[name], err_msg=name)
    assert one.ensembles.keys() == other.ensembles.keys()


def test_deleted_cells_come_back_byte_for_byte(tmp_path: Path):
    plan = small_plan(EVERYTHING, split={"repeats": 1})
    table = small_table(small_frame(70))
    whole, _ = run_study(plan, table, tmp_path / "run")
    before = cells(tmp_path / "run")
    assert len(before) == 6 + 4 + 2
    for name in list(before)[::2]:
        (tmp_path / "run" / "cells" / name).unlink()
    again, _ = run_study(plan, table, tmp_path / "run", resume=True)
    assert cells(tmp_path / "run") == before
    assert_same(again, whole)
    assert repr(advise(again, {})) == repr(advise(whole, {}))


def test_the_number_of_threads_changes_nothing(tmp_path: Path):
    plan = small_plan(("shared+w32",), split={"repeats": 1})
    table = small_table(small_frame())
    before = torch.get_num_threads()
    try:
        for n_threads in (1, 4):
            torch.set_num_threads(n_threads)
            run_study(plan, table, tmp_path / str(n_threads))
            assert torch.get_num_threads() == n_threads
    finally:
        torch.set_num_threads(before)
    assert cells(tmp_path / "1") == cells(tmp_path / "4")


def start(path: Path) -> subprocess.Popen[bytes]:
    environment = {**os.environ, "PYTHONPATH": str(SOURCE), "OMP_NUM_THREADS": "1"}
    return subprocess.Popen([sys.executable, str(SCRIPT), str(path)], env=environment, start_new_session=True)


def alive(group: int) -> list[int]:
    """Processes of the killed study that still run; zombies do not."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            fields = (entry / "stat").read_text().rpartition(")")[2].split() if entry.name.isdigit() else []
        except OSError:
            continue
        if fields and int(fields[2]) == group and fields[0] != "Z":
            found.append(int(entry.name))
    return found


def wait_for(condition, seconds: float) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.05)
    return bool(condition())


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks for processes in /proc")
def test_a_killed_study_resumes_to_the_same_numbers_and_leaves_no_process(tmp_path: Path):
    process = start(tmp_path / "killed")
    try:
        begun = wait_for(lambda: cells(tmp_path / "killed") or process.poll() is not None, 240)
        assert begun
        assert process.poll() is None, "the study ended before it could be killed"
        os.kill(process.pid, signal.SIGKILL)
        process.wait(30)
        assert wait_for(lambda: not alive(process.pid), 30), "workers outlive their parent"
    finally:
        for left in alive(process.pid):
            os.kill(left, signal.SIGKILL)
    n_left = len(cells(tmp_path / "killed"))
    plan = small_plan(NETWORKS)
    table = small_table(small_frame())
    whole, _ = run_study(plan, table, tmp_path / "whole")
    assert 0 < n_left < len(cells(tmp_path / "whole"))
    # Killed with two workers, resumed with one, against one alone: the executor leaves no trace in the numbers.
    again, _ = run_study(plan, table, tmp_path / "killed", resume=True)
    assert cells(tmp_path / "killed") == cells(tmp_path / "whole")
    assert_same(again, whole)


def test_workers_are_used_only_where_they_pay(tmp_path: Path):
    for n_workers, n_cells in ((1, 9), (4, 1), (4, 0)):
        executor = make_executor(None, n_workers, n_cells)  # pyright: ignore[reportArgumentType]
        assert isinstance(executor, InProcess)
        executor.close()


def test_too_few_groups_and_unknown_metrics_are_told_before_anything_is_written(tmp_path: Path):
    frame = small_frame()
    with pytest.raises((PlanError, InputError), match="groups"):
        run_study(small_plan(), small_table(frame.assign(group=0)), tmp_path / "run")
    table = small_table(frame)
    odd = replace(table, properties=(replace(table.properties[0], metric="auc"), *table.properties[1:]))
    with pytest.raises(MiscibleError, match="auc"):
        run_study(small_plan(), odd, tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_fold_warnings_name_properties_and_groups(tmp_path: Path):
    frame = small_frame()
    frame.loc[frame.index[2:], "scarce"] = np.nan
    frame.loc[frame.index[:2], "scarce"] = [1.0, 2.0]
    frame.loc[:40, "group"] = 77
    result, _ = run_study(small_plan(("mean",), split={"repeats": 1}), small_table(frame), tmp_path / "run")
    warnings = " ".join(result.folds.warnings)
    assert "'scarce'" in warnings
    assert "77" in warnings
    verdicts = advise(result, {})
    assert any("'scarce'" in w for w in verdicts[3].warnings)
    assert not any("'scarce'" in w for v in verdicts[:3] for w in v.warnings)


def test_all_predictions_are_out_of_fold(tmp_path: Path):
    """The mean of the other folds' training rows, by hand."""
    plan = small_plan(("mean",), split={"repeats": 2})
    table = small_table(small_frame())
    result, _ = run_study(plan, table, tmp_path / "run")
    folds = outer_folds(plan, table)
    np.testing.assert_array_equal(result.folds.outer, folds.outer)
    assert np.isfinite(result.outer["mean"]).all()
    for r in range(2):
        for f in range(3):
            values = np.unique(result.outer["mean"][r, folds.outer[r] == f, 0])
            assert len(values) == 1
            elsewhere = table.labels[folds.outer[r] != f, 0]
            assert np.nanmin(elsewhere) < values[0] < np.nanmax(elsewhere)
