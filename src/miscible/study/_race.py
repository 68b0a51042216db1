"""How a time budget is spent: which strategies go on to the next repeat, judged on inner validation only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from ..strategies import Side, Strategy

__all__ = ["merits", "survivors"]

RIVAL: dict[Side, Side] = {"joint": "separate", "separate": "joint"}


def merits(inner: Mapping[str, np.ndarray]) -> dict[str, float]:
    """Merit of each strategy: tasks it wins on inner validation, less its mean log ratio to the winner.

    Parameters
    ----------
    inner
        Inner validation error by strategy, ``(n_repeats, n_folds, n_tasks)``, NaN where not run.

    Returns
    -------
    dict
        Larger is better.
    """
    names = list(inner)
    if not names:
        return {}
    stacked = np.stack([inner[name] for name in names])
    measured = np.isfinite(stacked)
    total = np.where(measured, stacked, 0.0).sum(axis=(1, 2))
    errors = np.where(measured.any(axis=(1, 2)), total / np.maximum(measured.sum(axis=(1, 2)), 1), np.inf)
    tiny = np.finfo(float).tiny
    best = errors.min(axis=0, keepdims=True)
    known = np.isfinite(best[0])
    ratio = np.log(np.maximum(errors[:, known], tiny) / np.maximum(best[:, known], tiny))
    ratio = np.minimum(ratio, 10.0)
    wins = (ratio == 0.0).sum(axis=1)
    penalty = ratio.mean(axis=1) if known.any() else np.zeros(len(names))
    return {name: float(w - p) for name, w, p in zip(names, wins, penalty, strict=True)}


def survivors(
    strategies: Sequence[Strategy], merit: Mapping[str, float], seconds: Mapping[str, float], left: float
) -> tuple[Strategy, ...]:
    """Strategies that fit into the time left, the worst dropped first.

    The best joint arm, the best separate arm and the best baseline always stay: without them no question can
    be answered. A side of the sharing question that loses a strategy is not left with fewer to choose from
    than the other: that one then loses its worst too.

    Parameters
    ----------
    strategies
        Still running.
    merit
        From `merits`.
    seconds
        Wall seconds all remaining repeats would take, per strategy.
    left
        Wall seconds left.
    """
    kept = [s for s in strategies if not s.is_mixture]
    protected = {
        max((s for s in kept if s.side == side), key=lambda s: merit.get(s.name, -np.inf), default=None)
        for side in ("joint", "separate", "baseline")
    }
    protected |= {s for s in kept if s.architecture == "lightgbm"}
    droppable = sorted(
        (s for s in kept if s not in protected),
        key=lambda s: (merit.get(s.name, -np.inf), s.name),
        reverse=True,
    )
    while droppable and sum(seconds.get(s.name, 0.0) for s in kept) > left:
        worst = droppable.pop()
        kept.remove(worst)
        rivals = [s for s in droppable if s.side == RIVAL.get(worst.side)]
        if rivals and _count(kept, rivals[-1].side) > _count(kept, worst.side):
            droppable.remove(rivals[-1])
            kept.remove(rivals[-1])
    return tuple(s for s in strategies if s in kept or s.is_mixture)


def _count(strategies: Sequence[Strategy], side: Side) -> int:
    return sum(s.side == side for s in strategies)
