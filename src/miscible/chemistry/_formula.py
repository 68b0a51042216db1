"""One formula string to amounts of elements."""

from __future__ import annotations

import math
import re
from functools import lru_cache
from typing import NamedTuple

from ._elements import ELEMENTS

__all__ = ["FormulaError", "parse_formula"]

Amounts = dict[int, float]

_INDEX = {symbol: i for i, symbol in enumerate(ELEMENTS)} | {"D": 0}
_NUMBER = r"(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?"
_ELEMENT = rf"([A-Z][a-z]?)\s*+({_NUMBER})?+\s*+"
_PART = re.compile(_ELEMENT)
_PLAIN = re.compile(rf"(?:{_ELEMENT})++")
_TOKEN = re.compile(
    rf"\s*(?:(?P<symbol>[A-Za-z][a-z]*)|(?P<number>{_NUMBER})|(?P<open>[(\[{{])|(?P<close>[)\]}}]))\s*"
)
_SUBSCRIPTS = str.maketrans("₀₁₂₃₄₅₆₇₈₉", "0123456789")
_DASHES = "-‐‑‒–—−"
_DEEPEST = 20
_CLOSING = {"(": ")", "[": "]", "{": "}"}
_ANIONS = frozenset(_INDEX[s] for s in ("H", "O", "F", "S", "Cl", "Se", "Br", "Te", "I"))


class FormulaError(ValueError):
    """The text is not a formula; the message says why."""


class _Item(NamedTuple):
    """An element or a bracketed group with the amount that follows it."""

    amounts: Amounts
    multiplier: float
    is_group: bool


@lru_cache(maxsize=65536)
def parse_formula(text: str) -> tuple[tuple[int, ...], tuple[float, ...]]:
    """Positions in `ELEMENTS` and positive amounts, not normalised.

    Raises
    ------
    FormulaError
        With the reason.
    """
    cleaned = text.strip() if text.isascii() else text.translate(_SUBSCRIPTS).strip()
    if not cleaned:
        raise FormulaError("the formula is empty")
    amounts = _parse_plain(cleaned)
    if amounts is None:
        amounts = _Parser(cleaned).parse()
    if 0.0 in amounts.values():
        amounts = {i: x for i, x in amounts.items() if x > 0}
    if not amounts:
        raise FormulaError("all amounts are zero")
    if not math.isfinite(sum(amounts.values())):
        raise FormulaError("an amount is too large to be one")
    return tuple(amounts), tuple(amounts.values())


def _parse_plain(text: str) -> Amounts | None:
    """The quick way for formulas without brackets; None where anything is unusual."""
    if _PLAIN.fullmatch(text) is None:
        return None
    amounts: Amounts = {}
    for symbol, number in _PART.findall(text):
        index = _INDEX.get(symbol)
        if index is None:
            return None
        amounts[index] = amounts.get(index, 0.0) + (float(number) if number else 1.0)
    return amounts


class _Parser:
    """Recursive descent over symbols, numbers and brackets."""

    def __init__(self, text: str) -> None:
        self.tokens = list(self._tokens(text))
        self.position = 0
        self.depth = 0

    @staticmethod
    def _tokens(text: str) -> list[tuple[str, str]]:
        tokens, position = [], 0
        while position < len(text):
            match = _TOKEN.match(text, position)
            if match is None:
                raise FormulaError(_unexpected(text[position]))
            kind = str(match.lastgroup)
            tokens.append((kind, match[kind]))
            position = match.end()
        return tokens

    def parse(self) -> Amounts:
        amounts = _combine(self._items(None))
        if self.position < len(self.tokens):
            raise FormulaError(f"{self.tokens[self.position][1]!r} closes nothing")
        return amounts

    def _items(self, opened: str | None) -> list[_Item]:
        items = []
        while self.position < len(self.tokens):
            kind, text = self.tokens[self.position]
            if kind == "close":
                break
            self.position += 1
            if kind == "number":
                raise FormulaError(f"the amount {text} does not follow an element or a bracket")
            amounts = {_element(text): 1.0} if kind == "symbol" else self._group(text)
            items.append(_Item(amounts, self._multiplier(), kind == "open"))
        if not items:
            raise FormulaError(
                f"nothing stands inside {opened}{_CLOSING[opened]}" if opened else "no element found"
            )
        return items

    def _group(self, opened: str) -> Amounts:
        self.depth += 1
        if self.depth > _DEEPEST:
            raise FormulaError(f"more than {_DEEPEST} brackets stand inside each other")
        amounts = _combine(self._items(opened))
        self.depth -= 1
        if self.position == len(self.tokens):
            raise FormulaError(f"{opened!r} is never closed")
        closed = self.tokens[self.position][1]
        if closed != _CLOSING[opened]:
            raise FormulaError(f"{opened!r} is closed by {closed!r}")
        self.position += 1
        return amounts

    def _multiplier(self) -> float:
        if self.position < len(self.tokens) and self.tokens[self.position][0] == "number":
            self.position += 1
            return float(self.tokens[self.position - 1][1])
        return 1.0


def _combine(items: list[_Item]) -> Amounts:
    """Sum the parts; a group is a share of the whole where the amounts read as percentages or fractions."""
    shares = _are_shares([item.multiplier for item in items])
    total: Amounts = {}
    for item in items:
        unit = 1.0
        if item.is_group and shares and not _ANIONS & item.amounts.keys():
            unit = sum(item.amounts.values())
            if unit <= 0:
                raise FormulaError("a group holds only zero amounts")
        for index, amount in item.amounts.items():
            total[index] = total.get(index, 0.0) + item.multiplier * amount / unit
    return total


def _are_shares(multipliers: list[float]) -> bool:
    total = sum(multipliers)
    fractional = any(m != round(m) for m in multipliers)
    return abs(total - 100) <= 1 or (fractional and abs(total - 1) <= 0.01)


def _element(text: str) -> int:
    if text not in _INDEX:
        raise FormulaError(f"{text!r} is not an element symbol (H to Lr)")
    return _INDEX[text]


def _unexpected(character: str) -> str:
    if character in _DASHES:
        return (
            f"{character!r} leaves open which amount belongs to which element; amounts are positive "
            "and follow their symbol, in atomic parts, as in Fe80Cr20"
        )
    return f"{character!r} does not belong in a formula"
