"""What a transfer among many tasks would need, told before anything is trained."""

from __future__ import annotations

import os
from collections.abc import Sequence

from ..errors import PlanError
from ..learning import NetworkShape, count_parameters
from ._axes import TRANSFERS
from ._bench import BYTES, CHUNK_BYTES, HEAD_UNITS, LAYERS
from ._strategy import Strategy
from ._tuning import Tuning

__all__ = ["check_memory", "transfer_bytes"]

_COPIES = 3
"""Of the inputs of all folds: as prepared, with a column of ones, and while one becomes the other."""
_SHARE = 0.8
"""Of the machine's memory that a study may fill."""


def transfer_bytes(
    strategy: Strategy, tuning: Tuning, *, n_rows: int, n_inputs: int, n_folds: int, n_tasks: int
) -> tuple[int, int]:
    """Networks a transfer keeps, and about how much memory it takes at most.

    Parameters
    ----------
    strategy, tuning
        With its width, and how many networks a target keeps.
    n_rows, n_inputs, n_folds, n_tasks
        Of the table; inputs as featurised.
    """
    layers = (strategy.n_units,) * LAYERS
    one = count_parameters(NetworkShape(n_inputs, (1,), trunk=layers, head=(HEAD_UNITS,)))
    every = count_parameters(NetworkShape(n_inputs, (1,) * n_tasks, trunk=layers, head=(HEAD_UNITS,)))
    kept = n_folds * n_tasks * min(tuning.finalists, len(tuning.settings(())))
    inputs = _COPIES * 4 * n_folds * n_rows * n_inputs
    first = BYTES * n_folds * len(tuning.settings(())) * every
    # Kept twice while those of all targets are joined.
    return kept, inputs + max(first, CHUNK_BYTES + 2 * 4 * kept * one)


def check_memory(
    strategies: Sequence[Strategy],
    tuning: Tuning,
    *,
    n_rows: int,
    n_inputs: int,
    n_folds: int,
    n_tasks: int,
    memory: int | None = None,
) -> None:
    """Refuse a transfer that would not fit into memory.

    Parameters
    ----------
    strategies, tuning, n_rows, n_inputs, n_folds, n_tasks
        As in `transfer_bytes`.
    memory
        Bytes of the machine; asked for by default.

    Raises
    ------
    PlanError
        One does not fit; the message says how much it would need.
    """
    memory = memory or os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    for strategy in strategies:
        if strategy.architecture not in TRANSFERS:
            continue
        kept, needed = transfer_bytes(
            strategy, tuning, n_rows=n_rows, n_inputs=n_inputs, n_folds=n_folds, n_tasks=n_tasks
        )
        if needed > _SHARE * memory:
            raise PlanError(
                f"strategy {strategy.name!r} on {n_tasks} properties in {n_folds} folds keeps {kept:,} networks and "
                f"needs about {needed / 1e9:.0f} GB of memory; this machine has {memory / 1e9:.0f} GB.",
                hint="Name fewer targets, fewer folds or finalists, or narrower networks (+w64); with molecules, "
                "inputs as descriptors.",
            )
