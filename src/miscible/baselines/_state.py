"""Fields as JSON and arrays as safetensors, side by side under one name."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import load_file, save

from ..files import write_atomic

__all__ = ["read_state", "write_state"]


def write_state(
    folder: Path, name: str, fields: Mapping[str, Any], arrays: Mapping[str, np.ndarray] | None = None
) -> None:
    """Write ``name.json`` and, where there are arrays, ``name.safetensors``."""
    if arrays:
        content = save({key: np.ascontiguousarray(array) for key, array in arrays.items()})
        write_atomic(folder / f"{name}.safetensors", content)
    write_atomic(folder / f"{name}.json", json.dumps(dict(fields)))


def read_state(folder: Path, name: str) -> dict[str, Any]:
    """Fields and arrays in one dictionary."""
    fields = json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))
    path = folder / f"{name}.safetensors"
    return {**fields, **load_file(path)} if path.exists() else fields
