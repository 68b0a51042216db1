"""Trained networks applied to rows."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import torch
from torch import Tensor

from .._types import Member, NetworkShape
from ..losses import output_activation, pair_code
from ..nets import Batch, Network, Trace, Trunk, Views, Weights
from ._stack import Stack, build_network

__all__ = ["State", "head_of_rows", "pack_state", "predict", "start_from", "trunk_of_rows", "unpack_state"]

State = dict[str, np.ndarray]
"""Named arrays of stacked networks, network axis first.

``tasks (n, H)`` task of each head, -1 for none; ``trunk.{i}.weight (n, n_in, n_out)`` and
``trunk.{i}.bias (n, n_out)``; ``head.{i}.weight (n, H, n_in, n_out)`` and ``head.{i}.bias (n, H, n_out)``. A
layer is ``x @ weight + bias``, then ReLU except at a head's end. A head uses as many of the last layer's
columns as its task has outputs. What stands between trunk and heads has ``shared.{i} (n, n_in, n_out)`` and
``own.{i} (n, H, n_in, n_out)``, biases as last rows.
"""

_CHUNK_FLOATS = 1 << 22


def pack_state(
    network: Network, trunk: Sequence[Tensor], heads: Sequence[Tensor], tasks: np.ndarray
) -> State:
    """Layers ``(n, n_in + 1, n_out)`` and ``(n, H, n_in + 1, n_out)`` as named arrays."""
    state: State = {"tasks": tasks}
    for name, layers, depth in (("trunk", trunk, network.depth), ("head", heads, len(network.head.shapes))):
        for i, layer in enumerate(layers[:depth]):
            state[f"{name}.{i}.weight"] = layer[..., :-1, :].cpu().numpy().copy()
            state[f"{name}.{i}.bias"] = layer[..., -1, :].cpu().numpy().copy()
        for i, layer in enumerate(layers[depth:]):
            state[f"{'shared' if name == 'trunk' else 'own'}.{i}"] = layer.cpu().numpy().copy()
    return state


def unpack_state(network: Network, state: State, device: torch.device) -> Weights:
    """Inverse of :func:`pack_state`: trunk layers ``(n, ...)`` and head layers ``(H, n, ...)``."""

    def layers(name: str, depth: int, extra: str) -> list[Tensor]:
        joined = [
            np.concatenate([state[f"{name}.{i}.weight"], state[f"{name}.{i}.bias"][..., None, :]], axis=-2)
            for i in range(depth)
        ]
        joined += [state[f"{extra}.{i}"] for i in range(len(state)) if f"{extra}.{i}" in state]
        return [torch.as_tensor(a).to(device) for a in joined]

    heads = layers("head", len(network.head.shapes), "own")
    return Weights(
        tuple(layers("trunk", network.depth, "shared")),
        tuple(layer.transpose(0, 1).contiguous() for layer in heads),
    )


def start_from(
    network: Network, stack: Stack, members: Sequence[Member], states: Sequence[State | None]
) -> None:
    """Write trained parameters into fresh members; a head that was not trained stays fresh, and so does who has none.

    Raises
    ------
    ValueError
        A state holds several networks, or a relation graph of other tasks, whose places would not fit.
    """
    for k, (member, state) in enumerate(zip(members, states, strict=True)):
        if state is None:
            continue
        known = state["tasks"].tolist()
        if len(known) != 1:
            raise ValueError(f"member {k} needs the state of one network to start from, got {len(known)}")
        if network.mixing is not None and network.mixing.side_columns(0) and tuple(known[0]) != member.tasks:
            raise ValueError(f"member {k}'s relation graph needs a start with its own tasks {member.tasks}")
        trained = unpack_state(network, state, stack.weights.trunk[0].device)
        for layer, own in zip(stack.weights.trunk, trained.trunk, strict=True):
            layer[k] = own[0]
        for h, task in enumerate(member.tasks):
            if task not in known[0]:
                continue
            for layer, own in zip(stack.weights.heads, trained.heads, strict=True):
                layer[h, k] = own[known[0].index(task), 0]


def predict(
    shape: NetworkShape, kinds: tuple[str, ...], state: State, inputs: np.ndarray, *, device: str = "cpu"
) -> np.ndarray:
    """Model outputs of stacked networks.

    Parameters
    ----------
    shape
        Of every network.
    kinds
        Of every task.
    state
        Parameters.
    inputs
        ``(n_rows, n_inputs)`` for all networks, or ``(n_networks, n_rows, n_inputs)``.
    device
        Torch device.

    Returns
    -------
    ndarray
        ``(n_networks, n_rows, sum of n_outputs)`` float32: values for regression (as scaled), probabilities
        for classes; NaN in the columns of tasks a network has no head for.
    """
    where = torch.device(device)
    tasks = state["tasks"]
    n_networks, n_heads = tasks.shape
    rows = torch.as_tensor(np.ascontiguousarray(inputs, dtype=np.float32))
    rows = rows.expand(n_networks, *rows.shape[-2:]) if rows.ndim == 2 else rows
    if rows.shape[0] != n_networks or rows.shape[2] != shape.n_inputs:
        raise ValueError(f"inputs are {tuple(inputs.shape)}, expected (n_rows, {shape.n_inputs})")
    network = build_network(shape, n_heads)
    views = Views(unpack_state(network, state, where))
    exists = torch.as_tensor(tasks >= 0).to(where)
    result = np.full((n_networks, rows.shape[1], sum(shape.n_outputs)), np.nan, np.float32)
    widest = max(i + o for i, o in (*network.shared_shapes, *network.own_shapes))
    step = max(1, _CHUNK_FLOATS // (widest * max(n_networks, 1)))
    with torch.inference_mode():
        for start, stop in pairwise([*range(0, rows.shape[1], step), rows.shape[1]]):
            part = rows[:, start:stop].to(where)
            trunk = trunk_of_rows(network, views, part)
            for h in range(n_heads):
                if (tasks[:, h] < 0).all():
                    continue
                raw = head_of_rows(network, views, trunk, h, exists).outputs.view(
                    n_networks, stop - start, -1
                )
                for task in np.unique(tasks[tasks[:, h] >= 0, h]).tolist():
                    own = np.flatnonzero(tasks[:, h] == task)
                    code = pair_code(kinds[task], shape.n_outputs[task])
                    values = output_activation(raw[torch.as_tensor(own, device=where)], code)
                    result[own, start:stop, shape.output_slices[task]] = values.cpu().numpy()
    return result


def trunk_of_rows(network: Network, views: Views, rows: Tensor) -> Trunk:
    """The trunk of every network on its rows ``(n_networks, n_rows, n_inputs)``."""
    ones = rows.new_ones(*rows.shape[:2], 1)
    return network.run_trunk(views, torch.cat([rows, ones], dim=2).flatten(0, 1), len(rows))


def head_of_rows(network: Network, views: Views, trunk: Trunk, head: int, exists: Tensor) -> Trace:
    """One head of every network on all rows of :func:`trunk_of_rows`; ``exists (n_networks, n_heads)``."""
    n = len(exists)
    place = torch.arange(len(trunk.activations[0].flat), device=exists.device)
    n_rows = len(place) // n
    nothing = trunk.activations[0].flat.new_zeros(0)
    batch = Batch(
        n_members=n,
        n_rows=n_rows,
        rows=place,
        slot_row=place,
        target=nothing,
        weight=nothing,
        code=0,
        runs=[n_rows if h == head else 0 for h in range(network.n_heads)],
        blocks=None,
        bag_slots=None,
        bag_starts=None,
        active=[],
        slot_owner=torch.div(place, n_rows, rounding_mode="floor") * network.n_heads + head,
        exists=exists,
        pairs=None,
    )
    return network.forward(views, trunk, batch)
