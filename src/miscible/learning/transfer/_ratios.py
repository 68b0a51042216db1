"""From free parameters to ratios between 0 and a cap, with a mean of at most 1, near 1 where labels are few."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

__all__ = ["HALF_TRUST", "free_gradients", "shrinkage", "source_weights"]

HALF_TRUST = 50.0
"""Held-out labels at which learned ratios and equal ones count the same."""


def shrinkage(n_labels: np.ndarray) -> np.ndarray:
    """Share of what was learned that is believed, ``n / (n + 50)``."""
    n_labels = np.asarray(n_labels, dtype=np.float64)
    return n_labels / (n_labels + HALF_TRUST)


def source_weights(free: Tensor, sources: Tensor, trust: Tensor, cap: float) -> Tensor:
    """Ratios of all heads.

    Parameters
    ----------
    free
        ``(K, n_heads)`` free parameters; 0 stands for a ratio of 1.
    sources
        ``(K, n_heads)`` bool.
    trust
        ``(K,)`` of `shrinkage`.
    cap
        Largest ratio before the mean is brought down to 1.

    Returns
    -------
    Tensor
        ``(K, n_heads)``, 0 where there is no source.
    """
    scaled, _, _ = _scaled(free, sources, cap)
    return torch.where(sources, 1.0 + trust.unsqueeze(1) * (scaled - 1.0), 0.0)


def free_gradients(free: Tensor, sources: Tensor, trust: Tensor, cap: float, effects: Tensor) -> Tensor:
    """Gradient at the free parameters from that at the ratios, ``effects (K, n_heads)``; shapes as there."""
    scaled, raw, mean = _scaled(free, sources, cap)
    at_scaled = torch.where(sources, effects * trust.unsqueeze(1), 0.0)
    n = sources.sum(dim=1, keepdim=True).clamp_min(1)
    along = (at_scaled * scaled).sum(dim=1, keepdim=True) / n
    at_raw = torch.where(mean > 1.0, (at_scaled - along) / mean.clamp_min(1.0), at_scaled)
    return torch.where(sources, at_raw * raw * (1.0 - raw / cap), 0.0)


def _scaled(free: Tensor, sources: Tensor, cap: float) -> tuple[Tensor, Tensor, Tensor]:
    """Ratios with a mean of at most 1, the same before, and their mean."""
    raw = cap * torch.sigmoid(free - float(np.log(cap - 1.0)))
    n = sources.sum(dim=1, keepdim=True).clamp_min(1)
    mean = torch.where(sources, raw, 0.0).sum(dim=1, keepdim=True) / n
    return raw / mean.clamp_min(1.0), raw, mean
