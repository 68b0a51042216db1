"""Rules: from the Gram of the task gradients to the weights of a step."""

from ._pcgrad_parts import ABLATIONS
from ._protocol import Rule, RuleInput, RuleState
from ._registry import RULES, make_rule
from ._statistics import conflicts

__all__ = ["ABLATIONS", "RULES", "Rule", "RuleInput", "RuleState", "conflicts", "make_rule"]
