"""Bioactivities: rules on a tiny file, counts of the real one against an independent reading."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from miscible import datasets
from miscible.errors import InputError
from miscible.table import read_table

pytest.importorskip("rdkit")

REAL = Path(__file__).parents[3] / "shared/data/molecules/deepchem_chembl/chembl_5thresh.csv.gz"
TABLE = """smiles,CHEMBL1,CHEMBL2,CHEMBL3
C1=CC=CC=C1,5.0,,
c1ccccc1,7.0,6.5,
CCO,,8.0,
not a molecule,4.0,,
CCN,,,
CC(=O)[O-].[Na+],,4.5,
"""


def write(folder: Path, text: str = TABLE) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "chembl_5thresh.csv").write_text(text)
    return folder


def test_molecules_are_merged_and_empty_targets_left_out(tmp_path: Path) -> None:
    dataset = datasets.load(f"molecules-chembl:{write(tmp_path)}")
    frame = dataset.frame.set_index("smiles")
    assert list(frame.columns) == ["CHEMBL1", "CHEMBL2"]
    assert frame["CHEMBL1"].dropna().to_dict() == {"c1ccccc1": 6.0}
    assert frame["CHEMBL2"].to_dict() == {"c1ccccc1": 6.5, "CCO": 8.0, "CC(=O)[O-].[Na+]": 4.5}
    assert dataset.targets == ("CHEMBL1:reg", "CHEMBL2:reg")
    notes = " ".join(dataset.notes)
    for part in (
        "the file has 6 rows and 3 targets",
        "1 of 6 rows were dropped, their SMILES could not be read",
        "1 rows repeat the canonical SMILES",
        "1 molecules without a value were dropped",
        "1 targets without a value were left out: CHEMBL3",
        "3 molecules, 2 targets, 4 labels remain",
    ):
        assert part in notes
    assert set(dataset.columns) == set(dataset.frame.columns)
    table = read_table(dataset.frame.copy(deep=False), list(dataset.targets), inputs=list(dataset.inputs))
    assert table.n_rows == 3


@pytest.mark.parametrize("inside", ["", "deepchem_chembl", "molecules/deepchem_chembl"])
def test_the_folder_or_its_parents_may_be_named(tmp_path: Path, inside: str) -> None:
    folder = tmp_path / inside
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "chembl_5thresh.csv.gz").write_bytes(gzip.compress(TABLE.encode()))
    assert len(datasets.load("molecules-chembl", tmp_path).frame) == 3


def test_many_empty_targets_are_counted(tmp_path: Path) -> None:
    empty = [f"CHEMBL9{k}" for k in range(8)]
    text = ",".join(["smiles", "CHEMBL1", *empty]) + "\nCCO,5.0" + "," * 8 + "\n"
    notes = datasets.load("molecules-chembl", write(tmp_path, text)).notes
    assert any(
        "8 targets without a value" in note and "CHEMBL94 and 3 more" in note and "CHEMBL95" not in note
        for note in notes
    )


def test_without_a_folder_the_error_says_how_to_name_it() -> None:
    with pytest.raises(InputError, match="which is not named") as caught:
        datasets.load("molecules-chembl")
    assert "dataset:molecules-chembl:FOLDER" in str(caught.value)


def test_wrong_folders_and_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such folder"):
        datasets.load("molecules-chembl", tmp_path / "absent")
    (tmp_path / "a.csv").write_text(TABLE)
    with pytest.raises(InputError, match="this is a file, not a folder"):
        datasets.load("molecules-chembl", tmp_path / "a.csv")
    with pytest.raises(InputError, match=r"holds no chembl_5thresh\.csv\.gz") as caught:
        datasets.load("molecules-chembl", tmp_path)
    assert "github.com/deepchem/deepchem" in str(caught.value)
    for number, (text, problem) in enumerate(
        [
            ("SMILES,CHEMBL1\nC,5\n", "the column is missing"),
            ("smiles\nC\n", "no targets"),
            ("smiles,CHEMBL1\nC,5\nCC,high\n", "not numbers"),
            ("", "empty"),
        ]
    ):
        with pytest.raises(InputError, match=problem) as caught:
            datasets.load("molecules-chembl", write(tmp_path / str(number), text))
        assert "chembl_5thresh.csv" in str(caught.value)
        assert "github.com/deepchem/deepchem" in str(caught.value)


@pytest.mark.slow
@pytest.mark.skipif(not REAL.is_file(), reason="the shared data folder is absent")
def test_real_counts() -> None:
    raw = pd.read_csv(REAL)
    labels = raw.drop(columns="smiles")
    dataset = datasets.load("molecules-chembl", REAL.parent)
    targets = [name for name in dataset.frame.columns if name != "smiles"]
    assert len(labels.columns) == 691
    assert len(dataset.frame) == 23_871
    assert targets == [name for name in labels.columns if labels[name].notna().any()]
    counts = dataset.frame[targets].notna().sum()
    assert (counts.min(), counts.max(), (counts >= 100).sum()) == (1, 2185, 217)
    np.testing.assert_allclose(
        np.sort(dataset.frame[targets].to_numpy(), axis=None), np.sort(labels[targets].to_numpy(), axis=None)
    )
