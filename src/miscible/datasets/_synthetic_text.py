"""Dials as text: ``counts=2000/200/200,relatedness=0.5``."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from typing import Any

from miscible.errors import InputError
from miscible.text import suggest

from ._synthetic_dials import DIALS, Dials, kang_dials, property_name, wrong_value

__all__ = ["parse_dials", "write_dials", "written"]

_YES = {"yes": True, "true": True, "1": True, "no": False, "false": False, "0": False}


def write_dials(dials: Dials) -> str:
    """The dials as `parse_dials` reads them, those left out that have nothing to say."""
    return ",".join(f"{name}={value}" for name, value in written(dials).items() if value)


def written(dials: Dials) -> dict[str, str]:
    """The text of every dial; empty where it has nothing to say."""
    return {field.name: _write(field.name, getattr(dials, field.name)) for field in fields(Dials)}


def _write(name: str, value: object) -> str:
    if name == "derived" and isinstance(value, tuple):
        return "/".join(f"{property_name(task)}:{property_name(source)}" for task, source in value)
    if isinstance(value, tuple):
        return "/".join(map(str, value))
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "" if value is None else f"{value:g}" if isinstance(value, float) else str(value)


def parse_dials(text: str) -> Dials:
    """Read ``counts=2000/200/200,relatedness=0.5``; what is not named keeps its default.

    Parameters
    ----------
    text
        ``NAME=VALUE`` joined by commas, several values of one dial by slashes. ``kang`` in first place starts
        from `kang_dials`.

    Raises
    ------
    InputError
        No such dial, a dial named twice, or a value that is none for it.
    """
    parts = [part.strip() for part in text.split(",") if part.strip()]
    start = Dials()
    if parts and parts[0].casefold() == "kang":
        start = kang_dials()
        del parts[0]
    chosen: dict[str, Any] = {field.name: getattr(start, field.name) for field in fields(Dials)}
    named: set[str] = set()
    for part in parts:
        name, equals, value = (piece.strip() for piece in part.partition("="))
        if name not in DIALS:
            near = suggest(name, DIALS, limit=1)
            known = f"Dials: {', '.join(DIALS)}."
            raise InputError(
                f"there is no dial {name!r}.", hint=f"Did you mean {near[0]!r}? {known}" if near else known
            )
        if not equals or not value:
            raise InputError(f"the dial {name!r} has no value.", hint=f"Expected {DIALS[name][0]}.")
        if name in named:
            raise InputError(f"the dial {name!r} is named twice.", hint="Name each dial once.")
        named.add(name)
        chosen[name] = _READERS[name](name, value)
    if "counts" in named and "kinds" not in named:
        chosen["kinds"] = Dials.kinds
    return Dials(**chosen)


def _read_wholes(name: str, text: str) -> tuple[int, ...]:
    return tuple(_read_whole(name, piece) for piece in text.split("/"))


def _read_whole(name: str, text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise wrong_value(name, text) from None


def _read_real(name: str, text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise wrong_value(name, text) from None


def _read_words(name: str, text: str) -> tuple[str, ...]:
    return tuple(piece.strip() for piece in text.split("/"))


def _read_form(name: str, text: str) -> str | tuple[str, ...]:
    words = _read_words(name, text)
    return words[0] if len(words) == 1 else words


def _read_yes(name: str, text: str) -> bool:
    if text.casefold() not in _YES:
        raise wrong_value(name, text)
    return _YES[text.casefold()]


def _read_derived(name: str, text: str) -> tuple[tuple[int, int], ...]:
    pairs = []
    for piece in text.split("/"):
        ends = [end.strip().removeprefix("property_") for end in piece.split(":")]
        if len(ends) != 2 or not all(end.isdecimal() for end in ends):
            raise wrong_value(name, piece)
        pairs.append((int(ends[0]) - 1, int(ends[1]) - 1))
    return tuple(pairs)


_READERS: dict[str, Callable[[str, str], object]] = {
    **dict.fromkeys(DIALS, _read_real),
    "counts": _read_wholes,
    "kinds": _read_words,
    "clusters": _read_whole,
    "form": _read_form,
    "derived": _read_derived,
    "n_elements": _read_whole,
    "descriptors": _read_yes,
}
