"""Worker processes that know nothing of the script that started them."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType

__all__ = ["apart"]


@contextmanager
def apart() -> Iterator[None]:
    """Start workers that import nothing of the caller's script and leave Ctrl-C to their parent.

    A script without a main guard would run itself again in every worker; a worker that is still importing
    would print a traceback.
    """
    main = sys.modules["__main__"]
    sys.modules["__main__"] = ModuleType("__main__")
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT}) if os.name == "posix" else None
    try:
        yield
    finally:
        if mask is not None:
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        sys.modules["__main__"] = main
