"""Work through the parts of a diagnosis, in this process or in a few of one thread each."""

from __future__ import annotations

import multiprocessing
import os
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import replace
from multiprocessing.queues import SimpleQueue

from ..diagnosis import Case, Exhibit, Part
from ..errors import MiscibleError
from ..processes import apart, end_at_once, one_thread, settle_worker

__all__ = ["run_parts"]

Hear = Callable[[Part, float], None]
"""Hears which share of a part is done."""
STEP = 0.01
"""Share of a part below which progress is not worth a message."""
PATIENCE = 0.5
"""Seconds between two looks at how far the workers are."""

_case: Case | None = None
_queue: SimpleQueue[tuple[int, float]] | None = None


def run_parts(
    case: Case, parts: Sequence[Part], n_workers: int, hear: Hear
) -> Iterator[tuple[Part, Exhibit, float]]:
    """Every part with its exhibit and seconds, as it is finished.

    What is found does not depend on the number of workers. An error in one part ends the others.
    """
    n_workers = min(n_workers, len(parts))
    if n_workers > 1:
        yield from _in_processes(case, parts, n_workers, hear)
        return
    for part in parts:
        with one_thread():
            done = _look(replace(case, progress=lambda share, part=part: hear(part, share)), part)
        yield part, *done


def _look(case: Case, part: Part) -> tuple[Exhibit, float]:
    began = time.perf_counter()
    exhibit = part.exhibit(case)
    return exhibit, time.perf_counter() - began


def _in_processes(
    case: Case, parts: Sequence[Part], n_workers: int, hear: Hear
) -> Iterator[tuple[Part, Exhibit, float]]:
    spawn = multiprocessing.get_context("spawn")
    queue: SimpleQueue[tuple[int, float]] = spawn.SimpleQueue()
    pool = ProcessPoolExecutor(
        n_workers, mp_context=spawn, initializer=_start_worker, initargs=(case, queue, os.getpid())
    )
    try:
        running: dict[Future[tuple[Exhibit, float]], Part] = {}
        # The longest first, so that no worker is left with it at the end.
        for place in sorted(range(len(parts)), key=lambda i: -parts[i].cost):
            with apart():
                running[pool.submit(_run_in_worker, place, parts[place])] = parts[place]
        while running:
            finished = wait(running, timeout=PATIENCE, return_when=FIRST_COMPLETED).done
            while not queue.empty():
                place, share = queue.get()
                hear(parts[place], share)
            for future in finished:
                yield running.pop(future), *_result(future)
    finally:
        end_at_once(pool)


def _result(future: Future[tuple[Exhibit, float]]) -> tuple[Exhibit, float]:
    try:
        return future.result()
    except BrokenProcessPool as error:
        raise MiscibleError(
            "a worker process was ended from outside; memory may have run out.",
            hint="What is finished is kept: go on with --resume and fewer workers in plan.toml.",
        ) from error


def _start_worker(case: Case, queue: SimpleQueue[tuple[int, float]], parent: int) -> None:
    global _case, _queue
    _case, _queue = case, queue
    settle_worker(parent)


def _run_in_worker(place: int, part: Part) -> tuple[Exhibit, float]:
    if _case is None or _queue is None:
        raise RuntimeError("worker was not started with a case")
    return _look(replace(_case, progress=_Teller(_queue, place)), part)


class _Teller:
    """Passes progress on to the parent, not more often than it matters."""

    def __init__(self, queue: SimpleQueue[tuple[int, float]], place: int) -> None:
        self._queue, self._place, self._told = queue, place, 0.0

    def __call__(self, share: float) -> None:
        if share - self._told >= STEP:
            self._told = share
            self._queue.put((self._place, share))
