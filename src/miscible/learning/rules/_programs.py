"""The convex programs of the rules: by every support for a few tasks, by pivoting or interior points for more."""

from __future__ import annotations

from torch import Tensor

from . import _interior, _pivoting, _supports

__all__ = ["best_descent", "nonnegative_quadratic"]

_FEW = 6


def nonnegative_quadratic(matrix: Tensor, linear: Tensor, present: Tensor) -> Tensor:
    """See :func:`_interior.nonnegative_quadratic`."""
    if matrix.shape[-1] <= _FEW:
        return _supports.nonnegative_quadratic(matrix, linear, present)
    z, solved = _pivoting.nonnegative_quadratic(matrix, linear, present)
    hard = (~solved).nonzero().squeeze(-1)
    if len(hard) > 0:
        z[hard] = _interior.nonnegative_quadratic(matrix[hard], linear[hard], present[hard])
    return z


def best_descent(gram: Tensor, offset: Tensor, present: Tensor) -> tuple[Tensor, Tensor]:
    """See :func:`_interior.best_descent`."""
    solver = _supports if gram.shape[-1] <= _FEW else _interior
    return solver.best_descent(gram, offset, present)
