"""Evidence in, verdicts out; trains nothing."""

from ._advise import advise, side_arms
from ._nested import Arm
from ._verdict import Call, Comparison, Deployment, PropertyVerdict, StrategyScore

__all__ = [
    "Arm",
    "Call",
    "Comparison",
    "Deployment",
    "PropertyVerdict",
    "StrategyScore",
    "advise",
    "side_arms",
]
