"""Evidence in, verdicts out; trains nothing."""

from ._advise import advise, side_arms
from ._compare import CERTAIN, compare, with_holm
from ._nested import Arm, best_of_anything, nested_arm
from ._verdict import Call, Comparison, Deployment, PropertyVerdict, StrategyScore

__all__ = [
    "CERTAIN",
    "Arm",
    "Call",
    "Comparison",
    "Deployment",
    "PropertyVerdict",
    "StrategyScore",
    "advise",
    "best_of_anything",
    "compare",
    "nested_arm",
    "side_arms",
    "with_holm",
]
