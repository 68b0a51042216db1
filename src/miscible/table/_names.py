"""Column names in messages, and whether they exist."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from miscible.errors import InputError
from miscible.text import suggest

__all__ = ["list_names", "require_columns"]


def list_names(names: Sequence[str], *, limit: int = 12) -> str:
    """Quoted names, the first ``limit`` of them, and how many more there are."""
    shown = ", ".join(repr(name) for name in names[:limit])
    return f"{shown} and {len(names) - limit} more" if len(names) > limit else shown


def require_columns(names: Iterable[str], columns: Sequence[str], *, source: object, what: str) -> None:
    """Raise unless every name is a column.

    Raises
    ------
    InputError
        Naming the missing columns and, for each, the nearest existing ones.
    """
    known = set(columns)
    missing = [name for name in dict.fromkeys(names) if name not in known]
    if not missing:
        return
    parts = []
    for name in missing:
        near = suggest(name, columns)
        parts.append(f"{name!r} (nearest: {list_names(near)})" if near else repr(name))
    word = "column" if len(missing) == 1 else "columns"
    raise InputError(
        f"the table has no {what} {word} {', '.join(parts)}.",
        source=source,
        column=missing[0] if len(missing) == 1 else None,
        hint=f"Its columns are {list_names(list(columns))}.",
    )
