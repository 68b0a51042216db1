"""What may act or watch during training."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from ..nets import Network
from ._stack import Stack

__all__ = ["EpochEnd", "Hook"]


@dataclass(frozen=True, slots=True)
class EpochEnd:
    """State after an epoch's training and validation.

    Parameters
    ----------
    epoch
        Finished epochs.
    members
        ``(n_alive,)`` positions in the population of the members that trained in this epoch.
    train_loss, valid_loss
        ``(n_alive, n_tasks)`` mean losses, NaN where a member does not learn or see a task.
    best_score
        ``(n_alive,)`` best mean validation loss so far.
    n_alive
        Members that go on.
    network, stacks
        The parameters: stacks whose members, one after the other, are ``members``; to be read, not written.
    """

    epoch: int
    members: np.ndarray
    train_loss: np.ndarray
    valid_loss: np.ndarray
    best_score: np.ndarray
    n_alive: int
    network: Network
    stacks: tuple[Stack, ...]


class Hook(Protocol):
    """Called by training; raising ends it."""

    def on_epoch_end(self, event: EpochEnd) -> None:
        """After every epoch, before finished members leave."""
        ...
