"""Task attention: every task looks at the shared features through a mask of its own."""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from ._chain import cut, group_outer, group_product, group_product_back
from ._mixing import Mixed, Slots, TopGradients

__all__ = ["TaskAttention"]


@dataclass(frozen=True)
class TaskAttention:
    """Soft masks over the trunk's top, ``2 sigmoid(V_t h)``, as in Liu, Johns and Davison 2019 (arXiv 1803.10704).

    The factor 2 makes a mask of zeros in its logits plain hard sharing. The masks' layers are the tasks' own; shared
    is the trunk.

    Parameters
    ----------
    n_top
        Width of the trunk's top.
    """

    n_top: int
    n_side: int = 0
    inner_shape: tuple[int, int] | None = None
    own_start: float | None = None
    l1: float = 0.0
    last_is_side: bool = False

    @property
    def width(self) -> int:
        """As wide as the trunk's top."""
        return self.n_top

    @property
    def own_shape(self) -> tuple[int, int] | None:
        """The mask's layer."""
        return self.n_top + 1, self.n_top

    def side_columns(self, head: int) -> list[int] | None:
        """None stand for a head."""
        return None

    def forward(self, slots: Slots) -> Mixed:
        """See `Mixing`."""
        logits = group_product(cut(slots.top, slots.own), slots.own, 0).flat
        mask = torch.sigmoid(logits).mul_(2.0)
        return Mixed(F.pad(slots.top[:, :-1] * mask, (0, 1), value=1.0), (mask,))

    def backward(self, slots: Slots, mixed: Mixed, d: Tensor, own_gradients: list[Tensor]) -> TopGradients:
        """See `Mixing`."""
        (mask,) = mixed.kept
        at_logits = cut(d * slots.top[:, :-1] * mask * (1.0 - 0.5 * mask), slots.own)
        group_outer(cut(slots.top, slots.own), at_logits, own_gradients)
        return TopGradients(d * mask + group_product_back(at_logits, slots.own, 0).flat)
