"""Cells of the files that ready-made tables are read from."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from miscible.table import rows_error

__all__ = ["read_numbers"]


def read_numbers(frame: pd.DataFrame, column: str, path: Path, origin: str) -> pd.Series:
    """A column of a file as numbers; ``origin`` says where the right file comes from.

    Raises
    ------
    InputError
        Cells that are no numbers, with their rows.
    """
    cells = frame[column]
    values = pd.to_numeric(cells, errors="coerce").astype(np.float64)
    wrong = np.flatnonzero((values.isna() & cells.notna()).to_numpy())
    if wrong.size:
        raise rows_error(
            "these cells are not numbers",
            frame,
            wrong,
            cells.to_numpy()[wrong],
            source=path,
            column=column,
            hint=origin,
        )
    return values
