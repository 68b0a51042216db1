"""``miscible datasets list`` and ``show``."""

from __future__ import annotations

from ..datasets import describe, names
from ._console import screen

__all__ = ["list_command", "show_command"]


def list_command() -> None:
    """Print one name a line."""
    for name in names():
        screen.print(name, markup=False)


def show_command(name: str) -> None:
    """Print what a dataset holds."""
    screen.print(describe(name), markup=False, soft_wrap=True)
