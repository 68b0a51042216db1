"""The programs of a few tasks, exactly: try every set of tasks that could be in play.

The optimum is stationary on its own support, so it is among the stationary points of all supports; each is
brought into the feasible set and the one with the best objective is taken. No tolerance is involved.
"""

from __future__ import annotations

import torch
from torch import Tensor

__all__ = ["best_descent", "nonnegative_quadratic"]

_TINY = 1e-300


def _supports(size: int, device: torch.device) -> Tensor:
    """``(2**size, size)`` bool: every subset."""
    codes = torch.arange(2**size, device=device).unsqueeze(-1)
    return (codes >> torch.arange(size, device=device)) % 2 == 1


def _solve(matrix: Tensor, right: Tensor, supports: Tensor) -> Tensor:
    """Solutions ``(n, n_supports, size, n_right)`` restricted to each support, 0 outside."""
    inside = supports.unsqueeze(-1) & supports.unsqueeze(-2)
    # Ones outside the support keep the systems regular; the right side is 0 there.
    outside = torch.diag_embed((~supports).to(matrix.dtype))
    reduced = torch.where(inside, matrix.unsqueeze(1), outside)
    return torch.linalg.solve_ex(reduced, torch.where(supports.unsqueeze(-1), right.unsqueeze(1), 0.0)).result


def _best(candidates: Tensor, costs: Tensor) -> Tensor:
    """Candidate ``(n, size, n_problems)`` with the least cost over the supports (dimension 1)."""
    choice = costs.argmin(dim=1, keepdim=True).unsqueeze(2).expand(-1, 1, candidates.shape[2], -1)
    return candidates.gather(1, choice).squeeze(1)


def nonnegative_quadratic(matrix: Tensor, linear: Tensor, present: Tensor) -> Tensor:
    """Minimise ``z' matrix z / 2 + linear_p' z`` over ``z >= 0`` for several problems ``p`` a matrix.

    Parameters
    ----------
    matrix
        ``(n, size, size)`` positive definite among the present entries; 0 elsewhere.
    linear
        ``(n, n_problems, size)``; 0 where absent.
    present
        ``(n, size)`` 1 or 0.

    Returns
    -------
    Tensor
        ``(n, n_problems, size)``, not negative; 0 where absent.
    """
    filled = matrix + torch.diag_embed(1.0 - present)
    points = _solve(filled, -linear.mT, _supports(matrix.shape[-1], matrix.device)).clamp_min(0.0)
    image = matrix.unsqueeze(1) @ points
    costs = (points * (0.5 * image + linear.mT.unsqueeze(1))).sum(dim=2)
    return _best(points, costs).mT


def best_descent(gram: Tensor, offset: Tensor, present: Tensor) -> tuple[Tensor, Tensor]:
    """Maximise ``min_t (offset_t + g_t . d)`` over ``|d| <= 1``.

    On a support, ``offset + gram x = level`` and ``x' gram x = 1`` make ``level`` the root of a quadratic.

    Parameters
    ----------
    gram
        ``(n, size, size)`` positive definite among the present tasks; 0 elsewhere.
    offset
        ``(n, size)``; 0 where absent.
    present
        ``(n, size)`` 1 or 0.

    Returns
    -------
    weights, x
        ``(n, size)``, 0 where absent: the point of the simplex that minimises
        ``offset' weights + |sum_t weights_t g_t|``; coefficients of the direction.
    """
    filled = gram + torch.diag_embed(1.0 - present)
    right = torch.stack((present, offset), dim=-1)
    by_level, by_offset = _solve(filled, right, _supports(gram.shape[-1], gram.device)).unbind(-1)
    a = by_level.sum(dim=-1, keepdim=True)
    b = by_offset.sum(dim=-1, keepdim=True)
    c = (by_offset * offset.unsqueeze(1)).sum(dim=-1, keepdim=True) - 1.0
    level = (b + (b**2 - a * c).clamp_min(0.0).sqrt()) / a.clamp_min(_TINY)
    points = (level * by_level - by_offset).clamp_min(0.0)
    total = points.sum(dim=-1, keepdim=True)
    points = points / total.clamp_min(_TINY)
    lengths = (points * (points @ gram)).sum(dim=-1).clamp_min(0.0).sqrt()
    costs = torch.where(
        total.squeeze(-1) > 0.0, lengths + (points * offset.unsqueeze(1)).sum(dim=-1), torch.inf
    )
    weights = _best(points.unsqueeze(-1), costs.unsqueeze(-1)).squeeze(-1)
    length = _best(lengths[:, :, None, None], costs.unsqueeze(-1)).squeeze(-1)
    return weights, weights / length.clamp_min(_TINY)
