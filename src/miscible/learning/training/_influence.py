"""How much a task's state takes from the other tasks, in trained relation graphs."""

from __future__ import annotations

import numpy as np
import torch

from .._types import NetworkShape
from ..nets import Views, influence
from ._predict import State, head_of_rows, trunk_of_rows, unpack_state
from ._stack import build_network

__all__ = ["task_influence"]


def task_influence(shape: NetworkShape, state: State, inputs: np.ndarray) -> np.ndarray:
    """Mean share of a task's state that comes from every other task, ``|A_ts M u_s| / |u_t|``.

    Parameters
    ----------
    shape, state
        Of networks with a relation graph.
    inputs
        ``(n_rows, n_inputs)``.

    Returns
    -------
    ndarray
        ``(n_networks, n_tasks, n_tasks)``, row = target, column = source; 0 on the diagonal, NaN for tasks a network
        does not have.
    """
    tasks = state["tasks"]
    n_networks, n_heads = tasks.shape
    network = build_network(shape, n_heads)
    result = np.full((n_networks, shape.n_tasks, shape.n_tasks), np.nan)
    with torch.inference_mode():
        views = Views(unpack_state(network, state, torch.device("cpu")))
        exists = torch.as_tensor(tasks >= 0)
        rows = torch.as_tensor(np.ascontiguousarray(inputs, dtype=np.float32)).expand(n_networks, -1, -1)
        trunk = trunk_of_rows(network, views, rows)
        for h in range(n_heads):
            if (tasks[:, h] < 0).all():
                continue
            trace = head_of_rows(network, views, trunk, h, exists)
            assert trace.slots is not None and trace.mixed is not None
            share = influence(trace.slots, trace.mixed).view(n_networks, -1, n_heads).mean(dim=1).numpy()
            for k, own in enumerate(tasks):
                if own[h] >= 0:
                    there = own >= 0
                    result[k, own[h], own[there]] = share[k, there]
    return result
