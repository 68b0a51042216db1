"""Shapes of the stacked layers of a multilayer perceptron."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

__all__ = ["Layout"]


@dataclass(frozen=True)
class Layout:
    """Widths of a multilayer perceptron, and what follows from them.

    A layer of K members is one contiguous tensor ``(K, n_in + 1, n_out)`` whose last row is the bias:
    activations carry a column of ones, so bias and bias gradient come out of the same products as the weights.

    Parameters
    ----------
    widths
        Inputs, hidden layers, outputs.
    """

    widths: tuple[int, ...]

    @cached_property
    def shapes(self) -> tuple[tuple[int, int], ...]:
        """``(n_in + 1, n_out)`` of each layer."""
        return tuple((n_in + 1, n_out) for n_in, n_out in pairwise(self.widths))

    @cached_property
    def size(self) -> int:
        """Number of parameters."""
        return sum(n_in * n_out for n_in, n_out in self.shapes)
