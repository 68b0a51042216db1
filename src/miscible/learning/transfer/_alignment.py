"""How far the latents of a target and of its sources are from one geometry, seen through maps to a common space.

Every task has a latent of its own and two maps, to a common latent and back. The losses are those of GATE
(arXiv 2310.06369; for several tasks 2405.01974) as far as they are public. Ours are the scale, every term being a mean
over rows and units, and the perturbation of a row, which is another row of the batch.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from ..losses import pair_losses

__all__ = ["Guide", "Maps", "Terms", "alignment_terms", "latents"]


class Maps(NamedTuple):
    """Affine maps of ``M`` tasks of ``K`` members, biases as last rows.

    ``to_common (K, M, n_units + 1, width)``, ``from_common (K, M, width + 1, n_units)``.
    """

    to_common: Tensor
    from_common: Tensor

    @classmethod
    def of(cls, flat: Tensor, n_units: int, width: int) -> Maps:
        """From ``(K, M, size)``, each task's two maps one after the other."""
        first, second = flat.split([(n_units + 1) * width, (width + 1) * n_units], dim=-1)
        return cls(
            first.unflatten(-1, (n_units + 1, width)),
            second.unflatten(-1, (width + 1, n_units)),
        )

    @staticmethod
    def size(n_units: int, width: int) -> int:
        """Numbers in both maps of a task."""
        return (n_units + 1) * width + (width + 1) * n_units


class Guide(NamedTuple):
    """Labels of the targets on the rows, ``(K, B)`` each; ``weight`` 0 where a row has none.

    ``code`` as in ``pair_losses``, one number or ``(K,)``.
    """

    target: Tensor
    weight: Tensor
    code: Tensor | int


class Terms(NamedTuple):
    """Losses ``(K, S)`` of every member's sources beside its target.

    Parameters
    ----------
    rebuilt
        Target and source through the common latent and back: mean squared error of both, added.
    consistent
        Mean squared difference of the two common latents of a row.
    mapped
        Mean loss of the target's output on the source's latent, carried over; 0 without a label.
    spaced
        Mean squared difference between the distance of two rows in one common latent and in the other.
    """

    rebuilt: Tensor
    consistent: Tensor
    mapped: Tensor
    spaced: Tensor

    @property
    def total(self) -> Tensor:
        """Their sum."""
        return self.rebuilt + self.consistent + self.mapped + self.spaced


def latents(rows: Tensor, hidden: Tensor) -> Tensor:
    """Latents ``(K, M, B, n_units)`` of ``M`` heads on all rows.

    Parameters
    ----------
    rows
        ``(K, B, width + 1)`` output of the shared layers, last column 1.
    hidden
        ``(K, M, width + 1, n_units)`` hidden layer of every head.
    """
    return torch.relu(rows.unsqueeze(1) @ hidden)


def alignment_terms(latent: Tensor, maps: Maps, output: Tensor, guide: Guide) -> Terms:
    """The losses of alignment.

    Parameters
    ----------
    latent
        ``(K, 1 + S, B, n_units)``, the target first, then its sources.
    maps
        Of the same tasks.
    output
        ``(K, n_units + 1, n_outputs)`` the target's output layer.
    guide
        The target's labels.
    """
    common = _affine(latent, maps.to_common)
    rebuilt = (_affine(common, maps.from_common) - latent).square().mean(dim=(2, 3))
    consistent = (common[:, 1:] - common[:, :1]).square().mean(dim=(2, 3))
    carried = _affine(common[:, 1:], maps.from_common[:, :1])
    predicted = _affine(carried, output.unsqueeze(1))
    apart = (common - common.roll(1, dims=2)).square().mean(dim=3)
    spaced = (apart[:, 1:] - apart[:, :1]).square().mean(dim=2)
    return Terms(rebuilt[:, :1] + rebuilt[:, 1:], consistent, _mean_loss(predicted, guide), spaced)


def _affine(x: Tensor, layer: Tensor) -> Tensor:
    return x @ layer[..., :-1, :] + layer[..., -1:, :]


def _mean_loss(predicted: Tensor, guide: Guide) -> Tensor:
    """Weighted mean over the labelled rows ``(K, S)`` of raw outputs ``(K, S, B, n_outputs)``."""
    target = guide.target.unsqueeze(1).expand(predicted.shape[:-1])
    code = guide.code if isinstance(guide.code, int) else guide.code.view(-1, 1, 1)
    tiny = torch.finfo(predicted.dtype).tiny
    share = guide.weight / guide.weight.sum(dim=1, keepdim=True).clamp_min(tiny)
    return (pair_losses(predicted, target, code) * share.unsqueeze(1)).sum(dim=2)
