"""Which rows carry which labels, so that counts, shared rows and repeats are exact."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ._synthetic_dials import Dials

__all__ = ["Block", "lay_out"]


@dataclass(frozen=True)
class Block:
    """Rows that carry the same labels.

    Parameters
    ----------
    tasks
        Whose labels, most labelled task first.
    n_alloys
        Rows with an alloy of their own.
    n_repeats
        Rows that repeat one of these alloys.
    """

    tasks: tuple[int, ...]
    n_alloys: int
    n_repeats: int

    @property
    def home(self) -> int:
        """The scarcest of the tasks, for whose sake the alloys were chosen."""
        return self.tasks[-1]


def lay_out(dials: Dials) -> tuple[Block, ...]:
    """Blocks of rows.

    Shared rows are nested: with the tasks in order of their counts, the rows that task k shares with earlier ones
    are part of the rows that task k - 1 shares with earlier ones. Then every pair shares exactly
    ``round(overlap * count of the scarcer)`` rows.
    """
    counts = np.array(dials.counts)
    order = np.argsort(-counts, kind="stable").tolist()
    shared = [round(dials.overlap * dials.counts[task]) for task in order[1:]]
    nested = [dials.counts[order[0]], *shared, 0]
    blocks = [(tuple(order[: k + 1]), nested[k] - nested[k + 1]) for k in range(len(order))]
    blocks += [((task,), dials.counts[task] - n) for task, n in zip(order[1:], shared, strict=True)]
    blocks = [(tasks, n) for tasks, n in blocks if n > 0]
    repeats = _spread(dials.replicates, np.array([n for _, n in blocks]))
    return tuple(Block(tasks, n - r, r) for (tasks, n), r in zip(blocks, repeats, strict=True))


def _spread(share: float, sizes: np.ndarray) -> list[int]:
    """Repeats of each block: ``round(share * rows)`` in all, in proportion, one alloy left in every block."""
    most = sizes - 1
    total = min(round(share * int(sizes.sum())), int(most.sum()))
    repeats = np.minimum(np.floor(share * sizes).astype(np.int64), most)
    for block in np.argsort(repeats - share * sizes, kind="stable").tolist():
        lacking = total - int(repeats.sum())
        repeats[block] += min(max(lacking, 0), 1, most[block] - repeats[block])
    for block in range(len(sizes)):
        lacking = total - int(repeats.sum())
        repeats[block] += min(max(lacking, 0), most[block] - repeats[block])
    return repeats.tolist()
