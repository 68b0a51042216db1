"""Predict several models at once: what they have in common is stored, loaded and asked once."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Protocol, TypeVar, runtime_checkable
from weakref import WeakValueDictionary

import numpy as np

from ._model import FittedModel, load_model

__all__ = ["Composed", "Part", "load_shared", "predict_tasks", "share"]

T = TypeVar("T")
_shared: WeakValueDictionary[str, Any] = WeakValueDictionary()


class Part(Protocol):
    """Anything that predicts, for one task or many."""

    def predict(self, inputs: np.ndarray) -> np.ndarray:
        """``(n_rows, n_inputs)`` to ``(n_rows, any number of outputs)``."""
        ...


@runtime_checkable
class Composed(Protocol):
    """A model that asks other models."""

    def predict_with(self, inputs: np.ndarray, ask: Callable[[Part], np.ndarray]) -> np.ndarray:
        """As ``predict``, taking the prediction of each part from ``ask(part)``."""
        ...


def predict_tasks(models: Sequence[FittedModel], inputs: np.ndarray) -> list[np.ndarray]:
    """``model.predict(inputs)`` of several models, with every part that they share asked once."""
    answers: dict[int, np.ndarray] = {}

    def ask(part: Part) -> np.ndarray:
        if id(part) not in answers:
            composed = isinstance(part, Composed)
            answers[id(part)] = part.predict_with(inputs, ask) if composed else part.predict(inputs)
        return answers[id(part)]

    return [ask(model) for model in models]


def share(key: str, make: Callable[[], T]) -> T:
    """The object made under this key as long as somebody holds it, else a new one.

    Parameters
    ----------
    key
        Names the content, such as a checksum; the object must never change.
    make
        Makes it.
    """
    found = _shared.get(key)
    if found is None:
        found = _shared[key] = make()
    return found


def load_shared(folder: Path) -> FittedModel:
    """`load_model`, with one object for all folders of the same content.

    Raises
    ------
    BundleError
        As `load_model`.
    """
    digest = hashlib.sha256()
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        digest.update(repr((path.relative_to(folder).as_posix(), path.stat().st_size)).encode())
        digest.update(path.read_bytes())
    return share(digest.hexdigest(), lambda: load_model(folder))
