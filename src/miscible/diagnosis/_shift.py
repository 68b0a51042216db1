"""Shift: do the properties live in the same part of input space?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd

from ..evaluation import holm
from ..inputs import Preparation
from ..table import Table
from ._case import Case
from ._separation import Separation, area_under_curve, share_inside, single_areas, tell_apart

__all__ = ["Separator", "ShiftFinding", "find_shift", "telling_columns"]

MOST_TASKS, FEW_TASKS = 10, 6
"""Properties looked at, those with the most labels; fewer when quick."""
MOST_ROWS, FEW_ROWS = 3_000, 1_000
MOST_TIMES = 5
"""The larger set of a pair keeps at most so many times the rows of the smaller."""
FEWEST_ROWS, FEWEST_GROUPS = 20, 5
"""Rows and groups of one property alone that telling apart needs."""
FEWEST_INSIDE = 10
"""Labels that a domain needs."""
N_SEPARATORS = 5
TRIVIAL = 0.95
"""An input or column that tells two properties apart on its own with such an area is named as trivial."""
MOST_VALUES = 50


@dataclass(frozen=True, slots=True)
class Separator:
    """What tells the rows of two properties apart.

    Parameters
    ----------
    first, second
        Positions of the properties in the table.
    name
        Of the input or column.
    gain
        Share in what the trees gained; NaN for a column that is no input.
    area
        Area under the curve of it alone.
    is_input
        Whether models see it.
    """

    first: int
    second: int
    name: str
    gain: float
    area: float
    is_input: bool

    @property
    def trivial(self) -> bool:
        """Whether it is enough on its own."""
        return self.area >= TRIVIAL


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
    inside
        ``(n_tasks, n_tasks)`` share of the column's rows inside the domain of the row's; 0.95 is what rows of the
        same kind have. NaN where there are too few.
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
    inside: np.ndarray
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
    area, low, high, p_value = np.full((4, n_tasks, n_tasks), np.nan)
    inside = np.full((n_tasks, n_tasks), np.nan)
    separators: list[Separator] = []
    pairs = list(combinations(looked_at, 2))
    homes = {t: _home(case, measured, t) for t in looked_at}
    for i, (s, t) in enumerate(pairs):
        seed = case.seed("shift", s, t)
        for reference, other in ((s, t), (t, s)):
            inside[reference, other] = _inside(case, homes[reference], _chosen(case, measured, other))
        rows, second = _alone(case, measured, s, t)
        if rows.size and inputs.shape[1]:
            found = tell_apart(inputs[rows], second, codes[rows], seed)
            area[s, t] = area[t, s] = found.area
            low[s, t], high[s, t] = low[t, s], high[t, s] = found.interval
            p_value[s, t] = found.p_value
            separators += _separators(found, inputs[rows], second, preparation.names, s, t)
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
        inside=inside,
        separators=tuple(separators),
        effect=np.array([case.sharing_effect(t) for t in range(n_tasks)]),
        grouped_by=case.result.groups.by,
    )


def telling_columns(table: Table, rows: np.ndarray, second: np.ndarray) -> list[tuple[str, float]]:
    """Columns that are no input and yet nearly tell two properties apart, such as a source or a test method.

    Parameters
    ----------
    table
        The table; columns with 2 to 50 values are looked at, an empty cell being one of them.
    rows
        ``(n,)`` positions.
    second
        ``(n,)`` bool.

    Returns
    -------
    list of (name, area)
        Those with an area of at least 0.95, best first. Every value answers with its share of the second set.
    """
    own = {*table.inputs.columns, *table.names}
    found = []
    for position, name in enumerate(table.frame.columns):
        if name in own:
            continue
        values = table.frame.iloc[rows, position]
        codes = pd.factorize(values, use_na_sentinel=False)[0]
        counts = np.bincount(codes)
        if not 2 <= len(counts) <= min(MOST_VALUES, len(rows) // 4):
            continue
        scores = (np.bincount(codes, second) / counts)[codes]
        alone = float(area_under_curve(scores, second, np.ones((1, len(rows))))[0])
        if alone >= TRIVIAL:
            found.append((str(name), alone))
    return sorted(found, key=lambda item: -item[1])


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


def _inside(case: Case, home: _Home | None, rows: np.ndarray) -> float:
    """Share of rows inside a domain; an element or category that the domain lacks is outside, as for bundles."""
    if home is None or len(rows) < FEWEST_INSIDE:
        return float("nan")
    features, codes = case.context.features, case.result.groups.codes
    known = ~home.preparation.unseen(features.take(rows))
    there = rows[known]
    inside = share_inside(
        home.preparation.transform(features, there),
        codes[there],
        home.preparation.transform(features, home.rows),
        codes[home.rows],
    )
    return inside * float(known.mean()) if known.any() else 0.0


def _chosen(case: Case, measured: np.ndarray, task: int) -> np.ndarray:
    most = FEW_ROWS if case.quick else MOST_ROWS
    return _sample(np.flatnonzero(measured[:, task]), most, case.seed("domain", task))


def _sample(rows: np.ndarray, most: int, seed: int) -> np.ndarray:
    if len(rows) <= most:
        return rows
    rng = np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed])))
    return np.sort(rng.choice(rows, most, replace=False))


def _separators(
    found: Separation, inputs: np.ndarray, second: np.ndarray, names: Sequence[str], s: int, t: int
) -> list[Separator]:
    order = np.argsort(-found.gain, kind="stable")[:N_SEPARATORS]
    leading = [int(i) for i in order if found.gain[i] > 0]
    alone = single_areas(inputs[:, leading], second)
    return [
        Separator(s, t, names[i], float(found.gain[i]), float(a), True)
        for i, a in zip(leading, alone, strict=True)
    ]


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
