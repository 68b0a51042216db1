import pandas as pd
import pytest
from cli_helpers import alloys, run_command

GRID = """
name = "tiny"
question = "Does a scarce property gain?"
[vary]
counts = ["40/20"]
relatedness = [0, 0.9]
[small]
redraws = 2
n_test = 50
epochs = 2
[full]
"""

STUDY = """
kind = "study"
name = "pairs"
question = "Do hardness and strength belong together?"
[[tables]]
name = "alloys"
source = "data:tables/alloys.csv"
beside = "data:tables/more.csv"
group = "composition"
inputs = ["alloy:composition", "temperature:number"]
targets = ["hardness:reg:unit=HV", "strength:reg", "glass:cls"]
pairs = [["hardness", "strength"], ["hardness", "glass"]]
within = [true, false]
[small]
folds = 2
repeats = 1
rows = 45
[small.tuning]
epochs = 2
halving = []
rates = [1e-3]
decays = [0.01]
[full]
"""


@pytest.fixture
def plan(tmp_path):
    path = tmp_path / "plan.toml"
    path.write_text(GRID, encoding="utf-8")
    return path


@pytest.fixture
def pairs(tmp_path):
    (tmp_path / "mine" / "tables").mkdir(parents=True)
    frame = alloys()
    frame.insert(0, "id", range(len(frame)))
    frame.drop(columns="temperature").to_csv(tmp_path / "mine" / "tables" / "alloys.csv", index=False)
    frame[["id", "temperature"]][::-1].to_csv(tmp_path / "mine" / "tables" / "more.csv", index=False)
    path = tmp_path / "pairs.toml"
    path.write_text(STUDY, encoding="utf-8")
    return path


def test_a_grid_prints_its_table_and_goes_on(plan, tmp_path):
    out = tmp_path / "run"
    done = run_command("experiment", plan, "--out", out, "--quiet")
    assert done.status == 0, done.err
    for words in ("Does a scarce property gain?", "difference", "property_2", str(out / "results.csv")):
        assert words in done.out
    frame = pd.read_csv(out / "results.csv")
    assert len(frame) == 2 * 2 * 3
    run_command("experiment", plan, "--out", out).refuses(out, "--resume")
    again = run_command("experiment", plan, "--out", out, "--resume")
    assert again.status == 0, again.err
    pd.testing.assert_frame_equal(pd.read_csv(out / "results.csv"), frame)
    run_command("experiment", plan, "--out", out, "--resume", "--full").refuses("another plan or size")


def test_pairs_of_real_tables_are_compared(pairs, tmp_path):
    out = tmp_path / "run"
    words = ("experiment", pairs, "--out", out)
    run_command(*words).refuses("--data", "alloys")
    run_command(*words, "--data", tmp_path / "yours").refuses("no such file", "yours")
    assert not out.exists()
    done = run_command(*words, "--data", tmp_path / "mine")
    assert done.status == 0, done.err
    frame = pd.read_csv(out / "results.csv")
    assert list(frame["task"]) == ["hardness", "strength", "hardness", "glass"]
    assert list(frame["within"]) == [True, True, False, False]
    assert (frame["labels"] <= 45).all()
    change = (frame["together"] - frame["apart"]) / frame["apart"]
    assert (frame["low"] <= frame["change"]).all() and (frame["change"] <= frame["high"]).all()
    # Mean over folds against pooled errors, of the values only: precision is no mean over rows.
    assert frame["change"].to_numpy()[:3] == pytest.approx(change.to_numpy()[:3], abs=0.05)
    assert set(frame["call"]) == {"UNDECIDED"}
    assert "hardness with strength" in (out / "figure.html").read_text(encoding="utf-8")
    plan = (out / "studies" / "alloys,hardness+glass" / "plan.toml").read_text(encoding="utf-8")
    assert "hardness:reg:unit=HV" in plan and "glass:cls" in plan and "strength:reg" not in plan
    again = run_command(*words, "--resume", "--data", tmp_path / "mine")
    assert again.status == 0
    pd.testing.assert_frame_equal(pd.read_csv(out / "results.csv"), frame)


def test_what_a_study_cannot_have_is_named(pairs, tmp_path):
    text = pairs.read_text(encoding="utf-8")
    words = ("experiment", pairs, "--data", tmp_path / "mine")
    cases = (
        ('["hardness", "glass"]', '["hardness", "grass"]', ("pairs", "grass")),
        ("data:tables/alloys.csv", "tables/alloys.csv", ("source", "data:")),
        ("within = [true, false]", "within = [true]", ("within",)),
        ('inputs = ["alloy:composition", "temperature:number"]', "", ("inputs",)),
        ("glass", "grass", ("grass",)),
    )
    for k, (old, new, told) in enumerate(cases):
        assert old in text
        pairs.write_text(text.replace(old, new), encoding="utf-8")
        run_command(*words, "--out", tmp_path / f"run {k}").refuses(*told)
    run_command("experiment", tmp_path / "nothing.toml").refuses("nothing.toml", "experiments/")
