"""A column by which rows are kept together."""

from __future__ import annotations

import numpy as np
import pandas as pd

from ._cells import texts
from ._rows import rows_error

__all__ = ["group_texts"]


def group_texts(frame: pd.DataFrame, column: str, source: object) -> np.ndarray:
    """Group of every row as text, ``(n_rows,)`` object; ``1``, ``1.0`` and ``"1 "`` are one group.

    Raises
    ------
    InputError
        A cell is empty: rows of an unknown group could leak between folds.
    """
    cells = texts(frame[column], category=True)
    rows = np.flatnonzero([cell is None for cell in cells])
    if rows.size:
        raise rows_error(
            f"the group column is empty in {rows.size} rows",
            frame,
            rows,
            cells[rows],
            source=source,
            column=column,
            hint=f'Fill the gaps, leave those rows out with --where "not missing(`{column}`)" (where=...), '
            "or group by something else.",
        )
    return cells
