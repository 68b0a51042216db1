"""Good overlapping groups of many tasks: merge from below, then improve by small moves."""

from __future__ import annotations

import numpy as np

from ._grouping_objective import TIE, Objective

__all__ = ["search_greedily"]


def search_greedily(objective: Objective, n_groups: int) -> np.ndarray:
    """At most ``n_groups`` groups that no single move makes better.

    Two starts: every task alone, and every task with the one that helps it most. From each, groups are merged
    two by two down to one; the best stage with few enough groups is improved. All tasks in one group is the
    last stage of both, and every task alone the first of one, so the answer is never worse than either where
    it is allowed.

    Returns
    -------
    ndarray of bool
        ``(at most n_groups, n_tasks)``.
    """
    alone = np.eye(objective.n_tasks, dtype=bool)
    found = [
        _improve(objective, _merge(objective, start, n_groups), n_groups)
        for start in (alone, _with_best_helper(objective))
    ]
    return max(found, key=objective.worth)


def _with_best_helper(objective: Objective) -> np.ndarray:
    """Every task with the task that helps it most; alone where nothing helps."""
    members = np.eye(objective.n_tasks, dtype=bool)
    helped = np.flatnonzero(objective.effects.max(axis=0) > 0)
    members[helped, objective.effects.argmax(axis=0)[helped]] = True
    return members


def _merge(objective: Objective, members: np.ndarray, n_groups: int) -> np.ndarray:
    """Best stage with at most ``n_groups`` of merging, two at a time, whichever loses least.

    Group ``k`` begins by serving task ``k``; the union of two groups serves what both did, so that the worth
    of a merger depends on those two alone.
    """
    served = np.eye(objective.n_tasks, dtype=bool)
    own = _served_worth(objective, members, served)
    merged = np.full((len(own), len(own)), -np.inf)
    for k in range(len(own) - 1):
        merged[k, k + 1 :] = _served_worth(
            objective, members[k] | members[k + 1 :], served[k] | served[k + 1 :]
        )
    best, best_worth = None, -np.inf
    while True:
        if len(own) <= n_groups and (best is None or own.sum() > best_worth):
            best, best_worth = members, own.sum()
        if len(own) == 1:
            return members if best is None else best
        a, b = np.unravel_index((merged - own[:, None] - own).argmax(), merged.shape)
        members, served, own = members.copy(), served.copy(), own.copy()
        members[a] |= members[b]
        served[a] |= served[b]
        own[a] = merged[a, b]
        members, served, own = (np.delete(array, b, axis=0) for array in (members, served, own))
        merged = np.delete(np.delete(merged, b, axis=0), b, axis=1)
        row = _served_worth(objective, members[a] | members, served[a] | served)
        merged[a, a + 1 :] = row[a + 1 :]
        merged[:a, a] = row[:a]


def _served_worth(objective: Objective, members: np.ndarray, served: np.ndarray) -> np.ndarray:
    """Worth of each group by itself, ``(n_groups,)``, for the tasks it serves."""
    return np.where(served, objective.answers(members), 0.0).sum(axis=1) - objective.cost(members)


def _improve(objective: Objective, members: np.ndarray, n_groups: int) -> np.ndarray:
    """Take the best move of every group in turn until none gains."""
    before = -np.inf
    members = members[members.any(axis=1)]
    while (worth := objective.worth(members)) > before + TIE / 2:
        before = worth
        members = _add_group(objective, members, n_groups)
        for move in (_change_member, _move_member):
            for k in range(len(members)):
                if members[k].any():
                    members = move(objective, members, k)
        members = members[members.any(axis=1)]
    return members


def _add_group(objective: Objective, members: np.ndarray, n_groups: int) -> np.ndarray:
    """Found new groups, of one task or two, while there is room and gain."""
    n_tasks = objective.n_tasks
    while len(members) < n_groups:
        now = objective.answers(members).max(axis=0)
        gain = np.maximum(objective.effects.T - now[:, None], 0.0)
        gain = gain + gain.T
        np.fill_diagonal(gain, np.maximum(-now, 0.0))
        a, b = np.unravel_index((gain - TIE * (1 - np.eye(n_tasks))).argmax(), gain.shape)
        founded = np.zeros((1, n_tasks), dtype=bool)
        founded[0, [a, b]] = True
        if gain[a, b] <= objective.cost(founded)[0] + TIE / 2:
            break
        members = np.concatenate([members, founded])
    return members


def _change_member(objective: Objective, members: np.ndarray, k: int) -> np.ndarray:
    """Let one task in or out of group ``k``, or give the group up."""
    n_tasks = objective.n_tasks
    rows = np.concatenate([members[k] ^ np.eye(n_tasks, dtype=bool), np.zeros((1, n_tasks), dtype=bool)])
    others = np.delete(members, k, axis=0)
    rest = objective.answers(others).max(axis=0, initial=-np.inf)
    worth = np.maximum(rest, objective.answers(rows)).sum(axis=1) - objective.cost(rows)
    return _better(objective, members, _replaced(members, {k: rows[worth.argmax()]}))


def _move_member(objective: Objective, members: np.ndarray, k: int) -> np.ndarray:
    """Move one task from group ``k`` to another."""
    rest = _rest_without(objective, members, k)
    cost = objective.cost(members)
    best, moved = -np.inf, members
    for task in np.flatnonzero(members[k]):
        left, joined = members[k].copy(), members.copy()
        left[task], joined[:, task] = False, True
        answers = np.maximum(objective.answers(joined), objective.answers(left[None]))
        worth = np.maximum(rest, answers).sum(axis=1) - objective.cost(joined) + cost
        worth[k] = -np.inf
        worth -= objective.cost(left[None])
        other = int(worth.argmax())
        if worth[other] > best + TIE / 2:
            best, moved = worth[other], _replaced(members, {k: left, other: joined[other]})
    return _better(objective, members, moved)


def _rest_without(objective: Objective, members: np.ndarray, k: int) -> np.ndarray:
    """``(n_groups, n_tasks)`` best answer for every task when group ``k`` and the row's group are away."""
    answers = objective.answers(members)
    answers[k] = -np.inf
    order = np.argsort(answers, axis=0, kind="stable")
    best = np.take_along_axis(answers, order[-1:], axis=0)
    second = np.take_along_axis(answers, order[-2:-1], axis=0) if len(members) > 1 else best
    return np.where(np.arange(len(members))[:, None] == order[-1], second, best)


def _replaced(members: np.ndarray, rows: dict[int, np.ndarray]) -> np.ndarray:
    members = members.copy()
    for k, row in rows.items():
        members[k] = row
    return members


def _better(objective: Objective, members: np.ndarray, moved: np.ndarray) -> np.ndarray:
    """``moved`` if it gains more than rounding."""
    return moved if objective.worth(moved) > objective.worth(members) + TIE / 2 else members
