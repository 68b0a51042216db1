"""What may stand between the shared trunk and the heads, seen from a slot: one pair's view of the other tasks.

A mixing has up to three layers of its own. The *side* layer reads the trunk's top and is shared; the *inner* layer is
shared too and reads what the mixing made of the slots; the *own* layer belongs to one task, like a head. Every
shared layer is applied once a pair, so each pair adds one outer product to its gradient and the Gram of the task
gradients is as simple as the trunk's.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple, Protocol

from torch import Tensor

from ._chain import Group

__all__ = ["Inner", "Mixed", "Mixing", "Slots", "TopGradients"]


@dataclass(frozen=True, slots=True)
class Slots:
    """What a mixing reads.

    Parameters
    ----------
    top
        ``(n_slots, width + 1)`` the trunk's output on each slot's row, last column 1.
    side
        ``(n_slots, n_side)`` output of the side layer on that row.
    head
        ``(n_slots,)`` head of each slot.
    others
        ``(n_slots, n_heads)`` bool: heads its member has besides.
    own, inner
        Slots cut into groups of one head and member, with the own and the inner layer.
    """

    top: Tensor
    side: Tensor
    head: Tensor
    others: Tensor
    own: list[Group]
    inner: list[Group]


class Mixed(NamedTuple):
    """Features ``(n_slots, width + 1)``, last column 1, and what the way back needs."""

    features: Tensor
    kept: tuple[Tensor, ...]


class Inner(NamedTuple):
    """What every slot adds to the gradient of the inner layer: the outer product of ``a`` and ``d``."""

    a: Tensor
    d: Tensor


@dataclass(frozen=True, slots=True)
class TopGradients:
    """Gradients of every slot where the shared layers begin.

    Parameters
    ----------
    top
        ``(n_slots, width)`` at the trunk's output, the way through the side layer not included.
    side
        ``(n_slots, n_side)`` at the side layer's output; ``None`` without one.
    inner
        Of the inner layer; ``None`` without one.
    """

    top: Tensor
    side: Tensor | None = None
    inner: Inner | None = None

    def scaled(self, factor: Tensor) -> TopGradients:
        """Every slot times its factor ``(n_slots,)``."""
        column = factor.unsqueeze(-1)
        return TopGradients(
            self.top * column,
            None if self.side is None else self.side * column,
            None if self.inner is None else Inner(self.inner.a, self.inner.d * column),
        )


class Mixing(Protocol):
    """One architecture's way from the trunk to the heads.

    Attributes
    ----------
    n_side
        Outputs of the side layer; 0 for none.
    inner_shape
        Rows and columns of the inner layer (no bias), or ``None``.
    own_shape
        Rows and columns of each task's own layer, or ``None``.
    own_start
        Constant its entries start at; ``None`` for the usual random start.
    width
        Features handed to the heads.
    l1
        Weight in the loss of the absolute values of the own layers.
    last_is_side
        Whether the last layer that all tasks share is the side layer, not the trunk's last.
    """

    @property
    def n_side(self) -> int: ...
    @property
    def inner_shape(self) -> tuple[int, int] | None: ...
    @property
    def own_shape(self) -> tuple[int, int] | None: ...
    @property
    def own_start(self) -> float | None: ...
    @property
    def width(self) -> int: ...
    @property
    def l1(self) -> float: ...
    @property
    def last_is_side(self) -> bool: ...

    def side_columns(self, head: int) -> list[int] | None:
        """Columns of the side layer that stand for one head; ``None`` where they stand for none."""
        ...

    def forward(self, slots: Slots) -> Mixed:
        """Features of every slot."""
        ...

    def backward(self, slots: Slots, mixed: Mixed, d: Tensor, own_gradients: list[Tensor]) -> TopGradients:
        """Gradients below the features; writes those of the own layer, one tensor a group.

        Parameters
        ----------
        slots, mixed
            Of the forward pass.
        d
            ``(n_slots, width)`` gradient at the features.
        own_gradients
            Shaped like the own layers of the groups.
        """
        ...
