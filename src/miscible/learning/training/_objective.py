"""What a pair costs: plain losses, focal losses, or squared errors corrected for the density of the labels."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from .._types import LabelWeighting, Setting, TrainOptions
from ..losses import (
    REGRESSION,
    LabelMixture,
    batch_correction,
    class_weights,
    fit_histogram,
    fit_mixture,
    focal_gradients,
    focal_losses,
    lds_weights,
    mixture_correction,
    pair_gradients,
    pair_losses,
    stack_mixtures,
)
from ..nets import Batch
from ._sampling import MemberPairs

__all__ = ["DEFAULT_OPTIONS", "Objective", "label_mixtures", "option", "weigh_pairs"]

DEFAULT_OPTIONS = {
    "lds.sigma": 2.0,
    "fds.sigma": 2.0,
    "bmc.noise": 0.5,
    "gai.noise": 0.5,
    "bni.noise": 0.5,
    "focal.gamma": 2.0,
}
"""Used where a setting names no value: kernel widths in bins of the label's range (SCIENCE of LDS and FDS: 2),
noise in units of the scaled label's spread, and the focal loss's exponent (Lin et al. 2017: 2)."""

_FITS: dict[LabelWeighting, Callable[[np.ndarray], LabelMixture]] = {"gai": fit_mixture, "bni": fit_histogram}


def option(setting: Setting, name: str) -> float:
    """A remedy's parameter, as the setting or else the default has it."""
    return dict(setting.options).get(name, DEFAULT_OPTIONS[name])


def weigh_pairs(
    pairs: MemberPairs, kinds: Sequence[str], options: TrainOptions, setting: Setting
) -> MemberPairs:
    """Training pairs with the weights of label distribution smoothing and of classes, mean 1 within a task.

    Parameters
    ----------
    pairs
        Of one member.
    kinds
        Of its tasks.
    """
    if options.labels != "lds" and options.classes != "class-weights":
        return pairs
    weight = np.array(pairs.weight, dtype=np.float64)
    for h, kind in enumerate(kinds):
        own = pairs.head == h
        if not own.any():
            continue
        if kind == "regression" and options.labels == "lds":
            weight[own] *= lds_weights(pairs.target[own], sigma=option(setting, "lds.sigma"))
        if kind != "regression" and options.classes == "class-weights":
            weight[own] *= class_weights(pairs.target[own])
    return replace(pairs, weight=weight)


def label_mixtures(
    pairs: MemberPairs, kinds: Sequence[str], labels: LabelWeighting
) -> list[LabelMixture | None]:
    """Density of the training labels of every task, where the label weighting asks for one."""
    fit = _FITS.get(labels)
    result: list[LabelMixture | None] = []
    for h, kind in enumerate(kinds):
        own = pairs.target[pairs.head == h]
        result.append(fit(own) if fit is not None and kind == "regression" and len(own) else None)
    return result


class Objective:
    """Gradients of the pair losses of one stack.

    Parameters
    ----------
    options
        Which losses.
    settings
        Of the members, for their parameters.
    mixtures
        By member, one a head, where the label weighting asks for them.
    n_heads
        Heads of a member.
    device
        Where the numbers go.
    """

    def __init__(
        self,
        options: TrainOptions,
        settings: Sequence[Setting],
        mixtures: Sequence[Sequence[LabelMixture | None]],
        n_heads: int,
        device: torch.device,
    ) -> None:
        self._n_heads = n_heads
        self._gamma = self._noise = None
        self._mixtures: Mapping[str, Tensor] = {}
        self._within_batch = options.labels == "bmc"
        if options.classes == "focal":
            values = [option(s, "focal.gamma") for s in settings]
            self._gamma = torch.tensor(values, device=device).repeat_interleave(n_heads)
        if options.labels in ("bmc", "gai", "bni"):
            values = [option(s, f"{options.labels}.noise") for s in settings]
            self._noise = torch.tensor(values, device=device)
        if options.labels in _FITS:
            padded = [[*own, *[None] * (n_heads - len(own))] for own in mixtures]
            tables = stack_mixtures([mixture for own in padded for mixture in own])
            names = ("centres", "variances", "log_weights")
            self._mixtures = {
                name: torch.as_tensor(table, dtype=torch.float32).to(device)
                for name, table in zip(names, tables, strict=True)
            }

    @property
    def is_plain(self) -> bool:
        """Whether nothing but the plain losses is asked for."""
        return self._gamma is None and self._noise is None

    def gradients(self, outputs: Tensor, batch: Batch) -> Tensor:
        """``(n_slots, n_outputs)`` gradients at the outputs, pair weights included."""
        if self._gamma is None:
            d = pair_gradients(outputs, batch.target, batch.weight, batch.code)
        else:
            assert batch.slot_owner is not None
            gamma = self._gamma.index_select(0, batch.slot_owner)
            d = focal_gradients(outputs, batch.target, batch.weight, batch.code, gamma)
        if self._noise is not None:
            correction = self._within(outputs, batch) if self._within_batch else self._against(outputs, batch)
            is_regression = torch.as_tensor(batch.code, device=d.device) == REGRESSION
            d[:, 0] += correction * batch.weight * is_regression
        return d

    def losses(self, outputs: Tensor, batch: Batch) -> Tensor:
        """``(K, n_heads)`` losses of the tasks in a batch, in the reduction of its pair weights: what rules see.

        Under Balanced MSE that is the plain squared error: the correction has no zero to measure progress from.
        """
        assert batch.slot_owner is not None
        if self._gamma is None:
            each = pair_losses(outputs, batch.target, batch.code)
        else:
            each = focal_losses(
                outputs, batch.target, batch.code, self._gamma.index_select(0, batch.slot_owner)
            )
        total = each.new_zeros(batch.n_members * self._n_heads)
        return total.index_add_(0, batch.slot_owner, each * batch.weight).view(batch.n_members, self._n_heads)

    def _against(self, outputs: Tensor, batch: Batch) -> Tensor:
        """Correction by the labels' fitted density."""
        assert self._noise is not None and batch.slot_owner is not None
        owner = batch.slot_owner
        own = {name: table.index_select(0, owner) for name, table in self._mixtures.items()}
        noise = self._noise.index_select(0, owner // self._n_heads)
        return mixture_correction(outputs[:, 0], **own, noise=noise)[1]

    def _within(self, outputs: Tensor, batch: Batch) -> Tensor:
        """Correction by the labels of the same task in the batch."""
        pairs = batch.pairs
        assert self._noise is not None
        assert pairs is not None and pairs.slot is not None and pairs.mask is not None
        assert batch.slot_owner is not None
        owner = batch.slot_owner[pairs.slot]
        same = (owner.unsqueeze(2) == owner.unsqueeze(1)) & pairs.mask.unsqueeze(1) & pairs.mask.unsqueeze(2)
        predicted, target = outputs[:, 0][pairs.slot], batch.target[pairs.slot]
        each = batch_correction(predicted, target, same, self._noise[: batch.n_members])[1]
        result = outputs.new_zeros(len(outputs))
        return result.index_add_(0, pairs.slot.flatten(), (each * pairs.mask).flatten())
