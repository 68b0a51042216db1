"""Where the command line prints."""

from __future__ import annotations

import sys

from rich.console import Console

__all__ = ["errors", "screen"]

WIDE = 140
screen = Console(highlight=False, width=None if sys.stdout.isatty() else WIDE)
errors = Console(stderr=True, highlight=False, soft_wrap=True)
