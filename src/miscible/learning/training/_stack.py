"""Parameters, moments and step counts of stacked members, and how they start."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor

from .._types import Member, NetworkShape
from ..nets import DynamicRelation, Experts, Mixing, Network, Relation, TaskAttention, Weights
from ..rules import RuleState
from ._sampling import SIDE, START, random_stream

__all__ = ["Stack", "build_network", "count_parameters", "join_stacks", "start_stack"]


@dataclass(frozen=True, slots=True)
class Stack:
    """State of K members.

    Parameters
    ----------
    weights
        Parameters.
    first, second
        First and second moments of the gradients.
    steps
        ``(K, 1 + n_heads)`` updates so far of the shared layers and of each head.
    rule
        State of the rule; empty without one.
    smoothing
        Feature statistics; empty without feature smoothing, and in its first epoch.
    ratios
        State of learned transfer ratios; empty without.
    maps
        Maps of every task's latent to and from the common one, and their moments; empty without alignment.
    """

    weights: Weights
    first: Weights
    second: Weights
    steps: np.ndarray
    rule: RuleState = field(default_factory=dict)
    smoothing: dict[str, Tensor] = field(default_factory=dict)
    ratios: dict[str, Tensor] = field(default_factory=dict)
    maps: dict[str, Tensor] = field(default_factory=dict)

    @property
    def n_members(self) -> int:
        """Members in the stack."""
        return len(self.steps)

    def take(self, members: Sequence[int]) -> Stack:
        """Copies of some members, in this order."""
        index = torch.as_tensor(members, dtype=torch.int64, device=self.weights.trunk[0].device)
        weights, first, second = (_take(w, index) for w in (self.weights, self.first, self.second))
        rule, smoothing, ratios, maps = (
            {name: tensor.index_select(0, index) for name, tensor in state.items()}
            for state in (self.rule, self.smoothing, self.ratios, self.maps)
        )
        steps = self.steps[np.asarray(members, dtype=np.int64)]
        return Stack(weights, first, second, steps, rule, smoothing, ratios, maps)


def _take(weights: Weights, index: Tensor) -> Weights:
    """Copies of some members' tensors."""
    return Weights(
        tuple(t.index_select(0, index) for t in weights.trunk),
        tuple(t.index_select(1, index) for t in weights.heads),
    )


def join_stacks(stacks: Sequence[Stack]) -> Stack:
    """One stack of several, in order."""

    def joined(parts: Sequence[Weights]) -> Weights:
        return Weights(
            tuple(torch.cat(layer) for layer in zip(*(p.trunk for p in parts), strict=True)),
            tuple(torch.cat(layer, dim=1) for layer in zip(*(p.heads for p in parts), strict=True)),
        )

    return Stack(
        joined([s.weights for s in stacks]),
        joined([s.first for s in stacks]),
        joined([s.second for s in stacks]),
        np.concatenate([s.steps for s in stacks]),
        {name: torch.cat([s.rule[name] for s in stacks]) for name in stacks[0].rule},
        {name: torch.cat([s.smoothing[name] for s in stacks]) for name in stacks[0].smoothing},
        {name: torch.cat([s.ratios[name] for s in stacks]) for name in stacks[0].ratios},
        {name: torch.cat([s.maps[name] for s in stacks]) for name in stacks[0].maps},
    )


def build_network(shape: NetworkShape, n_heads: int) -> Network:
    """The stacked network of a population."""
    head = shape.head[1:] if shape.mixing.startswith("relation") else shape.head
    return Network(
        shape.n_inputs,
        shape.trunk,
        head,
        max(shape.n_outputs),
        n_heads,
        _build_mixing(shape, n_heads),
        norm=shape.norm,
    )


def count_parameters(shape: NetworkShape) -> int:
    """Weights and biases of one network with a head for every task."""
    network = build_network(shape, shape.n_tasks)
    shared, own = network.n_parameters
    per_output, _ = network.head.shapes[-1]
    spare = sum(max(shape.n_outputs) - n for n in shape.n_outputs)
    return shared + shape.n_tasks * own - spare * per_output


