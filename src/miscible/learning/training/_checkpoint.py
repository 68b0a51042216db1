"""Copies of the parameters of the best epochs."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from .._types import Checkpoint
from ._stack import Stack

__all__ = ["BestWeights"]


class BestWeights:
    """Best parameters so far of every member of a population.

    Parameters
    ----------
    start
        All members before training: what a member keeps that never had a good epoch.
    kind
        ``joint``: one trunk a member; ``per-task``: one trunk a head.
    """

    def __init__(self, start: Stack, kind: Checkpoint) -> None:
        self.per_task = kind == "per-task"
        n_heads = start.heads.shape[1]
        self.heads = start.heads.clone()
        trunk = start.trunk
        self.trunk: Tensor = trunk.unsqueeze(1).repeat(1, n_heads, 1) if self.per_task else trunk.clone()

    def keep(self, stack: Stack, places: np.ndarray, members: np.ndarray, heads: np.ndarray | None) -> None:
        """Copy improved parameters.

        Parameters
        ----------
        stack
            Members now training.
        places, members
            Positions in the stack and in the population of the improved members.
        heads
            Which head improved, for per-task checkpoints.
        """
        if not len(places):
            return
        device = self.heads.device
        source, target = (torch.as_tensor(a, dtype=torch.int64, device=device) for a in (places, members))
        if heads is None:
            self.trunk[target] = stack.trunk[source]
            self.heads[target] = stack.heads[source]
            return
        head = torch.as_tensor(heads, dtype=torch.int64, device=device)
        self.trunk[target, head] = stack.trunk[source]
        self.heads[target, head] = stack.heads[source, head]
