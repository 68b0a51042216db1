"""The task gradients as lengths and cosines: what every solving rule starts from."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from ._protocol import RuleInput, all_finite

__all__ = ["Geometry", "geometry", "spectrum"]

_MIN_RIDGE = 1e-10


@dataclass(frozen=True, slots=True)
class Geometry:
    """Statically weighted task gradients of every member, in float64.

    A task is *present* if it is active and its gradient is not zero: a zero gradient has no direction, so it is
    left out like an inactive task (it would end every min-norm method at the zero step).

    Parameters
    ----------
    cosines
        ``(n_members, n_tasks, n_tasks)``; zero in rows and columns of absent tasks.
    norms
        ``(n_members, n_tasks)`` relative to the member's longest gradient; zero where absent.
    present
        ``(n_members, n_tasks)`` bool.
    count
        ``(n_members, 1)`` number of present tasks, at least 1.
    finite
        ``(n_members, 1)`` bool; a member that is not finite has no present task here.
    rounding
        Unit of rounding of the Gram it came from.
    """

    cosines: Tensor
    norms: Tensor
    present: Tensor
    count: Tensor
    finite: Tensor
    rounding: float

    @property
    def inverse_norms(self) -> Tensor:
        """``1 / norms``, zero where absent."""
        return _inverse(self.norms)

    @property
    def gram(self) -> Tensor:
        """Gram of the gradients; its largest diagonal entry is 1."""
        return self.cosines * self.norms.unsqueeze(-1) * self.norms.unsqueeze(-2)

    @property
    def regular_cosines(self) -> Tensor:
        """Cosines plus the rounding level on the diagonal: positive definite among the present tasks."""
        ridge = (4.0 * self.rounding * self.count).clamp_min(_MIN_RIDGE)
        return self.cosines + torch.diag_embed(ridge * self.present)

    @property
    def regular_gram(self) -> Tensor:
        """Gram of the gradients with :attr:`regular_cosines`."""
        return self.regular_cosines * self.norms.unsqueeze(-1) * self.norms.unsqueeze(-2)

    def final(self, inputs: RuleInput, combination: Tensor) -> Tensor:
        """Weights of the plain gradients from a combination of the statically weighted ones."""
        weights = torch.where(self.present, combination, 0.0)
        return inputs.final(torch.where(self.finite, weights, torch.nan))


def _inverse(values: Tensor) -> Tensor:
    positive = values > 0.0
    return torch.where(positive, 1.0 / torch.where(positive, values, 1.0), 0.0)


def geometry(inputs: RuleInput) -> Geometry:
    """Lengths and cosines of the active tasks' gradients."""
    gram = inputs.scaled_gram
    rounding = torch.finfo(gram.dtype).eps
    finite = all_finite(gram)
    gram = torch.where(finite.unsqueeze(-1), gram, 0.0).double()
    lengths = gram.diagonal(dim1=-2, dim2=-1).clamp_min(0.0).sqrt()
    unit = _inverse(lengths)
    cosines = (gram * unit.unsqueeze(-1) * unit.unsqueeze(-2)).clamp(-1.0, 1.0)
    norms = lengths * _inverse(lengths.amax(dim=-1, keepdim=True))
    present = norms > 0.0
    count = present.sum(dim=-1, keepdim=True).clamp_min(1)
    return Geometry(cosines, norms, present, count, finite, rounding)


def spectrum(matrix: Tensor, norms: Tensor, rounding: float) -> tuple[Tensor, Tensor]:
    """Eigenvalues and eigenvectors of a Gram, without those that rounding could have made.

    An entry ``(i, j)`` is uncertain by about ``rounding * norms_i * norms_j``, so short gradients are known as
    precisely as long ones, and an eigenvalue is judged by the gradients its vector mixes.

    Parameters
    ----------
    matrix
        ``(n, size, size)`` symmetric, finite.
    norms
        ``(n, size)`` lengths of the gradients it is the Gram of.
    rounding
        Relative precision of an entry.

    Returns
    -------
    values, vectors
        ``(n, size)``, 0 where in doubt; ``(n, size, size)`` with vectors in columns.
    """
    values, vectors = torch.linalg.eigh(matrix)
    mixed = (vectors.abs() * norms.unsqueeze(-1)).sum(dim=-2)
    own = norms.shape[-1] * torch.finfo(matrix.dtype).eps * values.amax(dim=-1, keepdim=True)
    return torch.where(values > torch.maximum(4.0 * rounding * mixed**2, own), values, 0.0), vectors
