import numpy as np
import pandas as pd
import pytest
from cli_helpers import run_command

from miscible.cli._console import screen
from miscible.cli._reproduce_lee import _comparison_words, _print_speed
from miscible.datasets import Dataset
from miscible.experiments import LEE_RECONSTRUCTION, _lee_study

RINGS = ("c1ccccc1", "C1CCCCC1", "c1ccncc1", "C1CCOC1", "c1ccsc1", "c1ccoc1")
ENDS = ("O", "N", "Cl", "C(=O)O")
ARMS = ("lightgbm", "independent", "shared", "warm", "blend")


def molecules(name: str) -> Dataset:
    smiles = [ring + "C" * k + end for ring in RINGS for k in range(4) for end in ENDS]
    rng = np.random.default_rng(0)
    size = np.array([len(text) for text in smiles], float)
    labels = np.column_stack([300.0 + 20.0 * size, size - 2.0 * np.char.count(smiles, "O"), np.log(size)])
    labels[rng.random(labels.shape) < 0.2] = np.nan
    names = ["boiling", "logp", "heat"]
    frame = pd.DataFrame({"smiles": smiles}).join(pd.DataFrame(labels, columns=names))
    targets = tuple(f"{name}:reg" for name in names)
    return Dataset(name, "", frame, targets, ("smiles:smiles",), "scaffold", {}, (), (), "")


@pytest.fixture
def small(monkeypatch):
    monkeypatch.setattr(_lee_study, "load_dataset", molecules)
    monkeypatch.setattr(_lee_study, "LEE_ARMS", ARMS)
    tuning = _lee_study.QUICK_TUNING.model_copy(update={"epochs": 3, "steps": 2})
    monkeypatch.setattr(_lee_study, "QUICK_TUNING", tuning)


def test_a_quick_study_writes_its_tables_goes_on_and_says_the_same(small, tmp_path):
    out = tmp_path / "run"
    words = ("reproduce", "lee2024", "--quick", "--split", "both", "--workers", 1, "--out", out)
    done = run_command(*words)
    assert done.status == 0, done.err
    assert LEE_RECONSTRUCTION.split(":")[0] in done.out.replace("\n", " ")
    comparison = pd.read_csv(out / "comparison.csv")
    assert set(comparison["split"]) == {"random", "scaffold"}
    found = comparison.set_index(["split", "arm", "against"])
    sharing = found.loc[("random", "shared", "independent")]
    assert 0 <= sharing["n_better"] <= sharing["n_properties"] == 3
    assert sharing["low"] <= sharing["ratio"] <= sharing["high"]
    deployed = found.loc[("scaffold", "best of anything", "lightgbm")]
    assert deployed["aim_status"] == "not judged on 3 of 40 properties"
    assert found.loc[("random", "transfer", "shared"), "status"] == "not run"
    effects = pd.read_csv(out / "effects.csv")
    assert len(effects) == 2 * 3 * sum(comparison["ratio"].notna()) / 2
    assert set(effects["verdict"]) <= {"better", "worse", "equivalent", "undecided"}
    speed = pd.read_csv(out / "speed.csv")
    assert set(speed["arm"]) == {"independent", "shared", "warm"}
    assert (speed.loc[speed["arm"] == "shared", "times_plain"] == 1.0).all()
    assert (speed.loc[speed["arm"] == "warm", "start_steps"] > 0.0).all()
    timing = pd.read_csv(out / "timing.csv")
    assert set(timing["arm"].dropna()) == {"lightgbm", "independent", "shared", "warm"}
    assert (
        "aim, scaffold, best of anything against lightgbm: >= 38 of 40 better, >= 9 % lower: not judged"
        in done.out
    )
    for name in ("comparison", "effects", "speed", "timing"):
        assert str(out / f"{name}.csv") in done.out

    again = run_command(*words, "--resume")
    assert again.status == 0, again.err
    pd.testing.assert_frame_equal(pd.read_csv(out / "comparison.csv"), comparison)
    run_command(*words).refuses("already holds a run", "--resume")
    run_command(*words, "--resume", "--repeats", 2).refuses("split", "Resume with the same options")
    report = run_command("report", out / "scaffold")
    assert report.status == 0, report.err
    assert (out / "scaffold" / "report.html").exists()


def test_an_interrupted_study_says_how_to_go_on(small, tmp_path, monkeypatch):
    def stop(*arguments, **options):
        raise KeyboardInterrupt

    monkeypatch.setattr("miscible.experiments._lee_run.run_study", stop)
    out = tmp_path / "run"
    done = run_command("reproduce", "lee2024", "--quick", "--split", "random", "--out", out)
    assert done.status == 130
    assert f"--out {out}" in done.err
    for word in ("--quick", "--split random", "--seed 0", "--resume"):
        assert word in done.err


def test_what_belongs_to_another_paper_or_does_not_exist_is_refused(small, tmp_path):
    out = ("--out", tmp_path / "run")
    run_command("reproduce", "lee2042", *out).refuses("lee2042", "lee2024", "kang2025")
    run_command("reproduce", "lee2024", "--split", "scafold", *out).refuses("scafold", "scaffold", "both")
    run_command("reproduce", "lee2024", "--table", tmp_path / "a.csv", *out).refuses("--table", "lee2024")
    run_command("reproduce", "lee2024", "--inputs", "smiles", *out).refuses("--inputs", "lee2024")
    run_command("reproduce", "kang2025", "--repeats", 3, *out).refuses("--repeats", "kang2025")
    run_command("reproduce", "lee2024", "--resume", "--overwrite", *out).refuses("--resume", "--overwrite")
    assert not (tmp_path / "run").exists()


def test_numbers_are_printed_for_a_reader():
    row = {
        "arm": "transfer",
        "against": "shared",
        "n_better": 24,
        "n_properties": 40,
        "n_practically_better": 9,
    }
    row |= {
        "n_practically_worse": 2,
        "ratio": 0.9581,
        "low": 0.94,
        "high": 0.98,
        "paper": "31 of 40 (summary)",
    }
    row |= {
        "status": "same direction",
        "aim": "nowhere practically worse",
        "aim_status": "not reached (33 of 38 asked)",
    }
    assert _comparison_words(pd.Series(row)) == (
        *("transfer", "shared", "24 of 40", "9 / 2", "0.958 (-4.2 %)", "0.940 to 0.980"),
        *("same direction", "not reached"),
    )
    columns = ("split", "arm", "properties", "reached", "steps", "start_steps", "times_plain", "seconds")
    one = pd.DataFrame([("random", "warm", 40, 31, 120.0, 1500.0, 1.34, 2.0)], columns=columns)
    with screen.capture() as capture:
        _print_speed(one.assign(start_seconds=0.5))
    for word in ("31 of 40", "120", "1,620", "1.34", "2.5"):
        assert word in capture.get()
