"""Independence: is a property a copy of another, does knowing another help to predict it, or neither?"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import permutations

import numpy as np

from ._case import Case
from ._independence_laws import Law
from ._independence_pair import FEWEST_LABELS, Independence, Looker, Relation

__all__ = ["IndependenceFinding", "call_pairs", "find_independence"]

MOST_TASKS, MANY_PAIRS = 12, 30
NEARLY_NONE, LITTLE = 0.02, 0.1
CERTAIN = 0.9


@dataclass(frozen=True, eq=False)
class IndependenceFinding:
    """What the properties tell about each other.

    Parameters
    ----------
    names
        Tasks looked at, those with the most labels where there are many.
    pairs
        One an ordered pair.
    noise
        ``(n_tasks,)`` share of the variance of labels that repeated measurements show; NaN where unknown.
    n_folds
        Outer folds looked at.
    strategy
        Whose out-of-fold predictions were correlated; empty if none were there.
    composed
        Tasks that the audit found computed from two others, as formulas.
    scarce, left_out
        Tasks with too few labels, and tasks not looked at because there are many.
    """

    names: tuple[str, ...]
    pairs: tuple[Independence, ...]
    noise: np.ndarray
    n_folds: int
    strategy: str
    composed: tuple[str, ...]
    scarce: tuple[str, ...]
    left_out: tuple[str, ...]

    def pair(self, target: str, source: str) -> Independence:
        """One ordered pair.

        Raises
        ------
        KeyError
            It was not looked at.
        """
        for pair in self.pairs:
            if (pair.target, pair.source) == (target, source):
                return pair
        raise KeyError((target, source))


def find_independence(case: Case) -> IndependenceFinding:
    """Measure every ordered pair of the twelve properties with the most labels.

    Pairs with 60 shared rows or more are judged on these, others by predictions. Up to five outer folds of
    the first repeat are used, three where there are more than 30 pairs, two if the case is quick; at most
    4,000 rows a property.
    """
    table = case.table
    order = np.argsort(-table.counts, kind="stable").tolist()
    enough = [t for t in order if table.counts[t] >= FEWEST_LABELS]
    tasks, beyond = sorted(enough[:MOST_TASKS]), sorted(enough[MOST_TASKS:])
    pairs = list(permutations(tasks, 2))
    wanted = 2 if case.quick else (3 if len(pairs) > MANY_PAIRS else 5)
    looker = Looker(case, min(case.context.plan.split.folds, wanted))
    found = []
    for done, (t, s) in enumerate(pairs):
        found.append(looker.look(t, s))
        case.progress((done + 1) / len(pairs))
    case.progress(1.0)
    return IndependenceFinding(
        names=tuple(table.names[t] for t in tasks),
        pairs=call_pairs(tuple(found)),
        noise=looker.noise[tasks],
        n_folds=looker.n_folds,
        strategy=looker.strategy,
        composed=looker.composed,
        scarce=tuple(name for name, n in zip(table.names, table.counts, strict=True) if n < FEWEST_LABELS),
        left_out=tuple(table.names[t] for t in beyond),
    )


def call_pairs(pairs: tuple[Independence, ...]) -> tuple[Independence, ...]:
    """Name the relation of every pair.

    Redundant: the audit found one computed from the other, or a formula in the source leaves less of the target
    than an independent measurement would: under 2 % of its spread and half of what the best model without the
    source leaves, or under 10 % and a quarter of it. That model leaves all the noise of measuring the target; a
    formula that leaves far less must share that noise. Of the others: informative if the source lowers the error
    by more than 2 % with a probability of 0.9, independent if it does not with that probability.
    """
    called = []
    for pair in pairs:
        relation: Relation = "cannot tell"
        if pair.derived or _told(pair.law):
            relation = "redundant"
        elif pair.p_helps >= CERTAIN:
            relation = "informative"
        elif pair.p_no_help >= CERTAIN:
            relation = "independent"
        called.append(replace(pair, relation=relation))
    return tuple(called)


def _told(law: Law | None) -> bool:
    """Whether a formula leaves too little of the target for it to have been measured independently."""
    if law is None or not np.isfinite(law.explained):
        return False
    left, without = 1.0 - law.explained, law.without if np.isfinite(law.without) else 1.0
    return (left <= NEARLY_NONE and left <= 0.5 * without) or (left <= LITTLE and left <= 0.25 * without)
