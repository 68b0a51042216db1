"""Errors a user can mend; the command line prints them without a traceback."""

from __future__ import annotations

__all__ = ["BundleError", "InputError", "MiscibleError", "PlanError"]


class MiscibleError(Exception):
    """Something the user can mend.

    Parameters
    ----------
    message
        What was found, and what was expected.
    source, column, row
        Where: file, column name, row label. Only what is known is named.
    hint
        How to mend it.
    """

    def __init__(
        self,
        message: str,
        *,
        source: object = None,
        column: object = None,
        row: object = None,
        hint: str | None = None,
    ) -> None:
        self.message = message
        self.source = source
        self.column = column
        self.row = row
        self.hint = hint
        super().__init__(str(self))

    def __str__(self) -> str:
        """One paragraph: place, message, remedy."""
        named = (("column", self.column), ("row", self.row))
        place = [] if self.source is None else [str(self.source)]
        place += [
            f"{word} '{value}'" if isinstance(value, str) else f"{word} {value}"
            for word, value in named
            if value is not None
        ]
        text = f"{', '.join(place)}: {self.message}" if place else self.message
        return f"{text} {self.hint}" if self.hint else text


class InputError(MiscibleError):
    """The table, a file or an option cannot be used as given."""


class PlanError(MiscibleError):
    """A plan asks for something that does not exist or makes no sense."""


class BundleError(MiscibleError):
    """A bundle is damaged, of another version, or does not fit the new rows."""
