"""Trained networks applied to rows."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import torch
from torch import Tensor

from .._types import NetworkShape
from ..losses import output_activation, pair_code
from ..nets import Group, OnesColumn, chain_forward, prepare

__all__ = ["State", "pack_state", "predict"]

State = dict[str, np.ndarray]
"""Named arrays of stacked networks, network axis first.

``tasks (n, H)`` task of each head, -1 for none; ``trunk.{i}.weight (n, n_in, n_out)`` and
``trunk.{i}.bias (n, n_out)``; ``head.{i}.weight (n, H, n_in, n_out)`` and ``head.{i}.bias (n, H, n_out)``. A
layer is ``x @ weight + bias``, then ReLU except at a head's end. A head uses as many of the last layer's
columns as its task has outputs.
"""

_CHUNK_FLOATS = 1 << 22


def pack_state(trunk: Sequence[Tensor], heads: Sequence[Tensor], tasks: np.ndarray) -> State:
    """Layers ``(n, n_in + 1, n_out)`` and ``(n, H, n_in + 1, n_out)`` as named arrays."""
    state: State = {"tasks": tasks}
    for name, layers in (("trunk", trunk), ("head", heads)):
        for i, layer in enumerate(layers):
            state[f"{name}.{i}.weight"] = layer[..., :-1, :].cpu().numpy().copy()
            state[f"{name}.{i}.bias"] = layer[..., -1, :].cpu().numpy().copy()
    return state


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
    tensors = {name: torch.as_tensor(array).to(where) for name, array in state.items() if name != "tasks"}
    tasks = state["tasks"]
    n_networks, n_heads = tasks.shape
    rows = torch.as_tensor(np.ascontiguousarray(inputs, dtype=np.float32))
    rows = rows.expand(n_networks, *rows.shape[-2:]) if rows.ndim == 2 else rows
    if rows.shape[0] != n_networks or rows.shape[2] != shape.n_inputs:
        raise ValueError(f"inputs are {tuple(inputs.shape)}, expected (n_rows, {shape.n_inputs})")
    trunk = [prepare(layer) for layer in _layers(tensors, "trunk", len(shape.trunk))]
    head = _layers(tensors, "head", len(shape.head) + 1)
    ones = OnesColumn()
    result = np.full((n_networks, rows.shape[1], sum(shape.n_outputs)), np.nan, np.float32)
    widest = max(shape.n_inputs, *shape.trunk, *shape.head)
    step = max(1, _CHUNK_FLOATS // (widest * max(n_networks, 1)))
    with torch.inference_mode():
        for start, stop in pairwise([*range(0, rows.shape[1], step), rows.shape[1]]):
            part = rows[:, start:stop].to(where)
            n_rows = part.shape[1]
            x = torch.cat([part, part.new_ones(n_networks, n_rows, 1)], dim=2).flatten(0, 1)
            top = chain_forward(x, [Group(n_networks, n_rows, trunk)], ones, "trunk", relu_last=True)[-1].flat
            for h in range(n_heads):
                if (tasks[:, h] < 0).all():
                    continue
                group = Group(n_networks, n_rows, [prepare(layer[:, h]) for layer in head])
                raw = chain_forward(top, [group], ones, "head", relu_last=False)[-1].parts[0]
                for task in np.unique(tasks[tasks[:, h] >= 0, h]).tolist():
                    own = np.flatnonzero(tasks[:, h] == task)
                    code = pair_code(kinds[task], shape.n_outputs[task])
                    values = output_activation(raw[torch.as_tensor(own, device=where)], code)
                    result[own, start:stop, shape.output_slices[task]] = values.cpu().numpy()
    return result


def _layers(tensors: dict[str, Tensor], name: str, n_layers: int) -> list[Tensor]:
    """Layers with the bias as last row."""
    return [
        torch.cat([tensors[f"{name}.{i}.weight"], tensors[f"{name}.{i}.bias"].unsqueeze(-2)], dim=-2)
        for i in range(n_layers)
    ]
