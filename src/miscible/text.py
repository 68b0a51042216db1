"""What was probably meant by a name that does not exist."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

__all__ = ["suggest"]


def suggest(name: str, names: Iterable[str], *, limit: int = 3) -> tuple[str, ...]:
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
