"""Files in every format, and files that are no tables."""

from __future__ import annotations

import gzip
import lzma
import os
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from miscible.errors import InputError
from miscible.table import read_frame

ROWS = [["alloy", "HV", "note"], ["FeNi", "<5", "a, b"], ["CoCr", "", "x;y"], ["Al", "12.50", "é"]]


def _delimited(delimiter: str) -> str:
    def quote(cell: str) -> str:
        return f'"{cell}"' if delimiter in cell else cell

    return "".join(delimiter.join(quote(cell) for cell in row) + "\n" for row in ROWS)


def _assert_rows(frame: pd.DataFrame) -> None:
    assert list(frame.columns) == ROWS[0]
    assert frame.index.tolist() == [2, 3, 4]
    assert frame.where(frame.notna(), None).to_numpy().tolist() == [
        ["FeNi", "<5", "a, b"],
        ["CoCr", None, "x;y"],
        ["Al", "12.50", "é"],
    ]


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_delimited_text_is_read_cell_by_cell(
    tmp_path: Path, delimiter: str, encoding: str, newline: str
) -> None:
    path = tmp_path / "alloys.csv"
    path.write_bytes(_delimited(delimiter).replace("\n", newline).encode(encoding))
    frame = read_frame(path)
    _assert_rows(frame)
    assert frame.attrs["source"] == str(path)
    assert frame.attrs["notes"] == []


@pytest.mark.parametrize(("suffix", "compress"), [(".gz", gzip.compress), (".xz", lzma.compress)])
def test_compressed_files(tmp_path: Path, suffix: str, compress) -> None:
    path = tmp_path / f"alloys.csv{suffix}"
    path.write_bytes(compress(_delimited(",").encode()))
    _assert_rows(read_frame(str(path)))
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(InputError, match=r"alloys\.csv.*damaged or cut short"):
        read_frame(path)


def test_latin1_is_read_with_a_note(tmp_path: Path) -> None:
    path = tmp_path / "old.csv"
    path.write_bytes(_delimited(";").encode("cp1252"))
    frame = read_frame(path)
    _assert_rows(frame)
    assert frame.attrs["notes"] == ["not UTF-8 (first on line 4); read as Windows-1252 (Latin-1)."]
    path.write_bytes(b"a,b\n\x81\xe9,1\n")
    assert read_frame(path)["a"].tolist() == ["\x81é"]


def test_lines_are_those_of_the_file(tmp_path: Path) -> None:
    path = tmp_path / "gaps.csv"
    path.write_text('\n\na,b\n1,"two\nlines"\n\n,\n3,4\n"5\n\n",6\n7,8\n\n')
    frame = read_frame(path)
    assert frame.index.tolist() == [4, 8, 9, 12]
    assert frame["a"].tolist() == ["1", "3", "5\n\n", "7"]
    assert frame.attrs["notes"] == ["2 empty lines skipped."]


