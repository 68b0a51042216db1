"""Worker processes that know nothing of the script that started them."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from types import ModuleType

__all__ = ["apart", "end_at_once", "one_thread", "settle_worker"]


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


@contextmanager
def one_thread() -> Iterator[None]:
    """Compute on one thread, so that no number depends on how many processes share the work."""
    # Workers that only read molecules import this module too.
    import torch
    from threadpoolctl import threadpool_limits

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with threadpool_limits(1):
            yield
    finally:
        torch.set_num_threads(before)


def settle_worker(parent: int) -> None:
    """Make this process a worker of one thread that leaves Ctrl-C to its parent and does not outlive it."""
    import torch
    from threadpoolctl import threadpool_limits

    torch.set_num_threads(1)
    threadpool_limits(1)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_die_with_parent, args=(parent,), daemon=True).start()


def end_at_once(pool: ProcessPoolExecutor) -> None:
    """Kill the workers, whatever they are doing."""
    for process in list((pool._processes or {}).values()):
        process.kill()
    pool.shutdown(wait=False, cancel_futures=True)


def _die_with_parent(parent: int) -> None:
    """A worker whose parent was killed would wait for work for ever."""
    while os.getppid() == parent:
        time.sleep(1.0)
    os._exit(1)
