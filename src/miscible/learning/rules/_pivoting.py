"""Quadratic programs of many tasks by guessing which entries are positive, and mending the guess.

Few gradients are in a task's way, so that the systems of a guess are much smaller than those of an interior point.
"""

from __future__ import annotations

import torch
from torch import Tensor

__all__ = ["nonnegative_quadratic"]

_CHUNK = 1_000_000
# Where gradients depend on each other guesses may go round in circles; others need about six.
_ROUNDS = 8
_TOLERANCE = 1e-11


def nonnegative_quadratic(matrix: Tensor, linear: Tensor, present: Tensor) -> tuple[Tensor, Tensor]:
    """Minimise ``z' matrix z / 2 + linear_p' z`` over ``z >= 0`` for several problems ``p`` a matrix.

    Block principal pivoting (Júdice and Pires 1994, Comput. Oper. Res. 21, 587): solve on the entries thought
    positive, then exchange all entries of the wrong sign. Their exchange of single entries, which always ends but may
    take long, is left out.

    Parameters
    ----------
    matrix
        ``(n, size, size)`` positive definite among the present entries, with a diagonal near 1 there; 0 elsewhere.
    linear
        ``(n, n_problems, size)``, of order 1; 0 where absent.
    present
        ``(n, size)`` 1 or 0.

    Returns
    -------
    z, solved
        ``(n, n_problems, size)``, not negative, 0 where absent; ``(n,)`` bool: all of the matrix's problems ended
        at their optimum. The others' ``z`` is of no use.
    """
    z, slope = torch.zeros_like(linear), linear
    free = torch.zeros_like(linear, dtype=torch.bool)
    there = (present > 0.0).unsqueeze(1)
    for _ in range(_ROUNDS):
        wrong = (torch.where(free, z, slope) < -_TOLERANCE) & there
        member, problem = wrong.any(dim=-1).nonzero(as_tuple=True)
        if len(member) == 0:
            break
        free = free ^ wrong
        z = z.index_put((member, problem), _on_free(matrix, linear, free, member, problem))
        slope = linear + z @ matrix
    wrong = (torch.where(free, z, slope) < -_TOLERANCE) & there
    # A system that rounding made singular gives numbers that are not finite, and is not solved.
    solved = ~wrong.flatten(1).any(dim=1) & z.flatten(1).isfinite().all(dim=1)
    return z.clamp_min(0.0), solved


def _on_free(matrix: Tensor, linear: Tensor, free: Tensor, member: Tensor, problem: Tensor) -> Tensor:
    """Stationary points ``(n_chosen, size)`` of the chosen problems on their free entries, 0 elsewhere."""
    free, right = free[member, problem], -linear[member, problem]
    most = int(free.sum(dim=-1).amax())
    entries = free.to(torch.uint8).argsort(dim=-1, descending=True, stable=True)[:, :most]
    inside = free.gather(1, entries)
    found = torch.zeros_like(right)
    n_rows = max(1, _CHUNK // max(1, most * most))
    for rows in torch.arange(len(member), device=member.device).split(n_rows):
        e, valid = entries[rows], inside[rows]
        system = matrix[member[rows, None, None], e.unsqueeze(-1), e.unsqueeze(1)]
        system = torch.where(valid.unsqueeze(-1) & valid.unsqueeze(1), system, 0.0)
        system.diagonal(dim1=-2, dim2=-1).add_((~valid).to(system.dtype))
        factor = torch.linalg.cholesky_ex(system).L
        target = torch.where(valid, right[rows].gather(1, e), 0.0).unsqueeze(-1)
        found[rows] = found[rows].scatter(1, e, torch.cholesky_solve(target, factor).squeeze(-1))
    return found
