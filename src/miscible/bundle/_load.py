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
from ..table import Kind
from ._bundle import Bundle
from ._calibration import Calibration
from ._cards import TaskCard, card_from_json, spec_from_json
from ._domain import Domain
from ._folder import DOCUMENT, read_document
from ._intervals import Residuals

__all__ = ["load_bundle"]

_NETWORKS = "miscible.strategies"
"""Importing it makes its models known to `load_model`."""


def load_bundle(folder: Path) -> Bundle:
    """Read a bundle after checking every byte of it.

    Raises
    ------
    BundleError
        Not a bundle, of another version, or a file missing, cut short or changed; names the file and what to do.
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
            preparations=tuple(_preparation(folder, f) for f in folds),
            models=tuple(
                tuple(load_model(folder / "models" / str(t) / str(f)) for f in folds)
                for t in range(len(cards))
            ),
            residuals=tuple(_residuals(folder, t, card) for t, card in enumerate(cards)),
            calibrations=tuple(_calibration(task["calibration"]) for task in document["tasks"]),
            domain=Domain.fromload_file(_arrays(folder / "domain.safetensors")),
            path=folder,
            versions=dict(document["versions"]),
        )
    except (KeyError, TypeError, ValueError, OSError) as error:
        raise BundleError(
            f"its content does not fit together ({type(error).__name__}: {error}).",
            source=folder / DOCUMENT,
            hint="Write the bundle again from its run.",
        ) from error


def _preparation(folder: Path, fold: int) -> Preparation:
    path = folder / "preparation"
    structure = json.loads((path / f"{fold}.json").read_text(encoding="utf-8"))
    return Preparation.from_state(load_file(path / f"{fold}.safetensors"), structure)


def _residuals(folder: Path, task: int, card: TaskCard) -> Residuals | None:
    if card.property.kind is not Kind.REGRESSION:
        return None
    return Residuals.fromload_file(_arrays(folder / "residuals" / f"{task}.safetensors"))


def _calibration(content: dict[str, Any] | None) -> Calibration | None:
    return None if content is None else Calibration(content["slope"], tuple(content["offsets"]))
