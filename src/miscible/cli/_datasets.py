"""``miscible datasets list`` and ``show``."""

from __future__ import annotations

from pathlib import Path

from ..datasets import describe, summaries
from ._console import screen

__all__ = ["list_command", "show_command"]


def list_command() -> None:
    """Print one name a line, and what it is."""
    width = max(map(len, summaries()))
    for name, text in summaries().items():
        screen.print(f"{name:<{width}}  {text}", markup=False, soft_wrap=True)


def show_command(name: str, folder: Path | None) -> None:
    """Print what a dataset holds."""
    screen.print(describe(name, folder), markup=False, soft_wrap=True)
