"""What a population of targets is told about its sources."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

__all__ = ["Alignment", "TransferPlan"]


@dataclass(frozen=True)
class Alignment:
    """How the latent spaces of a member's tasks are brought together.

    A member adds ``weight * sum_s r_s A_s / n_sources`` to its loss, ``A_s`` being the alignment losses of source and
    primary task and ``r_s`` the ratio of the plan, in expectation over the few sources drawn.

    Parameters
    ----------
    weight
        ``(n_members,)`` of all alignment losses together.
    sources
        Drawn a step, with a chance in proportion to their ratio.
    width
        Units of the common latent.
    rows
        Of a batch, that are looked at; rows come in random order.
    every
        Steps between two that align, which then count as much more.
    """

    weight: np.ndarray
    sources: int = 2
    width: int = 32
    rows: int = 64
    every: int = 2

    def __post_init__(self) -> None:
        if not (np.isfinite(self.weight).all() and (self.weight >= 0).all()):
            raise ValueError("weights of an alignment must be finite and not negative")
        if min(self.sources, self.width, self.rows, self.every) < 1:
            raise ValueError("sources, width, rows and steps of an alignment must be at least 1")


@dataclass(frozen=True)
class TransferPlan:
    """How much the other tasks of a member count beside its primary one.

    A member with the ratios ``r`` minimises ``L_t + strength * sum_s r_s L_s / n_sources``, ``L`` being the mean loss
    over the labels of a task.

    Parameters
    ----------
    ratios
        ``(n_members, n_heads)``, 0 or more: of every source, heads in the order of the member's tasks; what stands at
        its primary task and behind its last one is not read.
    strength
        ``(n_members,)`` weight of all sources together.
    held_out
        For every member the rows of its data slice that it does not train on and whose primary labels guide its
        ratios; ``None``: the ratios stay as they are.
    groups
        ``(n_members, n_heads)`` sources with equal numbers share one ratio; ``None``: each has its own.
    every
        Steps between two updates of the ratios.
    horizon
        Steps after which the effect of a source is judged, from 1 to ``every``.
    rate
        Of Adam on the free parameters of the ratios.
    cap
        Largest ratio before their mean is brought down to 1.
    noise
        Spread of noise added to the labels that guide the ratios, to see what it does.
    alignment
        Of the latent spaces, beside ratios that stay as they are; ``None``: they are left alone.
    """

    ratios: np.ndarray
    strength: np.ndarray
    held_out: tuple[np.ndarray, ...] | None = None
    groups: np.ndarray | None = None
    every: int = 5
    horizon: int = 1
    rate: float = 0.1
    cap: float = 4.0
    noise: float = 0.0
    alignment: Alignment | None = None

    def __post_init__(self) -> None:
        n_members = len(self.strength)
        if self.ratios.shape[0] != n_members:
            raise ValueError(f"ratios of {self.ratios.shape[0]} members, strengths of {n_members}")
        if not (np.isfinite(self.ratios).all() and (self.ratios >= 0).all()):
            raise ValueError("ratios must be finite and not negative")
        if not (np.isfinite(self.strength).all() and (self.strength >= 0).all()):
            raise ValueError("strengths must be finite and not negative")
        if self.held_out is not None and len(self.held_out) != n_members:
            raise ValueError(f"held-out rows of {len(self.held_out)} members, expected {n_members}")
        if self.groups is not None and self.groups.shape != self.ratios.shape:
            raise ValueError(f"groups are {self.groups.shape}, expected {self.ratios.shape}")
        if not 1 <= self.horizon <= self.every:
            raise ValueError(f"the horizon must be from 1 to {self.every}, got {self.horizon}")
        if not (self.rate > 0 and self.cap > 1 and self.noise >= 0):
            raise ValueError("the rate must be positive, the cap above 1 and the noise not negative")
        if self.alignment is not None:
            if len(self.alignment.weight) != n_members:
                raise ValueError(f"alignment of {len(self.alignment.weight)} members, expected {n_members}")
            if self.held_out is not None:
                raise ValueError("latent spaces are aligned by ratios that stay as they are")
