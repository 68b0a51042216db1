"""Feature distribution smoothing during training: statistics by label bin, and what they do to a batch."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from ..losses import REGRESSION, FeatureStatistics, label_bins, recolour
from ..nets import Batch, Calibration, Network, Views
from ._sampling import MemberPairs
from ._schedule import Schedule
from ._stack import Stack

__all__ = ["FeatureSmoothing", "bin_ranges"]

N_BINS = 50


def bin_ranges(pairs: MemberPairs, kinds: Sequence[str], n_heads: int) -> np.ndarray:
    """``(n_heads, 2)`` lower end and width of the label bins of every regression task; width 0 elsewhere."""
    result = np.zeros((n_heads, 2))
    for h, kind in enumerate(kinds):
        own = pairs.target[pairs.head == h]
        if kind == "regression" and len(own):
            edges = label_bins(own, N_BINS)
            result[h] = edges[0], (edges[-1] - edges[0]) / N_BINS
    return result


class FeatureSmoothing:
    """Calibrates one epoch of one stack, and learns from it.

    The trunk's output on a pair is moved from the mean and spread of its label bin to those smoothed over
    neighbouring bins (Yang et al. 2021, arXiv 2102.09554), with the statistics of the epochs before: nothing happens
    in the first. Every task has its own; predictions are never calibrated.

    Parameters
    ----------
    stack
        Its ``smoothing`` is read, and replaced by :meth:`finish`.
    ranges
        ``(K, n_heads, 2)`` from :func:`bin_ranges`.
    sigma
        Width of the kernel in bins.
    """

    def __init__(self, stack: Stack, ranges: np.ndarray, sigma: float) -> None:
        self._stack = stack
        self._sigma = sigma
        weight = stack.weights.trunk[0]
        bins = torch.as_tensor(ranges, dtype=weight.dtype).to(weight.device).flatten(0, 1)
        self._low, self._width = bins.unbind(1)
        self._known = FeatureStatistics(**stack.smoothing) if stack.smoothing else None
        self._tables: tuple[Tensor, Tensor] | None = None
        if self._known is not None:
            scale, shift = recolour(self._known, sigma=sigma)
            self._tables = scale.flatten(0, 2), shift.flatten(0, 2)

    def calibration(self, batch: Batch) -> Calibration | None:
        """What to do to the trunk's output on every slot."""
        if self._tables is None:
            return None
        cell, _ = self._cells(batch)
        scale, shift = (table.index_select(0, cell) for table in self._tables)
        return Calibration(scale, shift)

    def finish(self, network: Network, views: Views, inputs: Tensor, schedule: Schedule) -> None:
        """Take the statistics of the epoch's end over all training pairs.

        Parameters
        ----------
        schedule
            Of the training pairs, made for evaluation.
        """
        k, n_heads = self._stack.n_members, network.n_heads
        epoch = FeatureStatistics.nothing(
            k, n_heads, N_BINS, network.trunk.widths[-1], dtype=inputs.dtype, device=inputs.device
        )
        for batch in schedule.batches:
            rows = inputs.index_select(0, batch.rows)
            top = network.run_trunk(views, rows, batch.n_members).activations[-1].flat[:, :-1]
            cell, counted = self._cells(batch)
            epoch = epoch.updated(top.index_select(0, batch.slot_row), cell, counted * (batch.weight > 0.0))
        known = epoch if self._known is None else self._known.blended(epoch)
        self._stack.smoothing.update(count=known.count, mean=known.mean, variance=known.variance)

    def _cells(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """Cell of every slot in the flattened ``(K, n_heads, n_bins)``, and whether its task has bins."""
        assert batch.slot_owner is not None
        low = self._low.index_select(0, batch.slot_owner)
        width = self._width.index_select(0, batch.slot_owner)
        counted = (width > 0.0) & (torch.as_tensor(batch.code, device=width.device) == REGRESSION)
        place = torch.where(counted, (batch.target - low) / torch.where(counted, width, 1.0), 0.0)
        return batch.slot_owner * N_BINS + place.long().clamp_(0, N_BINS - 1), counted.to(width.dtype)
