"""One finished run for all, and a folder of its own for each test."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from cli_helpers import TINY, Command, Outcome, alloys, run_command


@pytest.fixture(scope="session")
def miscible() -> Command:
    """The command line in this process; anything but a clean exit fails the test."""
    return run_command


@pytest.fixture
def frame() -> pd.DataFrame:
    return alloys()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with alloys.csv and plan.toml."""
    alloys().to_csv(tmp_path / "alloys.csv", index=False)
    (tmp_path / "tiny.toml").write_text(TINY, encoding="utf-8")
    return tmp_path


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Outcome]:
    """A run folder, and what was printed; tests read it only."""
    path = tmp_path_factory.mktemp("finished")
    alloys().to_csv(path / "alloys.csv", index=False)
    (path / "tiny.toml").write_text(TINY, encoding="utf-8")
    outcome = run_command("study", "--plan", path / "tiny.toml", "--out", path / "run")
    assert outcome.status == 0, outcome.err
    return path / "run", outcome
