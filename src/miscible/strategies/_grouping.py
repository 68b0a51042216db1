"""Which tasks to train together: from affinities between tasks to groups of tasks.

Affinities and the score of a group follow task affinity groupings (Fifty et al. 2021, arXiv 2109.04617).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..errors import PlanError
from ..evaluation import finite_mean
from ._grouping_exact import search_all
from ._grouping_greedy import search_greedily
from ._grouping_objective import TIE, Objective

__all__ = ["EXACT_TASKS", "Grouping", "affinity_from_gram", "affinity_from_pairs", "best_grouping"]

# Half a second on one core; each further task takes three times as long.
EXACT_TASKS = 13
_SAME = 1e-9


@dataclass(frozen=True, slots=True)
class Grouping:
    """Tasks divided between networks.

    Parameters
    ----------
    groups
        Tasks trained together, each group ascending and the groups in ascending order. A task may be in
        several: where it is not served, it is there to help.
    served
        For each task the position of the one group that answers for it; every group answers for a task.
    score
        Sum over tasks of the mean affinity to a task of the others in the group that serves it; 0 for a task
        alone.
    exact
        Whether no other groups reach a higher score (see `best_grouping`).
    """

    groups: tuple[tuple[int, ...], ...]
    served: tuple[int, ...]
    score: float
    exact: bool


def affinity_from_gram(gram: np.ndarray, losses: np.ndarray, rate: float) -> np.ndarray:
    """How much a step on one task lowers the loss of another, to first order.

    After the step ``theta - rate * g_i`` the loss of ``j`` has fallen by ``rate * g_i . g_j``, relative to the
    loss: ``1 - L_j(theta - rate * g_i) / L_j = rate * G_ij / L_j``, averaged over probes (Fifty et al. 2021,
    equation 1, expanded).

    Parameters
    ----------
    gram
        ``(n_probes, n_tasks, n_tasks)`` inner products of the tasks' gradients in the shared parameters; NaN in
        row and column of a task the probe had no label of.
    losses
        ``(n_probes, n_tasks)`` at the probes. A relative fall means nothing for a loss that is not positive, as
        a likelihood's may be: such a probe says nothing of the task, as if it had no label of it.
    rate
        Length of the step.

    Returns
    -------
    ndarray
        ``(n_tasks, n_tasks)``; entry ``[i, j]`` is the effect of a step on ``i`` on the loss of ``j``, the
        diagonal that of a task on itself. 0 for a pair no probe says anything of: no reason to train
        them together, and none against it.

    Raises
    ------
    ValueError
        Shapes do not match, or the rate is not positive and finite.
    """
    gram, losses = np.asarray(gram, dtype=np.float64), np.asarray(losses, dtype=np.float64)
    if losses.ndim != 2 or gram.shape != (*losses.shape, losses.shape[1]):
        raise ValueError(f"gram {gram.shape} and losses {losses.shape} do not match")
    if not 0 < rate < np.inf:
        raise ValueError(f"the rate must be positive and finite, got {rate}")
    positive = np.where(losses > 0, losses, np.nan)
    with np.errstate(over="ignore", invalid="ignore"):
        relative = rate * gram / positive[:, None, :]
    return np.nan_to_num(finite_mean(relative), nan=0.0)


def affinity_from_pairs(alone: np.ndarray, together: np.ndarray) -> np.ndarray:
    """How much lower a task's validation error is when one other task is trained with it.

    Parameters
    ----------
    alone
        ``(n_tasks,)`` validation error of each task in a network of its own.
    together
        ``(n_tasks, n_tasks)``; entry ``[i, j]`` is the error of ``j`` in the network trained on ``i`` and ``j``. The
        diagonal is not read.

    Returns
    -------
    ndarray
        ``(n_tasks, n_tasks)`` of ``1 - together[i, j] / alone[j]``, 0 on the diagonal. An entry is also 0 where
        an error is NaN or infinite (the pair was not trained, or its network diverged) or ``alone`` is not
        positive: nothing is known for or against the pair, and one missing pair must not forbid every group
        that holds both.

    Raises
    ------
    ValueError
        Shapes do not match.
    """
    alone, together = np.asarray(alone, dtype=np.float64), np.asarray(together, dtype=np.float64)
    if alone.ndim != 1 or together.shape != (len(alone), len(alone)):
        raise ValueError(f"errors alone {alone.shape} and together {together.shape} do not match")
    with np.errstate(over="ignore", invalid="ignore"):
        affinity = 1.0 - together / np.where(np.isfinite(alone) & (alone > 0), alone, np.nan)
    np.fill_diagonal(affinity, 0.0)
    return np.where(np.isfinite(affinity), affinity, 0.0)


def best_grouping(affinity: np.ndarray, n_networks: int) -> Grouping:
    """Divide tasks between at most ``n_networks`` networks so that the sum of what they gain is greatest.

    A task may be trained in several networks and is served by the one where it gains most. Up to
    `EXACT_TASKS` tasks all choices of overlapping groups are searched. Beyond, groups are merged and improved by
    small moves; the result is never worse than all tasks together, nor than every task alone if that many
    networks are allowed, and is still marked exact if every task gains the most that it can in any group.

    Of equal scores the one with fewer groups is taken, then the one with fewer members in all (beyond
    `EXACT_TASKS` as far as small moves find it); what is still equal is settled by the order of tasks alone. Scores
    count as equal when a network more gains less than the tasks squared times 1e-11 of the largest affinity.

    Parameters
    ----------
    affinity
        ``(n_tasks, n_tasks)``; entry ``[i, j]`` is what training with ``i`` does for ``j``, positive if it helps. The
        diagonal is not read.
    n_networks
        Most groups.

    Raises
    ------
    PlanError
        Fewer than one network.
    ValueError
        The affinity is not square and finite, or there is no task.
    """
    affinity = np.asarray(affinity, dtype=np.float64)
    if affinity.ndim != 2 or affinity.shape[0] != affinity.shape[1] or not affinity.size:
        raise ValueError(f"affinity is {affinity.shape}, expected one row and one column for each task")
    if not np.isfinite(affinity[~np.eye(len(affinity), dtype=bool)]).all():
        raise ValueError("affinity holds values that are not finite")
    if n_networks < 1:
        raise PlanError(
            f"tasks cannot be divided between {n_networks} networks.", hint="Allow at least one network."
        )
    objective = Objective.of(affinity)
    small = objective.n_tasks <= EXACT_TASKS
    members = (search_all if small else search_greedily)(objective, n_networks)
    groups, served = _serving(objective, members)
    score = objective.answers(groups)[served, np.arange(objective.n_tasks)].sum()
    return Grouping(
        groups=tuple(tuple(int(task) for task in np.flatnonzero(group)) for group in groups),
        served=tuple(int(k) for k in served),
        score=float(score * objective.scale),
        exact=bool(small or n_networks == 1 or score >= objective.ceiling - _SAME),
    )


def _serving(objective: Objective, members: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Groups that serve, in ascending order, and which serves each task; of equal ones the smallest."""
    groups = np.array(sorted(members.tolist(), key=lambda group: np.flatnonzero(group).tolist()), dtype=bool)
    answers = objective.answers(groups)
    best = answers >= answers.max(axis=0) - TIE
    served = np.where(best, groups.sum(axis=1)[:, None], objective.n_tasks + 1).argmin(axis=0)
    kept, position = np.unique(served, return_inverse=True)
    return groups[kept], position
