"""Roles of input columns, and cells that cannot be used as inputs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal

from miscible.errors import InputError
from miscible.table import InputSpec, check_columns, clean_inputs, read_frame, read_table


def _write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "alloys.csv"
    path.write_text(text)
    return path


def _roles(frame: pd.DataFrame, inputs: list[str] | None = None) -> InputSpec:
    return read_table(frame, ["y"], inputs=inputs).inputs


Y = {"y": [1.0, 2.0, 3.0]}
MIXED = pd.DataFrame(
    {
        "FORMULA": ["FeNi", "Al2O3", "Ni3Al"],
        "SMILES": ["CCO", "c1ccccc1", "C"],
        "T": ["25", "", "3e2"],
        "phase": ["BCC", "FCC", None],
        "Cu": [98.0, 97.0, 99.0],
        "Ni": [1.0, 2.0, 1.0],
        "Si": [1.0, 1.0, np.nan],
        **Y,
    }
)


def test_roles_are_inferred_for_named_inputs() -> None:
    table = read_table(MIXED, ["y"], inputs=["FORMULA", "SMILES", "T", "phase", "Cu"])
    assert table.inputs == InputSpec(
        composition="FORMULA", smiles="SMILES", numeric=("T", "Cu"), categorical=("phase",)
    )
    assert "input 'phase' read as category." in table.notes
    assert "2 columns not used: 'Ni', 'Si'." in table.notes
    assert table.frame["T"].dtype == np.float64
    assert_array_equal(table.frame["T"], [25, np.nan, 300])
    assert table.frame["phase"].tolist() == ["BCC", "FCC", None]


def test_elements_stand_for_every_column_named_by_one() -> None:
    assert _roles(MIXED, ["elements:wt", "T"]) == InputSpec(
        fractions=("Cu", "Ni", "Si"), fraction_unit="wt", numeric=("T",)
    )
    target = read_table(MIXED.rename(columns={"y": "Fe"}), ["Fe"], inputs=["elements:at"])
    assert target.inputs == InputSpec(fractions=("Cu", "Ni", "Si"))
    with pytest.raises(InputError, match="no column is named by an element symbol"):
        _roles(MIXED.drop(columns=["Cu", "Ni", "Si"]), ["elements:at"])
    column = _roles(MIXED.rename(columns={"T": "elements"}), ["elements:number"])
    assert column == InputSpec(numeric=("elements",))


def test_roles_are_declared() -> None:
    spec = _roles(MIXED, ["phase:composition", "T:category", "Cu:wt", "Ni:wt", "Si:wt"][1:])
    assert spec == InputSpec(fractions=("Cu", "Ni", "Si"), fraction_unit="wt", categorical=("T",))
    assert _roles(MIXED, ["Cu", "Ni", "Si"]) == InputSpec(fractions=("Cu", "Ni", "Si"))
    assert _roles(MIXED, ["Cu", "Ni"]) == InputSpec(numeric=("Cu", "Ni"))
    ready = InputSpec(composition="FORMULA", numeric=("T",))
    assert read_table(MIXED, ["y"], inputs=ready).inputs == ready


def test_molecules_by_descriptors_alone_are_molecules_still() -> None:
    table = read_table(MIXED, ["y"], inputs=["SMILES:descriptors", "T"])
    assert table.inputs == InputSpec(smiles="SMILES", numeric=("T",), smiles_as="descriptors")
    assert _roles(MIXED, ["SMILES:smiles"]).smiles_as == "full"
    broken = MIXED.assign(SMILES=["CCO", "C1CC", "C"])
    with pytest.raises(InputError, match=r"column 'SMILES'.*'C1CC'"):
        read_table(broken, ["y"], inputs=["SMILES:descriptors"])


def test_many_different_formulas_are_a_composition_under_any_name() -> None:
    formulas = [f"Fe{k}Ni" for k in range(1, 31)]
    frame = pd.DataFrame({"index": formulas, "y": np.arange(30.0)})
    assert _roles(frame, ["index"]) == InputSpec(composition="index")
    frame["index"] = [*formulas[:26], "x", "y", "z", "?"]
    assert _roles(frame, ["index"]) == InputSpec(categorical=("index",))


@pytest.mark.parametrize(
    ("columns", "spec"),
    [
        (["FORMULA", "T", "Cu", "Ni", "Si", "y"], InputSpec(composition="FORMULA")),
        (["SMILES", "T", "phase", "y"], InputSpec(smiles="SMILES")),
        (["Cu", "Ni", "Si", "T", "y"], InputSpec(fractions=("Cu", "Ni", "Si"))),
    ],
)
def test_inputs_are_recognised(columns: list[str], spec: InputSpec) -> None:
    table = read_table(MIXED[columns], ["y"])
    assert table.inputs == spec
    assert any("recognised" in note for note in table.notes)


def test_nothing_or_too_much_recognised() -> None:
    with pytest.raises(
        InputError, match=r"no input column recognised.*--inputs NAME.*Columns: 'T', 'phase', 'Cu', 'Ni'\."
    ):
        read_table(MIXED[["T", "phase", "Cu", "Ni", "y"]], ["y"])
    with pytest.raises(
        InputError, match=r"several columns could be the input: 'FORMULA', 'SMILES'\. Say which"
    ):
        read_table(MIXED, ["y"])


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        (["FORMULA", "y:number"], "column 'y': this column is a target"),
        (["FORMULA", "Temp"], "no input column 'Temp'"),
        (["FORMULAE"], r"no input column 'FORMULAE' \(nearest: 'FORMULA'\)"),
        (
            ["FORMULA", "formla", "smile"],
            r"no input columns 'formla' \(nearest: 'FORMULA'\), 'smile' \(nearest: 'SMILES'\)",
        ),
        (["T", "T"], "column 'T': this input is named twice"),
        (["FORMULA:composition", "phase:composition"], "several composition inputs: 'FORMULA', 'phase'"),
        (["SMILES:smiles", "phase:descriptors"], "several smiles inputs: 'SMILES', 'phase'"),
        (["Cu:at", "Ni:wt"], r"amounts in both at\.% \('Cu'\) and wt\.% \('Ni'\)"),
        (["T:wt"], "column 'T': a column of amounts must be named by an element symbol"),
        (["FORMULA", "Cu:at", "Ni:at"], r"'FORMULA': a formula column and columns of amounts \('Cu', 'Ni'\)"),
        ([], "no input column is named"),
    ],
)
def test_inputs_that_make_no_sense(inputs: list[str], message: str) -> None:
    with pytest.raises(InputError, match=message):
        read_table(MIXED, ["y"], inputs=inputs)


def test_hundreds_of_numeric_inputs() -> None:
    wide = pd.DataFrame({f"x{k}": [str(k), "", "2"] for k in range(300)} | Y)
    table = read_table(wide, ["y"], inputs=[f"x{k}" for k in range(300)])
    assert_array_equal(table.frame["x299"], [299, np.nan, 2])


def test_weight_is_no_input() -> None:
    with pytest.raises(InputError, match=r"column 'Cu': this column is a target \(or the weight\)"):
        read_table(MIXED, ["y"], inputs=["T", "Cu"], weight="Cu")


BAD_FORMULAS = (
    "formula,T,y\nFe2O3,1,1\nXx2Ni,2,2\nFe(Ni,3,3\n,4,4\nCo0,5,5\nFe-3Ni,6,6\nAl2?,7,7\nNi3Al,8,8\nZz,9,\n"
)


def test_formulas_that_do_not_parse_are_listed(tmp_path: Path) -> None:
    path = _write(tmp_path, BAD_FORMULAS)
    with pytest.raises(InputError) as caught:
        read_table(path, ["y"])
    with pytest.raises(InputError) as caught:
        read_table(path, ["y"], inputs=["formula:composition"])
    text = str(caught.value)
    assert text.startswith(f"{path}, column 'formula', row 3: 6 rows have inputs that cannot be read: ")
    assert "row 3: 'Xx2Ni' ('Xx' is not an element symbol" in text
    assert "row 5: empty" in text
    assert "row 7: 'Fe-3Ni'" in text
    assert "row 8" not in text
    assert "and 1 more" in text
    assert "--skip-bad-rows" in text
    assert "Rows are counted as lines of the file" in text


def test_bad_rows_can_be_skipped_and_are_counted(tmp_path: Path) -> None:
    path = _write(tmp_path, BAD_FORMULAS)
    table = read_table(path, ["y"], inputs=["formula:composition"], skip_bad_rows=True)
    assert table.frame.index.tolist() == [2, 9]
    assert_array_equal(table.labels[:, 0], [1, 8])
    skipped = next(note for note in table.notes if "skipped" in note)
    assert skipped.startswith("6 rows skipped, their inputs cannot be read: row 3: 'Xx2Ni'")
    path = _write(tmp_path, "formula,y\nXx,1\nQq,2\n")
    with pytest.raises(InputError, match="2 rows have inputs that cannot be read, which is every row"):
        read_table(path, ["y"], inputs=["formula:composition"], skip_bad_rows=True)


def test_smiles_that_do_not_parse_are_listed(tmp_path: Path) -> None:
    path = _write(tmp_path, "smiles,y\nCCO,1\nC1CC,2\nnot smiles,3\n,4\nc1ccccc1,5\n")
    with pytest.raises(
        InputError,
        match=r"alloys\.csv, column 'smiles', row 3: 3 rows .*: 'C1CC'.*row 4: 'not smiles'.*row 5: empty",
    ):
        read_table(path, ["y"], inputs=["smiles"])
    table = read_table(path, ["y"], inputs=["smiles"], skip_bad_rows=True)
    assert table.frame["smiles"].tolist() == ["CCO", "c1ccccc1"]


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("0,0,0", "sum to nothing"),
        (",,", "sum to nothing"),
        ("200,100,40", "sum to 340"),
        ("110,-10,0", "Ni is -10"),
        ("90,ten,0", "row 3: 'ten' (not a number)"),
        ("90,inf,0", "row 3: 'inf' (infinite)"),
    ],
)
def test_fractions_that_make_no_composition(tmp_path: Path, row: str, reason: str) -> None:
    path = _write(tmp_path, f"Cu,Ni,Si,y\n98,1,1,1\n{row},2\n99.5,.5,,3\n")
    inputs = ["Cu:wt", "Ni:wt", "Si:wt"]
    with pytest.raises(InputError) as caught:
        read_table(path, ["y"], inputs=inputs)
    assert "alloys.csv, column '" in str(caught.value)
    assert "row 3: 1 row has an input that cannot be read" in str(caught.value)
    assert reason in str(caught.value)
    table = read_table(path, ["y"], inputs=inputs, skip_bad_rows=True)
    assert_array_equal(table.frame[["Cu", "Ni", "Si"]], [[98, 1, 1], [99.5, 0.5, 0]])
    assert (table.frame[["Cu", "Ni", "Si"]].dtypes == np.float64).all()


@pytest.mark.parametrize(
    ("cell", "reason"), [("warm", "not a number"), ("1e999", "infinite"), ("<5", "not a number")]
)
def test_numeric_inputs(tmp_path: Path, cell: str, reason: str) -> None:
    path = _write(tmp_path, f"formula,T,y\nFe,1,1\nNi,,2\nCo,{cell},3\n")
    with pytest.raises(
        InputError, match=rf"alloys\.csv, column 'T', row 4: 1 row .*row 4: '{cell}' \({reason}\)"
    ):
        read_table(path, ["y"], inputs=["formula", "T:number"])
    table = read_table(path, ["y"], inputs=["formula", "T:number"], skip_bad_rows=True)
    assert_array_equal(table.frame["T"], [1, np.nan])


def test_bad_cells_of_several_columns_name_them(tmp_path: Path) -> None:
    path = _write(tmp_path, "formula,T,y\nXx,1,1\nNi,warm,2\n")
    with pytest.raises(
        InputError,
        match=r"alloys\.csv, row 2: .*\(column 'formula': .*row 3: 'warm' \(column 'T': not a number\)",
    ):
        read_table(path, ["y"], inputs=["formula:composition", "T:number"])


def test_categories_are_the_same_text_from_file_and_frame(tmp_path: Path) -> None:
    values = [1.0, 0.5, 25.0, np.nan, -3.0]
    frame = pd.DataFrame({"formula": ["Fe"] * 5, "grade": values, "y": np.arange(5.0)})
    path = tmp_path / "a.csv"
    frame.to_csv(path, index=False)
    spec = InputSpec(categorical=("grade",))
    expected = ["1", "0.5", "25", None, "-3"]
    for source in (frame, path, frame.astype({"grade": object})):
        assert check_columns(read_frame(source), spec).frame["grade"].tolist() == expected


def test_predicting_reads_as_training_did(tmp_path: Path) -> None:
    path = _write(tmp_path, "formula,T,proc,y\n Fe2O3 ,1,cast,1\nNi,,,2\nCo,7,rolled ,\n")
    table = read_table(path, ["y"], inputs=["formula", "T", "proc"])
    checked = check_columns(read_frame(path).drop(columns="y"), table.inputs)
    assert checked.bad == ()
    pd.testing.assert_frame_equal(checked.frame.loc[[2, 3]], table.frame.drop(columns="y"))
    assert checked.frame["formula"].tolist() == ["Fe2O3", "Ni", "Co"]
    assert checked.frame["proc"].tolist() == ["cast", None, "rolled"]


def test_predicting_with_missing_or_renamed_columns() -> None:
    frame = pd.DataFrame({"Formula": ["Fe"], "T_C": [1.0]})
    spec = InputSpec(composition="FORMULA", numeric=("T",))
    with pytest.raises(
        InputError, match=r"new\.csv: the table has no input columns 'FORMULA' \(nearest: 'Formula'\), 'T'"
    ):
        check_columns(frame, spec, "new.csv")


def test_check_lists_bad_cells_by_position_and_leaves_the_frame_alone() -> None:
    frame = pd.DataFrame(
        {"f": ["Fe", "Xx", None], "T": ["1", "2", "hot"], "other": [1, 2, 3]}, index=[7, 7, 9]
    )
    before = frame.copy(deep=True)
    checked = check_columns(frame, InputSpec(composition="f", numeric=("T",)))
    assert [(cell.position, cell.column, cell.value) for cell in checked.bad] == [
        (1, "f", "Xx"),
        (2, "f", None),
        (2, "T", "hot"),
    ]
    assert_array_equal(checked.kept, [True, False, False])
    pd.testing.assert_frame_equal(frame, before)
    kept, mask, notes = clean_inputs(frame, InputSpec(composition="f", numeric=("T",)), skip_bad_rows=True)
    assert kept["other"].tolist() == [1]
    assert_array_equal(mask, checked.kept)
    assert "2 rows skipped" in notes[0]
