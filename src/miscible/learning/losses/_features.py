"""Feature distribution smoothing: features of rare labels borrow their statistics from neighbouring labels."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from ._bins import smoothing_matrix

__all__ = ["FeatureStatistics", "recolour"]

_SMALLEST, _LARGEST = 0.1, 10.0


@dataclass(frozen=True, eq=False)
class FeatureStatistics:
    """Features seen in every label bin of every head of every member.

    A value: methods return new tensors and never write to, or share memory with, their own.

    Parameters
    ----------
    count
        ``(K, H, B)`` summed weight of what was seen.
    mean, variance
        ``(K, H, B, w)``, variance with denominator ``count``; 0 where nothing was seen.
    """

    count: Tensor
    mean: Tensor
    variance: Tensor

    @classmethod
    def nothing(
        cls,
        n_members: int,
        n_heads: int,
        n_bins: int,
        width: int,
        *,
        dtype: torch.dtype = torch.float32,
        device: torch.device | None = None,
    ) -> FeatureStatistics:
        """Statistics before anything was seen."""
        shape = n_members, n_heads, n_bins
        return cls(
            torch.zeros(shape, dtype=dtype, device=device),
            torch.zeros(*shape, width, dtype=dtype, device=device),
            torch.zeros(*shape, width, dtype=dtype, device=device),
        )

    def updated(self, features: Tensor, cell: Tensor, weight: Tensor | None = None) -> FeatureStatistics:
        """Statistics of what was seen before and these samples together, exact to rounding.

        Chan, Golub and LeVeque 1983: counts, means and squared deviations of two parts merge in closed form, so a
        pass in batches equals one over everything. All cells are touched, so few large batches are cheaper.

        Parameters
        ----------
        features
            ``(n, w)``, finite; taken as constants.
        cell
            ``(n,)`` int64 index into the flattened ``(K, H, B)``.
        weight
            ``(n,)``, not negative; 0 leaves a sample out. By default 1.
        """
        features = features.detach().to(self.mean.dtype)
        weight = torch.ones_like(features[:, 0]) if weight is None else weight.to(features.dtype)
        count = self.count.reshape(-1)
        mean, variance = (part.reshape(-1, features.shape[-1]) for part in (self.mean, self.variance))
        added = torch.zeros_like(count).index_add(0, cell, weight)
        sums = torch.zeros_like(mean).index_add(0, cell, weight[:, None] * features)
        added_mean = sums / _positive(added)[:, None]
        deviations = weight[:, None] * (features - added_mean.index_select(0, cell)).square()
        squares = torch.zeros_like(mean).index_add(0, cell, deviations)

        total = count + added
        step = added_mean - mean
        share = (added / _positive(total))[:, None]
        merged = (count / _positive(total))[:, None] * (variance + share * step.square())
        merged = merged + squares / _positive(total)[:, None]
        seen = (added > 0.0)[:, None]
        return FeatureStatistics(
            total.view(self.count.shape),
            torch.where(seen, mean + share * step, mean).view(self.mean.shape),
            torch.where(seen, merged, variance).view(self.variance.shape),
        )

    def blended(self, newer: FeatureStatistics, momentum: float = 0.9) -> FeatureStatistics:
        """Running statistics after an epoch: ``momentum`` of the old and the rest of the newer ones.

        Counts, means and variances are blended each for itself, as in the paper. A bin seen for the first time takes
        the newer values as they are; one that the epoch did not see keeps the old ones.

        Parameters
        ----------
        newer
            Of the epoch alone, same shapes.
        momentum
            From 0 (forget the old) to 1 (learn nothing more).

        Raises
        ------
        ValueError
            When ``momentum`` is outside 0 to 1.
        """
        if not 0.0 <= momentum <= 1.0:
            raise ValueError(f"momentum must lie between 0 and 1, got {momentum}")
        known, seen = self.count > 0.0, newer.count > 0.0

        def blend(old: Tensor, new: Tensor) -> Tensor:
            both = momentum * old + (1.0 - momentum) * new
            wide = known.shape + (1,) * (old.ndim - known.ndim)
            return torch.where(known.view(wide), torch.where(seen.view(wide), both, old), new)

        return FeatureStatistics(
            blend(self.count, newer.count),
            blend(self.mean, newer.mean),
            blend(self.variance, newer.variance),
        )

    def smoothed(self, sigma: float) -> tuple[Tensor, Tensor]:
        """Means and variances smoothed over neighbouring bins, weighted by kernel and count.

        An empty bin weighs nothing and takes what its neighbours have. Bins with nothing in the kernel's reach get 0.

        Parameters
        ----------
        sigma
            Of the Gaussian kernel, in bins; see :func:`smoothing_matrix`.

        Returns
        -------
        tuple
            Mean and variance, ``(K, H, B, w)``.
        """
        matrix = torch.as_tensor(smoothing_matrix(self.count.shape[-1], sigma))
        kernel = matrix.to(self.mean) * self.count.unsqueeze(-2)
        kernel = kernel / _positive(kernel.sum(-1, keepdim=True))
        return kernel @ self.mean, kernel @ self.variance


def recolour(statistics: FeatureStatistics, *, sigma: float) -> tuple[Tensor, Tensor]:
    """Scale and shift that give features of each bin the smoothed mean and spread of its neighbourhood.

    Yang et al. 2021, arXiv 2102.09554: features are whitened with their own bin's statistics and coloured with the
    smoothed ones, ``calibrated = feature * scale + shift``. The ratio of variances is held within 0.1 to 10. Where a
    feature has no spread in its bin (one sample, a dead unit) there is no ratio: it keeps scale 1 and only its
    mean moves. A bin that was never seen is left as it is (1 and 0).

    Parameters
    ----------
    statistics
        Of the epochs before, running; features that are being calibrated must not be in it.
    sigma
        Of the Gaussian kernel, in bins.

    Returns
    -------
    tuple
        Scale and shift, ``(K, H, B, w)``.
    """
    mean, variance = statistics.smoothed(sigma)
    own = statistics.variance
    ratio = torch.where(own > 0.0, variance / _positive(own), 1.0).clamp(_SMALLEST, _LARGEST)
    seen = (statistics.count > 0.0).unsqueeze(-1)
    scale = torch.where(seen, ratio.sqrt(), 1.0)
    return scale, torch.where(seen, mean - scale * statistics.mean, 0.0)


def _positive(values: Tensor) -> Tensor:
    """The values, with a smallest normal number instead of 0, to divide by."""
    return values.clamp_min(torch.finfo(values.dtype).tiny)
