"""What a failure signature is, and what counts as harm."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from ..advice import PropertyVerdict
from ._exhibit import Cell
from ._phrases import number

__all__ = ["CERTAIN", "Evidence", "Signature", "Status", "harm", "ratio_text", "worse_probability"]

Status = Literal["present", "absent", "cannot be judged"]

CERTAIN = 0.90
"""Probability of "practically worse" from which sharing counts as harmful, and one minus it as harmless."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """One number behind a signature: of what (a property, a strategy), what it measures, and its value."""

    subject: str
    measure: str
    value: Cell


@dataclass(frozen=True, slots=True)
class Signature:
    """One way for sharing to fail, looked for on one table.

    Parameters
    ----------
    key, name
        Short and in words.
    status
        What was found.
    reason
        A sentence with the numbers that decided.
    subjects
        Properties or strategies that show it; empty unless it is present.
    evidence
        Every number that was looked at.
    threshold
        When it counts as present.
    remedies
        What to try; empty unless it is present.
    """

    key: str
    name: str
    status: Status
    reason: str
    subjects: tuple[str, ...]
    evidence: tuple[Evidence, ...]
    threshold: str
    remedies: tuple[str, ...]


def worse_probability(verdict: PropertyVerdict) -> float:
    """Posterior probability that sharing is practically worse; NaN where it was not compared."""
    return math.nan if verdict.sharing is None else verdict.sharing.p_worse


def harm(p_worse: float) -> bool | None:
    """Whether sharing is harmful; ``None`` where it cannot be told."""
    if not math.isfinite(p_worse):
        return None
    return True if p_worse >= CERTAIN else False if p_worse <= 1.0 - CERTAIN else None


def ratio_text(counts: Sequence[int]) -> str:
    """``1 : 65`` of the smaller to the larger count."""
    low, high = min(counts), max(counts)
    return f"1 : {number(high / low)}" if low else f"0 : {high:,}"
