"""What a paper claims, what we measured, and whether the two point the same way."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

import pandas as pd

__all__ = ["ChangeClaim", "Claim", "Measured", "Status", "ValueClaim", "comparison_frame"]

SMALLER = "Our interval holds 0 and leaves out the paper's change."
Origin = Literal["stated", "summary", "stated / summary", "ours"]


class Status(StrEnum):
    """How a measurement stands to a claim."""

    SAME = "same direction"
    DIFFERS = "differs"
    NOT_TESTABLE = "not testable"


@dataclass(frozen=True, slots=True)
class Measured:
    """What we found for one claim.

    Parameters
    ----------
    value
        The change or the value that the claim is about, in natural form (larger R² is better).
    low, high
        Its 95 % interval, or the range that the note names.
    p
        Two-sided, of "no change"; ``None`` for plain values.
    before, after
        Both ends of a change, averaged over folds.
    note
        What a reader must know of it.
    """

    value: float
    low: float
    high: float
    p: float | None = None
    before: float | None = None
    after: float | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class _Common:
    key: str
    what: str
    paper: str
    origin: Origin


@dataclass(frozen=True, slots=True)
class ChangeClaim(_Common):
    """A change for the better (+1), the worse (-1), or none (0).

    Parameters
    ----------
    key, what
        Short name, and what changes into what.
    paper, origin
        Its numbers, and where they stand: in the paper's own text, or only in somebody's summary of it.
    direction
        Sign of the change, larger being better.
    size
        The change the paper reports, NaN where it names none; for a claim of no change, the largest that still counts
        as none.
    note
        Where the paper contradicts itself.
    gain_only
        Of a claim of no change: that nothing is gained, with which a loss agrees.
    """

    direction: Literal[-1, 0, 1]
    size: float
    note: str = ""
    gain_only: bool = False

    def judge(self, measured: Measured | None) -> Status:
        """Compare signs where the interval allows it.

        An interval around zero that leaves out the paper's change contradicts it; one that holds both, or has no
        number to be held against, cannot tell. No change is confirmed by an interval inside ``size``, and
        contradicted by one without 0; no gain by one that ends below ``size``, and contradicted by one above 0.
        """
        if measured is None or not all(map(math.isfinite, (measured.low, measured.high))):
            return Status.NOT_TESTABLE
        low, high = measured.low, measured.high
        if self.direction == 0:
            if high <= self.size and (self.gain_only or low >= -self.size):
                return Status.SAME
            return Status.DIFFERS if low > 0.0 or high < 0.0 else Status.NOT_TESTABLE
        if low > 0.0 or high < 0.0:
            return Status.SAME if math.copysign(1.0, measured.value) == self.direction else Status.DIFFERS
        holds = math.isnan(self.size) or low <= self.direction * self.size <= high
        return Status.NOT_TESTABLE if holds else Status.DIFFERS


@dataclass(frozen=True, slots=True)
class ValueClaim(_Common):
    """A number that should lie between ``low`` and ``high``; the rest as in `ChangeClaim`."""

    low: float
    high: float
    note: str = ""

    def judge(self, measured: Measured | None) -> Status:
        """Whether our value lies in the paper's range.

        One outside cannot tell where its interval reaches into the range, nor one whose interval spans far more.
        """
        if measured is None or not all(map(math.isfinite, (measured.low, measured.high))):
            return Status.NOT_TESTABLE
        if measured.high < self.low or measured.low > self.high:
            return Status.DIFFERS
        wide = measured.high - measured.low > 10.0 * (self.high - self.low)
        return Status.SAME if self.low <= measured.value <= self.high and not wide else Status.NOT_TESTABLE


Claim = ChangeClaim | ValueClaim


def comparison_frame(
    table: str, claims: Sequence[Claim], found: dict[str, Measured], *, simulated: bool = False
) -> pd.DataFrame:
    """The paper's numbers beside ours, a row a claim.

    Parameters
    ----------
    table
        Which table was studied.
    claims, found
        What is compared; claims that are not found are not testable.
    simulated
        Whether the labels come from the simulator: then the status says so, since agreement or not follows from how
        its dials were set.
    """
    rows = []
    for claim in claims:
        measured = found.get(claim.key)
        status = claim.judge(measured)
        silent = measured is not None and measured.low <= 0.0 <= measured.high
        why = SMALLER if silent and status is Status.DIFFERS and isinstance(claim, ChangeClaim) else ""
        rows.append(
            {
                "table": table,
                "claim": claim.key,
                "what": claim.what,
                "paper": claim.paper,
                "origin": claim.origin,
                "ours": _ours(measured),
                "change": None if measured is None else measured.value,
                "low": None if measured is None else measured.low,
                "high": None if measured is None else measured.high,
                "p": None if measured is None else measured.p,
                "status": f"simulation: {status}" if simulated else str(status),
                "note": " ".join(
                    text for text in (claim.note, measured.note if measured else "", why) if text
                ),
            }
        )
    return pd.DataFrame(rows)


def _ours(measured: Measured | None) -> str:
    if measured is None:
        return "-"
    if measured.before is None or measured.after is None:
        if not math.isfinite(measured.value):
            return "cannot be seen"
        return f"{measured.value:.3f} ({measured.low:.3f} to {measured.high:.3f})"
    p = "" if measured.p is None else f", p = {measured.p:.2g}"
    return f"{measured.before:.3f} -> {measured.after:.3f}{p}"
