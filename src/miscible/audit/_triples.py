"""Properties that are the sum, difference, product or ratio of two others."""

from __future__ import annotations

from itertools import combinations

import numpy as np

from ..table import Kind, Table
from ._derived import EXACT, FEWEST_ROWS, Derived

__all__ = ["find_triples"]

MOST_TASKS = 40
SAMPLE = 32
FEWEST_VALUES = 6

_SIGNS = np.array([[1, 1, 1], [1, 1, -1], [1, -1, 1], [-1, 1, 1]], dtype=np.float64)


def find_triples(table: Table, pairs: tuple[Derived, ...]) -> tuple[Derived, ...]:
    """Exact relations between three regression properties on at least 20 shared rows, in user space.

    Looks at the forty properties with most labels. A relation is a combination with signs +-1, of values or
    of their logarithms, that is constant to a millionth.

    Parameters
    ----------
    table
        The table.
    pairs
        From `find_pairs`; triples that hold such a pair are skipped.
    """
    kept = [t for t, p in enumerate(table.properties) if p.kind is Kind.REGRESSION]
    counts, names = table.counts, table.names
    kept = sorted(sorted(kept, key=lambda t: -counts[t])[:MOST_TASKS])
    known = {frozenset((d.target, *d.sources)) for d in pairs if len(d.sources) == 1}
    columns = {t: table.labels[:, t] for t in kept}
    masks = {t: np.isfinite(columns[t]) for t in kept}
    found = []
    for i, j in combinations(kept, 2):
        both = masks[i] & masks[j]
        if both.sum() < FEWEST_ROWS or frozenset((names[i], names[j])) in known:
            continue
        for k in kept[kept.index(j) + 1 :]:
            if any(frozenset((names[m], names[k])) in known for m in (i, j)):
                continue
            rows = np.flatnonzero(both & masks[k])
            if len(rows) >= FEWEST_ROWS:
                found += _relations(table, np.array(_scarcest_first((i, j, k), counts)), rows)
    return tuple(found)


def _scarcest_first(tasks: tuple[int, int, int], counts: np.ndarray) -> list[int]:
    """The property with fewest labels (the last of them, if equal) and then the others in order."""
    target = min(tasks, key=lambda t: (counts[t], -t))
    return [target, *(t for t in tasks if t != target)]


def _relations(table: Table, tasks: np.ndarray, rows: np.ndarray) -> list[Derived]:
    sample = rows[np.linspace(0, len(rows) - 1, min(SAMPLE, len(rows))).astype(np.int64)]
    few = table.labels[np.ix_(sample, tasks)]
    if min(len(np.unique(column)) for column in few.T) < FEWEST_VALUES:
        return []
    found = []
    for logarithmic in (False, True):
        if logarithmic and not (few > 0).all():
            break
        signs = _constant_combinations(few, logarithmic)
        if len(signs):
            values = table.labels[np.ix_(rows, tasks)]
            if logarithmic and not (values > 0).all():
                break
            signs = _constant_combinations(values, logarithmic)
            found += [_named(table, tasks, values, sign, logarithmic) for sign in signs]
    return found


def _constant_combinations(values: np.ndarray, logarithmic: bool) -> np.ndarray:
    """The rows of signs for which the combination of ``(n, 3)`` values is the same in every row."""
    terms = np.log(values) if logarithmic else values
    tolerance = EXACT if logarithmic else EXACT * np.abs(values).max(axis=1)
    combined = terms @ _SIGNS.T
    off = np.abs(combined - np.median(combined, axis=0)).T
    return _SIGNS[(off <= tolerance).all(axis=1)]


def _named(
    table: Table, tasks: np.ndarray, values: np.ndarray, sign: np.ndarray, logarithmic: bool
) -> Derived:
    """Solve the relation for the first of the three."""
    powers = -sign[1:] * sign[0]
    if logarithmic:
        constant = float(np.median(values[:, 0] / np.prod(values[:, 1:] ** powers, axis=1)))
    else:
        constant = float(np.median(values[:, 0] - values[:, 1:] @ powers))
        if abs(constant) <= EXACT * np.abs(values).max():
            constant = 0.0
    target, *names = (table.properties[t].name for t in tasks)
    formula = (_product if logarithmic else _sum)(names, powers, constant)
    form = "product" if logarithmic else "sum"
    return Derived(target, (names[0], names[1]), form, formula, True, 1.0, len(values))


def _sum(names: list[str], powers: np.ndarray, constant: float) -> str:
    order = np.argsort(-powers, kind="stable")
    text = " ".join(f"{'+' if powers[m] > 0 else '-'} {names[m]}" for m in order)
    text = text.removeprefix("+ ")
    return text if constant == 0 else f"{constant:.6g} {text if text.startswith('-') else '+ ' + text}"


def _product(names: list[str], powers: np.ndarray, constant: float) -> str:
    above = [name for name, power in zip(names, powers, strict=True) if power > 0]
    below = [name for name, power in zip(names, powers, strict=True) if power < 0]
    factor = f"{constant:.6g}"
    top = " x ".join(([] if factor == "1" and above else [factor]) + above)
    return f"{top} / {' / '.join(below)}" if below else top
