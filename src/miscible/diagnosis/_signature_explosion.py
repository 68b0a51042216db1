"""Signature: gradients that explode under aggressive weights or rules."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ..strategies import Strategy
from ..study import CellRecord
from ._phrases import cell, listed, number, share
from ._signature import Evidence, Signature, Status

__all__ = ["Norms", "gradient_explosion", "norms_of", "plain_counterpart"]

FACTOR = 3.0
"""Gradients that are so many times those of the plain strategy have grown."""
OFTEN = 0.10
"""Share of epochs whose mean gradient is above the limit of clipping that counts as often."""
MORE_DIVERGED = 0.05
"""Share of networks that diverged beyond the share of the plain strategy."""


@dataclass(frozen=True, slots=True)
class Norms:
    """Gradients of the networks of one strategy.

    Parameters
    ----------
    typical
        Median over networks of their median epoch's mean norm, before clipping; NaN without a record.
    largest
        Largest norm of a single step; infinite where a gradient was not finite.
    clipped
        Share of epochs, over all networks, whose mean norm was above the limit; NaN without a record.
    diverged
        Share of the networks tried that diverged; those have no other record.
    n_networks
        With a record.
    """

    typical: float
    largest: float
    clipped: float
    diverged: float
    n_networks: int


def norms_of(cells: Sequence[CellRecord], clip: float) -> Norms:
    """Sum up the records of one strategy's cells."""
    stories = [n["norms"] for c in cells for n in c.networks if n.get("norms") and n["norms"].get("mean")]
    mean = [np.array([math.inf if v is None else v for v in story["mean"]], float) for story in stories]
    largest = [math.inf if v is None else float(v) for story in stories for v in story["largest"]]
    members = sum(c.members for c in cells)
    return Norms(
        typical=float(np.median([np.median(line) for line in mean])) if mean else math.nan,
        largest=max(largest, default=math.nan),
        clipped=float((np.concatenate(mean) > clip).mean()) if mean else math.nan,
        diverged=sum(c.diverged for c in cells) / members if members else math.nan,
        n_networks=len(mean),
    )


def plain_counterpart(strategy: Strategy, others: Sequence[Strategy]) -> Strategy | None:
    """The joint strategy without weights and rule that differs least; ``None`` without one of the same reduction."""

    def distance(other: Strategy) -> int:
        return sum(
            getattr(strategy, axis) != getattr(other, axis)
            for axis in ("architecture", "sampling", "labels", "features", "classes", "norm", "width")
        )

    able = [s for s in others if s.side == "joint" and _is_plain(s) and s.reduction == strategy.reduction]
    return min(able, key=lambda s: (distance(s), s.complexity), default=None)


def _is_plain(strategy: Strategy) -> bool:
    return strategy.task_weights == "uniform" and strategy.rule == "sum"


def gradient_explosion(strategies: Sequence[Strategy], norms: Mapping[str, Norms], clip: float) -> Signature:
    """Weights or rules blow up gradients: they grow and are clipped often, or networks diverge.

    Parameters
    ----------
    strategies
        Of the study.
    norms
        By strategy.
    clip
        Limit that a mean norm is held against, finite.
    """
    suspects = [s for s in strategies if s.side == "joint" and not _is_plain(s) and s.name in norms]
    pairs = [(s, plain_counterpart(s, [o for o in strategies if o.name in norms])) for s in suspects]
    shown = dict.fromkeys(x.name for pair in pairs for x in pair if x is not None)
    evidence = tuple(
        Evidence(name, measure, value)
        for name in shown
        for measure, value in (
            ("typical gradient norm", cell(norms[name].typical, 3)),
            ("largest gradient norm", cell(norms[name].largest, 3)),
            (f"epochs with a mean norm above {clip:g} [%]", cell(100 * norms[name].clipped, 3)),
            ("networks diverged [%]", cell(100 * norms[name].diverged, 3)),
        )
    )
    exploded: list[str] = []
    told: list[str] = []
    unseen: list[str] = []
    for strategy, plain in pairs:
        own = norms[strategy.name]
        base = None if plain is None else norms[plain.name]
        found = None if base is None else _explodes(own, base)
        if found is None:
            unseen.append(strategy.name)
        elif found:
            assert base is not None and plain is not None
            exploded.append(strategy.name)
            told.append(
                f"{strategy.name} (gradients {number(own.typical / base.typical if base.typical else math.nan)} "
                f"times those of {plain.name}, {share(own.clipped)} of epochs above {clip:g} on average, "
                f"{share(own.diverged)} of networks diverged)"
            )
    status, reason = _explosion_words(suspects, exploded, told, unseen)
    return Signature(
        key="explosion",
        name="gradient explosion from aggressive weights",
        status=status,
        reason=reason,
        subjects=tuple(exploded),
        evidence=evidence,
        threshold=(
            f"gradients of a strategy with weights or a rule are {FACTOR:g} times those of the nearest joint strategy "
            f"without, and the mean gradient of at least {OFTEN:.0%} of epochs is above {clip:g} (the study's limit of "
            f"clipping, or the usual one where it clips nothing); or {MORE_DIVERGED:.0%} more of its networks diverge"
        ),
        remedies=(
            "milder weights (sqrt-inverse-count) or none",
            "balanced batches in place of weights (balanced)",
            "a rule that bounds each property's share (gradnorm, imtl-g, aligned)",
            "smaller rates of learning (tuning.rates) or tighter clipping (tuning.clip)",
        )
        if status == "present"
        else (),
    )  # fmt: skip


def _explodes(own: Norms, plain: Norms) -> bool | None:
    """Whether gradients blew up; ``None`` where norms were not recorded and nothing diverged."""
    if own.diverged - plain.diverged >= MORE_DIVERGED:
        return True
    if not (math.isfinite(plain.typical) and own.n_networks):
        return None
    return own.typical >= FACTOR * plain.typical and own.clipped >= OFTEN


def _explosion_words(
    suspects: Sequence[Strategy], exploded: Sequence[str], told: Sequence[str], unseen: Sequence[str]
) -> tuple[Status, str]:
    if exploded:
        return "present", f"Gradients explode under {listed(told, 3)}."
    if not suspects:
        return "cannot be judged", "No joint strategy with weights or a rule was run."
    if unseen:
        return (
            "cannot be judged",
            f"For {listed(unseen)} no norms were recorded, or no joint strategy without weights and rule stands "
            "beside.",
        )
    return (
        "absent",
        f"Gradients stay of the size of the plain strategy's under {listed([s.name for s in suspects])}.",
    )
