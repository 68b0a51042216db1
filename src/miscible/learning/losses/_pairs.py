"""Loss of every pair and its gradient at the network's raw output, in closed form.

A code tells what a pair is: 0 a regression label (squared error), 1 a binary label (log loss of the logit),
C >= 2 one of C classes (cross-entropy of the softmax over the first C outputs). A batch may mix them.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

__all__ = ["BINARY", "REGRESSION", "output_activation", "pair_code", "pair_gradients", "pair_losses"]

REGRESSION = 0
BINARY = 1


def pair_code(kind: str, n_outputs: int) -> int:
    """Code of a task's pairs."""
    return {"regression": REGRESSION, "binary": BINARY}.get(kind, n_outputs)


def _class_probabilities(outputs: Tensor, code: Tensor) -> Tensor:
    """Softmax over the first ``code`` outputs of each pair; the others get probability 0."""
    columns = torch.arange(outputs.shape[-1], device=outputs.device)
    # A pair without classes keeps one column, so that no row is empty.
    inside = columns < code.clamp_min(1).unsqueeze(-1)
    return torch.softmax(outputs.masked_fill(~inside, -torch.inf), dim=-1)


def pair_gradients(outputs: Tensor, targets: Tensor, weights: Tensor, code: Tensor | int) -> Tensor:
    """Gradient of ``sum(weights * losses)`` at the outputs.

    Parameters
    ----------
    outputs
        ``(..., n_outputs)`` raw outputs.
    targets, weights
        ``(...)``.
    code
        One for all pairs, or ``(...)``.

    Returns
    -------
    Tensor
        Shaped like ``outputs``; zero in columns a pair does not own.
    """
    if isinstance(code, Tensor) or code > BINARY:
        return _mixed_gradients(outputs, targets, weights, code)
    first = outputs[..., 0]
    if code == REGRESSION:
        d = (first - targets).mul_(weights).mul_(2.0)
    else:
        d = torch.sigmoid(first).sub_(targets).mul_(weights)
    if outputs.shape[-1] == 1:
        return d.unsqueeze(-1)
    return F.pad(d.unsqueeze(-1), (0, outputs.shape[-1] - 1))


def _mixed_gradients(outputs: Tensor, targets: Tensor, weights: Tensor, code: Tensor | int) -> Tensor:
    codes = torch.as_tensor(code, device=outputs.device).expand(targets.shape)
    first = outputs[..., 0]
    single = torch.where(codes == REGRESSION, 2.0 * (first - targets), torch.sigmoid(first) - targets)
    if outputs.shape[-1] == 1:
        return (single * weights).unsqueeze(-1)
    columns = torch.arange(outputs.shape[-1], device=outputs.device)
    d = _class_probabilities(outputs, codes)
    d -= (columns == targets.unsqueeze(-1)).to(d.dtype)
    alone = F.pad(single.unsqueeze(-1), (0, outputs.shape[-1] - 1))
    return torch.where((codes > BINARY).unsqueeze(-1), d, alone).mul_(weights.unsqueeze(-1))


def pair_losses(outputs: Tensor, targets: Tensor, code: Tensor | int) -> Tensor:
    """Unweighted loss of every pair; shapes as in :func:`pair_gradients`."""
    first = outputs[..., 0]
    if isinstance(code, int) and code == REGRESSION:
        return (first - targets).square_()
    codes = torch.as_tensor(code, device=outputs.device).expand(targets.shape)
    squared = (first - targets).square()
    logistic = F.softplus(first) - targets * first
    losses = torch.where(codes == REGRESSION, squared, logistic)
    if outputs.shape[-1] == 1:
        return losses
    own = targets.long().clamp(0, outputs.shape[-1] - 1).unsqueeze(-1)
    columns = torch.arange(outputs.shape[-1], device=outputs.device)
    inside = columns < codes.clamp_min(1).unsqueeze(-1)
    log_sum = torch.logsumexp(outputs.masked_fill(~inside, -torch.inf), dim=-1)
    entropy = log_sum - outputs.gather(-1, own).squeeze(-1)
    return torch.where(codes > BINARY, entropy, losses)


def output_activation(outputs: Tensor, code: int) -> Tensor:
    """Raw outputs of one task to what it predicts: a value, a probability, or class probabilities.

    Parameters
    ----------
    outputs
        ``(..., n_outputs)``; only the columns the task owns are returned.
    code
        The task's code.
    """
    if code == REGRESSION:
        return outputs[..., :1]
    if code == BINARY:
        return torch.sigmoid(outputs[..., :1])
    return torch.softmax(outputs[..., :code], dim=-1)
