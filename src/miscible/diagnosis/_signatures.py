"""Failure signatures by name: which of the known ways for sharing to fail show on this table."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..advice import side_arms
from ..evaluation import correlated_posterior, margin_of_equivalence
from ..strategies import Strategy, Tuning
from ._case import Case
from ._form import FormFinding, find_form
from ._signature import Signature, harm, worse_probability
from ._signature_explosion import gradient_explosion, norms_of
from ._signature_sharing import form_mismatch, minority_degradation
from ._signature_transfer import TransferEvidence, excess_transfer, fit_ratios, others_share
from ._signature_validation import (
    ValidationEvidence,
    label_difference,
    relative_gaps,
    unrepresentative_validation,
    validation_evidence,
)

__all__ = ["SignaturesFinding", "find_signatures"]

PLAIN_MODELS = ("mean", "nearest", "ridge", "extra-trees")
"""Baselines that choose at most one of a few numbers on the validation part."""
SHARING = ("shared", "relation", "relation-dynamic", "mmoe", "task-attention")
"""Architectures that are one network for all properties."""


@dataclass(frozen=True, eq=False)
class SignaturesFinding:
    """Every signature that was looked for.

    Parameters
    ----------
    signatures
        In the order minority, form, explosion, validation, transfer.
    names
        Of the properties.
    """

    signatures: tuple[Signature, ...]
    names: tuple[str, ...]

    def __getitem__(self, key: str) -> Signature:
        """The signature with a key.

        Raises
        ------
        KeyError
            There is none.
        """
        for signature in self.signatures:
            if signature.key == key:
                return signature
        raise KeyError(key)


def find_signatures(case: Case, form: FormFinding | None = None) -> SignaturesFinding:
    """Look for every signature in the study, its verdicts and the records of its training.

    Parameters
    ----------
    case
        The study.
    form
        What `find_form` found, if it was asked before; it is asked here only where sharing hurts some property.
    """
    names, counts = case.names, case.table.counts
    p_worse = np.array([worse_probability(v) for v in case.verdicts])
    effects = np.array([case.sharing_effect(t) for t in range(len(names))])
    minority = minority_degradation(names, counts, p_worse, effects)
    case.progress(0.05)
    if form is None and any(harm(float(p)) for p in p_worse):
        form = find_form(Case(case.context, case.result, case.verdicts, case.quick))
    mismatch = form_mismatch(names, p_worse, effects, form)
    case.progress(0.5)
    clip = case.context.plan.tuning.clip
    clip = clip if math.isfinite(clip) else Tuning().clip
    strategies = case.result.strategies
    norms = {
        s.name: norms_of([c for c in case.result.cells if c.strategy == s.name], clip)
        for s in strategies
        if s.side == "joint"
    }
    explosion = gradient_explosion(strategies, norms, clip)
    validation = unrepresentative_validation(_validation(case))
    transfer = excess_transfer([e for t in range(len(names)) if (e := _transfer(case, t)) is not None])
    case.progress(1.0)
    return SignaturesFinding((minority, mismatch, explosion, validation, transfer), names)


def _validation(case: Case) -> list[ValidationEvidence]:
    """One entry a property with labels; reads training and validation labels of folds, test labels in errors only."""
    result, plan = case.result, case.context.plan
    tasks = [t for t in range(case.table.n_tasks) if case.table.counts[t]]
    differences: dict[int, list[tuple[float, float]]] = {t: [] for t in tasks}
    n_valid: dict[int, list[int]] = {t: [] for t in tasks}
    repeats = 1 if case.quick else plan.split.repeats
    for r, f in np.ndindex(repeats, plan.split.folds):
        fold = case.fold(f, r)
        for t in tasks:
            known = np.isfinite(fold.targets[:, t])
            train, valid = (rows[known[rows]] for rows in (fold.train_rows, fold.valid_rows))
            n_valid[t].append(len(valid))
            differences[t].append(
                label_difference(
                    case.table.kinds[t],
                    fold.targets[train, t], fold.codes[train], fold.targets[valid, t], fold.codes[valid],
                )
            )  # fmt: skip
        case.progress(0.5 + 0.45 * (r * plan.split.folds + f + 1) / (repeats * plan.split.folds))
    plain = [s.name for s in result.strategies if s.name in PLAIN_MODELS]
    return [
        validation_evidence(
            case.names[t],
            _gaps(case, plain, t),
            _chosen_gaps(case, t),
            differences[t],
            n_valid[t],
            result.folds.test_train_ratio,
        )
        for t in tasks
    ]


def _gaps(case: Case, names: Sequence[str], task: int) -> np.ndarray:
    shape = (case.context.plan.split.repeats, case.context.plan.split.folds)
    if not names:
        return np.full(shape, np.nan)
    inner = np.stack([case.result.inner[name][:, :, task] for name in names])
    return relative_gaps(inner, np.stack([case.result.errors(name, task) for name in names]))


def _chosen_gaps(case: Case, task: int) -> np.ndarray:
    """Of the networks that inner validation chose, both sides."""
    arms = [arm for arm in side_arms(case.result, task) if arm is not None]
    shape = (case.context.plan.split.repeats, case.context.plan.split.folds)
    if not arms:
        return np.full(shape, np.nan)
    inner = np.full((len(arms), *shape), np.nan)
    for a, arm in enumerate(arms):
        for r, f in np.argwhere(arm.chosen != "").tolist():
            inner[a, r, f] = case.result.inner[arm.chosen[r, f]][r, f, task]
    return relative_gaps(inner, np.stack([arm.errors for arm in arms]))


def _transfer(case: Case, task: int) -> TransferEvidence | None:
    """One joint against one separate network of the same losses; ``None`` where the study has no such two."""
    result, counts = case.result, case.table.counts
    pair = _comparable(case, task)
    if pair is None:
        return None
    joint, separate = pair
    plan, verdict = case.context.plan, case.verdicts[task]
    ratio = result.folds.test_train_ratio
    logs = fit_ratios(result.cells, joint.name, separate.name, task, (plan.split.repeats, plan.split.folds))
    fit, low, high = math.nan, math.nan, math.nan
    if np.isfinite(logs).sum() >= 2:
        posterior = correlated_posterior(logs, ratio)
        fit, low, high = np.exp([posterior.mean, *posterior.interval()]).tolist()
    differences = result.errors(joint.name, task) - result.errors(separate.name, task)
    before = result.strategy_error(separate.name, task)
    p_worse, change = math.nan, math.nan
    if np.isfinite(differences).sum() >= 2 and before > 0:
        posterior = correlated_posterior(differences, ratio)
        rope = margin_of_equivalence(case.table.properties[task].margin, before, verdict.noise_floor)
        p_worse, change = posterior.probabilities(rope)[2], posterior.mean / before
    return TransferEvidence(
        name=case.names[task],
        joint=joint.name,
        separate=separate.name,
        fit_ratio=fit,
        fit_low=low,
        fit_high=high,
        others=others_share(joint.sampling, counts, task),
        change=change,
        p_worse=p_worse,
    )


def _comparable(case: Case, task: int) -> tuple[Strategy, Strategy] | None:
    """The joint and the separate strategy chosen most often whose training losses are on one scale.

    Remedies of labels and classes change the loss, a checkpoint for each property leaves no one epoch to look at.
    Of separate networks one as wide as the joint one comes first.
    """
    if case.table.counts[task] == 0 or np.count_nonzero(case.table.counts) < 2:
        return None
    times = {score.strategy: score.times_chosen for score in case.verdicts[task].scores}

    def best(side: str, width: str = "") -> Strategy | None:
        able = [
            s
            for s in case.result.strategies
            if s.side == side
            and s.architecture in (*SHARING, "independent")
            and (s.labels, s.features, s.classes, s.checkpoint) == ("none", "none", "none", "joint")
        ]
        able.sort(key=lambda s: (bool(width) and s.width != width, -times.get(s.name, 0), s.complexity))
        return able[0] if able else None

    joint = best("joint")
    separate = None if joint is None else best("separate", joint.width)
    return None if joint is None or separate is None else (joint, separate)
