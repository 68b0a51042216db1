"""Focal loss of classification pairs: labels the network already gets right count less."""

from __future__ import annotations

import torch
from torch import Tensor

from ._pairs import BINARY, REGRESSION, _class_probabilities, pair_gradients, pair_losses

__all__ = ["focal_gradients", "focal_losses"]


def focal_losses(outputs: Tensor, targets: Tensor, code: Tensor | int, gamma: Tensor | float) -> Tensor:
    """Unweighted focal loss of every pair.

    Lin et al. 2017, arXiv 1708.02002: the cross-entropy times ``(1 - p) ** gamma``, with p the probability of the
    pair's own class. Regression pairs keep their squared error. No balancing factor: that is a pair's weight.

    Parameters
    ----------
    outputs
        ``(..., n_outputs)`` raw outputs.
    targets
        ``(...)``; class codes 0, 1, ... for classification pairs.
    code
        One for all pairs, or ``(...)``.
    gamma
        Not negative; one for all pairs, or ``(...)``. With 0 this is :func:`pair_losses`, exactly.

    Returns
    -------
    Tensor
        ``(...)``.
    """
    codes = torch.as_tensor(code, device=outputs.device).expand(targets.shape)
    missing = _missing_probability(outputs, targets, codes)
    return pair_losses(outputs, targets, code) * missing.pow(gamma)


def focal_gradients(
    outputs: Tensor, targets: Tensor, weights: Tensor, code: Tensor | int, gamma: Tensor | float
) -> Tensor:
    """Gradient of ``sum(weights * focal_losses)`` at the outputs, shaped like them.

    With q = 1 - p it is that of the plain loss times ``q ** gamma * (1 - gamma * p * log(p) / q)``. As q goes to 0
    the fraction goes to -1; it is computed from q, so that nothing cancels where the network is sure.

    Parameters
    ----------
    outputs, targets, code, gamma
        As in :func:`focal_losses`.
    weights
        ``(...)``.
    """
    codes = torch.as_tensor(code, device=outputs.device).expand(targets.shape)
    missing = _missing_probability(outputs, targets, codes)
    entropy = pair_losses(outputs, targets, code)
    # Two branches of the same number: each is exact where the other loses digits or divides by zero.
    sure = missing < 0.5
    low = torch.where(sure, missing, 0.25)
    per_missing = torch.where(low > 0.0, -torch.log1p(-low) / low.clamp_min(torch.finfo(low.dtype).tiny), 1.0)
    per_missing = torch.where(sure, per_missing, entropy / missing.clamp_min(0.5))
    factor = missing.pow(gamma) * (1.0 + gamma * (1.0 - missing) * per_missing)
    return pair_gradients(outputs, targets, weights * factor, code)


def _missing_probability(outputs: Tensor, targets: Tensor, codes: Tensor) -> Tensor:
    """``(...)`` probability that is not on the pair's own class, 1 for regression.

    Never one minus a probability: small ones keep their digits.
    """
    missing = torch.sigmoid(outputs[..., 0] * (1.0 - 2.0 * targets))
    missing = torch.where(codes == REGRESSION, 1.0, missing)
    if outputs.shape[-1] == 1:
        return missing
    columns = torch.arange(outputs.shape[-1], device=outputs.device)
    others = _class_probabilities(outputs, codes).masked_fill(columns == targets.unsqueeze(-1), 0.0)
    return torch.where(codes > BINARY, others.sum(-1), missing)
