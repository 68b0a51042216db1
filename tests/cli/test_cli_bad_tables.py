"""Tables that cannot be used: a message with place and remedy, exit status 2, nothing written."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from cli_helpers import Command, Outcome

TARGETS = ("hardness:reg", "strength:reg", "glass:cls")
INPUTS = ("alloy", "temperature")


@pytest.fixture(params=["audit", "advise"])
def refused(request: pytest.FixtureRequest, folder: Path, miscible: Command) -> Callable[..., Outcome]:
    """Run a verb on a table; it must refuse and leave the folder as it was."""

    def call(table: object = "bad.csv", *options: object, targets: tuple[str, ...] = TARGETS) -> Outcome:
        words = [request.param, folder / str(table), "--targets", *targets, *options]
        if "--inputs" not in options:
            words += ["--inputs", *INPUTS]
        if request.param == "advise":
            words += ["--plan", folder / "tiny.toml", "--out", folder / "run"]
        before = {p: p.stat().st_mtime_ns for p in folder.rglob("*")}
        outcome = miscible(*words)
        assert {p: p.stat().st_mtime_ns for p in folder.rglob("*")} == before
        assert outcome.status == 2, outcome.out + outcome.err
        return outcome

    return call


Refused = Callable[..., Outcome]


def test_missing_file(refused: Refused, folder: Path) -> None:
    refused("aloys.csv").refuses(folder / "aloys.csv", "no such file", "Nearest", "'alloys.csv'")
    refused("nowhere/alloys.csv").refuses("no such file", "nowhere", "does not exist either")


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("bad.csv", b"", ["the file is empty", "A header line and rows are expected"]),
        ("bad.csv", b"alloy,temperature,hardness,strength,glass\n", ["a header and no rows"]),
        ("bad.csv", b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00", ["bad.csv"]),
        ("bad.csv", b"PK\x03\x04\x00\x00", ["Excel workbook or zip archive", "name it .xlsx"]),
        ("bad.csv", b"Dear colleague, here is what we found.\nBest wishes\n", ["bad.csv"]),
        (
            "bad.csv",
            b"alloy,temperature,hardness\nFe1Ni1,298,3\nFe,1,2,3,4\n",
            ["row 3", "5 cells", "the header has 3"],
        ),
        ("bad.xlsx", b"not a workbook", ["not a readable Excel workbook"]),
        ("bad.parquet", b"not parquet", ["not a readable Parquet file"]),
        ("bad.csv.gz", b"\x1f\x8b\x08\x00broken", ["damaged or cut short"]),
    ],
)
def test_no_table(refused: Refused, folder: Path, name: str, content: bytes, words: list[str]) -> None:
    (folder / name).write_bytes(content)
    refused(name).refuses(folder / name, *words)


def test_a_folder_is_no_table(refused: Refused, folder: Path) -> None:
    (folder / "bad.csv").mkdir()
    refused().refuses(folder / "bad.csv", "this is a folder")


def test_no_row_with_a_label(refused: Refused, folder: Path, frame: pd.DataFrame) -> None:
    frame[["hardness", "strength", "glass"]] = None
    frame.to_csv(folder / "bad.csv", index=False)
    refused().refuses(folder / "bad.csv", "no row has a label for any target", "hardness")


def test_filters_that_leave_nothing(refused: Refused) -> None:
    refused("alloys.csv", "--where", "temperature > 9000").refuses("alloys.csv", "temperature > 9000")


def test_filter_that_cannot_be_read(refused: Refused) -> None:
    refused("alloys.csv", "--where", "temprature > 300").refuses("temprature", "temperature")
    refused("alloys.csv", "--where", "temperature >").refuses("temperature >")


def test_target_not_in_the_table(refused: Refused) -> None:
    refused("alloys.csv", targets=("hardnes:reg",)).refuses("alloys.csv", "'hardnes'", "'hardness'")


def test_unknown_kind(refused: Refused) -> None:
    refused("alloys.csv", targets=("hardness:regr",)).refuses("unknown kind 'regr'", "reg")


def test_text_in_a_target(refused: Refused, folder: Path, frame: pd.DataFrame) -> None:
    frame["hardness"] = frame["hardness"].astype(object)
    frame.loc[4, "hardness"] = "very hard"
    frame.to_csv(folder / "bad.csv", index=False)
    refused().refuses(
        folder / "bad.csv", "column 'hardness'", "not numbers", "6", "very hard", "Empty the cells"
    )


def test_infinite_labels_and_inputs(refused: Refused, folder: Path, frame: pd.DataFrame) -> None:
    frame["hardness"] = frame["hardness"].astype(object)
    frame.loc[4, "hardness"] = "inf"
    frame.to_csv(folder / "bad.csv", index=False)
    refused().refuses("column 'hardness'", "infinite", "6", "Empty these cells")
    frame.loc[4, "hardness"] = 3.0
    frame["temperature"] = frame["temperature"].astype(float)
    frame.loc[7, "temperature"] = -np.inf
    frame.to_csv(folder / "bad.csv", index=False)
    refused().refuses("column 'temperature'", "infinite", "9")


@pytest.mark.parametrize(
    ("cell", "reason"), [("Fe2(Ni", "Fe2(Ni"), ("Xx5Fe5", "Xx"), ("Fe0Ni0", "Fe0Ni0"), ("", "empty")]
)
def test_formulas_that_do_not_parse(
    refused: Refused, folder: Path, frame: pd.DataFrame, cell: str, reason: str
) -> None:
    frame.loc[[0, 4], "alloy"] = cell
    frame.to_csv(folder / "bad.csv", index=False)
    refused().refuses(folder / "bad.csv", "column 'alloy'", "2", "6", reason, "--skip-bad-rows")


def test_smiles_that_do_not_parse(refused: Refused, folder: Path, frame: pd.DataFrame) -> None:
    frame["smiles"] = ["C" * (k % 7 + 1) + "O" for k in range(60)]
    frame.loc[3, "smiles"] = "C1CC("
    frame.to_csv(folder / "bad.csv", index=False)
    outcome = refused("bad.csv", "--inputs", "smiles:smiles", "--group", "scaffold")
    outcome.refuses("column 'smiles'", "5", "C1CC(", "--skip-bad-rows")


@pytest.mark.parametrize(("row", "reason"), [((0.0, 0.0, 0.0), "0"), ((340.0, 0.0, 0.0), "340")])
def test_amounts_that_do_not_sum(
    refused: Refused, folder: Path, frame: pd.DataFrame, row: tuple[float, ...], reason: str
) -> None:
    frame[["Fe", "Ni", "Cr"]] = [[50.0, 30.0, 20.0]] * 60
    frame.loc[10, ["Fe", "Ni", "Cr"]] = row
    frame.to_csv(folder / "bad.csv", index=False)
    refused("bad.csv", "--inputs", "Fe:at", "Ni:at", "Cr:at").refuses("12", reason, "sum", "--skip-bad-rows")


def test_amounts_of_no_element(refused: Refused, folder: Path, frame: pd.DataFrame) -> None:
    frame[["Fe", "Qq", "Cr"]] = [[50.0, 30.0, 20.0]] * 60
    frame.to_csv(folder / "bad.csv", index=False)
    refused("bad.csv", "--inputs", "Fe:at", "Qq:at", "Cr:at").refuses("column 'Qq'", "element symbol")


def test_group_column_with_gaps(refused: Refused, folder: Path, frame: pd.DataFrame) -> None:
    frame.loc[[2, 5], "batch"] = None
    frame.to_csv(folder / "bad.csv", index=False)
    outcome = refused("bad.csv", "--group", "batch")
    outcome.refuses("column 'batch'", "2 rows", "4", "7", "Fill the gaps", "--where")


def test_unknown_group(refused: Refused) -> None:
    refused("alloys.csv", "--group", "bach").refuses("'bach'", "'batch'")


def test_one_class_only(refused: Refused, folder: Path, frame: pd.DataFrame) -> None:
    frame["glass"] = "no"
    frame.to_csv(folder / "bad.csv", index=False)
    refused().refuses(folder / "bad.csv", "column 'glass'", "class", "'no'")


def test_duplicate_column_names(refused: Refused, folder: Path, frame: pd.DataFrame) -> None:
    frame.insert(2, "alloy", "x", allow_duplicates=True)
    frame.to_csv(folder / "bad.csv", index=False)
    refused().refuses(folder / "bad.csv", "duplicate column names", "'alloy'", "Rename or remove")


def test_weights_that_are_no_weights(refused: Refused, folder: Path, frame: pd.DataFrame) -> None:
    frame["trust"] = 1.0
    frame.loc[6, "trust"] = -1.0
    frame.to_csv(folder / "bad.csv", index=False)
    refused("bad.csv", "--weight", "trust").refuses("column 'trust'", "8", "positive")


def test_metrics_that_do_not_fit(refused: Refused) -> None:
    refused("alloys.csv", targets=("hardness:reg:mea",)).refuses("no metric 'mea'", "'mae'", "Choose one of")
    refused("alloys.csv", targets=("hardness:reg:f1",)).refuses("'f1'", "not defined for a regression", "mae")
    refused("alloys.csv", targets=("glass:cls:rmse",)).refuses(
        "'rmse'", "not defined for a binary", "log_loss"
    )


def test_rows_that_do_not_parse_are_skipped_and_counted(
    folder: Path, frame: pd.DataFrame, miscible: Command
) -> None:
    frame.loc[[0, 4], "alloy"] = ["Fe2(Ni", "Xx5"]
    frame.to_csv(folder / "alloys.csv", index=False)
    outcome = miscible(
        "advise",
        folder / "alloys.csv",
        "--skip-bad-rows",
        "--plan",
        folder / "tiny.toml",
        "--out",
        folder / "run",
    )
    assert outcome.status == 0, outcome.err
    notes = [line for line in outcome.out.splitlines() if line.startswith("note: ")]
    assert any("2" in line and "skipped" in line for line in notes), notes
    page = (folder / "run" / "report.html").read_text(encoding="utf-8")
    assert "58" in page
    assert "skipped" in page
    predictions = pd.read_csv(folder / "run" / "predictions.csv")
    assert not set(predictions["row"]) & {2, 6}


@pytest.mark.parametrize("n_labels", [1, 3])
def test_fewer_labels_than_folds_are_reported(
    folder: Path, frame: pd.DataFrame, miscible: Command, n_labels: int
) -> None:
    frame.loc[frame.index[frame["strength"].notna()][n_labels:], "strength"] = np.nan
    frame.to_csv(folder / "alloys.csv", index=False)
    words = ["advise", folder / "alloys.csv", "--plan", folder / "tiny.toml", "--out", folder / "run"]
    outcome = miscible(*words, "--folds", 5)
    assert outcome.status == 0, outcome.err
    page = (folder / "run" / "report.html").read_text(encoding="utf-8")
    assert "fewer than the 5 folds" in page
    assert "strength" in outcome.out


def test_too_few_groups(folder: Path, frame: pd.DataFrame, miscible: Command) -> None:
    """An audit says so among its findings, a study refuses."""
    frame["batch"] = np.where(frame["temperature"] > 600, "hot", "cold")
    frame.to_csv(folder / "bad.csv", index=False)
    words = [folder / "bad.csv", "--targets", *TARGETS, "--inputs", *INPUTS, "--group", "batch", "--folds", 5]
    outcome = miscible("audit", *words)
    assert outcome.status == 0
    assert "2 groups, fewer than the 5 folds" in outcome.out
    miscible("advise", *words, "--out", folder / "run").refuses(
        "'batch'", "2 groups", "5 folds", "fewer folds"
    )
    assert not (folder / "run").exists()


def test_inputs_that_never_vary(folder: Path, frame: pd.DataFrame, miscible: Command) -> None:
    """Nothing can be learned, which is said and is no crash."""
    frame["alloy"], frame["temperature"] = "Fe50Ni50", 300
    frame.to_csv(folder / "alloys.csv", index=False)
    outcome = miscible(
        "advise", folder / "alloys.csv", "--plan", folder / "tiny.toml", "--out", folder / "run",
        "--group", "none", "--strategies", "mean", "ridge", "lightgbm", "shared", "independent", "blend",
    )  # fmt: skip
    assert outcome.status == 0, outcome.err
    assert "has one value only" in miscible("audit", folder / "alloys.csv", "--targets", "hardness").out
    predictions = pd.read_csv(folder / "run" / "predictions.csv")
    np.testing.assert_allclose(predictions["ridge"], predictions["mean"])
    np.testing.assert_allclose(predictions["lightgbm"], predictions["mean"])
