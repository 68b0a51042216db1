"""Stacked parameters, and the views through which the passes use them."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from ._chain import Layer, prepare

__all__ = ["Views", "Weights"]


@dataclass(frozen=True, slots=True)
class Weights:
    """Layers of K members, or their gradients, or their moments.

    Parameters
    ----------
    trunk
        Shared layers, ``(K, n_in + 1, n_out)`` each.
    heads
        Layers of the tasks' own, ``(n_heads, K, n_in + 1, n_out)`` each; as gradients of a batch with blocks
        ``(n_active, n_in + 1, n_out)``.
    """

    trunk: tuple[Tensor, ...]
    heads: tuple[Tensor, ...]

    def empty_like(self) -> Weights:
        """New tensors of these shapes."""
        return Weights(
            tuple(torch.empty_like(t) for t in self.trunk), tuple(torch.empty_like(t) for t in self.heads)
        )


class Views:
    """Weights as the passes use them: views of the first k members, made once for every k."""

    def __init__(self, weights: Weights) -> None:
        self.weights = weights
        self._trunks: dict[int, list[Layer]] = {}
        self._heads: dict[tuple[int, int], list[Layer]] = {}

    def trunk(self, k: int) -> list[Layer]:
        """Shared layers."""
        if k not in self._trunks:
            self._trunks[k] = [prepare(layer[:k]) for layer in self.weights.trunk]
        return self._trunks[k]

    def head(self, h: int, k: int) -> list[Layer]:
        """Layers of one head."""
        if (h, k) not in self._heads:
            self._heads[h, k] = [prepare(layer[h, :k]) for layer in self.weights.heads]
        return self._heads[h, k]