def test_semicolons_win_over_decimal_commas_and_tabs_over_prose(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text("a;b;c\n1,5;2,5;3\n2,5;1,5;4\n")
    assert read_frame(path).iloc[0].tolist() == ["1,5", "2,5", "3"]
    path.write_text("name\tvalue, unit\nfirst, of two\t1\nsecond\t2\n")
    assert list(read_frame(path).columns) == ["name", "value, unit"]


def test_unnamed_and_single_columns(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text(",a\n0,1\n1,2\n")
    assert list(read_frame(path).columns) == ["Unnamed: 0", "a"]
    path.write_text("FORMULA\nAl0.25 Co1 Fe1 Ni1\nFe2O3\n")
    assert read_frame(path)["FORMULA"].tolist() == ["Al0.25 Co1 Fe1 Ni1", "Fe2O3"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "file is empty"),
        (b"\n \n", "file is empty"),
        (b"a,b,c\n", "a header and no rows"),
        (b"a,b\n,\n\n", "a header and no rows"),
        (b"a,b,a,c,b\n1,2,3,4,5\n", "duplicate column names: 'a', 'b'"),
        (b"a,b\n1,2\n3,4,5\n6,7\n", r"row 3: the row has 3 cells, but the header has 2"),
        (b'a,b\n"1\n1",2\n3,4,5\n6,7\n8,9\n', r"row 4: the row has 3 cells"),
        (b'a,b\n1,2\n"3,4\n5,6\n7,8\n9,0\n', r"row 3: a double quote opens"),
        (np.random.default_rng(0).bytes(4000), "binary data, not a table"),
        (b"a,b\n1,\x002\n", "binary data, not a table"),
        (b"PK\x03\x04 etc", "Excel workbook"),
        (b"PAR1 etc", "Parquet"),
        (
            b"This is the story of an alloy.\nIt was melted and then it was cast.\nNobody measured it.\n",
            "not a table: its lines look like prose",
        ),
        (
            b"Once there was an alloy, soft and grey\nit was cast\nand rolled, cut, bent\nThe end\n",
            "not a table",
        ),
    ],
)
def test_no_table(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "broken.csv"
    path.write_bytes(content)
    with pytest.raises(InputError, match=rf"(?s)broken\.csv.*{message}"):
        read_frame(path)


def test_missing_file_folder_and_unreadable_file(tmp_path: Path) -> None:
    (tmp_path / "alloys.csv").write_text("a,b\n1,2\n")
    with pytest.raises(InputError, match=r"aloys\.csv: no such file\. Nearest in that folder: 'alloys\.csv'"):
        read_frame(tmp_path / "aloys.csv")
    with pytest.raises(InputError, match=r"'.*nowhere' does not exist either"):
        read_frame(tmp_path / "nowhere" / "a.csv")
    with pytest.raises(InputError, match="folder, not a file"):
        read_frame(tmp_path)
    if os.geteuid() != 0:
        (tmp_path / "alloys.csv").chmod(0)
        with pytest.raises(InputError, match=r"cannot be read \(Permission denied\)"):
            read_frame(tmp_path / "alloys.csv")


def test_excel(tmp_path: Path) -> None:
    path = tmp_path / "book.xlsx"
    sheet = pd.DataFrame({"alloy": ["FeNi", "", "CoCr"], "HV": ["<5", None, 12.5]})
    with pd.ExcelWriter(path) as writer:
        sheet.to_excel(writer, sheet_name="data", startrow=1, index=False)
        pd.DataFrame({"q": [1]}).to_excel(writer, sheet_name="other", index=False)
    frame = read_frame(path)
    assert frame.index.tolist() == [3, 5]
    assert frame.to_numpy().tolist() == [["FeNi", "<5"], ["CoCr", 12.5]]
    assert frame.attrs["notes"] == ["sheet 'data' of 2 read.", "1 empty rows skipped."]
    assert read_frame(path, sheet="other")["q"].tolist() == [1]
    with pytest.raises(InputError, match=r"book\.xlsx: no sheet 'dta'\. The workbook has 'data', 'other'"):
        read_frame(path, sheet="dta")
    path.write_bytes(path.read_bytes()[:500])
    with pytest.raises(InputError, match="not a readable Excel workbook"):
        read_frame(path)


@pytest.mark.parametrize("rows", [[], [["a", "b"]]])
def test_empty_excel_sheets(tmp_path: Path, rows: list[list[str]]) -> None:
    path = tmp_path / "book.xlsx"
    pd.DataFrame(rows).to_excel(path, index=False, header=False)
    with pytest.raises(InputError, match=r"sheet is empty|header and no rows"):
        read_frame(path)


def test_parquet_keeps_its_index(tmp_path: Path) -> None:
    path = tmp_path / "table.parquet"
    pd.DataFrame({"a": [1.0, np.nan], "b": ["x", None]}, index=["r1", "r2"]).to_parquet(path)
    frame = read_frame(path)
    assert frame.index.tolist() == ["r1", "r2"]
    assert frame.attrs["rows"] == "index"
    path.write_bytes(b"PAR1 but cut")
    with pytest.raises(InputError, match="not a readable Parquet file"):
        read_frame(path)


@pytest.mark.parametrize(
    ("name", "package", "extra"), [("t.xlsx", "openpyxl", "excel"), ("t.parquet", "pyarrow", "parquet")]
)
def test_missing_extras_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, package: str, extra: str
) -> None:
    frame = pd.DataFrame({"a": [1]})
    path = tmp_path / name
    frame.to_excel(path) if extra == "excel" else frame.to_parquet(path)
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(InputError, match=rf"needs the package {package}.*miscible\[{extra}\]"):
        read_frame(path)


def test_sheet_only_for_excel(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("a,b\n1,2\n")
    for source in (path, pd.DataFrame({"a": [1]})):
        with pytest.raises(InputError, match="only be chosen in an Excel file"):
            read_frame(source, sheet="s")


def test_frames_pass_through_without_being_changed() -> None:
    given = pd.DataFrame({1: [1.0, 2.0], "b": ["x", "y"]}, index=["p", "q"])
    frame = read_frame(given)
    assert list(frame.columns) == ["1", "b"]
    assert list(given.columns) == [1, "b"]
    assert given.attrs == {}
    assert frame.index.equals(given.index)
    with pytest.raises(InputError, match=r"DataFrame.*duplicate column names: '1'"):
        read_frame(pd.DataFrame([[1, 2]], columns=[1, "1"]))
    with pytest.raises(InputError, match="no rows"):
        read_frame(pd.DataFrame({"a": []}))
    with pytest.raises(InputError, match="several header rows"):
        read_frame(pd.DataFrame([[1]], columns=pd.MultiIndex.from_tuples([("a", "b")])))
