"""Copies of the parameters of the best epochs."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from .._types import Checkpoint
from ..nets import Weights
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
        n_heads = start.steps.shape[1] - 1
        weights = start.weights
        self._heads = [layer.transpose(0, 1).contiguous() for layer in weights.heads]
        self._trunk = [
            layer.unsqueeze(1).repeat(1, n_heads, 1, 1) if self.per_task else layer.clone()
            for layer in weights.trunk
        ]

    def keep(
        self, weights: Weights, places: np.ndarray, members: np.ndarray, heads: np.ndarray | None
    ) -> None:
        """Copy improved parameters.

        Parameters
        ----------
        weights
            Of members now training.
        places, members
            Positions in the stack and in the population of the improved members.
        heads
            Which head improved, for per-task checkpoints.
        """
        if not len(places):
            return
        device = self._trunk[0].device
        source, target = (torch.as_tensor(a, dtype=torch.int64, device=device) for a in (places, members))
        if heads is None:
            for kept, layer in zip(self._trunk, weights.trunk, strict=True):
                kept[target] = layer[source]
            for kept, layer in zip(self._heads, weights.heads, strict=True):
                kept[target] = layer[:, source].transpose(0, 1)
            return
        head = torch.as_tensor(heads, dtype=torch.int64, device=device)
        for kept, layer in zip(self._trunk, weights.trunk, strict=True):
            kept[target, head] = layer[source]
        for kept, layer in zip(self._heads, weights.heads, strict=True):
            kept[target, head] = layer[head, source]

    def networks(self, tasks: np.ndarray) -> tuple[list[Tensor], list[Tensor], np.ndarray, np.ndarray]:
        """Networks to hand out.

        Parameters
        ----------
        tasks
            ``(n_members, n_heads)`` task of each head, -1 for none.

        Returns
        -------
        tuple
            Trunk layers ``(n, n_in + 1, n_out)``, head layers ``(n, H, n_in + 1, n_out)``, tasks ``(n, H)`` and
            the member ``(n,)`` of each network.
        """
        if not self.per_task:
            return self._trunk, self._heads, tasks, np.arange(len(tasks))
        owner, head = np.nonzero(tasks >= 0)
        trunk = [layer[owner, head] for layer in self._trunk]
        heads = [layer[owner, head].unsqueeze(1) for layer in self._heads]
        return trunk, heads, tasks[owner, head][:, None], owner
