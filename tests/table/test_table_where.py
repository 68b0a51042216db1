"""The filter language."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from miscible.errors import InputError
from miscible.table._where import Condition, filter_rows, parse_where

FRAME = pd.DataFrame(
    {
        "temperature": ["25", "298.0", None, "1e3", "hot", "-5"],
        "process": ["cast", "rolled", "cast", None, " cast ", "aged"],
        "PROPERTY: Test temperature": [25.0, np.nan, 300.0, 25.0, 600.0, 25.0],
        "year": pd.array([2001, None, 2003, 2001, 2005, 2006], dtype="Int64"),
        "done": [True, False, True, True, False, True],
    },
    index=list("abcdef"),
)


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("temperature <= 298", "abf"),
        ("temperature<298", "af"),
        ("temperature > 25", "bd"),
        ("temperature >= 25", "abd"),
        ("temperature == 1000", "d"),
        ("temperature != 25", "bdf"),
        ("temperature > -5.5 and temperature < +.5e2", "af"),
        ("process == 'cast'", "ace"),
        ('process == "cast"', "ace"),
        ("process != 'cast'", "bf"),
        ("process in ['cast', 'aged']", "acef"),
        ("process not in ['cast', 'aged']", "b"),
        ("missing(process)", "d"),
        ("not missing(temperature)", "abdef"),
        ("`PROPERTY: Test temperature` <= 298 and process in ['cast','aged']", "af"),
        ("not missing(`PROPERTY: Test temperature`) and process == 'cast'", "ace"),
        ("year in [2001, 2006]", "adf"),
        ("year not in [2001]", "cef"),
        ("year == '2001'", "ad"),
        ("temperature in [25, 'hot']", "ae"),
        ("done == 'True'", "acdf"),
        ("done == 1", "acdf"),
    ],
)
def test_rows_that_satisfy(text: str, rows: str) -> None:
    keep, notes = filter_rows(FRAME, [text])
    assert "".join(FRAME.index[keep]) == rows
    assert notes == (f"filter {text}: {6 - len(rows)} of 6 rows dropped.",)


def test_filters_add_up_and_are_counted_in_turn() -> None:
    keep, notes = filter_rows(FRAME, ["temperature < 500", "process == 'cast'"])
    assert FRAME.index[keep].tolist() == ["a"]
    assert [note.split(": ")[1] for note in notes] == ["3 of 6 rows dropped.", "2 of 3 rows dropped."]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("temperature = 5", "use == to compare"),
        ("temperature <= cast", "expected a number or a text in quotes, found 'cast'"),
        ("temperature <=", "found the end"),
        ("temperature", "expected a comparison after 'temperature', found the end"),
        ("temperature < 'warm'", "< compares numbers, but 'warm' is text"),
        ("temperature < 5 or year == 2001", "'or' is not offered"),
        ("temperature < 5 year == 2001", "expected 'and', found 'year'"),
        ("5 < temperature", "expected a column name, found '5'"),
        ("not temperature < 5", "'not' goes before missing"),
        ("temperature in [5", r"expected ',' or '\]', found the end"),
        ("temperature in [5,]", r"expected a number or a text in quotes, found '\]'"),
        ("temperature in 5", r"expected '\[', found '5'"),
        ("process in '['", r"expected '\[', found \"'\['\""),
        ("missing temperature", r"expected '\(', found 'temperature'"),
        ("", "expected a column name, found the end"),
        ("temperature < 5; import os", "cannot read '; import os'"),
        ("__import__('os').system('x')", "cannot read"),
        ("temperature < 5m", "cannot read '5m'"),
    ],
)
def test_filters_that_cannot_be_read(text: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        filter_rows(FRAME, [text])


def test_unknown_column_names_the_nearest() -> None:
    with pytest.raises(
        InputError, match=r"no filter \(temprature < 5\) column 'temprature' \(nearest: 'temperature'"
    ):
        filter_rows(FRAME, ["temprature < 5"])


def test_number_against_text_column_is_an_error_not_an_empty_table() -> None:
    with pytest.raises(InputError, match=r"column 'process': .*number 5, but the column holds text"):
        filter_rows(FRAME, ["process == 5"])


def test_nothing_left() -> None:
    with pytest.raises(InputError, match="no row is left after the filters temperature > 5000"):
        filter_rows(FRAME, ["temperature > 5000"])


names = st.text(
    st.characters(exclude_characters="`", exclude_categories=["Cs", "Cc"]), min_size=1, max_size=12
)
literals = st.one_of(
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(st.characters(exclude_characters="'", exclude_categories=["Cs", "Cc"]), max_size=8),
)


@settings(deadline=None)
@given(names, st.sampled_from(["==", "!="]), literals, st.lists(literals, min_size=1, max_size=4))
def test_any_name_and_literal_can_be_written(
    name: str, operation: str, value: float | str, values: list[float | str]
) -> None:
    def spell(item: float | str) -> str:
        return f"'{item}'" if isinstance(item, str) else repr(item)

    listed = ", ".join(map(spell, values))
    text = f"`{name}` {operation} {spell(value)} and `{name}` not in [{listed}]"
    assert parse_where(text) == (
        Condition(name, operation, (value,)),
        Condition(name, "not in", tuple(values)),
    )


@settings(deadline=None)
@given(st.text(max_size=30))
def test_arbitrary_text_is_read_or_refused(text: str) -> None:
    try:
        parse_where(text)
    except InputError as error:
        assert "cannot be read" in str(error)
