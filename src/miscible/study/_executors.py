"""Run cells in this process or in a few single-threaded worker processes."""

from __future__ import annotations

import multiprocessing
import os
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from typing import Protocol

from ..errors import MiscibleError
from ..processes import apart, end_at_once, one_thread, settle_worker
from ._cells import Cell, CellRecord
from ._work import StudyContext, run_cell

__all__ = ["Executor", "InProcess", "Processes", "make_executor"]

_context: StudyContext | None = None


class Executor(Protocol):
    """Runs cells and hands back their records as they finish; saving is the cell's own last act."""

    def run(self, cells: Sequence[Cell], deadline: float | None) -> Iterator[tuple[Cell, CellRecord]]:
        """Run cells in order; those not started by ``deadline`` (monotonic seconds) are left out."""
        ...

    def close(self) -> None:
        """Stop at once."""
        ...


class InProcess:
    """One cell after another, in this process; on one thread, so that no number depends on the executor."""

    def __init__(self, context: StudyContext) -> None:
        self._context = context

    def run(self, cells: Sequence[Cell], deadline: float | None) -> Iterator[tuple[Cell, CellRecord]]:
        """See `Executor`."""
        for cell in cells:
            if deadline is not None and time.monotonic() > deadline:
                return
            with one_thread():
                record = run_cell(self._context, cell)
            yield cell, record

    def close(self) -> None:
        """Nothing to stop."""


class Processes:
    """Spawned workers of one thread each, so that threads never multiply."""

    def __init__(self, context: StudyContext, n_workers: int) -> None:
        self._n_workers = n_workers
        self._pool = ProcessPoolExecutor(
            n_workers,
            mp_context=multiprocessing.get_context("spawn"),
            initializer=_start_worker,
            initargs=(context, os.getpid()),
        )

    def run(self, cells: Sequence[Cell], deadline: float | None) -> Iterator[tuple[Cell, CellRecord]]:
        """See `Executor`."""
        queue = list(reversed(cells))
        running: dict[Future[CellRecord], Cell] = {}
        while queue or running:
            late = deadline is not None and time.monotonic() > deadline
            while queue and len(running) < self._n_workers and not late:
                cell = queue.pop()
                with apart():
                    running[self._pool.submit(_run_in_worker, cell)] = cell
            if not running:
                return
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                yield running.pop(future), _result(future)

    def close(self) -> None:
        """See `Executor`."""
        end_at_once(self._pool)


def make_executor(context: StudyContext, n_workers: int, n_cells: int) -> Executor:
    """Workers where they pay, this process where one is enough."""
    n_workers = min(n_workers, n_cells)
    return Processes(context, n_workers) if n_workers > 1 else InProcess(context)


def _result(future: Future[CellRecord]) -> CellRecord:
    try:
        return future.result()
    except BrokenProcessPool as error:
        raise MiscibleError(
            "a worker process was ended from outside; memory may have run out.",
            hint="What is finished is kept: go on with --resume and fewer --workers.",
        ) from error


def _start_worker(context: StudyContext, parent: int) -> None:
    global _context
    _context = context
    settle_worker(parent)


def _run_in_worker(cell: Cell) -> CellRecord:
    if _context is None:
        raise RuntimeError("worker was not started with a study")
    return run_cell(_context, cell)
