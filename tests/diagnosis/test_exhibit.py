"""Exhibits survive JSON; what is not finite comes back as unknown."""

from __future__ import annotations

import json
import math
from dataclasses import fields, is_dataclass, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from miscible.diagnosis import (
    Exhibit,
    Grid,
    Heatmap,
    Lines,
    Series,
    exhibit_from_json,
    exhibit_to_json,
)

text = st.text(max_size=8)
finite = st.floats(allow_nan=False, allow_infinity=False)
anything = st.none() | st.floats()
cells = anything | text | st.integers(-(2**60), 2**60)


@st.composite
def grids(draw: st.DrawFn) -> Grid:
    columns = tuple(draw(st.lists(text, min_size=1, max_size=3)))
    row = st.tuples(*(cells for _ in columns))
    return Grid(draw(text), columns, tuple(draw(st.lists(row, max_size=3))), draw(text))


@st.composite
def heatmaps(draw: st.DrawFn) -> Heatmap:
    rows, columns = (tuple(draw(st.lists(text, min_size=1, max_size=3))) for _ in range(2))
    values = tuple(tuple(draw(anything) for _ in columns) for _ in rows)
    words = [draw(text) for _ in range(5)]
    return Heatmap(
        words[0], words[1], rows, columns, values, words[2], words[3], draw(st.none() | finite), words[4]
    )


@st.composite
def series(draw: st.DrawFn) -> Series:
    n = draw(st.integers(0, 4))
    band = n if draw(st.booleans()) else 0
    part = [tuple(draw(anything) for _ in range(k)) for k in (n, band, band)]
    return Series(draw(text), tuple(draw(finite) for _ in range(n)), *part)


lines = st.builds(
    Lines, text, text, text, st.lists(series(), max_size=3).map(tuple), log_x=st.booleans(), note=text
)


def few(part: st.SearchStrategy[Any]) -> st.SearchStrategy[tuple[Any, ...]]:
    return st.lists(part, max_size=2).map(tuple)


exhibits = st.builds(
    Exhibit, text, text, text, few(text), few(text), few(grids()), few(heatmaps()), few(lines)
)


def tamed(value: Any) -> Any:
    """Written out on its own: the same value with None for what is not finite."""
    if is_dataclass(value) and not isinstance(value, type):
        return replace(value, **{f.name: tamed(getattr(value, f.name)) for f in fields(value)})
    if isinstance(value, tuple):
        return tuple(tamed(item) for item in value)
    return None if isinstance(value, float) and not math.isfinite(value) else value


@given(exhibits)
def test_an_exhibit_survives_json(exhibit: Exhibit) -> None:
    written = json.dumps(exhibit_to_json(exhibit), allow_nan=False)
    assert exhibit_from_json(json.loads(written)) == tamed(exhibit)


@given(exhibits)
def test_a_second_round_changes_nothing(exhibit: Exhibit) -> None:
    once = exhibit_to_json(exhibit)
    assert exhibit_to_json(exhibit_from_json(json.loads(json.dumps(once)))) == once


def test_numbers_keep_their_kind() -> None:
    grid = Grid("t", ("a", "b"), ((1, 1.0), (True, None)))
    back = exhibit_from_json(json.loads(json.dumps(exhibit_to_json(Exhibit("k", "t", "q", (), (), (grid,))))))
    assert [type(cell) for row in back.grids[0].rows for cell in row] == [int, float, bool, type(None)]


@pytest.mark.parametrize("damage", [{"key": "k"}, {**exhibit_to_json(Exhibit("k", "t", "q", ())), "more": 1}])
def test_other_content_is_refused(damage: dict[str, object]) -> None:
    with pytest.raises((KeyError, TypeError)):
        exhibit_from_json(damage)
