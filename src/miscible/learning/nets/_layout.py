"""Where each layer's weights lie in a member's flat parameter buffers."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

from torch import Tensor

__all__ = ["Layer", "Layout"]

Layer = tuple[Tensor, Tensor]
"""Weight ``(..., n_in, n_out)`` and bias ``(..., 1, n_out)``, so that a layer is ``x @ weight + bias``."""


@dataclass(frozen=True)
class Layout:
    """Widths of a multilayer perceptron and how a flat buffer is cut into its layers.

    Parameters
    ----------
    widths
        Inputs, hidden layers, outputs.
    """

    widths: tuple[int, ...]

    @cached_property
    def size(self) -> int:
        """Number of parameters."""
        return sum((n_in + 1) * n_out for n_in, n_out in pairwise(self.widths))

    def layers(self, flat: Tensor) -> list[Layer]:
        """Views of the layers in ``flat (..., size)``; nothing is copied."""
        result: list[Layer] = []
        start = 0
        lead = flat.shape[:-1]
        for n_in, n_out in pairwise(self.widths):
            middle = start + n_in * n_out
            stop = middle + n_out
            weight = flat[..., start:middle].unflatten(-1, (n_in, n_out))
            bias = flat[..., middle:stop].reshape(*lead, 1, n_out)
            result.append((weight, bias))
            start = stop
        return result
