"""A bundle on disk: appears whole, replaces an older one, and is checked byte by byte before it is used."""

from __future__ import annotations

import hashlib
import json
import secrets
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from safetensors import SafetensorError

from .. import __version__
from ..errors import BundleError, MiscibleError

__all__ = ["DOCUMENT", "FORMAT", "read_document", "write_folder"]

FORMAT = 2
DOCUMENT = "bundle.json"
_AGAIN = "Copy the bundle again, whole, or write it again from its run (miscible report RUN)."


def write_folder(folder: Path, fill: Callable[[Path], dict[str, Any]]) -> None:
    """Write beside the target, then rename over it; an older bundle stays until the new one is whole.

    Parameters
    ----------
    folder
        Target. Only an empty folder or an older bundle is replaced.
    fill
        Writes every file into the folder it is given and returns the content of ``bundle.json``.

    Raises
    ------
    BundleError
        The target is something else, or cannot be written; nothing is left behind.
    """
    target = folder.resolve()
    _check_target(target)
    part = target.with_name(f".{target.name}.{secrets.token_hex(4)}.part")
    try:
        part.mkdir(parents=True)
        document = {"format": FORMAT, "miscible": __version__, **fill(part), "files": _inventory(part)}
        text = json.dumps(
            {**document, "seal": _seal(document)}, indent=1, ensure_ascii=False, allow_nan=False
        )
        (part / DOCUMENT).write_text(text + "\n", encoding="utf-8")
        _swap(part, target)
    except MiscibleError as error:
        raise BundleError(error.message, source=folder, hint=error.hint) from error
    except (OSError, SafetensorError) as error:
        reason = getattr(error, "strerror", None) or error
        raise BundleError(
            f"the bundle cannot be written: {reason}.",
            source=folder,
            hint="Free space or choose another folder.",
        ) from error
    finally:
        shutil.rmtree(part, ignore_errors=True)


def read_document(folder: Path) -> dict[str, Any]:
    """Content of ``bundle.json`` after every file of the bundle was found whole.

    Raises
    ------
    BundleError
        Not a bundle, of another format version, or a file missing, cut short or changed.
    """
    path = folder / DOCUMENT
    try:
        document = json.loads(path.read_bytes().decode("utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        raise BundleError(
            f"this is not a bundle: no {DOCUMENT} in it." if folder.is_dir() else "no such bundle folder.",
            source=folder,
            hint="Give the folder named bundle inside a run folder.",
        ) from None
    except OSError as error:
        raise BundleError(f"cannot be read: {error.strerror or error}.", source=path) from error
    except ValueError as error:
        raise BundleError(f"is damaged or cut short ({error}).", source=path, hint=_AGAIN) from error
    if not isinstance(document, dict) or "format" not in document:
        raise BundleError("was not written by miscible.", source=path, hint="Give the folder of a bundle.")
    if document["format"] != FORMAT:
        raise BundleError(
            f"has format {document['format']!r}, written by miscible {document.get('miscible', 'unknown')}; "
            f"miscible {__version__} reads format {FORMAT}.",
            source=path,
            hint="Use the version that wrote it, or write the bundle again from its run.",
        )
    seal = document.pop("seal", None)
    if seal != _seal(document):
        raise BundleError("was changed after it was written (checksum).", source=path, hint=_AGAIN)
    for name, entry in document["files"].items():
        _check_file(folder / name, entry)
    return document


def _check_target(target: Path) -> None:
    if not target.exists():
        return
    if not target.is_dir():
        raise BundleError("a file has the name of this folder.", source=target, hint="Choose another name.")
    if any(target.iterdir()) and not (target / DOCUMENT).exists():
        raise BundleError(
            "this folder holds something else and is not replaced.",
            source=target,
            hint="Choose another folder.",
        )


def _swap(part: Path, target: Path) -> None:
    if not target.exists():
        part.rename(target)
        return
    old = part.with_suffix(".old")
    target.rename(old)
    try:
        part.rename(target)
    except BaseException:
        old.rename(target)
        raise
    shutil.rmtree(old, ignore_errors=True)


def _inventory(folder: Path) -> dict[str, dict[str, Any]]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    entries = ({"bytes": path.stat().st_size, "sha256": _digest(path)} for path in files)
    return {path.relative_to(folder).as_posix(): entry for path, entry in zip(files, entries, strict=True)}


def _check_file(path: Path, entry: dict[str, Any]) -> None:
    try:
        size = path.stat().st_size
        if size < entry["bytes"]:
            raise BundleError(f"is cut short: {size} of {entry['bytes']} bytes.", source=path, hint=_AGAIN)
        if size > entry["bytes"] or _digest(path) != entry["sha256"]:
            raise BundleError("was changed after it was written (checksum).", source=path, hint=_AGAIN)
    except FileNotFoundError:
        raise BundleError("is missing from the bundle.", source=path, hint=_AGAIN) from None
    except OSError as error:
        raise BundleError(f"cannot be read: {error.strerror or error}.", source=path) from error


def _digest(path: Path) -> str:
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def _seal(document: dict[str, Any]) -> str:
    """Checksum of the document's content, whatever its layout."""
    return hashlib.sha256(json.dumps(document, sort_keys=True, ensure_ascii=True).encode()).hexdigest()
