"""Row filters: a small language over columns, read without evaluating any code."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd

from miscible.errors import InputError

from ._cells import category_text, missing, numbers, texts
from ._names import require_columns
from ._rows import source_name

__all__ = ["Condition", "filter_rows", "parse_where"]

Literal = float | str

_COMPARE: dict[str, Callable[[np.ndarray, float], np.ndarray]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
}
_TOKEN = re.compile(
    r"""\s*(?:
        (?P<column>`[^`]+`)
      | (?P<text>'[^']*'|"[^"]*")
      | (?P<number>[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?(?![\w.]))
      | (?P<op><=|>=|==|!=|<|>)
      | (?P<mark>[\[\](),])
      | (?P<word>[^\W\d]\w*(?:\.\w+)*)
    )""",
    re.VERBOSE,
)
_KEYWORDS = frozenset({"and", "or", "not", "in", "missing"})
_GRAMMAR = (
    "Write for example: temperature <= 298 and process in ['cast', 'rolled'] and not missing(grain); "
    "put column names with spaces or signs in `backticks`."
)


class _Token(NamedTuple):
    kind: str
    text: str
    start: int


@dataclass(frozen=True, slots=True)
class Condition:
    """One comparison.

    Parameters
    ----------
    column
        Column name.
    operation
        One of ``< <= > >= == != in``, ``not in``, ``missing``, ``not missing``.
    values
        Numbers and texts to compare with; empty for ``missing``.
    """

    column: str
    operation: str
    values: tuple[Literal, ...] = ()


def parse_where(text: str) -> tuple[Condition, ...]:
    """Conditions joined by ``and``.

    Raises
    ------
    InputError
        Naming the place in the filter that cannot be read.
    """
    return _Parser(text).conditions()


def filter_rows(frame: pd.DataFrame, filters: Sequence[str]) -> tuple[np.ndarray, tuple[str, ...]]:
    """Rows that satisfy every filter, as a mask ``(n_rows,)``, and one note a filter.

    A row whose cell is missing (or, compared with a number, is not a number) satisfies no comparison,
    ``!=`` and ``not in`` included.

    Raises
    ------
    InputError
        The filter cannot be read, names an unknown column, compares text with a number, or keeps no row.
    """
    source = source_name(frame)
    keep = np.ones(len(frame), dtype=bool)
    notes = []
    for text in filters:
        before = int(keep.sum())
        for condition in parse_where(text):
            require_columns([condition.column], list(frame.columns), source=source, what=f"filter ({text})")
            keep &= _satisfied(frame, condition, source)
        after = int(keep.sum())
        notes.append(f"filter {text}: {before - after} of {before} rows dropped.")
    if not keep.any():
        raise InputError(
            f"no row is left after the filters {'; '.join(filters)}.",
            source=source,
            hint="A row whose cell is missing satisfies no comparison.",
        )
    return keep, tuple(notes)


def _satisfied(frame: pd.DataFrame, condition: Condition, source: str) -> np.ndarray:
    column = frame[condition.column]
    if condition.operation.endswith("missing"):
        empty = missing(column)
        return empty if condition.operation == "missing" else ~empty
    operation = {"in": "==", "not in": "!="}.get(condition.operation, condition.operation)
    results = [_compare(column, operation, value, source) for value in condition.values]
    combine = np.logical_and if operation == "!=" else np.logical_or
    return combine.reduce(results)


def _compare(column: pd.Series, operation: str, value: Literal, source: str) -> np.ndarray:
    if isinstance(value, str):
        cells = texts(column, category=True)
        known = np.array([cell is not None for cell in cells], dtype=bool)
        equal = known & (cells == category_text(value))
        return equal if operation == "==" else known & ~equal
    found = numbers(column)
    known = ~np.isnan(found.values)
    if not known.any() and found.text.any():
        raise InputError(
            f"the filter compares with the number {value:g}, but the column holds text.",
            source=source,
            column=str(column.name),
            hint="Put text in quotes: process == 'cast'.",
        )
    return known & _COMPARE[operation](found.values, value)


class _Parser:
    """Recursive descent over the tokens of one filter."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens = self._tokenise()
        self.position = 0

    def _tokenise(self) -> list[_Token]:
        tokens, start, end = [], 0, len(self.text.rstrip())
        while start < end:
            match = _TOKEN.match(self.text, start)
            if match is None:
                rest = self.text[start:].strip()
                detail = "use == to compare" if rest.startswith("=") else f"cannot read {rest[:20]!r}"
                raise self._error(detail)
            kind = str(match.lastgroup)
            tokens.append(_Token(kind, match[kind], match.start(kind)))
            start = match.end()
        return [*tokens, _Token("end", "", end)]

    def _error(self, detail: str) -> InputError:
        return InputError(f"the filter {self.text!r} cannot be read: {detail}.", hint=_GRAMMAR)

    def _next(self) -> _Token:
        token = self.tokens[self.position]
        self.position += 1
        return token

    def _expect(self, text: str) -> None:
        token = self._next()
        if token.kind == "text" or token.text != text:
            raise self._error(f"expected {text!r}, found {_shown(token)}")

    def conditions(self) -> tuple[Condition, ...]:
        found = [self._condition()]
        while (token := self._next()).kind != "end":
            if token.kind != "word" or token.text != "and":
                detail = (
                    "'or' is not offered" if token.text == "or" else f"expected 'and', found {_shown(token)}"
                )
                raise self._error(detail)
            found.append(self._condition())
        return tuple(found)

    def _condition(self) -> Condition:
        token = self._next()
        negated = token.kind == "word" and token.text == "not"
        if negated:
            token = self._next()
        if token.kind == "word" and token.text == "missing":
            self._expect("(")
            column = self._column(self._next())
            self._expect(")")
            return Condition(column, "not missing" if negated else "missing")
        if negated:
            raise self._error("'not' goes before missing(...) or in 'not in'")
        return self._comparison(self._column(token))

    def _comparison(self, column: str) -> Condition:
        token = self._next()
        if token.kind == "op":
            value = self._literal(self._next())
            if isinstance(value, str) and token.text not in ("==", "!="):
                raise self._error(f"{token.text} compares numbers, but {value!r} is text")
            return Condition(column, token.text, (value,))
        if token.kind == "word" and token.text in ("in", "not"):
            if token.text == "not":
                self._expect("in")
            return Condition(column, "not in" if token.text == "not" else "in", self._literals())
        raise self._error(f"expected a comparison after {column!r}, found {_shown(token)}")

    def _literals(self) -> tuple[Literal, ...]:
        self._expect("[")
        values = [self._literal(self._next())]
        while (token := self._next()).text == "," and token.kind == "mark":
            values.append(self._literal(self._next()))
        if token.kind != "mark" or token.text != "]":
            raise self._error(f"expected ',' or ']', found {_shown(token)}")
        return tuple(values)

    def _column(self, token: _Token) -> str:
        if token.kind == "column":
            return token.text[1:-1]
        if token.kind == "word" and token.text not in _KEYWORDS:
            return token.text
        raise self._error(f"expected a column name, found {_shown(token)}")

    def _literal(self, token: _Token) -> Literal:
        if token.kind == "number":
            return float(token.text)
        if token.kind == "text":
            return token.text[1:-1]
        raise self._error(f"expected a number or a text in quotes, found {_shown(token)}")


def _shown(token: _Token) -> str:
    return "the end" if token.kind == "end" else repr(token.text)
