"""Real tables, where they are at hand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from miscible.errors import InputError
from miscible.table import InputSpec, Kind, read_frame, read_table

DATA = Path(__file__).parents[2].parent / "shared" / "data"
pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason="the shared data folder is absent")

BORG = DATA / "alloys" / "borg_mpea" / "MPEA_dataset.csv"
COPPER = DATA / "alloys" / "gorsse_cu_alloys" / "Cu_alloys_database.csv"
TEMPERATURE = "PROPERTY: Test temperature ($^\\circ$C)"


def test_borg_counts_and_labels() -> None:
    names = ["PROPERTY: HV", "PROPERTY: YS (MPa)", "PROPERTY: UTS (MPa)", "PROPERTY: Elongation (%)"]
    table = read_table(BORG, [f"{name}:reg:mae" for name in names])
    assert table.inputs == InputSpec(composition="FORMULA")
    assert table.counts.tolist() == [530, 1067, 539, 619]
    reference = pd.read_csv(BORG)[names]
    measured = reference.notna().any(axis=1)
    np.testing.assert_array_equal(table.labels, reference[measured].to_numpy())
    assert table.frame.index.tolist() == (np.flatnonzero(measured) + 2).tolist()


def test_borg_with_columns_and_filter() -> None:
    inputs = ["FORMULA", TEMPERATURE, "PROPERTY: Processing method", "PROPERTY: Type of test"]
    table = read_table(BORG, ["PROPERTY: YS (MPa)"], inputs=inputs, where=f"`{TEMPERATURE}` <= 35")
    assert table.inputs == InputSpec(
        composition="FORMULA", numeric=(TEMPERATURE,), categorical=tuple(inputs[2:])
    )
    reference = pd.read_csv(BORG)
    expected = reference[(reference[TEMPERATURE] <= 35) & reference["PROPERTY: YS (MPa)"].notna()]
    assert table.n_rows == len(expected)
    np.testing.assert_array_equal(table.frame[TEMPERATURE], expected[TEMPERATURE])
    with pytest.raises(
        InputError, match=r"MPEA_dataset\.csv, column 'PROPERTY: Type of test', row 24: the group"
    ):
        read_table(BORG, ["PROPERTY: HV"], group_columns=["PROPERTY: Type of test"])


def test_copper_alloys_semicolons_weights_and_old_encoding() -> None:
    header = COPPER.read_bytes().split(b"\n", 1)[0].decode().split(";")
    elements = header[2 : header.index("Tss (K)")]
    targets = ["Hardness (HV):reg", "Electrical conductivity (%IACS):reg", "Aging"]
    table = read_table(COPPER, targets, inputs=[*(f"{e}:wt" for e in elements), "Tag (K)"])
    assert table.inputs == read_table(COPPER, targets, inputs=["elements:wt", "Tag (K)"]).inputs
    assert table.counts.tolist() == [1614, 1826, 1831]
    assert np.isfinite(table.labels[:, :2]).all(axis=1).sum() == 1609
    assert table.properties[2].kind is Kind.BINARY
    assert table.inputs.fractions == tuple(elements)
    assert any("not UTF-8" in note for note in table.notes)
    assert table.frame["Alloy formula"].iloc[0] == "Cu-0.1Ag–0.3Cr"


def test_one_molecular_property() -> None:
    path = DATA / "molecules" / "pharmabench" / "cyp_2c9_reg_final_data.csv"
    table = read_table(path, ["value"])
    assert table.inputs == InputSpec(smiles="Smiles_unify")
    assert table.n_rows == 999


@pytest.mark.parametrize(
    ("path", "shape"),
    [
        ("alloys/system_thermoelectric/sysTEm_dataset.xlsx", None),
        ("alloys/ward_metallic_glass/ward-metallic-glasses.csv.xz", None),
        ("alloys/starrydata_2019/20190711_preprocessing_interpolated_data.csv.gz", None),
        ("molecules/moleculenet_small/ESOL_delaney-processed.csv", (1128, 10)),
    ],
)
def test_other_files_agree_with_pandas(path: str, shape: tuple[int, int] | None) -> None:
    frame = read_frame(DATA / path)
    reader = pd.read_excel if path.endswith("xlsx") else pd.read_csv
    expected = reader(DATA / path).dropna(how="all")
    assert frame.shape == (shape or expected.shape)
    assert (frame.notna().to_numpy() == expected.notna().to_numpy()).all()
