"""Learning curves: what would more labels buy, of a property itself or of the one it learns with?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from ..errors import InputError
from ..evaluation import finite_mean
from ..splits import FoldData
from ._arms import Countdown, Workshop, error_words
from ._case import Case
from ._label_fit import CurveFit, Gain, fit_curve, read_gain
from ._subsample import n_labels, thin

__all__ = ["JOINT", "LabelCurve", "LabelsFinding", "asked", "find_labels"]

JOINT = "shared"
LEARNERS = (JOINT, "independent", "lightgbm")
"""The joint one learns all properties, the others one alone."""

SHARES, SHARES_QUICK = (0.25, 0.5, 0.75, 1.0), (0.25, 0.5, 1.0)
FEWEST_LABELS = 40
"""A quarter of them is ten."""
MOST_TARGETS, MOST_TARGETS_QUICK = 3, 2
FOLDS_QUICK = 3
HANDFUL, CAMPAIGN = 60, 5_000
"""Labels that a user might add to a scarce and to a plentiful property."""

_Key = tuple[int, int, str, float]
"""Target, whose labels were thinned, learner, share of these labels."""


@dataclass(frozen=True, eq=False)
class LabelCurve:
    """Errors of one learner on one property over the labels of one property.

    Parameters
    ----------
    target
        Task whose error is measured.
    labels_of
        Task whose labels were thinned; the target itself, or one it learns with.
    learner
        ``shared``, ``independent`` or ``lightgbm``.
    counts
        ``(n_counts,)`` labels of the whole table, ascending; a fold learns from its training share of them.
    errors
        ``(n_counts, n_rounds)`` test errors on the same folds, nested labels.
    fit
        Curve through the mean errors.
    gains
        What a tenth more, a number that suits the property, and twice as many labels would change.
    """

    target: int
    labels_of: int
    learner: str
    counts: np.ndarray
    errors: np.ndarray
    fit: CurveFit
    gains: tuple[Gain, ...]

    @property
    def error(self) -> float:
        """Mean error with all labels there are, NaN where unknown."""
        return float(finite_mean(self.errors[-1]))


@dataclass(frozen=True, eq=False)
class LabelsFinding:
    """Learning curves of the scarcest properties.

    Parameters
    ----------
    names, error_names, units
        Of all tasks: names, what errors are called, and their units.
    targets
        Tasks looked at, the scarcest first.
    curves
        By target: each learner over its own labels, then the joint one over those of the largest other task.
    n_folds, n_repeats
        Of the study's folds that were looked at.
    left_out
        Tasks that were not looked at.
    """

    names: tuple[str, ...]
    error_names: tuple[str, ...]
    units: tuple[str, ...]
    targets: tuple[int, ...]
    curves: tuple[LabelCurve, ...]
    n_folds: int
    n_repeats: int
    left_out: tuple[int, ...]

    def curves_of(self, target: int, own: bool) -> tuple[LabelCurve, ...]:
        """Curves over the target's own labels, or over those of another."""
        return tuple(c for c in self.curves if c.target == target and (c.labels_of == target) == own)


def find_labels(case: Case) -> LabelsFinding:
    """Train on shares of the labels of one property at a time, all others in full, and fit the errors.

    Raises
    ------
    InputError
        No property has 40 labels.
    """
    counts = case.table.counts
    able = [int(t) for t in np.argsort(counts, kind="stable") if counts[t] >= FEWEST_LABELS]
    if not able:
        raise InputError(
            f"learning curves need a property with at least {FEWEST_LABELS} labels, found {int(counts.max())}."
        )
    targets = able[: MOST_TARGETS_QUICK if case.quick else MOST_TARGETS]
    partners = {t: next((o for o in reversed(able) if o != t), t) for t in targets}
    shares = SHARES_QUICK if case.quick else SHARES
    shop = Workshop.open(case)
    repeats, most = shop.repeats(), FOLDS_QUICK if case.quick else None
    thinned = tuple(dict.fromkeys((*targets, *partners.values())))
    tell = Countdown(case, len(repeats) * (len(thinned) * (len(shares) - 1) + 1))
    found: dict[_Key, list[np.ndarray]] = {}
    for r in repeats:
        folds = shop.folds(r, most)
        for x in thinned:
            affected = [t for t in targets if x in (t, partners[t])]
            for share in shares[:-1]:
                fewer = [
                    thin(fold, {x: round(share * n_labels(fold, x))}, seed=case.seed("labels", r, f))
                    for f, fold in enumerate(folds)
                ]
                for learner, t, errors in _train(shop, fewer, affected, x if x in targets else None, r):
                    found.setdefault((t, x, learner, share), []).append(errors)
                tell.one_more()
        for learner, t, errors in _train(shop, folds, targets, None, r):
            for x in {t, partners[t]}:
                found.setdefault((t, x, learner, 1.0), []).append(errors)
        for t in targets:
            for learner, _, errors in _train(shop, folds, [], t, r):
                found.setdefault((t, t, learner, 1.0), []).append(errors)
        tell.one_more()
    keys = dict.fromkeys((t, x, learner) for t, x, learner, share in found if share == 1.0)
    order = sorted(keys, key=lambda k: (targets.index(k[0]), k[1] != k[0], LEARNERS.index(k[2])))
    words = [error_words(case, t) for t in range(len(counts))]
    return LabelsFinding(
        names=case.names,
        error_names=tuple(name for name, _ in words),
        units=tuple(unit for _, unit in words),
        targets=tuple(targets),
        curves=tuple(
            _curve(key, int(counts[key[1]]), {s: found[*key, s] for s in shares}, shop.ratio) for key in order
        ),
        n_folds=len(shop.folds(repeats[0], most)),
        n_repeats=len(repeats),
        left_out=tuple(t for t in range(len(counts)) if t not in targets),
    )


def asked(count: int) -> tuple[int, ...]:
    """Numbers of labels to be added: a tenth, a number that suits the count, and as many as there are."""
    suiting = HANDFUL if count < CAMPAIGN else CAMPAIGN
    return tuple(dict.fromkeys((max(1, round(0.1 * count)), *((suiting,) if suiting < count else ()), count)))


def _train(
    shop: Workshop, folds: Sequence[FoldData], together: Sequence[int], alone: int | None, repeat: int
) -> Iterator[tuple[str, int, np.ndarray]]:
    """Learner, task and errors ``(n_folds,)``: of the joint network on some tasks, of the separate ones on one."""
    case = shop.case
    everyone = np.flatnonzero(case.table.counts > 0).tolist()
    if together and len(everyone) > 1:
        seed = case.seed("labels", JOINT, repeat)
        yield from (
            (JOINT, t, errors)
            for t, errors in zip(
                together, shop.networks(shop.joint, folds, everyone, together, seed=seed).T, strict=True
            )
        )
    if alone is not None:
        seed = case.seed("labels", "alone", repeat)
        yield "independent", alone, shop.networks(shop.separate, folds, [alone], [alone], seed=seed)[:, 0]
        yield "lightgbm", alone, shop.baseline("lightgbm", folds, alone, seed=seed)


def _curve(
    key: tuple[int, int, str], count: int, by_share: dict[float, list[np.ndarray]], ratio: float
) -> LabelCurve:
    target, labels_of, learner = key
    counts = np.array([share * count for share in by_share])
    errors = np.stack([np.concatenate(parts) for parts in by_share.values()])
    return LabelCurve(
        target=target,
        labels_of=labels_of,
        learner=learner,
        counts=counts,
        errors=errors,
        fit=fit_curve(counts, errors),
        gains=tuple(read_gain(counts, errors, more, ratio) for more in asked(count)),
    )
