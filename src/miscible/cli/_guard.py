"""What can go wrong outside our code becomes a message and an exit status, never a traceback."""

from __future__ import annotations

import functools
import os
import sys
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from ..errors import MiscibleError
from ._console import errors

__all__ = ["guarded"]

P = ParamSpec("P")
R = TypeVar("R")


def guarded(command: Callable[P, R]) -> Callable[P, R]:
    """Print what the user can mend; exit status 2 for errors, 130 for Ctrl-C."""

    @functools.wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return command(*args, **kwargs)
        except MiscibleError as error:
            errors.print(f"error: {error}", markup=False)
            raise SystemExit(2) from None
        except BrokenPipeError:
            raise  # `miscible predict ... | head`: typer ends quietly
        except OSError as error:
            place = "" if error.filename is None else f"{error.filename}: "
            errors.print(f"error: {place}{error.strerror or error}.", markup=False)
            _abandon_output()
            raise SystemExit(2) from None
        except KeyboardInterrupt:
            errors.print("interrupted.")
            raise SystemExit(130) from None

    return run


def _abandon_output() -> None:
    """What standard output could not take must not fail once more when the process ends."""
    try:
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
