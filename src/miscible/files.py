"""Files appear whole or not at all."""

from __future__ import annotations

import contextlib
import os
import secrets
from pathlib import Path

from .errors import MiscibleError

__all__ = ["make_folder", "write_atomic"]


def write_atomic(path: Path, content: bytes | str) -> None:
    """Write beside the target, flush to disk, then rename over it.

    Raises
    ------
    MiscibleError
        The disk is full, or the place cannot be written; nothing is left behind.
    """
    data = content.encode() if isinstance(content, str) else content
    part = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    try:
        with part.open("wb") as handle:
            handle.write(data)
            handle.flush()
            os.fsync(handle.fileno())
        part.replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)
        raise MiscibleError(
            f"cannot write: {error.strerror or error}.",
            source=path,
            hint="Free space or choose another --out.",
        ) from error
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def make_folder(path: Path) -> Path:
    """Make a folder and its parents.

    Raises
    ------
    MiscibleError
        It cannot be made, or a file has its name.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise MiscibleError(
            f"cannot make this folder: {error.strerror or error}.", source=path, hint="Choose another --out."
        ) from error
    return path
