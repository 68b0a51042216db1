"""Shift: do the properties live in the same part of input space?"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import numpy as np

from ..evaluation import holm
from ..inputs import Preparation
from ._case import Case
from ._separation import share_inside, tell_apart
from ._separators import Separator, enough_alone, leading_inputs, telling_columns

__all__ = ["ShiftFinding", "find_shift"]

MOST_TASKS, FEW_TASKS = 10, 6
"""Properties looked at, those with the most labels; fewer when quick."""
MOST_ROWS, FEW_ROWS = 3_000, 1_000
MOST_TIMES = 5
"""The larger set of a pair keeps at most so many times the rows of the smaller."""
FEWEST_ROWS, FEWEST_GROUPS = 20, 5
"""Rows and groups of one property alone that telling apart needs."""
FEWEST_INSIDE = 10
"""Labels that a domain needs."""


@dataclass(frozen=True, eq=False)
class ShiftFinding:
    """Where the properties live.

    Parameters
    ----------
    names, counts
        Of all properties of the table.
    looked_at
        Positions of the properties compared.
    shared, alone
        ``(n_tasks, n_tasks)`` rows with both labels; rows with the label of the row's property and not of the
        column's.
    shared_groups
        ``(n_tasks, n_tasks)`` groups with labels of both.
    area, low, high
        ``(n_tasks, n_tasks)`` symmetric: how well rows of one alone are told from rows of the other alone, and the
        95 % interval; 0.5 is chance. NaN where it cannot be seen.
    p_holm
        ``(n_tasks, n_tasks)`` p of chance, corrected over the pairs.
    area_without
        ``(n_tasks, n_tasks)`` as ``area``, without the inputs that are enough alone, flags and categories with the
        whole of their column; NaN where there is no such input, or no other.
    inside
        ``(n_tasks, n_tasks)`` share of the column's rows inside the domain of the row's; 0.95 is what rows of the
        same kind have. NaN where there are too few.
    foreign
        ``(n_tasks, n_tasks)`` share of the column's rows with an element, a category or a gap that the row's domain
        never had; they are outside.
    separators
        By pair, what separates most.
    effect
        ``(n_tasks,)`` change of the error by sharing, as a share; NaN where not compared.
    grouped_by
        What rows were kept together by.
    """

    names: tuple[str, ...]
    counts: np.ndarray
    looked_at: tuple[int, ...]
    shared: np.ndarray
    alone: np.ndarray
    shared_groups: np.ndarray
    area: np.ndarray
    low: np.ndarray
    high: np.ndarray
    p_holm: np.ndarray
    area_without: np.ndarray
    inside: np.ndarray
    foreign: np.ndarray
    separators: tuple[Separator, ...]
    effect: np.ndarray
    grouped_by: str

    def company(self) -> np.ndarray:
        """``(n_tasks,)`` share of a property's rows inside the domains of the others, averaged by their labels."""
        mean = np.full(len(self.names), np.nan)
        for t in range(len(self.names)):
            known = np.isfinite(self.inside[:, t])
            known[t] = False
            if known.any():
                mean[t] = np.average(self.inside[known, t], weights=self.counts[known])
        return mean


@dataclass(frozen=True, eq=False)
class _Home:
    """Where the rows of one property are, in the scale of its own inputs."""

    preparation: Preparation
    rows: np.ndarray


def find_shift(case: Case) -> ShiftFinding:
    """Compare the rows of every pair of properties; reads which labels there are, never their values."""
    table, codes = case.table, case.result.groups.codes
    measured = np.isfinite(table.labels)
    n_tasks = table.n_tasks
    most = FEW_TASKS if case.quick else MOST_TASKS
    order = [t for t in np.argsort(-table.counts, kind="stable")[:most].tolist() if table.counts[t]]
    looked_at = tuple(sorted(order))
    preparation = Preparation.fit(case.context.features, np.flatnonzero(measured[:, looked_at].any(axis=1)))
    inputs = preparation.transform(case.context.features)
    area, low, high, p_value, without = np.full((5, n_tasks, n_tasks), np.nan)
    inside, foreign = np.full((2, n_tasks, n_tasks), np.nan)
    separators: list[Separator] = []
    pairs = list(combinations(looked_at, 2))
    homes = {t: _home(case, measured, t) for t in looked_at}
    for i, (s, t) in enumerate(pairs):
        seed = case.seed("shift", s, t)
        for reference, other in ((s, t), (t, s)):
            there = _inside(case, homes[reference], _chosen(case, measured, other))
            inside[reference, other], foreign[reference, other] = there
        rows, second = _alone(case, measured, s, t)
        if rows.size and inputs.shape[1]:
            found = tell_apart(inputs[rows], second, codes[rows], seed)
            area[s, t] = area[t, s] = found.area
            low[s, t], high[s, t] = low[t, s], high[t, s] = found.interval
            p_value[s, t] = found.p_value
            rest = ~enough_alone(inputs[rows], second, preparation.names)
            if rest.any() and not rest.all():
                others = tell_apart(inputs[rows][:, rest], second, codes[rows], seed)
                without[s, t] = without[t, s] = others.area
            separators += leading_inputs(found, inputs[rows], second, preparation.names, s, t)
            separators += [
                Separator(s, t, name, np.nan, alone, False)
                for name, alone in telling_columns(table, rows, second)
            ]
        case.progress((i + 1) / len(pairs))
    return ShiftFinding(
        names=table.names,
        counts=table.counts,
        looked_at=looked_at,
        shared=_together(measured, measured),
        alone=_together(measured, ~measured),
        shared_groups=_shared_groups(measured, codes),
        area=area,
        low=low,
        high=high,
        p_holm=_corrected(p_value),
        area_without=without,
        inside=inside,
        foreign=foreign,
        separators=tuple(separators),
        effect=np.array([case.sharing_effect(t) for t in range(n_tasks)]),
        grouped_by=case.result.groups.by,
    )


