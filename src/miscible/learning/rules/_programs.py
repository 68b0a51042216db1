"""The convex programs of the rules: by every support for a few tasks, by interior points for more."""

from __future__ import annotations

from torch import Tensor

from . import _interior, _supports

__all__ = ["best_descent", "nonnegative_quadratic"]

_FEW = 6


def nonnegative_quadratic(matrix: Tensor, linear: Tensor, present: Tensor) -> Tensor:
    """See :func:`_interior.nonnegative_quadratic`."""
    solver = _supports if matrix.shape[-1] <= _FEW else _interior
    return solver.nonnegative_quadratic(matrix, linear, present)


def best_descent(gram: Tensor, offset: Tensor, present: Tensor) -> tuple[Tensor, Tensor]:
    """See :func:`_interior.best_descent`."""
    solver = _supports if gram.shape[-1] <= _FEW else _interior
    return solver.best_descent(gram, offset, present)
