"""What training returns."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .._types import NetworkShape
from ._predict import State, predict

__all__ = ["Fitted", "MemberFit", "RuleCurves"]


@dataclass(frozen=True, slots=True)
class RuleCurves:
    """What a rule did, epoch by epoch.

    Parameters
    ----------
    name
        The rule.
    weights
        ``(epochs, n_tasks_of_member)`` mean weight of each task's gradient on the shared layers over the steps that
        had it; 1 is plain, NaN where no step had it.
    acted
        ``(epochs,)`` share of steps in which some weight was not 1.
    conflicts
        ``(epochs,)`` share of pairs of active tasks with a negative inner product; NaN for rules without a Gram.
    """

    name: str
    weights: np.ndarray
    acted: np.ndarray
    conflicts: np.ndarray


@dataclass(frozen=True, slots=True)
class MemberFit:
    """How one member fared.

    Parameters
    ----------
    tasks
        Its task columns; every array with a task axis follows them.
    best_epoch
        Epoch (from 1) of the best mean validation loss; 0 where there was none.
    best_score
        That loss; infinite where there was none.
    task_epoch, task_score
        Epoch of the parameters kept for each task, and its validation loss there; NaN without validation
        labels.
    diverged
        Whether it must not be used.
    reason
        Why it stopped: ``patience``, ``epochs``, ``raced out at epoch 8``, ``diverged at step 17``, ...
    epochs, steps
        Work done.
    train_curve, valid_curve
        ``(epochs, n_tasks_of_member)`` mean losses.
    norm_curve
        ``(epochs, 2)`` mean and largest norm of its whole gradient over an epoch's steps, before clipping (recorded
        without clipping too); infinite in an epoch with a gradient that is not finite.
    rule
        What its rule did; ``None`` without one.
    ratios
        ``(epochs, n_tasks_of_member)`` learned ratios after every epoch, NaN where a task is no source; ``None`` where
        none were learned.
    """

    tasks: tuple[int, ...]
    best_epoch: int
    best_score: float
    task_epoch: np.ndarray
    task_score: np.ndarray
    diverged: bool
    reason: str
    epochs: int
    steps: int
    train_curve: np.ndarray
    valid_curve: np.ndarray
    norm_curve: np.ndarray
    rule: RuleCurves | None = None
    ratios: np.ndarray | None = None


@dataclass(frozen=True)
class Fitted:
    """A trained population.

    Parameters
    ----------
    shape
        Of every network.
    kinds
        Of every task.
    members
        One a member, in the population's order.
    state
        Stacked parameters of all networks; see :func:`predict`.
    network_member
        ``(n_networks,)`` whose network it is. A joint checkpoint keeps one network a member, a per-task
        checkpoint one for every task of a member.
    """

    shape: NetworkShape
    kinds: tuple[str, ...]
    members: tuple[MemberFit, ...]
    state: State
    network_member: np.ndarray

    def member_state(self, member: int) -> State:
        """Networks of one member."""
        own = self.network_member == member
        return {name: array[own] for name, array in self.state.items()}

    def predict(self, member: int, inputs: np.ndarray, *, device: str = "cpu") -> np.ndarray:
        """``(n_rows, n_outputs)`` of one member; NaN in the columns of tasks it did not learn."""
        each = predict(self.shape, self.kinds, self.member_state(member), inputs, device=device)
        merged = each[0]
        for other in each[1:]:
            merged = np.where(np.isnan(merged), other, merged)
        return merged
