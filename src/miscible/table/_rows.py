"""How rows are named in messages: lines of a file, or index labels of a DataFrame."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from miscible.errors import InputError

__all__ = ["list_rows", "rows_error", "rows_hint", "source_name"]

_HINTS = {
    "line": "Rows are counted as lines of the file, the header included.",
    "sheet": "Rows are counted as in the sheet, the header included.",
}


def source_name(frame: pd.DataFrame) -> str:
    """The file a frame was read from, or ``DataFrame``."""
    return str(frame.attrs.get("source", "DataFrame"))


def rows_hint(frame: pd.DataFrame) -> str:
    """What the row labels of this frame are."""
    return _HINTS.get(str(frame.attrs.get("rows")), "Rows are named by their index label.")


def _label(frame: pd.DataFrame, position: int) -> Any:
    label = frame.index[position]
    return label.item() if isinstance(label, np.generic) else label


def list_rows(
    frame: pd.DataFrame,
    positions: Sequence[int] | np.ndarray,
    values: Sequence[object] | np.ndarray | None,
    reasons: Sequence[str] | None = None,
    *,
    limit: int = 5,
) -> str:
    """The first rows with their values, or what is wrong with them, or both, as one phrase."""
    why = [] if reasons is None else list(reasons[:limit])
    common = why[0] if values is not None and len(why) > 1 and len(set(why)) == 1 else ""
    parts = []
    for k, position in enumerate(positions[:limit]):
        row = f"row {_label(frame, int(position))!r}"
        if values is None:
            parts.append(f"{row}: {why[k]}")
        else:
            reason = f" ({why[k]})" if why and not common else ""
            parts.append(f"{row}: {_shown(values[k])}{reason}")
    more = len(positions) - limit
    listed = "; ".join(parts) + (f"; and {more} more" if more > 0 else "")
    return f"{listed} ({common})" if common else listed


def _shown(value: object) -> str:
    plain = value.item() if isinstance(value, np.generic) else value
    return "empty" if plain is None else _shorten(repr(plain))


def _shorten(text: str, width: int = 60) -> str:
    return text if len(text) <= width else text[: width - 1] + "…"


def rows_error(
    message: str,
    frame: pd.DataFrame,
    positions: Sequence[int] | np.ndarray,
    values: Sequence[object] | np.ndarray | None = None,
    *,
    source: object,
    column: str | None,
    reasons: Sequence[str] | None = None,
    hint: str = "",
) -> InputError:
    """An error that lists the first of the rows at fault.

    Parameters
    ----------
    message
        What is wrong, without a full stop.
    frame
        The rows, whose index names them.
    positions
        Of the rows at fault; not empty.
    values, reasons
        What stands there, and why it is wrong, one a position; at least one of the two.
    source, column, hint
        As in `InputError`.
    """
    listed = list_rows(frame, positions, values, reasons)
    return InputError(
        f"{message}: {listed}.",
        source=source,
        column=column,
        row=_label(frame, int(positions[0])),
        hint=f"{hint} {rows_hint(frame)}".strip(),
    )