def _build_mixing(shape: NetworkShape, n_heads: int) -> Mixing | None:
    n_top = shape.trunk[-1]
    match shape.mixing:
        case "relation":
            return Relation(n_heads, shape.head[0], shape.relation_start, shape.relation_l1)
        case "relation-dynamic":
            return DynamicRelation(n_top, n_heads, shape.head[0])
        case "mmoe":
            return Experts(n_top, shape.n_experts, max(n_top // 2, 1))
        case "task-attention":
            return TaskAttention(n_top)
        case _:
            return None


def start_stack(
    shape: NetworkShape, members: Sequence[Member], network: Network, device: torch.device, dtype: torch.dtype
) -> Stack:
    """Fresh members.

    Weights and biases are uniform within ``1 / sqrt(n_in)`` of zero, as ``torch.nn.Linear`` starts. Trunk and
    every head have random streams of their own, so that a member starts a task's head alike whatever other
    tasks it learns.
    """
    trunk = [np.zeros((len(members), *s)) for s in network.shared_shapes]
    heads = [np.zeros((network.n_heads, len(members), *s)) for s in network.own_shapes]
    last = len(network.head.shapes) - 1
    for k, member in enumerate(members):
        for layers, drawn in zip(trunk, _draw_shared(network, member), strict=True):
            layers[k] = drawn
        for h, task in enumerate(member.tasks):
            for layers, drawn in zip(heads, _draw(network.own_shapes, member.seed, 1 + task), strict=True):
                layers[h, k] = drawn
            # Outputs a task does not own stay zero.
            heads[last][h, k, :, shape.n_outputs[task] :] = 0.0
    if network.mixing is not None and network.mixing.own_start is not None:
        heads[-1][:] = network.mixing.own_start

    def tensors(arrays: list[np.ndarray]) -> tuple[Tensor, ...]:
        return tuple(torch.as_tensor(a).to(device, dtype) for a in arrays)

    def zeros() -> Weights:
        return Weights(
            *(tuple(torch.zeros(a.shape, dtype=dtype, device=device) for a in own) for own in (trunk, heads))
        )

    steps = np.zeros((len(members), 1 + network.n_heads), np.int64)
    return Stack(Weights(tensors(trunk), tensors(heads)), zeros(), zeros(), steps)


def _draw_shared(network: Network, member: Member) -> list[np.ndarray]:
    """Shared layers of one member.

    Scales start at 1, shifts at 0. A task's state in the side layer comes from a random stream of that task, so that a
    member does not depend on how many heads its neighbours have.
    """
    shapes, mixing = list(network.shared_shapes), network.mixing
    above = range(network.depth, network.n_trunk)
    by_task = range(
        network.n_trunk, network.n_trunk + 1 if mixing and mixing.side_columns(0) else network.n_trunk
    )
    drawn = iter(
        _draw([s for i, s in enumerate(shapes) if i not in above and i not in by_task], member.seed, 0)
    )
    layers = [np.zeros(s) if i in above or i in by_task else next(drawn) for i, s in enumerate(shapes)]
    for i in above:
        layers[i][:, : shapes[i][1] // 2] = 1.0
    for i in by_task:
        for h, task in enumerate(member.tasks):
            columns = mixing.side_columns(h) if mixing else None
            size = (shapes[i][0], len(columns or ()))
            rng = random_stream(member.seed, SIDE, task)
            layers[i][:, columns] = rng.uniform(-1.0, 1.0, size) / np.sqrt(size[0] - 1)
    return layers


def _draw(shapes: Sequence[tuple[int, int]], seed: int, index: int) -> list[np.ndarray]:
    rng = random_stream(seed, START, index)
    return [rng.uniform(-1.0, 1.0, s) / np.sqrt(max(s[0] - 1, 1)) for s in shapes]
