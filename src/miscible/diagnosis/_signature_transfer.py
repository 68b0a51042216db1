"""Signature: other properties fill the batches, and a property is overwhelmed."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..study import CellRecord
from ._phrases import cell, listed, number, share
from ._signature import CERTAIN, Evidence, Signature, Status, harm

__all__ = ["TransferEvidence", "excess_transfer", "fit_ratios", "others_share"]

LESS_FIT = 1.25
"""Ratio of training losses, together over apart, from which a property is fitted worse."""
DOMINATED = 0.75
"""Share of the labels in the batches that belong to other properties."""


@dataclass(frozen=True, slots=True)
class TransferEvidence:
    """How one property fares in a joint network and in a separate one.

    Parameters
    ----------
    name, joint, separate
        The property, and the strategies compared.
    fit_ratio, fit_low, fit_high
        Training loss at the epoch kept, together over apart, geometric mean over folds with its 95 % interval; NaN
        where there is no record.
    others
        Share of the labels in the joint batches that belong to other properties.
    change
        Of the test error between the same two strategies, as a share of that apart.
    p_worse
        Posterior probability that it is practically worse; NaN where it cannot be compared.
    """

    name: str
    joint: str
    separate: str
    fit_ratio: float
    fit_low: float
    fit_high: float
    others: float
    change: float
    p_worse: float

    @property
    def verdict(self) -> bool | None:
        """Whether the property is overwhelmed; ``None`` where it cannot be told."""
        hurt = harm(self.p_worse)
        less_fit = None
        if math.isfinite(self.fit_ratio):
            less_fit = self.fit_ratio >= LESS_FIT and self.fit_low > 1.0
            if not less_fit and self.fit_high >= LESS_FIT:
                less_fit = None
        parts = (hurt, less_fit, self.others >= DOMINATED)
        return False if False in parts else None if None in parts else True


def others_share(sampling: str, counts: np.ndarray, task: int) -> float:
    """Share of the labels in a joint batch that belong to other properties.

    Parameters
    ----------
    sampling
        ``proportional``, ``balanced`` or ``temperature``.
    counts
        ``(n_tasks,)`` labels.
    task
        Whose.
    """
    weights = {"balanced": (counts > 0).astype(float), "temperature": np.sqrt(counts)}.get(sampling, counts)
    total = float(weights.sum())
    return 1.0 - float(weights[task]) / total if total else math.nan


def fit_ratios(
    cells: Sequence[CellRecord], joint: str, separate: str, task: int, shape: tuple[int, int]
) -> np.ndarray:
    """Logarithm of the training loss together over apart, at the epochs kept.

    Parameters
    ----------
    cells
        Of the study.
    joint, separate
        Strategies.
    task
        Position in the table.
    shape
        ``(n_repeats, n_folds)`` of the study, also of the result; NaN where a record lacks.
    """
    logs = [_kept_losses(cells, name, task, shape) for name in (joint, separate)]
    return logs[0] - logs[1]


def _kept_losses(cells: Sequence[CellRecord], strategy: str, task: int, shape: tuple[int, int]) -> np.ndarray:
    """Mean over the networks of a fold of the logarithm of the training loss at the epoch kept."""
    found: dict[tuple[int, int], list[float]] = {}
    for record in cells:
        if record.strategy == strategy and task in record.tasks:
            for network in record.networks:
                loss = _kept_loss(network, record.tasks.index(task))
                if loss > 0:
                    found.setdefault((record.repeat, int(network["fold"])), []).append(math.log(loss))
    losses = np.full(shape, np.nan)
    for place, logs in found.items():
        losses[place] = np.mean(logs)
    return losses


def _kept_loss(network: Mapping[str, Any], local: int) -> float:
    if local not in network["tasks"] or network["best_epoch"] < 1:
        return math.nan
    loss = network["train"][network["tasks"].index(local)][network["best_epoch"] - 1]
    return math.nan if loss is None else float(loss)


def excess_transfer(found: Sequence[TransferEvidence]) -> Signature:
    """Other properties fill the batches, and a property is fitted worse in training and in testing."""
    shown = [
        f"{e.name} (training loss {number(e.fit_ratio)} times that apart, test error {100 * e.change:+.1f} %, "
        f"{share(e.others)} of the labels in its batches are others')"
        for e in found
        if e.verdict
    ]
    open_ = [e.name for e in found if e.verdict is None]
    status: Status = "absent"
    reason = "No property is fitted worse together, in training and in testing, under the weight of others."
    if shown:
        status, reason = "present", f"Other properties overwhelm {listed(shown, 4)}."
    elif not found:
        status, reason = (
            "cannot be judged",
            "No joint and separate network with comparable losses were both run.",
        )
    elif open_:
        status, reason = "cannot be judged", f"It is open for {listed(open_)}; no other property shows it."
    return Signature(
        key="transfer",
        name="excess transfer",
        status=status,
        reason=reason,
        subjects=tuple(e.name for e in found if e.verdict),
        evidence=tuple(
            Evidence(e.name, measure, value)
            for e in found
            for measure, value in (
                ("strategies", f"{e.joint} against {e.separate}"),
                ("training loss, together over apart", cell(e.fit_ratio, 3)),
                ("labels of others in the batches [%]", cell(100 * e.others, 3)),
                ("change of test error [%]", cell(100 * e.change, 3)),
                ("probability of practically worse", cell(e.p_worse, 3)),
            )
        ),
        threshold=(
            f"the training loss of a property at the epoch kept is {LESS_FIT:g} times that apart (95 % interval above "
            f"1), at least {DOMINATED:.0%} of the labels in the batches belong to others, and the test error is "
            f"practically worse with probability {CERTAIN:.2f} or more"
        ),
        remedies=(
            "balanced batches (shared+balanced) or weights (shared+sqrt-inverse-count)",
            "a wider network (w256), or parts of its own (mmoe, task-attention)",
            "a warm start: learn from the others first, then tune to the property (warm)",
        )
        if status == "present"
        else (),
    )  # fmt: skip
