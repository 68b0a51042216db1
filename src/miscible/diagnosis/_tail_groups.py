"""Which groups the largest errors sit in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

__all__ = ["Concentration", "WorstGroup", "concentration", "worst_groups"]

FEWEST_IN_GROUP = 3
MOST_GROUPS = 5
TAIL_SHARE = 0.05
FEWEST_LARGEST = 5


@dataclass(frozen=True, slots=True)
class WorstGroup:
    """A group with large errors: means of both arms, over rows and repeats; NaN without the arm."""

    name: str
    n_labels: int
    together: float
    apart: float


@dataclass(frozen=True, slots=True)
class Concentration:
    """Whether the largest errors (5 % of the labels) sit in few groups.

    Parameters
    ----------
    n_largest, n_groups
        Labels in the tail, and groups with a label of the property at all.
    for_half, expected_for_half
        The fewest groups that hold half of the tail, and how many that takes on average where as many labels are
        drawn at random.
    top_share
        Share of the tail in its three fullest groups.
    p_value
        Share of random draws that need no more groups for half.
    """

    n_largest: int
    n_groups: int
    for_half: int
    expected_for_half: float
    top_share: float
    p_value: float


def worst_groups(
    errors: Sequence[np.ndarray | None], codes: np.ndarray, labels: np.ndarray
) -> tuple[WorstGroup, ...]:
    """Groups with the largest mean error of the first arm that there is.

    Parameters
    ----------
    errors
        Together and apart: ``(n_rows,)`` means over repeats, NaN where unknown; ``None`` without the arm.
    codes, labels
        Group of each row, and names of groups.
    """
    first = next((arm for arm in errors if arm is not None), None)
    if first is None:
        return ()
    known = np.isfinite(first)
    sizes = np.bincount(codes[known], minlength=len(labels))
    means = []
    for arm in errors:
        total = np.zeros(len(labels)) if arm is None else np.bincount(codes[known], arm[known], len(labels))
        means.append(np.where(arm is not None, total / np.maximum(sizes, 1), np.nan))
    leading = means[0] if errors[0] is not None else means[1]
    able = np.flatnonzero(sizes >= FEWEST_IN_GROUP)
    order = able[np.argsort(-leading[able], kind="stable")][:MOST_GROUPS]
    return tuple(
        WorstGroup(str(labels[g]), int(sizes[g]), float(means[0][g]), float(means[1][g]))
        for g in order.tolist()
    )


def concentration(
    errors: np.ndarray, codes: np.ndarray, seed: int, n_draws: int = 400
) -> Concentration | None:
    """How few groups hold half of the largest errors, against as many labels drawn at random.

    Parameters
    ----------
    errors
        ``(n,)`` one a label, finite.
    codes
        ``(n,)`` groups.
    seed
        Of the draws.
    """
    n_largest = round(TAIL_SHARE * len(errors))
    _, dense = np.unique(codes, return_inverse=True)
    n_groups = int(dense.max(initial=-1)) + 1
    if n_largest < FEWEST_LARGEST or n_groups in (1, len(errors)):
        return None
    tail = np.argsort(-errors, kind="stable")[:n_largest]
    counts = np.sort(np.bincount(dense[tail], minlength=n_groups))[::-1]
    rng = np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed])))
    drawn = np.array(
        [
            _for_half(np.bincount(dense[rng.choice(len(errors), n_largest, replace=False)]))
            for _ in range(n_draws)
        ]
    )
    for_half = _for_half(counts)
    return Concentration(
        n_largest=n_largest,
        n_groups=n_groups,
        for_half=for_half,
        expected_for_half=float(drawn.mean()),
        top_share=float(counts[:3].sum() / n_largest),
        p_value=float((1 + (drawn <= for_half).sum()) / (1 + n_draws)),
    )


def _for_half(counts: np.ndarray) -> int:
    ordered = np.sort(counts)[::-1].cumsum()
    return int(np.searchsorted(ordered, ordered[-1] / 2)) + 1
