"""Read a bundle back, in any process."""

from __future__ import annotations

import json
from importlib import import_module
from pathlib import Path
from typing import Any

from safetensors.numpy import load_file

from ..baselines import load_model
from ..errors import BundleError
from ..inputs import Preparation
from ._bundle import Bundle
from ._calibration import Calibration
from ._cards import card_from_json, spec_from_json
from ._domain import Domain
from ._folder import DOCUMENT, read_document
from ._intervals import Residuals

__all__ = ["load_bundle", "read_preparation"]

_NETWORKS = "miscible.strategies"
"""Importing it makes its models known to `load_model`."""


def load_bundle(folder: Path) -> Bundle:
    """Read a bundle after checking every byte of it.

    Raises
    ------
    BundleError
        Not a bundle, of another version, or a file missing, cut short or changed; the file is named.
    """
    folder = Path(folder)
    document = read_document(folder)
    import_module(_NETWORKS)
    try:
        cards = tuple(card_from_json(task["card"]) for task in document["tasks"])
        folds = range(document["n_folds"])
        return Bundle(
            cards=cards,
            spec=spec_from_json(document["inputs"]),
            preparations=tuple(read_preparation(folder, f) for f in folds),
            models=tuple(
                tuple(load_model(folder / "models" / str(t) / str(f)) for f in folds)
                for t in range(len(cards))
            ),
            uncertainty=tuple(_uncertainty(folder, t, task) for t, task in enumerate(document["tasks"])),
            domain=Domain.from_arrays(load_file(folder / "domain.safetensors")),
            path=folder,
            versions=dict(document["versions"]),
        )
    except (KeyError, TypeError, ValueError, OSError) as error:
        raise BundleError(
            f"its content does not fit together ({type(error).__name__}: {error}).",
            source=folder / DOCUMENT,
            hint="Write the bundle again from its run.",
        ) from error


def read_preparation(folder: Path, fold: int) -> Preparation:
    """Of one fold."""
    path = folder / "preparation"
    structure = json.loads((path / f"{fold}.json").read_text(encoding="utf-8"))
    return Preparation.from_state(load_file(path / f"{fold}.safetensors"), structure)


def _uncertainty(folder: Path, index: int, task: dict[str, Any]) -> Residuals | Calibration:
    calibration = task["calibration"]
    if calibration is None:
        return Residuals.from_arrays(load_file(folder / "residuals" / f"{index}.safetensors"))
    return Calibration(calibration["slope"], tuple(calibration["offsets"]))
