"""What Lee et al. 2024, arXiv 2410.00432, are said to have found, and what this project set itself, arm against arm.

The paper's equations, data, sizes and baselines are not public. Its one number stands in summaries, which do not say
against what; here it stands beside each rival that it could mean.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from ._claims import ChangeClaim, Measured
from ._lee_study import PLAIN

__all__ = ["CONTRASTS", "DEPLOYED", "LEE_RECONSTRUCTION", "Aim", "Contrast", "as_measured"]

DEPLOYED = "best of anything"
"""What is chosen inside the training part among everything that was run: see `miscible.advice.best_of_anything`."""

LEE_RECONSTRUCTION = (
    "A reconstruction of Lee et al. 2024, arXiv 2410.00432: the method is public only in outline, its data, sizes and "
    "baselines are not public at all. Forty other properties, our method after that outline, our folds; the paper's "
    "number is known from summaries, which do not say against what it was measured."
)

_ENOUGH = 0.9
"""Share of the properties of an aim without which it is not judged."""
_PAPER, _LOWER = "31 of 40 improve, mean RMSE -4.4 %", 0.044


@dataclass(frozen=True, slots=True)
class Aim:
    """What an arm should reach against its rival on all forty properties.

    Parameters
    ----------
    better
        Fewest properties with a lower pooled error.
    lower
        Least share by which the geometric mean of the errors is lower.
    nowhere_worse
        That no property is practically worse.
    of
        Properties it speaks of. On nearly as many the same share of them is asked for.
    """

    better: int = 0
    lower: float = 0.0
    nowhere_worse: bool = False
    of: int = 40

    @property
    def words(self) -> str:
        """The aim in a few words."""
        parts = [f">= {self.better} of {self.of} better"] if self.better else []
        parts += [f">= {100 * self.lower:g} % lower"] if self.lower else []
        parts += ["nowhere practically worse"] if self.nowhere_worse else []
        return ", ".join(parts)

    def judge(self, n_properties: int, n_better: int, n_worse: int, ratio: float) -> str:
        """Whether it was reached; not judged on far fewer properties."""
        if n_properties < _ENOUGH * self.of:
            return f"not judged on {n_properties} of {self.of} properties"
        asked = math.ceil(self.better * n_properties / self.of)
        low_enough = not self.lower or ratio <= 1.0 - self.lower
        met = n_better >= asked and low_enough and not (self.nowhere_worse and n_worse)
        share = f" ({asked} of {n_properties} asked)" if self.better and n_properties != self.of else ""
        return f"{'reached' if met else 'not reached'}{share}"


@dataclass(frozen=True, slots=True)
class Contrast:
    """One arm against another.

    Parameters
    ----------
    arm, against
        Strategies, or `DEPLOYED`.
    question
        What the contrast answers.
    claimed
        Whether the paper's number could mean it.
    aim
        What this project set itself.
    """

    arm: str
    against: str
    question: str
    claimed: bool = False
    aim: Aim | None = None

    @property
    def claim(self) -> ChangeClaim | None:
        """What the paper claims; the change is that of the logarithm of the error, larger being better."""
        if not self.claimed:
            return None
        key = f"{self.against} -> {self.arm}"
        return ChangeClaim(key, self.question, _PAPER, "summary", 1, -math.log(1.0 - _LOWER))


CONTRASTS: tuple[Contrast, ...] = (
    Contrast(
        "transfer", "independent", "learned ratios against separate networks", True, Aim(better=34, lower=0.06)
    ),
    Contrast("transfer", PLAIN, "learned ratios against plain sharing", True, Aim(nowhere_worse=True)),
    Contrast(
        "transfer", "transfer+equal", "learned ratios against equal ones", True, Aim(nowhere_worse=True)
    ),
    Contrast("transfer", "transfer+correlated", "learned ratios against hand-set ones", True),
    Contrast("transfer", "transfer+alone", "learned ratios against tuning to the target alone"),
    Contrast(PLAIN, "independent", "what plain sharing brings"),
    Contrast("transfer", "lightgbm", "learned ratios against trees"),
    Contrast("blend", "lightgbm", "trees mixed with the best network, against trees"),
    Contrast(
        DEPLOYED, "lightgbm", "what is chosen inside the training part, against trees", False,
        Aim(better=38, lower=0.09),
    ),
)  # fmt: skip
"""In the order of the comparison."""


def as_measured(log_ratio: Measured) -> Measured:
    """A mean logarithm of error ratios turned to where larger is better, as claims have it."""
    return Measured(-log_ratio.value, -log_ratio.high, -log_ratio.low, log_ratio.p)
