"""Parameters, moments and step counts of stacked members, and how they start."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from itertools import pairwise

import numpy as np
import torch
from torch import Tensor

from .._types import Member, NetworkShape
from ..nets import Network
from ._sampling import START, random_stream

__all__ = ["Stack", "build_network", "start_stack"]


@dataclass(frozen=True, slots=True)
class Stack:
    """State of K members; every field has the member axis first.

    Parameters
    ----------
    trunk, heads
        ``(K, trunk_size)`` and ``(K, n_heads, head_size)`` parameters.
    trunk_first, heads_first, trunk_second, heads_second
        First and second moments of the gradients, shaped like the parameters.
    trunk_steps, head_steps
        ``(K,)`` and ``(K, n_heads)`` updates so far, as floats.
    """

    trunk: Tensor
    heads: Tensor
    trunk_first: Tensor
    heads_first: Tensor
    trunk_second: Tensor
    heads_second: Tensor
    trunk_steps: Tensor
    head_steps: Tensor

    @property
    def n_members(self) -> int:
        """Members in the stack."""
        return self.trunk.shape[0]

    def part(self, start: int, stop: int) -> Stack:
        """Views of neighbouring members."""
        return Stack(*(getattr(self, f.name)[start:stop] for f in fields(self)))

    def take(self, members: Sequence[int]) -> Stack:
        """Copies of some members, in this order."""
        index = torch.as_tensor(members, dtype=torch.int64, device=self.trunk.device)
        return Stack(*(getattr(self, f.name).index_select(0, index) for f in fields(self)))


def build_network(shape: NetworkShape, n_heads: int) -> Network:
    """The stacked network of a population."""
    return Network(shape.n_inputs, shape.trunk, shape.head, max(shape.n_outputs), n_heads)


def start_stack(
    shape: NetworkShape, members: Sequence[Member], network: Network, device: torch.device, dtype: torch.dtype
) -> Stack:
    """Fresh members.

    Weights and biases are uniform within ``1 / sqrt(n_in)`` of zero, as ``torch.nn.Linear`` starts. Trunk and
    every head have random streams of their own, so that a member starts a task's head alike whatever other
    tasks it learns.
    """
    trunk = np.zeros((len(members), network.trunk.size))
    heads = np.zeros((len(members), network.n_heads, network.head.size))
    for k, member in enumerate(members):
        trunk[k] = _draw(network.trunk.widths, network.trunk.widths[-1], member.seed, 0)
        for h, task in enumerate(member.tasks):
            heads[k, h] = _draw(network.head.widths, shape.n_outputs[task], member.seed, 1 + task)
    p, q = (torch.as_tensor(a).to(device, dtype) for a in (trunk, heads))
    steps = torch.zeros(len(members), 1 + network.n_heads, device=device)
    return Stack(
        p,
        q,
        torch.zeros_like(p),
        torch.zeros_like(q),
        torch.zeros_like(p),
        torch.zeros_like(q),
        steps[:, 0].clone(),
        steps[:, 1:].clone(),
    )


def _draw(widths: tuple[int, ...], n_outputs: int, seed: int, index: int) -> np.ndarray:
    """Flat start of one chain; outputs beyond ``n_outputs`` stay zero."""
    rng = random_stream(seed, START, index)
    parts = []
    for i, (n_in, n_out) in enumerate(pairwise(widths)):
        owned = n_outputs if i == len(widths) - 2 else n_out
        layer = np.zeros((n_in + 1, n_out))
        layer[:, :owned] = rng.uniform(-1.0, 1.0, (n_in + 1, owned)) / np.sqrt(n_in)
        parts.append(layer.ravel())
    return np.concatenate(parts)
