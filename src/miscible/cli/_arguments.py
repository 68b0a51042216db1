"""Words of the command line to values."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ..errors import InputError

__all__ = ["expand_lists", "parse_budget"]

LISTS = ("--targets", "--inputs", "--where", "--strategies", "--parts", "--map")
UNITS = {"s": 1.0, "m": 60.0, "h": 3600.0}


def expand_lists(arguments: Sequence[str]) -> list[str]:
    """Let ``--targets a b c`` stand for ``--targets a --targets b --targets c``.

    A list ends at the next option.
    """
    expanded: list[str] = []
    option = ""
    for word in arguments:
        if word.startswith("--"):
            option = word if word in LISTS else ""
            if not option:
                expanded.append(word)
        elif option:
            expanded += [option, word]
        else:
            expanded.append(word)
    return expanded


def parse_budget(text: str | None) -> float | None:
    """``90``, ``90s``, ``10m``, ``1h30m`` to seconds.

    Raises
    ------
    InputError
        Not a time, or nothing.
    """
    if text is None:
        return None
    parts = re.findall(r"(\d+(?:\.\d+)?)([smh]?)", text)
    bare = len(parts) > 1 and any(not unit for _, unit in parts)
    if not parts or bare or "".join(n + u for n, u in parts) != text.strip():
        raise InputError(f"--budget {text!r} is not a time.", hint="Write for example 90s, 10m or 1h30m.")
    seconds = sum(float(n) * UNITS[u or "s"] for n, u in parts)
    if seconds <= 0:
        raise InputError(f"--budget {text!r} leaves no time.", hint="Write for example 10m.")
    return seconds
