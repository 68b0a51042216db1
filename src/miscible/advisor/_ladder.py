"""A ladder of splits: how far from the table do the verdicts hold? Reads verdicts, trains nothing."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from ..advice import Call, PropertyVerdict

__all__ = ["ORDER", "USES", "Flip", "Ladder", "Rung", "Status", "sharing_effect"]

USES = {"same": "random", "group": "group", "system": "system", "cluster": "cluster", "element": "element"}
"""What a user will predict, and the rung that splits the table alike; from the nearest to the farthest."""
ORDER = tuple(USES.values())

Status = Literal["holds", "flips", "changes", "lost", "found", "undecided"]
"""A call beside that of the run's own rung: the same; its contrary; EITHER in place of MIX or SEPARATE or the other
way round; UNDECIDED where there was a call; a call where there was none; neither has a call."""

_CONTRARY = {frozenset({Call.MIX, Call.SEPARATE})}


@dataclass(frozen=True)
class Rung:
    """One way to split the table.

    Parameters
    ----------
    key
        ``random``, ``group``, ``system``, ``cluster`` or ``element``.
    group
        What its folds keep together, as in a plan.
    verdicts
        One a property; empty where the rung was not run.
    skipped
        Why it was not run; empty where it was.
    same_as
        The rung that keeps the same rows together and speaks for this one; empty where it speaks for itself.
    n_groups
        Groups that folds keep together.
    left
        Share of the rows left for training, averaged over folds.
    notes
        What a reader of its verdicts must know.
    """

    key: str
    group: str
    verdicts: tuple[PropertyVerdict, ...] = ()
    skipped: str = ""
    same_as: str = ""
    n_groups: int = 0
    left: float = math.nan
    notes: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The key, and what is kept together where the key does not say."""
        words = {"random": "none", "element": "element", "cluster": "cluster", "system": "system"}
        return self.key if words.get(self.key) == self.group else f"{self.key} ({self.group})"


@dataclass(frozen=True)
class Flip:
    """A property's call turns into its contrary between two rungs; rungs between them are UNDECIDED or EITHER."""

    below: str
    above: str
    before: Call
    after: Call


@dataclass(frozen=True)
class Ladder:
    """All rungs of one table, from the nearest to the farthest.

    Parameters
    ----------
    rungs
        In order.
    home
        Key of the run's own rung.
    use
        What the user will predict, a key of `USES`; None: not said.
    """

    rungs: tuple[Rung, ...]
    home: str
    use: str | None = None

    def rung(self, key: str) -> Rung | None:
        """A rung by its key, the one that speaks for it where it does not itself; None where there is none."""
        found = next((r for r in self.rungs if r.key == key), None)
        return self.rung(found.same_as) if found is not None and found.same_as else found

    def verdict(self, key: str, task: int) -> PropertyVerdict | None:
        """Of one property on one rung; None where the rung was not run."""
        rung = self.rung(key)
        return rung.verdicts[task] if rung is not None and rung.verdicts else None

    @property
    def names(self) -> tuple[str, ...]:
        """Of the properties."""
        home = self.rung(self.home)
        return () if home is None else tuple(v.name for v in home.verdicts)

    @property
    def tested(self) -> tuple[str, ...]:
        """Keys of the rungs that have verdicts, in order."""
        return tuple(r.key for r in self.rungs if self._has_verdicts(r.key))

    def call(self, key: str, task: int) -> Call | None:
        """Of one property on one rung."""
        verdict = self.verdict(key, task)
        return None if verdict is None else verdict.call

    def status(self, key: str, task: int) -> Status | None:
        """The call of a rung beside that of the run's own rung; None where the rung was not run."""
        own, there = self.call(self.home, task), self.call(key, task)
        if own is None or there is None:
            return None
        if own == there:
            return "undecided" if own == Call.UNDECIDED else "holds"
        if own == Call.UNDECIDED:
            return "found"
        if there == Call.UNDECIDED:
            return "lost"
        return "flips" if frozenset({own, there}) in _CONTRARY else "changes"

    def flips(self, task: int) -> tuple[Flip, ...]:
        """Where MIX turns into SEPARATE or SEPARATE into MIX, from rung to rung."""
        calls = [(key, self.call(key, task)) for key in self.tested]
        strong = [(key, call) for key, call in calls if call in (Call.MIX, Call.SEPARATE)]
        return tuple(
            Flip(below, above, before, after)
            for (below, before), (above, after) in itertools.pairwise(strong)
            if before is not None and after is not None and before != after
        )

    def last_supporting(self, task: int) -> str | None:
        """The farthest rung up to which every tested one bears the verdict of the run; None: there is no verdict."""
        if self.call(self.home, task) in (None, Call.UNDECIDED):
            return None
        last = self.home
        for key in self.tested[self.tested.index(self.home) + 1 :]:
            if self.status(key, task) != "holds":
                break
            last = key
        return last

    def supports_use(self, task: int) -> bool | None:
        """Whether the verdict holds on the rung of the use and on every tested one on the way there.

        None where no use was named or the property has no verdict.
        """
        if self.use is None or self.call(self.home, task) in (None, Call.UNDECIDED):
            return None
        target = USES[self.use]
        if target not in self.tested:
            return False
        first, last = sorted((ORDER.index(self.home), ORDER.index(target)))
        return all(
            self.status(key, task) == "holds" for key in self.tested if first <= ORDER.index(key) <= last
        )

    def _has_verdicts(self, key: str) -> bool:
        rung = self.rung(key)
        return rung is not None and bool(rung.verdicts)


def sharing_effect(verdict: PropertyVerdict) -> tuple[float, float, float]:
    """Change of the error by learning together as a share of the error apart, and its 95 % interval."""
    sharing = verdict.sharing
    if sharing is None or not sharing.baseline_error > 0.0:
        return math.nan, math.nan, math.nan
    values: Sequence[float] = (sharing.difference, *sharing.interval)
    effect, low, high = (v / sharing.baseline_error for v in values)
    return effect, low, high