def _alone(case: Case, measured: np.ndarray, s: int, t: int) -> tuple[np.ndarray, np.ndarray]:
    """Rows with one label only and the side of each, in balance; empty where they are too few."""
    codes = case.result.groups.codes
    sides = [np.flatnonzero(measured[:, a] & ~measured[:, b]) for a, b in ((s, t), (t, s))]
    n_groups = min(len(np.unique(codes[rows])) for rows in sides)
    fewest = min(map(len, sides))
    if fewest < FEWEST_ROWS or n_groups < FEWEST_GROUPS:
        return np.empty(0, int), np.empty(0, bool)
    most = min(FEW_ROWS if case.quick else MOST_ROWS, MOST_TIMES * fewest)
    chosen = [_sample(rows, most, case.seed("shift rows", s, t, i)) for i, rows in enumerate(sides)]
    return np.concatenate(chosen), np.repeat([False, True], [len(rows) for rows in chosen])


def _home(case: Case, measured: np.ndarray, task: int) -> _Home | None:
    """The domain of a property; ``None`` where it has too few labels or no input that varies."""
    own = np.flatnonzero(measured[:, task])
    if len(own) < FEWEST_INSIDE:
        return None
    preparation = Preparation.fit(case.context.features, own)
    rows = _chosen(case, measured, task)
    return _Home(preparation, rows) if preparation.n_inputs else None


def _inside(case: Case, home: _Home | None, rows: np.ndarray) -> tuple[float, float]:
    """Shares of rows inside a domain, and of those with something that it never had; see `ShiftFinding`."""
    if home is None or len(rows) < FEWEST_INSIDE:
        return float("nan"), float("nan")
    features, codes = case.context.features, case.result.groups.codes
    known = ~home.preparation.unseen(features.take(rows))
    there = rows[known]
    if not there.size:
        return 0.0, 1.0
    inside = share_inside(
        home.preparation.transform(features, there),
        codes[there],
        home.preparation.transform(features, home.rows),
        codes[home.rows],
    )
    return inside * float(known.mean()), float((~known).mean())


def _chosen(case: Case, measured: np.ndarray, task: int) -> np.ndarray:
    most = FEW_ROWS if case.quick else MOST_ROWS
    return _sample(np.flatnonzero(measured[:, task]), most, case.seed("domain", task))


def _sample(rows: np.ndarray, most: int, seed: int) -> np.ndarray:
    if len(rows) <= most:
        return rows
    rng = np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed])))
    return np.sort(rng.choice(rows, most, replace=False))


def _shared_groups(measured: np.ndarray, codes: np.ndarray) -> np.ndarray:
    holds = np.zeros((int(codes.max(initial=-1)) + 1, measured.shape[1]), bool)
    rows, tasks = np.nonzero(measured)
    holds[codes[rows], tasks] = True
    return _together(holds, holds)


def _together(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Counts of rows with both, ``(n_tasks, n_tasks)``; floats for speed, exact up to 16 million."""
    return np.rint(first.T.astype(np.float32) @ second.astype(np.float32)).astype(int)


def _corrected(p_value: np.ndarray) -> np.ndarray:
    known = np.isfinite(p_value)
    corrected = np.full(p_value.shape, np.nan)
    corrected[known] = holm(p_value[known])
    return np.where(np.isfinite(corrected), corrected, corrected.T)
