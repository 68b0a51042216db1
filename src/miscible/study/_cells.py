"""What a study is made of: one cell is one unit of work, done whole or not at all."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import numpy as np

from ..strategies import Strategy

__all__ = ["Cell", "CellRecord", "cells_of_repeat"]

_LONGEST = 150


@dataclass(frozen=True, slots=True)
class Cell:
    """One strategy on all folds of one repeat; networks with one task each have a cell per task.

    Parameters
    ----------
    strategy
        Its name.
    repeat
        Which repetition of the folds.
    tasks
        The tasks this cell answers for.
    cost
        Expected work in arbitrary units, for the progress estimate only.
    """

    strategy: str
    repeat: int
    tasks: tuple[int, ...]
    cost: float

    @property
    def key(self) -> str:
        """File stem; a name longer than file systems allow is cut and told apart by its checksum."""
        task = f"-t{self.tasks[0]}" if self.strategy.startswith("independent") else ""
        name = quote(self.strategy, safe="+=")
        if len(name) > _LONGEST:
            name = f"{name[:_LONGEST]}-{zlib.crc32(self.strategy.encode()):08x}"
        return f"{name}-r{self.repeat}{task}"


@dataclass(frozen=True, slots=True)
class CellRecord:
    """What a finished cell says of itself, beside its predictions.

    ``networks`` holds one entry per (fold, finalist): setting, epoch kept, epochs run, steps, parameters,
    training curves and, where the strategy has them, what its rule did, who influenced whom, and which of its tasks
    it answers for; ``headers`` what the saved networks of each fold need to be read back; ``diverged`` counts members
    that were contained and left out.
    """

    key: str
    strategy: str
    repeat: int
    tasks: tuple[int, ...]
    seconds: float
    members: int = 0
    diverged: int = 0
    steps: int = 0
    parameters: int = 0
    networks: tuple[dict[str, Any], ...] = ()
    headers: tuple[dict[str, Any], ...] = ()
    notes: tuple[str, ...] = ()


# Relative cost of one label, from timings of the alloy table; it only shapes the estimate of time left.
COST = {
    "mean": 0.002,
    "nearest": 0.2,
    "ridge": 0.2,
    "lightgbm": 1.0,
    "extra-trees": 1.0,
    "kernel": 1.5,
    "lightgbm-stacked": 3.0,
    "independent": 4.0,
    "shared": 4.0,
    "relation": 6.0,
    "relation-dynamic": 8.0,
    "mmoe": 6.0,
    "task-attention": 6.0,
    "grouped": 10.0,
    "warm": 12.0,
    "transfer": 40.0,
    "align": 60.0,
    "extended": 5.0,
}


def cells_of_repeat(strategies: Sequence[Strategy], repeat: int, counts: np.ndarray) -> list[Cell]:
    """The cells of one repeat, cheap strategies first so that a short budget still has baselines."""
    cells: list[Cell] = []
    n_tasks = len(counts)
    for strategy in sorted(strategies, key=lambda s: COST.get(s.architecture, 0.0)):
        unit = COST.get(strategy.architecture, 0.0)
        if strategy.is_mixture:
            continue
        if strategy.architecture == "independent":
            cells += [Cell(strategy.name, repeat, (t,), unit * float(counts[t])) for t in range(n_tasks)]
        else:
            cells.append(Cell(strategy.name, repeat, tuple(range(n_tasks)), unit * float(counts.sum())))
    return cells
