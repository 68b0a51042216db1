"""What every fitted model can do, and how one is written to a folder and read back."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol, TypeVar
from zipfile import BadZipFile

import numpy as np
from lightgbm.basic import LightGBMError
from safetensors import SafetensorError

from ..errors import BundleError
from ..files import make_folder, write_atomic

__all__ = ["FittedModel", "load_model", "register_model"]

HEADER = "model.json"
DAMAGE = (OSError, ValueError, KeyError, TypeError, SafetensorError, BadZipFile, LightGBMError)


class FittedModel(Protocol):
    """Answers for one task, in model space."""

    @property
    def note(self) -> str:
        """What a reader must know of the fit, such as why it fell back to the mean; usually empty."""
        ...

    def predict(self, inputs: np.ndarray) -> np.ndarray:
        """``(n_rows, n_inputs)`` float32 to ``(n_rows, n_outputs)`` float64; probabilities for classes."""
        ...

    def save(self, folder: Path) -> None:
        """Write everything `load_model` needs into the folder, which is made."""
        ...


M = TypeVar("M")
_REGISTRY: dict[str, tuple[int, Any]] = {}


def register_model(name: str, version: int = 1) -> Callable[[type[M]], type[M]]:
    """Class decorator: make a model type known to `load_model`.

    The class has ``save(folder)``, which writes its own files, and a class method ``load(folder)``, which
    reads them. The header ``model.json`` with name and version is written here, after its files.

    Parameters
    ----------
    name
        Written to disk; unique.
    version
        Of what ``save`` writes; a folder of another version is refused.

    Raises
    ------
    ValueError
        The name belongs to another class.
    """

    def register(cls: type[M]) -> type[M]:
        known = _REGISTRY.get(name)
        if known is not None and known[1].__qualname__ != cls.__qualname__:
            raise ValueError(f"model type {name!r} is already registered")
        save = cls.save  # pyright: ignore[reportAttributeAccessIssue]

        @functools.wraps(save)
        def save_with_header(self: M, folder: Path) -> None:
            make_folder(folder)
            save(self, folder)
            write_atomic(folder / HEADER, json.dumps({"type": name, "version": version}))

        cls.save = save_with_header  # pyright: ignore[reportAttributeAccessIssue]
        _REGISTRY[name] = version, cls
        return cls

    return register


def load_model(folder: Path) -> FittedModel:
    """Read a model of any registered type.

    Raises
    ------
    BundleError
        The folder is no model, damaged, of an unknown type or of another version.
    """
    path = folder / HEADER
    try:
        header = json.loads(path.read_text(encoding="utf-8"))
        name, version = header["type"], header["version"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BundleError(
            "this model cannot be read.", source=path, hint="Copy the bundle again, whole."
        ) from error
    known, cls = _REGISTRY.get(name, (None, None))
    if cls is None:
        raise BundleError(
            f"unknown model type {name!r}; known are {', '.join(sorted(_REGISTRY))}.", source=path
        )
    if version != known:
        raise BundleError(
            f"model type {name!r} has version {version!r} here, this installation reads version {known}.",
            source=path,
            hint="Use the version of miscible that wrote the bundle, or make the bundle again.",
        )
    try:
        return cls.load(folder)
    except DAMAGE as error:
        raise BundleError(
            "this model is damaged.", source=folder, hint="Copy the bundle again, whole."
        ) from error
