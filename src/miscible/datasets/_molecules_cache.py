"""The finished table of molecules on disk, in the user's cache folder."""

from __future__ import annotations

import contextlib
import io
import json
import zipfile
import zlib
from pathlib import Path

import numpy as np
import pandas as pd

from miscible.errors import MiscibleError
from miscible.files import make_folder, write_atomic

from ._molecules_table import IDENTITY

__all__ = ["read_table_file", "write_table_file"]

_DAMAGED = (OSError, ValueError, KeyError, EOFError, TypeError, zipfile.BadZipFile, zlib.error)


def read_table_file(path: Path) -> tuple[pd.DataFrame, tuple[str, ...]] | None:
    """Table and notes; None where the file is absent or damaged."""
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
            head = json.loads(stored["head"].tobytes())
            values = stored["values"]
        frame = pd.DataFrame({name: head[name] for name in IDENTITY})
        if values.shape != (len(frame), len(head["columns"])) or values.dtype != np.float64:
            return None
        numbers = pd.DataFrame(values, columns=head["columns"])
        return pd.concat([frame, numbers], axis=1), tuple(head["notes"])
    except _DAMAGED:
        return None


def write_table_file(path: Path, frame: pd.DataFrame, notes: tuple[str, ...]) -> None:
    """Write the whole file or nothing; a folder that cannot be written is let be."""
    columns = [name for name in frame.columns if name not in IDENTITY]
    head = {name: frame[name].to_list() for name in IDENTITY} | {"columns": columns, "notes": list(notes)}
    content = io.BytesIO()
    np.savez_compressed(
        content,
        head=np.frombuffer(json.dumps(head).encode("utf-8"), dtype=np.uint8),
        values=frame[columns].to_numpy(dtype=np.float64),
    )
    with contextlib.suppress(MiscibleError):
        write_atomic(make_folder(path.parent) / path.name, content.getvalue())
