"""The one door to RDKit, which is optional."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from ..errors import MiscibleError

__all__ = ["rdkit_module"]


def rdkit_module(name: str) -> Any:
    """Import a part of RDKit, such as ``Chem``.

    Raises
    ------
    MiscibleError
        RDKit is not installed.
    """
    try:
        return import_module(f"rdkit.{name}")
    except ImportError as error:
        raise MiscibleError(
            "Molecules need RDKit, which is not installed.", hint='Run: pip install "miscible[molecules]"'
        ) from error
