"""What a transfer among many tasks is said to need, beside what a run keeps; refusals, and that they come first."""

import os
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from network_folds import make_folds

from miscible.cli import main
from miscible.errors import PlanError
from miscible.strategies import NetworkFit, Tuning, check_memory, fit_networks, parse_strategy
from miscible.strategies._bench import CHUNK_BYTES, make_bench
from miscible.strategies._size import transfer_bytes

ONE_OUTPUT = (0, 1)
"""Tasks of the folds; the third has three classes."""
STRATEGY = parse_strategy("transfer+w32+equal+scratch")
GIB = 1 << 30
MANY = {"n_rows": 20_000, "n_inputs": 217, "n_folds": 5, "n_tasks": 600}


def tuned(finalists: int) -> Tuning:
    return Tuning(
        rates=(1e-3, 2e-3, 4e-3), decays=(1e-2,), finalists=finalists, halving=(), epochs=2, steps=2
    )


def fit(finalists: int) -> list[NetworkFit]:
    return fit_networks(STRATEGY, make_folds(), ONE_OUTPUT, tuned(finalists), seed=0)


def told(finalists: int) -> tuple[int, int]:
    n_rows, n_inputs = make_folds()[0].inputs.shape
    return transfer_bytes(
        STRATEGY, tuned(finalists), n_rows=n_rows, n_inputs=n_inputs, n_folds=2, n_tasks=len(ONE_OUTPUT)
    )


def weight(fits: list[NetworkFit]) -> int:
    """Bytes of the parameters that are kept."""
    states = [fitted.ensemble.state for fitted in fits]
    return sum(array.nbytes for state in states for name, array in state.items() if name != "tasks")


@pytest.mark.parametrize("finalists", [1, 3, 8])
def test_as_many_networks_are_kept_as_was_told(finalists: int):
    assert sum(len(fitted.kept) for fitted in fit(finalists)) == told(finalists)[0]


def test_the_estimate_grows_by_what_kept_networks_weigh_twice():
    few, many = fit(1), fit(3)
    assert told(3)[1] - told(1)[1] == 2 * (weight(many) - weight(few)) > 0


def test_the_estimate_holds_the_inputs_of_all_folds_a_chunk_and_what_is_kept():
    folds = make_folds()
    bench = make_bench(
        STRATEGY, folds, ONE_OUTPUT, tuned(2),
        seed=0, n_inputs=None, train_share=0.8, device="cpu", compile=False,
    )  # fmt: skip
    least = bench.data.inputs.nbytes + CHUNK_BYTES + weight(fit(2))
    n_rows, n_inputs = folds[0].inputs.shape
    rows_twice, _ = (
        transfer_bytes(STRATEGY, tuned(2), n_rows=n, n_inputs=n_inputs, n_folds=2, n_tasks=2)[1] - told(2)[1]
        for n in (2 * n_rows, n_rows)
    )
    assert rows_twice >= 2 * 4 * folds[0].inputs.size
    assert told(2)[1] >= least


def test_networks_that_all_tasks_start_from_count_where_they_are_more():
    """Hundreds of heads in every network of many settings."""
    settings = Tuning(rates=tuple(np.linspace(1e-4, 1e-2, 200)), decays=(0.1, 1.0), finalists=1)
    few, many = (
        transfer_bytes(
            parse_strategy("transfer+w512"), settings, n_rows=10, n_inputs=200, n_folds=2, n_tasks=n
        )
        for n in (600, 601)
    )
    per_head = 512 * 64 + 64 + 64 + 1
    assert many[1] - few[1] == 20 * 2 * 400 * per_head


@pytest.mark.parametrize("name", ["transfer", "align+w512"])
def test_what_does_not_fit_is_refused_with_numbers_and_a_way_out(name: str):
    kept, needed = transfer_bytes(parse_strategy(name), Tuning(), **MANY)
    assert kept == 5 * 600 * 3
    with pytest.raises(PlanError) as caught:
        check_memory([parse_strategy("shared"), parse_strategy(name)], Tuning(), **MANY, memory=2 * GIB)
    text = str(caught.value)
    for word in (f"'{name}'", "600 properties", "5 folds", "9,000 networks", "has 2 GB"):
        assert word in text
    said = re.search(r"about (\d+) GB", text)
    assert said is not None and int(said[1]) == round(needed / 1e9) > 2
    for way in ("fewer targets", "fewer folds", "+w64", "descriptors"):
        assert way in str(caught.value.hint)


