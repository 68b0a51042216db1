"""BibTeX of the publications behind the tables."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.resources import files

__all__ = ["read_bibliography"]

_FILES = ("alloys.bib", "molecules.bib")


def read_bibliography(keys: Sequence[str]) -> tuple[str, ...]:
    """Entries with these keys, in this order."""
    folder = files(__package__ or "")
    text = "\n\n".join(folder.joinpath(name).read_text(encoding="utf-8") for name in _FILES)
    entries = [entry.strip() for entry in text.split("\n\n") if entry.strip()]
    by_key = {entry.split("{", 1)[1].split(",", 1)[0]: entry for entry in entries}
    return tuple(by_key[key] for key in keys)
