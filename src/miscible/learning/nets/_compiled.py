"""The same forward and backward pass as one function for ``torch.compile``.

It pays for small populations, where the cost of starting each operation dominates (twice as fast for one
member); from about sixteen members on the products take the time and nothing is gained.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache

import torch
import torch.nn.functional as F
from torch import Tensor

from miscible.errors import MiscibleError

from ..losses import pair_gradients
from ._batch import Batch
from ._weights import Views

__all__ = ["compiled_step"]


def compiled_step(views: Views, inputs: Tensor, batch: Batch, out: Views) -> Tensor:
    """Outputs ``(n_slots, n_outputs)``; writes every layer's gradient.

    Parameters
    ----------
    views, out
        Weights and gradients of the stack.
    inputs
        ``(n_data * n_rows, n_inputs + 1)`` all rows.
    batch
        With a run of slots for every head.

    Raises
    ------
    MiscibleError
        When compilation fails, usually for want of a C++ compiler.
    """
    # Here, as it takes a second that few runs need to spend.
    from torch._dynamo.exc import TorchDynamoException

    k, heads = batch.n_members, range(len(batch.runs))
    assert batch.bag_slots is not None and batch.bag_starts is not None
    try:
        return _compiled()(
            [layer.weight for layer in views.trunk(k)],
            [[layer.weight for layer in views.head(h, k)] for h in heads],
            [layer.weight for layer in out.trunk(k)],
            [[layer.weight for layer in out.head(h, k)] for h in heads],
            inputs,
            batch.rows,
            batch.slot_row,
            batch.target,
            batch.weight,
            batch.code,
            batch.bag_slots,
            batch.bag_starts,
            batch.runs,
        )
    except TorchDynamoException as error:
        first = str(error).strip().partition("\n")[0]
        raise MiscibleError(
            f"the training step could not be compiled: {first}",
            hint="Install a C++ compiler, or train without compilation.",
        ) from error


@cache
def _compiled() -> Callable[..., Tensor]:
    return torch.compile(_step, dynamic=True)


def _step(
    trunk: Sequence[Tensor],
    heads: Sequence[Sequence[Tensor]],
    trunk_out: Sequence[Tensor],
    heads_out: Sequence[Sequence[Tensor]],
    inputs: Tensor,
    rows: Tensor,
    slot_row: Tensor,
    target: Tensor,
    weight: Tensor,
    code: Tensor | int,
    bag_slots: Tensor,
    bag_starts: Tensor,
    runs: Sequence[int],
) -> Tensor:
    k = trunk[0].shape[0]
    shared = [inputs.index_select(0, rows).view(k, -1, inputs.shape[1])]
    for layer in trunk:
        shared.append(_with_ones(torch.bmm(shared[-1], layer).relu()))
    top = shared[-1].flatten(0, 1).index_select(0, slot_row)
    parts = top.split([k * m for m in runs])
    traces = []
    for part, layers, m in zip(parts, heads, runs, strict=True):
        trace = [part.view(k, m, -1)]
        for layer in layers[:-1]:
            trace.append(_with_ones(torch.bmm(trace[-1], layer).relu()))
        trace.append(torch.bmm(trace[-1], layers[-1]))
        traces.append(trace)
    outputs = torch.cat([trace[-1].flatten(0, 1) for trace in traces])

    d_all = pair_gradients(outputs, target, weight, code).split([k * m for m in runs])
    at_top = []
    for d_part, trace, layers, gradients, m in zip(d_all, traces, heads, heads_out, runs, strict=True):
        d = _back(trace[:-1], layers, gradients, d_part.view(k, m, -1))
        at_top.append(torch.bmm(d, layers[0][:, :-1].transpose(1, 2)).flatten(0, 1))
    d_rows = torch.embedding_bag(torch.cat(at_top), bag_slots, bag_starts, False, 0, False, None, True)[0]
    _back(shared[:-1], trunk, trunk_out, d_rows.view(k, -1, d_rows.shape[1]) * (shared[-1][..., :-1] > 0))
    return outputs


def _back(
    inputs: Sequence[Tensor], layers: Sequence[Tensor], gradients: Sequence[Tensor], d: Tensor
) -> Tensor:
    """Write the gradients of a chain; returns the first layer's pre-activation gradient."""
    for i in range(len(layers) - 1, -1, -1):
        gradients[i].copy_(torch.bmm(inputs[i].transpose(1, 2), d))
        if i > 0:
            d = torch.bmm(d, layers[i][:, :-1].transpose(1, 2)) * (inputs[i][..., :-1] > 0)
    return d


def _with_ones(activations: Tensor) -> Tensor:
    return F.pad(activations, (0, 1), value=1.0)
