"""Column names: what exists, and what was probably meant."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from difflib import get_close_matches

from miscible.errors import InputError

__all__ = ["list_names", "require_columns", "suggest_names"]


def suggest_names(name: str, names: Iterable[str], *, limit: int = 3) -> tuple[str, ...]:
    """The names most like ``name``, best first, without regard to case.

    Parameters
    ----------
    name
        What was asked for.
    names
        What exists.
    limit
        At most this many.

    Returns
    -------
    tuple of str
        Possibly empty. Names that contain ``name``, or are contained in it, come after close spellings.
    """
    known = list(dict.fromkeys(names))
    wanted = name.casefold().strip()
    folded: dict[str, list[str]] = {}
    for candidate in known:
        folded.setdefault(candidate.casefold(), []).append(candidate)
    close = get_close_matches(wanted, list(folded), n=limit, cutoff=0.6)
    inside = [
        text for text in folded if len(wanted) > 1 and len(text) > 1 and (wanted in text or text in wanted)
    ]
    inside.sort(key=len)
    ordered = [original for text in dict.fromkeys([*close, *inside]) for original in folded[text]]
    return tuple(ordered[:limit])


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
        near = suggest_names(name, columns)
        parts.append(f"{name!r} (nearest: {list_names(near)})" if near else repr(name))
    word = "column" if len(missing) == 1 else "columns"
    raise InputError(
        f"the table has no {what} {word} {', '.join(parts)}.",
        source=source,
        column=missing[0] if len(missing) == 1 else None,
        hint=f"Its columns are {list_names(list(columns))}.",
    )
