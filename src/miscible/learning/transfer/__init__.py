"""Learned transfer ratios: how much every source task counts for a target task."""

from ._hypergradient import Snapshot, preconditioned, source_effects
from ._plan import TransferPlan
from ._ratios import free_gradients, shrinkage, source_weights

__all__ = [
    "Snapshot",
    "TransferPlan",
    "free_gradients",
    "preconditioned",
    "shrinkage",
    "source_effects",
    "source_weights",
]
