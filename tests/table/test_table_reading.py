"""From a source to a table: what is kept, dropped, noted and refused."""

from __future__ import annotations

import csv
import io
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from miscible.errors import InputError
from miscible.table import InputSpec, Kind, read_frame, read_table

CSV = """formula,temperature,process,doi,w,HV,glass
FeNi,25,cast,a,1,100,no
CoCr,600,cast,b,2,,
NiAl,25,rolled,,0.5,,yes
Fe,,cast,c,1,120,
Ti,25,cast,d,0,,
Cu,20,aged,e,3,<90,no
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "alloys.csv"
    path.write_text(CSV)
    return path


def test_a_sparse_table_from_a_file(path: Path) -> None:
    table = read_table(path, ["HV:reg", "glass:cls"], weight="w")
    assert table.frame.index.tolist() == [2, 4, 5, 7]
    assert_array_equal(table.labels, [[100, 0], [np.nan, 1], [120, np.nan], [np.nan, 0]])
    assert_array_equal(table.censored, [[0, 0], [0, 0], [0, 0], [-1, 0]])
    assert_array_equal(table.weights, [1, 0.5, 1, 3])
    assert table.inputs == InputSpec(composition="formula")
    assert table.kinds == (Kind.REGRESSION, Kind.BINARY)
    assert list(table.frame.columns) == CSV.splitlines()[0].split(",")
    assert table.source == str(path)
    assert table.notes == (
        "2 of 6 rows without any label dropped.",
        "input 'formula' recognised as composition.",
        "HV: 1 censored labels (1 below, 0 above a bound) left out.",
        "3 columns not used: 'temperature', 'process', 'doi'.",
    )


def test_a_frame_keeps_its_index_even_repeated() -> None:
    frame = pd.read_csv(io.StringIO(CSV)).set_index(pd.Index(list("aabbcc")))
    before = frame.copy(deep=True)
    table = read_table(frame, ["HV:reg", "glass:cls"], inputs=["formula", "temperature"])
    assert table.frame.index.tolist() == ["a", "b", "b", "c"]
    assert_array_equal(table.labels[:, 0], [100, np.nan, 120, np.nan])
    assert_array_equal(table.weights, np.ones(4))
    assert table.source == "DataFrame"
    pd.testing.assert_frame_equal(frame, before)


def test_all_formats_give_one_table(path: Path, tmp_path: Path) -> None:
    frame = pd.read_csv(path, index_col=False)
    frame.to_parquet(tmp_path / "t.parquet")
    frame.to_excel(tmp_path / "t.xlsx", index=False)
    frame.to_csv(tmp_path / "t.tsv", sep="\t", index=False)
    frame.to_csv(tmp_path / "t.csv.gz", sep=";", index=False)
    arguments = {"targets": ["HV", "glass"], "inputs": ["formula", "temperature", "process"], "weight": "w"}
    first = read_table(path, **arguments)
    for source in (frame, *(tmp_path / f"t.{end}" for end in ("parquet", "xlsx", "tsv", "csv.gz"))):
        table = read_table(source, **arguments)
        assert_array_equal(table.labels, first.labels)
        assert_array_equal(table.censored, first.censored)
        assert_array_equal(table.weights, first.weights)
        assert table.properties == first.properties
        for column in first.inputs.columns:
            assert table.frame[column].tolist() == pytest.approx(first.frame[column].tolist(), nan_ok=True)


def test_a_frame_from_a_file_still_names_file_and_lines(path: Path) -> None:
    with pytest.raises(InputError, match=r"alloys\.csv, column 'doi', row 4: .*lines of the file"):
        read_table(read_frame(path), ["HV", "glass"], group_columns=["doi"])


def test_filters_come_first(path: Path) -> None:
    table = read_table(path, ["HV"], where=["temperature <= 298", "process in ['cast', 'aged']"])
    assert table.frame.index.tolist() == [2]
    assert table.notes[:2] == (
        "filter temperature <= 298: 2 of 6 rows dropped.",
        "filter process in ['cast', 'aged']: 1 of 4 rows dropped.",
    )
    with pytest.raises(InputError, match=r"no row has a label for any target \('HV'\), after the filters"):
        read_table(path, ["HV"], where="process == 'rolled'")
    with pytest.raises(InputError, match=r"alloys\.csv: no row is left"):
        read_table(path, ["HV"], where="temperature > 900")


def test_group_column_with_gaps(path: Path) -> None:
    with pytest.raises(
        InputError,
        match=r"alloys\.csv, column 'doi', row 4: the group column is empty in 1 rows: row 4: empty",
    ):
        read_table(path, ["HV", "glass"], group_columns=["doi"])
    assert "not used" not in " ".join(
        note for note in read_table(path, ["HV"], group_columns="doi").notes if "'doi'" in note
    )
    with pytest.raises(InputError, match=r"no group column 'DOI' \(nearest: 'doi'\)"):
        read_table(path, ["HV"], group_columns=["DOI"])


@pytest.mark.parametrize(
    ("cell", "shown"), [("0", "'0'"), ("-1", "'-1'"), ("", "empty"), ("inf", "'inf'"), ("x", "'x'")]
)
def test_weights_are_positive_and_finite(path: Path, cell: str, shown: str) -> None:
    path.write_text(CSV.replace("NiAl,25,rolled,,0.5", f"NiAl,25,rolled,,{cell}"))
    with pytest.raises(
        InputError, match=rf"alloys\.csv, column 'w', row 4: 1 sample weights .*row 4: {shown}"
    ):
        read_table(path, ["HV", "glass"], weight="w")
    with pytest.raises(InputError, match=r"no weight column 'weight'"):
        read_table(path, ["HV", "glass"], weight="weight")


def test_targets_that_do_not_exist_or_repeat(path: Path) -> None:
    with pytest.raises(
        InputError,
        match=r"alloys\.csv, column 'glas': .*no target column 'glas' \(nearest: 'glass'\)\. Its columns",
    ):
        read_table(path, ["HV", "glas:cls"])
    with pytest.raises(InputError, match=r"column 'HV': this target is named twice"):
        read_table(path, ["HV", "HV:reg"])
    with pytest.raises(InputError, match=r"no target is named"):
        read_table(path, [])
    with pytest.raises(InputError, match=r"column 'HV': this column is a target"):
        read_table(path, ["HV"], inputs=["formula", "HV"])


cells = st.one_of(st.none(), st.floats(allow_nan=False, allow_infinity=False, width=64), st.integers(-9, 9))
column_names = st.lists(
    st.text(st.characters(categories=["L", "N", "P", "S", "Zs"]), min_size=1, max_size=10)
    .map(str.strip)
    .filter(bool),
    min_size=2,
    max_size=4,
    unique=True,
)


@st.composite
def sparse_tables(draw: st.DrawFn) -> tuple[list[str], list[list[float | None]]]:
    names = draw(column_names)
    row = st.lists(cells, min_size=len(names), max_size=len(names))
    return names, draw(st.lists(row, min_size=1, max_size=12))


@settings(deadline=None)
@given(sparse_tables(), st.sampled_from([",", ";", "\t"]), st.sampled_from(["\n", "\r\n"]))
def test_written_labels_come_back(
    given_table: tuple[list[str], list[list[float | None]]], delimiter: str, newline: str
) -> None:
    names, rows = given_table
    names = [f"{name}!" for name in names]  # no name that reads as missing or as another target's option
    text = io.StringIO()
    writer = csv.writer(text, delimiter=delimiter, lineterminator=newline)
    writer.writerow(["formula", *names])
    writer.writerows(
        [[f"Fe{k + 1}Ni", *["" if x is None else repr(x) for x in row]] for k, row in enumerate(rows)]
    )
    expected = np.array([[np.nan if x is None else float(x) for x in row] for row in rows], dtype=float)
    kept_rows = ~np.isnan(expected).all(axis=1)
    kept_columns = ~np.isnan(expected).all(axis=0)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "t.csv"
        path.write_bytes(text.getvalue().encode())
        asked = [f"{name}:reg" for name, kept in zip(names, kept_columns, strict=True) if kept]
        if not asked:
            with pytest.raises(InputError, match="no row has a label"):
                read_table(path, names, inputs=["formula:composition"])
            return
        table = read_table(path, asked, inputs=["formula:composition"])
    assert_array_equal(table.labels, expected[np.ix_(kept_rows, kept_columns)])
    assert table.frame.index.tolist() == (np.flatnonzero(kept_rows) + 2).tolist()
    assert table.frame["formula"].tolist() == [f"Fe{k + 1}Ni" for k in np.flatnonzero(kept_rows)]
