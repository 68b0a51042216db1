"""Share whole groups out among parts so that every stratum is spread in proportion."""

from __future__ import annotations

from collections import defaultdict
from itertools import pairwise

import numpy as np

from ._strata import Strata

__all__ = ["allocate"]


def allocate(
    strata: Strata, shares: np.ndarray, rng: np.random.Generator, settled: np.ndarray | None = None
) -> np.ndarray:
    """Part of every group.

    Greedy: groups are taken from the ones that hold the largest part of any stratum (large groups, groups
    of scarce tasks) down to the least, and each goes where it adds least to

        sum over strata s and parts b of importance_s (load_sb / total_s)^2 / share_b,

    which is smallest when every part holds its share of every stratum. Dividing by totals makes one of ten
    labels count as much as a thousand of ten thousand. Groups are ordered by powers of two of their largest
    part, at random inside one power, so repeats with another generator differ.

    Groups with equal counts, such as the many singletons of one task, are placed together: adding them one by
    one raises a part's cost linearly, so the greedy end state is a level that can be computed at once. The
    loop runs over distinct counts.

    Parameters
    ----------
    strata
        Counts of every group.
    shares
        ``(n_parts,)`` share of each part, summing to 1.
    rng
        Source of the order.
    settled
        ``(n_groups,)`` part of groups whose place is given, -1 for those still to be placed; none is given by
        default.

    Returns
    -------
    ndarray
        ``(n_groups,)`` int64.
    """
    settled = np.full(strata.n_groups, -1) if settled is None else settled
    columns, amounts = strata.columns, strata.amounts
    inverse = 1 / np.maximum(strata.totals, 1)
    relative = strata.importance * inverse**2
    patterns: dict[bytes, list[int]] = defaultdict(list)
    for group, (start, stop) in enumerate(pairwise(strata.starts.tolist())):
        if settled[group] < 0:
            patterns[columns[start:stop].tobytes() + amounts[start:stop].tobytes()].append(group)
    members = [np.array(groups) for groups in patterns.values()]

    largest = np.maximum.reduceat(amounts * inverse[columns], strata.starts[:-1])
    power = np.floor(np.log2(largest[[groups[0] for groups in members]]))
    order = np.lexsort((rng.random(len(members)), -power))

    parts = settled.astype(np.int64)
    loads = np.zeros((strata.n_strata, len(shares)))
    for group in np.flatnonzero(settled >= 0).tolist():
        where, held = strata.of_group(group)
        loads[where, settled[group]] += held
    for pattern in order.tolist():
        groups = members[pattern]
        where, held = strata.of_group(groups[0])
        weighted = held * relative[where]
        costs = weighted @ loads[where]
        step = float(weighted @ held)
        if len(groups) == 1:
            part = int(np.argmin((2 * costs + step) / shares))
            loads[where, part] += held
            parts[groups[0]] = part
        else:
            placed = _fill(costs, step, shares, len(groups))
            loads[where] += np.outer(held, placed)
            parts[rng.permutation(groups)] = np.repeat(np.arange(len(shares)), placed)
    return parts


def _fill(costs: np.ndarray, step: float, shares: np.ndarray, n: int) -> np.ndarray:
    """How many of ``n`` equal groups each part gets when they are placed one by one where it costs least.

    The a-th one (from 0) in part b costs (2 costs_b + (2 a + 1) step) / shares_b. Fill to a common level
    just short of ``n``, then place the few that are left one by one.
    """
    order = np.argsort(costs / shares)
    levels = (2 * step * n + 2 * np.cumsum(costs[order])) / np.cumsum(shares[order])
    filled = np.flatnonzero(levels >= (2 * costs / shares)[order])
    level = levels[filled[-1]]
    placed = np.maximum(0, np.floor((level * shares - 2 * costs) / (2 * step)).astype(np.int64) - 1)
    for _ in range(n - int(placed.sum())):
        placed[np.argmin((2 * costs + (2 * placed + 1) * step) / shares)] += 1
    return placed
