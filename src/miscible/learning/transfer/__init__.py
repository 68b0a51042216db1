"""Learned transfer ratios: how much every source task counts for a target task."""

from ._alignment import Guide, Maps, Terms, alignment_terms, latents
from ._drawn import draw_sources, inclusion_chances
from ._hypergradient import Snapshot, preconditioned, source_effects
from ._plan import Alignment, TransferPlan
from ._ratios import free_gradients, shrinkage, source_weights

__all__ = [
    "Alignment",
    "Guide",
    "Maps",
    "Snapshot",
    "Terms",
    "TransferPlan",
    "alignment_terms",
    "draw_sources",
    "free_gradients",
    "inclusion_chances",
    "latents",
    "preconditioned",
    "shrinkage",
    "source_effects",
    "source_weights",
]
