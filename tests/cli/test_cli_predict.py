"""Predicting: new rows, and bundles or rows that do not fit."""

from __future__ import annotations

import io
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from cli_helpers import Command, Outcome

from miscible.cli import main

BUFFERED = {key: value for key, value in os.environ.items() if key != "PYTHONUNBUFFERED"}


@pytest.fixture
def rows(tmp_path: Path, frame: pd.DataFrame) -> Path:
    """Six new alloys, with a name column and without labels."""
    new = frame.loc[:5, ["alloy", "temperature"]].assign(name=[f"n{k}" for k in range(6)])
    new.to_csv(tmp_path / "new.csv", index=False)
    return tmp_path / "new.csv"


@pytest.fixture
def bundle(finished: tuple[Path, Outcome], tmp_path: Path) -> Path:
    """A copy that may be damaged."""
    shutil.copytree(finished[0] / "bundle", tmp_path / "bundle")
    return tmp_path / "bundle"


def test_predictions_beside_the_rows(
    finished: tuple[Path, Outcome], rows: Path, tmp_path: Path, miscible: Command
) -> None:
    printed = miscible("predict", finished[0] / "bundle", rows)
    assert printed.status == 0
    table = pd.read_csv(io.StringIO(printed.out))
    assert table["name"].tolist() == [f"n{k}" for k in range(6)]
    assert np.isfinite(table["hardness"]).all()
    assert set(table["glass"]) <= {"yes", "no"}
    written = miscible("predict", finished[0] / "bundle", rows, "--out", tmp_path / "out.csv")
    assert written.status == 0
    assert written.out == ""
    assert (tmp_path / "out.csv").read_text() == printed.out


def test_wider_intervals_hold_more(finished: tuple[Path, Outcome], rows: Path, miscible: Command) -> None:
    widths = []
    for level in (0.5, 0.9):
        outcome = miscible("predict", finished[0] / "bundle", rows, "--interval", level)
        table = pd.read_csv(io.StringIO(outcome.out))
        bounds = [c for c in table.columns if c.startswith("hardness") and c != "hardness"]
        widths.append((table[bounds].max(axis=1) - table[bounds].min(axis=1)).to_numpy())
    assert (widths[1] > widths[0]).all()


@pytest.mark.parametrize("level", ["0", "1", "90", "-0.5", "nan"])
def test_intervals_that_make_no_sense(
    finished: tuple[Path, Outcome], rows: Path, miscible: Command, level: str
) -> None:
    miscible("predict", finished[0] / "bundle", rows, "--interval", level).refuses(
        "interval", "between 0 and 1"
    )


def test_a_column_is_missing_or_renamed(
    finished: tuple[Path, Outcome], rows: Path, tmp_path: Path, miscible: Command
) -> None:
    table = pd.read_csv(rows)
    out = tmp_path / "out.csv"
    words = ["predict", finished[0] / "bundle", rows, "--out", out]
    table.drop(columns="temperature").to_csv(rows, index=False)
    miscible(*words).refuses(rows, "'temperature'")
    table.rename(columns={"temperature": "temperatur"}).to_csv(rows, index=False)
    miscible(*words).refuses(rows, "'temperature'", "'temperatur'")
    assert not out.exists()


def test_rows_that_do_not_parse(
    finished: tuple[Path, Outcome], rows: Path, tmp_path: Path, miscible: Command
) -> None:
    table = pd.read_csv(rows)
    table.loc[2, "alloy"] = "Zz9"
    table.to_csv(rows, index=False)
    words = ["predict", finished[0] / "bundle", rows, "--out", tmp_path / "out.csv"]
    miscible(*words).refuses(rows, "column 'alloy'", "4", "Zz9", "--skip-bad-rows")
    assert not (tmp_path / "out.csv").exists()
    outcome = miscible(*words, "--skip-bad-rows")
    assert outcome.status == 0
    assert "1" in outcome.err
    predicted = pd.read_csv(tmp_path / "out.csv")["hardness"].isna()
    assert predicted.tolist() == [False, False, True, False, False, False]


def test_rows_that_are_no_table(finished: tuple[Path, Outcome], tmp_path: Path, miscible: Command) -> None:
    miscible("predict", finished[0] / "bundle", tmp_path / "none.csv").refuses("none.csv", "no such file")
    (tmp_path / "none.csv").touch()
    miscible("predict", finished[0] / "bundle", tmp_path / "none.csv").refuses("none.csv", "empty")


def test_a_bundle_cut_short(bundle: Path, rows: Path, miscible: Command) -> None:
    file = max(bundle.rglob("*.safetensors"), key=lambda p: p.stat().st_size)
    file.write_bytes(file.read_bytes()[:-20])
    miscible("predict", bundle, rows).refuses(file, "cut short", "again")


def test_a_bundle_with_one_bit_changed(bundle: Path, rows: Path, miscible: Command) -> None:
    file = max(bundle.rglob("*.safetensors"), key=lambda p: p.stat().st_size)
    data = bytearray(file.read_bytes())
    data[-1] ^= 1
    file.write_bytes(data)
    miscible("predict", bundle, rows).refuses(file, "changed", "checksum", "again")


def test_a_bundle_of_another_version(bundle: Path, rows: Path, miscible: Command) -> None:
    path = bundle / "bundle.json"
    document = json.loads(path.read_text())
    path.write_text(json.dumps({**document, "format": 99, "miscible": "9.0"}))
    miscible("predict", bundle, rows).refuses(path, "99", "9.0", "Use the version that wrote it")


def test_a_bundle_with_a_file_gone(bundle: Path, rows: Path, miscible: Command) -> None:
    file = next(bundle.rglob("*.safetensors"))
    file.unlink()
    miscible("predict", bundle, rows).refuses(file, "missing")


def test_no_bundle(tmp_path: Path, rows: Path, miscible: Command) -> None:
    miscible("predict", tmp_path / "bundel", rows).refuses("no such bundle folder", "Give the folder")
    miscible("predict", tmp_path, rows).refuses("not a bundle", "Give the folder")


def test_a_reader_that_goes_away(finished: tuple[Path, Outcome], tmp_path: Path, frame: pd.DataFrame) -> None:
    """``python -m miscible predict ... | head -1`` prints no traceback."""
    frame.sample(3000, replace=True, random_state=0).to_csv(tmp_path / "many.csv", index=False)
    words = [
        sys.executable,
        "-m",
        "miscible",
        "predict",
        str(finished[0] / "bundle"),
        str(tmp_path / "many.csv"),
    ]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=BUFFERED) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.read(1)
        process.stdout.close()
        messages = process.stderr.read().decode()
    assert process.returncode == 1
    assert "Traceback" not in messages
    assert "Exception" not in messages


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
def test_standard_output_on_a_full_disk(
    finished: tuple[Path, Outcome],
    rows: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    with Path("/dev/full").open("w") as full, pytest.raises(SystemExit) as stop:
        monkeypatch.setattr(sys, "stdout", full)
        main(["predict", str(finished[0] / "bundle"), str(rows)])
    assert stop.value.code == 2
    assert capsys.readouterr().err.splitlines()[-1] == "error: No space left on device."
