"""Molecule descriptors on disk, in the user's cache folder."""

from __future__ import annotations

import contextlib
import io
import os
import sys
import zipfile
import zlib
from pathlib import Path

import numpy as np

from ..errors import MiscibleError
from ..files import make_folder, write_atomic

__all__ = ["cache_folder", "read_descriptors", "write_descriptors"]

_DAMAGED = (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile, zlib.error)


def cache_folder() -> Path:
    """The folder named by ``MISCIBLE_CACHE``, else the platform's cache folder; it need not exist."""
    chosen = os.environ.get("MISCIBLE_CACHE")
    if chosen:
        return Path(chosen)
    if sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    elif sys.platform == "darwin":
        base = Path.home() / "Library" / "Caches"
    else:
        base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return base / "miscible"


def read_descriptors(path: Path, names: tuple[str, ...]) -> dict[str, np.ndarray]:
    """Descriptors by canonical SMILES; empty where the file is absent, damaged or holds other columns."""
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
            smiles = stored["smiles"].tobytes().decode("utf-8").split("\n")
            columns = stored["names"].tobytes().decode("utf-8").split("\n")
            values = stored["values"]
    except _DAMAGED:
        return {}
    if tuple(columns) != names or values.shape != (len(smiles), len(names)) or values.dtype != np.float32:
        return {}
    return dict(zip(smiles, values, strict=True))


def write_descriptors(path: Path, names: tuple[str, ...], descriptors: dict[str, np.ndarray]) -> None:
    """Write the whole file or nothing; a folder that cannot be written is let be."""
    content = io.BytesIO()
    np.savez_compressed(
        content,
        smiles=_bytes(list(descriptors)),
        names=_bytes(list(names)),
        values=np.stack(list(descriptors.values())),
    )
    with contextlib.suppress(MiscibleError):
        write_atomic(make_folder(path.parent) / path.name, content.getvalue())


def _bytes(texts: list[str]) -> np.ndarray:
    return np.frombuffer("\n".join(texts).encode("utf-8"), dtype=np.uint8)
