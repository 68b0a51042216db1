"""Target columns: kinds, codes, censored cells, and cells that are no labels."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal

from miscible.errors import InputError
from miscible.table import Kind, Property, Table, read_table

nan = np.nan


def _read(values: list[object], target: str | Property = "y") -> Table:
    frame = pd.DataFrame({"formula": ["Fe"] * len(values), "y": pd.Series(values, dtype=object)})
    return read_table(frame, [target])


def _file(tmp_path: Path, cells: list[str]) -> Path:
    path = tmp_path / "alloys.csv"
    path.write_text("formula,y,z\n" + "".join(f"Fe{k + 1},{cell},1\n" for k, cell in enumerate(cells)))
    return path


@pytest.mark.parametrize(
    ("cells", "kind", "codes", "classes"),
    [
        (["1.5", "2", "7e1"], Kind.REGRESSION, [1.5, 2, 70], ()),
        (["1", "1", "1"], Kind.REGRESSION, [1, 1, 1], ()),
        (["2", "1", "1"], Kind.REGRESSION, [2, 1, 1], ()),
        (["1", "0", "0"], Kind.BINARY, [1, 0, 0], ("0", "1")),
        (["1.0", "0", "0.00"], Kind.BINARY, [1, 0, 0], ("0", "1")),
        ([True, False, True], Kind.BINARY, [1, 0, 1], ("False", "True")),
        (["Yes", "no", "yes"], Kind.BINARY, [1, 0, 1], ("no", "Yes")),
        (["N", "Y", "Y"], Kind.BINARY, [0, 1, 1], ("N", "Y")),
        (["glass", "crystal", "glass"], Kind.BINARY, [1, 0, 1], ("crystal", "glass")),
        (["BCC", "FCC", "HCP"], Kind.MULTICLASS, [0, 1, 2], ("BCC", "FCC", "HCP")),
    ],
)
def test_kind_is_inferred(
    cells: list[object], kind: Kind, codes: list[float], classes: tuple[str, ...]
) -> None:
    table = _read(cells)
    assert table.properties == (Property("y", kind, classes=classes),)
    assert_array_equal(table.labels[:, 0], codes)


@pytest.mark.parametrize(
    ("target", "cells", "kind", "codes", "classes"),
    [
        ("y:reg", ["0", "1", "1"], Kind.REGRESSION, [0, 1, 1], ()),
        ("y:reg", [True, False, True], Kind.REGRESSION, [1, 0, 1], ()),
        ("y:cls", ["-1", "1", "-1"], Kind.BINARY, [0, 1, 0], ("-1", "1")),
        ("y:cls", ["10", "9", "100"], Kind.MULTICLASS, [1, 0, 2], ("9", "10", "100")),
        ("y:cls", [10.0, 9.0, 100], Kind.MULTICLASS, [1, 0, 2], ("9", "10", "100")),
        ("y:multiclass", ["b", "a", "b"], Kind.MULTICLASS, [1, 0, 1], ("a", "b")),
        ("y:multiclass", ["1", "0", "1"], Kind.MULTICLASS, [1, 0, 1], ("0", "1")),
        ("y:binary", ["b", "a", "b"], Kind.BINARY, [1, 0, 1], ("a", "b")),
    ],
)
def test_kind_is_asked_for(
    target: str, cells: list[object], kind: Kind, codes: list[float], classes: tuple[str, ...]
) -> None:
    table = _read(cells, target)
    assert table.properties == (Property("y", kind, classes=classes),)
    assert_array_equal(table.labels[:, 0], codes)


def test_two_strings_say_which_is_one() -> None:
    assert "y: 'glass' is 1 and 'crystal' is 0 (sorted order)." in _read(["glass", "crystal"]).notes
    assert not any("is 1" in note for note in _read(["yes", "no"]).notes)


def test_classes_of_a_property_are_kept() -> None:
    prop = Property("y", Kind.MULTICLASS, classes=("c", "a", "b"))
    assert_array_equal(_read(["a", "c", None], prop).labels[:, 0], [1, 0])
    assert _read(["a", "c"], prop).properties == (prop,)
    with pytest.raises(
        InputError, match=r"column 'y', row 1: 1 labels are none of the classes 'c', 'a', 'b': row 1: 'd'"
    ):
        _read(["a", "d"], prop)
    coded = Property("y", Kind.BINARY, classes=("no", "Yes"))
    assert_array_equal(_read(["Yes", "yes", "NO"], coded).labels[:, 0], [1, 1, 0])


def test_options_reach_the_property() -> None:
    table = _read(["1", "10"], "y:reg:rmse:unit=HV:transform=log10:margin=2.0")
    assert table.properties == (Property("y", Kind.REGRESSION, "HV", "log10", "rmse", (), 2.0),)
    assert_array_equal(table.labels[:, 0], [1, 10])
    assert_array_equal(table.targets()[:, 0], [0, 1])


def test_a_margin_is_said_in_the_unit_it_is_meant_in() -> None:
    table = _read(["1", "10"], "y:reg:unit=HV:transform=log10:margin=5")
    assert any(n.startswith("margin of y: 5 ") and n.endswith("in log10(HV).") for n in table.notes)
    assert not any("margin" in note for note in _read(["1", "10"], "y:reg").notes)


def test_censored_cells_are_flagged_and_left_out(tmp_path: Path) -> None:
    cells = ["5", "<5", ">300", "<= 1e-3", ">=7", "≤ 2", "≥ .5", ""]
    path = _file(tmp_path, cells)
    table = read_table(path, ["y:reg", "z:reg"])
    assert_array_equal(table.labels[:, 0], [5, nan, nan, nan, nan, nan, nan, nan])
    assert_array_equal(table.censored, np.c_[[0, -1, 1, -1, 1, -1, 1, 0], np.zeros(8)])
    assert "y: 6 censored labels (3 below, 3 above a bound) left out." in table.notes
    alone = read_table(path, ["y:reg"])
    assert alone.frame.index.tolist() == [2]
    assert "6 rows with censored labels only dropped." in alone.notes
    assert alone.censored.tolist() == [[0]]
    assert_array_equal(table.censored_counts, [[3, 3], [0, 0]])
    assert_array_equal(alone.censored_counts, [[3, 3]])
    assert_array_equal(table.take(np.array([0, 1, 2])).censored_counts, [[1, 1], [0, 0]])
    with pytest.raises(InputError, match=r"alloys\.csv, column 'y': every label is censored"):
        read_table(_file(tmp_path, ["<5", ">6"]), ["y"])


@pytest.mark.parametrize(
    ("cells", "listed", "hint"),
    [
        (
            ["5", "soft", "6", "hard"],
            r"row 3: 2 labels are not numbers: row 3: 'soft'; row 5: 'hard'\.",
            "say y:cls",
        ),
        (["5", '"1,234"', "6"], r"row 3: 1 labels are not numbers: row 3: '1,234'", "thousands separators"),
        (["5", "~300", "6"], "row 3: 1 labels are not numbers: row 3: '~300'", "Empty the cells"),
        (["5", "1_000", "6"], "row 3: 1 labels are not numbers: row 3: '1_000'", "Empty the cells"),
        (["5", "7 HV", "6"], "row 3: 1 labels are not numbers: row 3: '7 HV'", "Empty the cells"),
        (
            ["5", "inf", "-Infinity", "1e999"],
            "row 3: 3 labels are infinite: row 3: 'inf'; row 4: '-Infinity'; row 5: '1e999'",
            "Empty",
        ),
        (["5"] + ["x"] * 7, "7 labels are not numbers: row 3: 'x'; .*row 7: 'x'; and 2 more", "Empty"),
    ],
)
def test_cells_that_are_no_numbers(tmp_path: Path, cells: list[str], listed: str, hint: str) -> None:
    with pytest.raises(
        InputError,
        match=rf"alloys\.csv, column 'y', {listed}.*{hint}.*lines of the file"
        if listed.startswith("row")
        else rf"alloys\.csv, column 'y', row 3: {listed}.*{hint}",
    ):
        read_table(_file(tmp_path, cells), ["y:reg"])


def test_index_labels_name_rows_of_a_frame() -> None:
    frame = pd.DataFrame({"formula": ["Fe", "Ni"], "y": [1.0, np.inf]}, index=["first", "second"])
    with pytest.raises(
        InputError, match=r"DataFrame, column 'y', row 'second': .*row 'second': inf.*index label"
    ):
        read_table(frame, ["y"])


def test_log_of_nonpositive_labels(tmp_path: Path) -> None:
    path = _file(tmp_path, ["5", "0", "", "-2"])
    with pytest.raises(
        InputError,
        match=r"alloys\.csv, column 'y', row 3: 2 labels are zero or negative.*row 3: '0'; row 5: '-2'",
    ):
        read_table(path, ["y:reg:transform=log10"])
    with pytest.raises(InputError, match="column 'y': the transform log10 is for regression"):
        read_table(_file(tmp_path, ["0", "1"]), ["y:cls:transform=log10"])


@pytest.mark.parametrize(
    ("target", "cells"),
    [
        ("y:cls", ["1", "1", ""]),
        ("y:binary", ["yes", "YES"]),
        ("y", ["am", "am"]),
        ("y:multiclass", ["a", "a"]),
    ],
)
def test_one_class_only(tmp_path: Path, target: str, cells: list[str]) -> None:
    with pytest.raises(
        InputError, match=r"alloys\.csv, column 'y': every label is '\w+'; at least two classes"
    ):
        read_table(_file(tmp_path, cells), [target])


def test_one_class_left_by_known_classes() -> None:
    with pytest.raises(InputError, match="every label is 'b'; at least two classes"):
        _read(["b", "b"], Property("y", Kind.BINARY, classes=("a", "b")))


def test_too_many_values_for_two_classes(tmp_path: Path) -> None:
    cells = ["a", "b", "a", "c", "b"]
    with pytest.raises(
        InputError,
        match=r"column 'y', row 5: 3 distinct values where two were expected; beside 'a', 'b': row 5: 'c'",
    ):
        read_table(_file(tmp_path, cells), ["y:binary"])


def test_target_that_is_free_text(tmp_path: Path) -> None:
    path = _file(tmp_path, [f"alloy number {k}" for k in range(60)])
    with pytest.raises(
        InputError, match=r"alloys\.csv, column 'y': 60 distinct values.*are no classes.*y:multiclass"
    ):
        read_table(path, ["y"])
    assert read_table(path, ["y:multiclass"]).properties[0].n_outputs == 60


def test_mostly_numbers_is_regression_with_bad_cells(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"column 'y', row 4: 1 labels are not numbers: row 4: 'n\.d\.'"):
        read_table(_file(tmp_path, ["1", "2.5", "n.d.", "4"]), ["y"])


def test_no_labels_at_all(tmp_path: Path) -> None:
    path = _file(tmp_path, ["", "NA", " nan"])
    with pytest.raises(InputError, match=r"alloys\.csv, column 'y': no row has a label for this target"):
        read_table(path, ["z", "y"])
    with pytest.raises(InputError, match=r"alloys\.csv: no row has a label for any target \('y'\)\."):
        read_table(path, ["y"])


@pytest.mark.parametrize("dtype", ["float64", "Float64", "Int64", "int32", "object", "str", "category"])
def test_every_dtype_gives_the_same_labels(dtype: str) -> None:
    values = pd.Series([3, 1, 2]).astype("str" if dtype in ("str", "category") else "int64").astype(dtype)
    table = read_table(pd.DataFrame({"formula": ["Fe", "Ni", "Co"], "y": values}), ["y:reg"])
    assert_array_equal(table.labels[:, 0], [3, 1, 2])


def test_dates_are_not_numbers() -> None:
    frame = pd.DataFrame({"formula": ["Fe"], "y": pd.to_datetime(["2020-01-01"])})
    with pytest.raises(InputError, match="column 'y', row 0: 1 labels are not numbers"):
        read_table(frame, ["y:reg"])
