"""Ctrl-C, full disks and places that cannot be written: a message, nothing half-written, and resumable afterwards."""

from __future__ import annotations

import errno
import multiprocessing
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from cli_helpers import TINY, Command, Outcome

from miscible.processes import apart

REPEATS, CELLS = 6, 6
PATIENCE = 120.0
"""Seconds after which a process that hangs fails the test."""


def _children(parent: int) -> set[int]:
    found = set()
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[1]) == parent and fields[0] != "Z":
            found.add(int(stat.parent.name))
    return found


def _wait_for(condition: object, what: str) -> None:
    assert callable(condition)
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end, what
        time.sleep(0.02)


def _alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks for processes in /proc")
def test_interrupted_training_goes_on_later(
    folder: Path, finished: tuple[Path, Outcome], miscible: Command
) -> None:
    """Ctrl-C in a terminal: every process of the group hears it. The script has no main guard, and needs none."""
    run = folder / "run"
    plan = TINY.replace("workers = 1", "workers = 2").replace("repeats = 1", f"repeats = {REPEATS}")
    (folder / "more.toml").write_text(plan, encoding="utf-8")
    (folder / "script.py").write_text(
        # Whoever runs the tests in the background of a shell hands down an ignored Ctrl-C.
        "import signal\nsignal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "from miscible.cli import main\nmain(['study', '--plan', 'more.toml', '--out', 'run'])\n"
    )
    process = subprocess.Popen(
        [sys.executable, "script.py"], cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        start_new_session=True,
    )  # fmt: skip
    try:
        _wait_for(
            lambda: list(run.glob("cells/*.safetensors")) or process.poll() is not None, "no cell finished"
        )
        workers = _children(process.pid)
        os.killpg(process.pid, signal.SIGINT)
        _, messages = process.communicate(timeout=PATIENCE)
    finally:
        process.kill()
    assert process.returncode == 130, messages
    again = "miscible study --plan run/plan.toml --resume"
    assert messages.splitlines() == [f"What is finished is kept; go on with: {again}", "interrupted."]
    assert len(workers) >= 2
    _wait_for(lambda: not any(map(_alive, workers)), f"workers {workers} live on")
    cells = {p: p.stat().st_mtime_ns for p in run.glob("cells/*.safetensors")}
    assert 0 < len(cells) < REPEATS * CELLS
    assert not (run / "report.html").exists()
    plan = (run / "plan.toml").read_text(encoding="utf-8")
    (run / "plan.toml").write_text(plan.replace("workers = 2", "workers = 1"), encoding="utf-8")
    outcome = miscible("study", "--plan", run / "plan.toml", "--resume")
    assert outcome.status == 0, outcome.err
    assert len(list(run.glob("cells/*.safetensors"))) == REPEATS * CELLS
    assert not list(run.rglob("*.part"))
    assert {p: p.stat().st_mtime_ns for p in cells} == cells
    first = [pd.read_csv(path / "predictions.csv").query("repeat == 0") for path in (run, finished[0])]
    np.testing.assert_allclose(first[0]["shared"], first[1]["shared"], rtol=1e-5, atol=1e-6)


@pytest.mark.skipif(os.name != "posix", reason="signal masks")
def test_a_starting_worker_leaves_ctrl_c_to_its_parent() -> None:
    """Before it has its own handler, while it imports, when it could only print a traceback."""
    before = sys.modules["__main__"]
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        with apart():
            mask = pool.submit(signal.pthread_sigmask, signal.SIG_BLOCK, ())
        assert signal.SIGINT in mask.result(timeout=PATIENCE)
    assert signal.SIGINT not in signal.pthread_sigmask(signal.SIG_BLOCK, ())
    assert sys.modules["__main__"] is before


@contextmanager
def _files_up_to(n_bytes: int) -> Iterator[None]:
    """Every file that would grow larger fails with an error of the operating system."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (n_bytes, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize(
    ("n_bytes", "begun"),
    [(100, False), (3_000, True), (100_000, True), (1_000_000, True)],
    ids=["at the start", "in a cell", "in the networks", "in the report"],
)
def test_a_disk_that_fills_up(folder: Path, miscible: Command, n_bytes: int, begun: bool) -> None:
    words = ["study", "--plan", folder / "tiny.toml", "--out", folder / "run"]
    with _files_up_to(n_bytes):
        outcome = miscible(*words)
    assert outcome.status == 2
    assert "Traceback" not in outcome.err
    assert "error: " in outcome.err
    assert "File too large" in outcome.err
    assert str(folder / "run") in outcome.err
    assert ("--resume" in outcome.err) == begun
    assert not list(folder.rglob("*.part"))
    assert not (folder / "run" / "report.html").exists()
    outcome = miscible(*words, "--resume")
    assert outcome.status == 0, outcome.err
    assert (folder / "run" / "report.html").exists()


def test_no_space_left(folder: Path, miscible: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    outcome = miscible("study", "--plan", folder / "tiny.toml", "--out", folder / "run")
    outcome.refuses(folder / "run", "No space left on device", "Free space")
    assert [p for p in (folder / "run").rglob("*") if p.is_file()] == []


@pytest.mark.parametrize("place", ["tiny.toml", "tiny.toml/deeper"])
def test_a_run_folder_that_cannot_be_made(folder: Path, miscible: Command, place: str) -> None:
    before = sorted(folder.rglob("*"))
    words = ["advise", folder / "alloys.csv", "--plan", folder / "tiny.toml", "--out", folder / place]
    miscible(*words).refuses(folder / place)
    assert sorted(folder.rglob("*")) == before


def test_a_read_only_place(folder: Path, miscible: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    def read_only(path: Path, *args: object, **kwargs: object) -> None:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS), str(path))

    monkeypatch.setattr(Path, "mkdir", read_only)
    words = ["advise", folder / "alloys.csv", "--plan", folder / "tiny.toml", "--out", folder / "run"]
    miscible(*words).refuses(folder / "run", "Read-only file system", "another --out")


def test_predictions_that_cannot_be_written(
    finished: tuple[Path, Outcome], folder: Path, miscible: Command
) -> None:
    words = ["predict", finished[0] / "bundle", folder / "alloys.csv", "--out", folder / "no" / "out.csv"]
    miscible(*words).refuses(folder / "no" / "out.csv", "No such file or directory")
    with _files_up_to(1000):
        outcome = miscible(*words[:-1], folder / "out.csv")
    outcome.refuses(folder / "out.csv", "File too large")
    assert not list(folder.glob("*out.csv*"))


@pytest.mark.parametrize("verb", ["audit", "predict"])
def test_interrupted_before_anything_is_kept(
    finished: tuple[Path, Outcome],
    folder: Path,
    miscible: Command,
    monkeypatch: pytest.MonkeyPatch,
    verb: str,
) -> None:
    def stop(*args: object, **kwargs: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(f"miscible.cli._{verb}." + {"audit": "audit", "predict": "read_frame"}[verb], stop)
    table = folder / "alloys.csv"
    words = {
        "audit": ["audit", table, "--targets", "hardness"],
        "predict": ["predict", finished[0] / "bundle", table],
    }
    outcome = miscible(*words[verb])
    assert outcome.status == 130
    assert outcome.err == "interrupted.\n"
