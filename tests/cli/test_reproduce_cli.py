import numpy as np
import pandas as pd
import pytest
from cli_helpers import run_command

from miscible.cli._console import screen
from miscible.cli._reproduce import _print
from miscible.experiments import CLAIMS

MAP = ("resistivity=RHO", "hardness=HV", "amorphous=AM")


@pytest.fixture(scope="module")
def alloys(tmp_path_factory):
    rng = np.random.default_rng(0)
    n = 150
    fractions = rng.dirichlet([1.0, 1.0, 1.0], n)
    frame = pd.DataFrame(fractions.round(4), columns=["Al", "Cu", "Ni"])
    labels = np.column_stack(
        [
            50.0 + 100.0 * (fractions * (1 - fractions)).sum(axis=1),
            200.0 + 300.0 * fractions[:, 0],
            (fractions[:, 1] > 0.4).astype(float),
        ]
    )
    owner = rng.integers(0, 3, n)
    labels[np.arange(3)[None] != owner[:, None]] = np.nan
    frame[["RHO", "HV", "AM"]] = labels
    path = tmp_path_factory.mktemp("reproduce") / "alloys.csv"
    frame.to_csv(path, index=False)
    return path


def test_a_table_of_the_users_is_compared_row_by_row(alloys, tmp_path):
    out = tmp_path / "run"
    words = ("reproduce", "kang2025", "--table", alloys, "--map", *MAP, "--inputs", "Al:at", "Cu:at", "Ni:at")
    words = (*words, "--group", "none", "--quick", "--workers", 1, "--out", out)
    done = run_command(*words)
    assert done.status == 0, done.err
    comparison = pd.read_csv(out / "comparison.csv")
    assert list(comparison["claim"]) == [claim.key for claim in CLAIMS]
    assert set(comparison["status"]) <= {"same direction", "differs", "not testable"}
    assert not comparison["status"].str.contains("simulation").any()
    changes = dict(zip(comparison["claim"], comparison["change"].astype(float), strict=True))
    for key in ("hardness: independent -> shared", "Nordheim", "inter-task weight"):
        assert np.isfinite(changes[key]), key
    assert changes["Nordheim"] > 0.9
    effects = pd.read_csv(out / "effects.csv")
    assert {"RHO", "HV", "AM"} == set(effects["property"])
    own = effects[(effects["strategy"] == "independent")]
    assert own["change from independent"].isna().all()
    for name in ("own/report.html", "own/plan.toml", "timing.csv"):
        assert (out / name).exists()
        assert "SIMULATION" not in (out / name).read_text(encoding="utf-8")
    assert str(out / "comparison.csv") in done.out

    again = run_command(*words, "--resume")
    assert again.status == 0, again.err
    pd.testing.assert_frame_equal(pd.read_csv(out / "comparison.csv"), comparison)
    run_command(*words).refuses("already holds a run", "--resume")


def test_brackets_are_printed_as_they_are():
    words = {
        "table": "my [old] copy",
        "claim": "HV [kgf]",
        "paper": "-",
        "ours": "1 [0, 2]",
        "status": "differs",
    }
    with screen.capture() as capture:
        _print(pd.DataFrame([{**words, "note": ""}]))
    text = capture.get()
    assert "\\" not in text
    for word in ("my [old] copy", "HV [kgf]", "1 [0, 2]"):
        assert word in text


def test_what_cannot_be_reproduced_is_refused(alloys, tmp_path):
    out = ("--out", tmp_path / "run")
    run_command("reproduce", "kang2052", *out).refuses("kang2052", "kang2025")
    run_command("reproduce", "kang2025", "--table", alloys, "--data", tmp_path, *out).refuses(
        "--data", "--table"
    )
    run_command("reproduce", "kang2025", "--map", "hardness=HV", *out).refuses("--table")
    table = ("--table", alloys)
    run_command("reproduce", "kang2025", *table, "--map", "hardnes=HV", *out).refuses("hardnes", "hardness")
    run_command("reproduce", "kang2025", *table, "--map", "hardness", *out).refuses("ROLE=COLUMN")
    run_command("reproduce", "kang2025", *table, "--map", "hardness=HV", *out).refuses("1 of the paper")
    run_command("reproduce", "kang2025", *table, "--map", "hardness=VH", "amorphous=AM", *out).refuses(
        "VH", "HV"
    )
    run_command("reproduce", "kang2025", "--data", tmp_path / "nothing", *out).refuses("nothing")
    assert not (tmp_path / "run").exists()