def test_the_hints_help():
    memory = 9 * GIB
    with pytest.raises(PlanError):
        check_memory([parse_strategy("transfer+w512")], Tuning(), **MANY, memory=memory)
    for changed in ({"n_tasks": 100}, {"n_folds": 1}):
        check_memory([parse_strategy("transfer+w512")], Tuning(), **{**MANY, **changed}, memory=memory)
    check_memory([parse_strategy("transfer+w64")], Tuning(), **MANY, memory=memory)
    check_memory([parse_strategy("transfer+w512")], Tuning(finalists=1), **MANY, memory=3 * memory)


def test_only_transfers_are_refused():
    names = ("shared", "independent", "warm", "grouped", "relation", "mean", "lightgbm", "ensemble")
    check_memory([parse_strategy(name) for name in names], Tuning(), **MANY, memory=1)
    with pytest.raises(PlanError):
        check_memory([parse_strategy("transfer")], Tuning(), **MANY, memory=1)


def test_the_memory_of_the_machine_is_asked_for(monkeypatch: pytest.MonkeyPatch):
    check_memory([STRATEGY], Tuning(), n_rows=100, n_inputs=5, n_folds=2, n_tasks=3)
    monkeypatch.setattr(os, "sysconf", tiny_machine())
    with pytest.raises(PlanError, match="this machine has 1 GB"):
        check_memory([STRATEGY], Tuning(), n_rows=100, n_inputs=5, n_folds=2, n_tasks=3)


# Refusals of whole studies


def tiny_machine() -> Callable[[str], int]:
    """A gigabyte: less than networks trained in one go may take."""
    true = os.sysconf
    return lambda name: 10**9 // true("SC_PAGE_SIZE") if name == "SC_PHYS_PAGES" else true(name)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.normal(size=(60, 4)), columns=["x", "y", "hardness", "strength"])
    frame.to_csv(tmp_path / "table.csv", index=False)
    (tmp_path / "plan.toml").write_text(
        'strategies = ["mean", "transfer+w32"]\nworkers = 1\n'
        '[table]\nsource = "table.csv"\ntargets = ["hardness:reg", "strength:reg"]\ninputs = ["x", "y"]\n'
        "[split]\nfolds = 2\nrepeats = 1\n",
        encoding="utf-8",
    )
    return tmp_path


def files(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def run(*words: object) -> int:
    with pytest.raises(SystemExit) as stop:
        main([str(word) for word in words])
    assert isinstance(stop.value.code, int)
    return stop.value.code


@pytest.mark.parametrize("verb", ["study", "advise", "ladder"])
def test_a_refused_study_writes_nothing(
    folder: Path, verb: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setattr(os, "sysconf", tiny_machine())
    before = files(folder)
    words = ["study", "--plan", folder / "plan.toml"]
    if verb != "study":
        words = [
            "advise",
            folder / "table.csv",
            "--targets",
            "hardness:reg",
            "strength:reg",
            "--inputs",
            "x",
            "y",
        ]
        words += ["--strategies", "mean", "transfer+w32", "--folds", "2", "--repeats", "1"]
    words += ["--split", "ladder"] if verb == "ladder" else []
    assert run(*words, "--out", folder / "run") == 2
    text = capsys.readouterr().err
    assert "'transfer+w32' on 2 properties in 2 folds" in text and "1 GB" in text and "Traceback" not in text
    assert files(folder) == before and not (folder / "run").exists()


def test_a_refused_study_leaves_the_run_that_it_was_to_replace(folder: Path, monkeypatch: pytest.MonkeyPatch):
    plan = (folder / "plan.toml").read_text()
    (folder / "mean.toml").write_text(plan.replace(', "transfer+w32"', ""), encoding="utf-8")
    assert run("study", "--plan", folder / "mean.toml", "--out", folder / "run") == 0
    before = files(folder)
    monkeypatch.setattr(os, "sysconf", tiny_machine())
    assert run("study", "--plan", folder / "plan.toml", "--out", folder / "run", "--overwrite") == 2
    assert files(folder) == before
