"""Balanced MSE: what the squared error lacks when labels crowd at some values.

Ren et al. 2022, arXiv 2203.16427. A network trained on crowded labels but judged as if every value were equally
likely should maximise N(y; p, s^2) / integral of N(y'; p, s^2) over the training labels. The logarithm splits in the
squared error and a term of the prediction alone; the functions here give that second term and its derivative.

Everything is multiplied by 2 s^2, with s the ``noise`` in units of the labels, so that the correction is added to a
plain squared error: ``(p - y)^2 + correction = 2 s^2 * negative log likelihood``, normalising constants of both
densities included (that of the numerator is why the mixture's correction has a term in s alone). As s grows the
derivative tends to ``-2 (p - mean label)``: the squared error loses its hold and the loss its minimum, so s must
stay well below the spread of the labels.
"""

from __future__ import annotations

import torch
from torch import Tensor

__all__ = ["batch_correction", "mixture_correction"]


def mixture_correction(
    predicted: Tensor, centres: Tensor, variances: Tensor, log_weights: Tensor, noise: Tensor | float
) -> tuple[Tensor, Tensor]:
    """Correction where the labels are a mixture: GAI (Gaussians) and BNI (a histogram: variances 0).

    ``2 s^2 log sum_k w_k N(p; m_k, v_k + s^2) + s^2 log(2 pi s^2)``; the second term does not depend on the
    prediction. Never positive, since a smoothed density is nowhere higher than the kernel's own peak.

    Parameters
    ----------
    predicted
        ``(...)`` predictions.
    centres, variances, log_weights
        ``(..., C)`` mixture of each prediction's task. A log weight of minus infinity is no component, a row of
        them no correction (0).
    noise
        Positive standard deviation s; one for all, or ``(...)``.

    Returns
    -------
    tuple
        Loss and its derivative with respect to the prediction, both ``(...)``.
    """
    variance = _variance(noise, predicted).unsqueeze(-1)
    share = variance / (variances + variance)
    offset = predicted.unsqueeze(-1) - centres
    logits = log_weights + 0.5 * share.log() - 0.5 * share * offset.square() / variance
    log_sum, part = _log_sum_and_parts(logits, torch.isneginf(log_weights))
    return 2.0 * variance.squeeze(-1) * log_sum, -2.0 * (part * share * offset).sum(-1)


def batch_correction(
    predicted: Tensor, targets: Tensor, same: Tensor, noise: Tensor | float
) -> tuple[Tensor, Tensor]:
    """Correction where the labels of the batch stand for all labels of their task: BMC.

    Squared error and correction together are 2 s^2 times the cross-entropy of picking the pair's own label among
    those of the batch, with logits ``-(p_i - y_j)^2 / (2 s^2)``. A label alone in its denominator makes the sum 0.

    Parameters
    ----------
    predicted, targets
        ``(..., P)``, finite also where a slot is empty.
    same
        ``(..., P, P)`` bool; ``same[..., i, j]``: label j counts in the denominator of pair i, which should include
        i itself. A row without any is an empty slot: correction 0.
    noise
        Positive standard deviation s; one for all, or shaped as ``predicted`` without its last axis.

    Returns
    -------
    tuple
        Loss of each pair and its derivative with respect to that pair's own prediction, both ``(..., P)``; labels
        are constants, and a prediction enters its own loss only.
    """
    variance = _variance(noise, predicted).unsqueeze(-1)
    offset = predicted.unsqueeze(-1) - targets.unsqueeze(-2)
    logits = -0.5 * offset.square() / variance.unsqueeze(-1)
    log_sum, part = _log_sum_and_parts(logits, ~same)
    return 2.0 * variance * log_sum, -2.0 * (part * offset).sum(-1)


def _variance(noise: Tensor | float, like: Tensor) -> Tensor:
    return torch.as_tensor(noise, dtype=like.dtype, device=like.device).square()


def _log_sum_and_parts(logits: Tensor, absent: Tensor) -> tuple[Tensor, Tensor]:
    """Log-sum-exp over what is present on the last axis, and its softmax; both 0 where all is absent.

    Told by the mask and not by the logits, so that a network that diverged is not silently let off.
    """
    void = absent.all(-1, keepdim=True)
    logits = logits.masked_fill(absent & ~void, -torch.inf)
    log_sum = torch.logsumexp(logits, -1)
    zero = torch.zeros((), dtype=logits.dtype, device=logits.device)
    return torch.where(void.squeeze(-1), zero, log_sum), torch.where(void, zero, torch.softmax(logits, -1))
