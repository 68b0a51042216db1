"""Remedies, relation graphs, groups and warm starts from the command line to report, resume and bundle."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from cli_helpers import TINY, Command, alloys

from miscible.advisor import _run as advising
from miscible.bundle import BundleParts, load_bundle, write_bundle
from miscible.inputs import featurize
from miscible.strategies import SETS, NetworkModel

STRATEGIES = (
    "mean",
    "independent",
    "shared+pcgrad",
    "relation",
    "grouped",
    "warm+from=yield strength",
    "warm+frozen+from=glass/no",
)
NUMBERS = ("predictions.csv", "metrics.csv", "verdict.json")
ORIGINAL = '["mean", "ridge", "shared", "independent"]'
PREDICT = (
    "import sys, pandas as pd\n"
    "from miscible.bundle import load_bundle\n"
    "load_bundle(sys.argv[1]).predict(pd.read_csv(sys.argv[2])).to_csv(sys.argv[3], index=False)\n"
)


def prepare(path: Path, *strategies: str) -> Path:
    """A folder with a table whose properties hold a space and a slash, and a plan."""
    table = alloys().rename(columns={"strength": "yield strength", "glass": "glass/no"})
    table.to_csv(path / "alloys.csv", index=False)
    text = TINY.replace("strength:reg", "yield strength:reg").replace("glass:cls", "glass/no:cls")
    assert ORIGINAL in text
    (path / "tiny.toml").write_text(text.replace(ORIGINAL, json.dumps(strategies)), encoding="utf-8")
    return path


def strategies_of(run: Path) -> tuple[str, ...]:
    return tuple(tomllib.loads((run / "plan.toml").read_text(encoding="utf-8"))["strategies"])


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory, miscible: Command) -> Path:
    """A finished run with a strategy of each new kind; tests read it only."""
    path = prepare(tmp_path_factory.mktemp("remedies"), *STRATEGIES)
    outcome = miscible("study", "--plan", path / "tiny.toml", "--out", path / "run")
    assert outcome.status == 0, outcome.err
    return path / "run"


def test_every_strategy_is_scored(done: Path) -> None:
    assert strategies_of(done) == STRATEGIES
    metrics = pd.read_csv(done / "metrics.csv")
    assert metrics.groupby("strategy").size().to_dict() == dict.fromkeys(STRATEGIES, 3)
    assert metrics["error"].notna().all()
    assert pd.read_csv(done / "predictions.csv")[list(STRATEGIES)].notna().all(axis=None)


def test_names_of_properties_do_not_leave_the_folder(done: Path) -> None:
    cells = sorted(p.name for p in (done / "cells").iterdir())
    assert "warm+from=yield%20strength-r0.safetensors" in cells
    assert "warm+frozen+from=glass%2Fno-r0.safetensors" in cells
    assert len(cells) == len(STRATEGIES) + 2
    assert all((done / "cells" / name).is_file() for name in cells)


def test_the_report_shows_what_the_remedies_did(done: Path) -> None:
    page = (done / "report.html").read_text(encoding="utf-8")
    start = page.index('id="remedies-title"')
    part = page[start : page.index("<h2", start)]
    assert re.findall(r'<h3 class="group">([^<]*)', part) == [
        "What the rules did",
        "Who influences whom",
        "Which properties were grouped",
    ]
    captions = re.findall(r'<caption class="hidden">([^<]*)', part)
    assert [caption.split(": ")[1] for caption in captions] == ["shared+pcgrad", "relation", "grouped"]
    assert all(name in part for name in ("hardness", "yield strength", "glass/no"))
    assert "warm+frozen+from=glass/no" in page.replace("<wbr>", "")


def test_resuming_gives_the_same_numbers(done: Path, tmp_path: Path, miscible: Command) -> None:
    shutil.copytree(done, tmp_path / "run")
    shutil.copy(done.parent / "alloys.csv", tmp_path)
    for pattern in ("warm*", "grouped*", "relation*", "shared*"):
        found = list((tmp_path / "run" / "cells").glob(pattern))
        assert found
        for cell in found:
            cell.unlink()
    for name in NUMBERS:
        (tmp_path / "run" / name).unlink()
    outcome = miscible("study", "--plan", tmp_path / "run" / "plan.toml", "--resume")
    assert outcome.status == 0, outcome.err
    for name in NUMBERS:
        assert (tmp_path / "run" / name).read_text() == (done / name).read_text()


def test_a_set_is_written_out_without_what_the_table_has_no_use_for(
    tmp_path: Path, miscible: Command
) -> None:
    prepare(tmp_path, "mean")
    call = ["advise", tmp_path / "alloys.csv", "--plan", tmp_path / "tiny.toml", "--strategies", "papers"]
    assert miscible(*call, "--out", tmp_path / "all").status == 0
    assert strategies_of(tmp_path / "all") == SETS["papers"]
    assert miscible(*call, "--targets", "glass/no:cls", "--out", tmp_path / "classes").status == 0
    left = [name for name in SETS["papers"] if not set(name.split("+")) & {"lds", "gai"}]
    assert strategies_of(tmp_path / "classes") == tuple(left)
    assert set(pd.read_csv(tmp_path / "classes" / "metrics.csv")["strategy"]) == set(left)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--strategies", "warm+from=strength"], ["no property 'strength'", "hardness, yield strength, glass/no"]),
        (["--strategies", "shared+bmc"], ["'bmc'", "proportional batch", "Add 'balanced'"]),
        (["--strategies", "mean", "shared+famo+gai"], ["'famo'", "Balanced MSE can be negative"]),
        (["--strategies", "independent+frozen"], ["'frozen'", "makes no sense"]),
        (["--strategies", "grouped", "--targets", "hardness:reg", "glass/no:cls"], ["nothing to group", "2"]),
        (["--strategies", "shared+focal", "--targets", "hardness:reg"], ["'focal'", "no property has classes"]),
        (["--strategies", "shared+lds", "--targets", "glass/no:cls"], ["'lds'", "no property is a regression"]),
    ],
)  # fmt: skip
def test_a_refused_strategy_writes_nothing(
    tmp_path: Path, miscible: Command, options: list[str], words: list[str]
) -> None:
    prepare(tmp_path, "mean")
    call = ["advise", tmp_path / "alloys.csv", "--plan", tmp_path / "tiny.toml", "--out", tmp_path / "run"]
    miscible(*call, *options).refuses(*words)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["alloys.csv", "tiny.toml"]


@pytest.mark.parametrize("name", ["relation", "mmoe"])
def test_a_new_process_predicts_what_the_networks_in_memory_say(
    name: str, tmp_path: Path, miscible: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Alone in a plan, a strategy is what is deployed."""
    written: list[BundleParts] = []

    def remember(parts: BundleParts, path: Path) -> None:
        written.append(parts)
        write_bundle(parts, path)

    monkeypatch.setattr(advising, "write_bundle", remember)
    prepare(tmp_path, name)
    outcome = miscible("study", "--plan", tmp_path / "tiny.toml", "--out", tmp_path / "run")
    assert outcome.status == 0, outcome.err
    new = alloys()[["alloy", "temperature"]].sample(9, random_state=3)
    new.to_csv(tmp_path / "new.csv", index=False)
    paths = [str(tmp_path / part) for part in ("run/bundle", "new.csv", "out.csv")]
    subprocess.run([sys.executable, "-c", PREDICT, *paths], check=True, cwd=tmp_path)
    there = pd.read_csv(tmp_path / "out.csv")
    here = load_bundle(tmp_path / "run" / "bundle").predict(new).reset_index(drop=True)
    pd.testing.assert_frame_equal(there, here, check_dtype=False, rtol=1e-9)
    (parts,) = written
    features = featurize(new, parts.spec)
    for task, column in zip(parts.tasks[:2], ("hardness", "yield strength"), strict=True):
        assert task.strategy == name
        models = [model for model in task.models if isinstance(model, NetworkModel)]
        assert len(models) == 2 and all(m.ensemble.shape.mixing == name for m in models)
        each = [m.predict(p.transform(features)) for m, p in zip(models, parts.preparations, strict=True)]
        np.testing.assert_allclose(there[column], np.mean(each, axis=0)[:, 0], rtol=1e-5)
        assert np.ptp(there[column]) > 0
