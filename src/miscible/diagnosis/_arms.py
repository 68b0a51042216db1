"""Learners that several diagnoses compare, trained anew on the folds of a study and scored on their test rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from ..baselines import fit_baseline
from ..evaluation import best_threshold, get_metric
from ..inputs import Preparation
from ..splits import FoldData
from ..strategies import Strategy, Tuning, fit_networks
from ..table import Kind, output_slices
from ._case import Case

__all__ = ["Countdown", "Workshop", "error_words", "light_tuning"]

MANY_LABELS = 20_000
"""From so many labels on, the folds of one repeat are enough and more would take hours."""
MOST_REPEATS = 3


def light_tuning(tuning: Tuning) -> Tuning:
    """A few of a study's settings, enough to compare arms that all try the same."""
    return tuning.model_copy(
        update={"rates": tuning.rates[1::2] or tuning.rates, "decays": tuning.decays[:1]}
    )


def error_words(case: Case, task: int) -> tuple[str, str]:
    """What a task's error is called, and its unit, which may be empty."""
    metric = get_metric(case.result.metrics[task])
    return metric.error_label, case.table.properties[task].model_unit if metric.has_unit else ""


class Countdown:
    """Tells a case which share of so many equal pieces of work is done."""

    def __init__(self, case: Case, total: int) -> None:
        self._case, self._total, self._done = case, total, 0

    def one_more(self) -> None:
        """A piece is done."""
        self._done += 1
        self._case.progress(self._done / self._total)


@dataclass(frozen=True, eq=False)
class Workshop:
    """Folds and settings that every arm of a diagnosis has in common.

    Parameters
    ----------
    case
        The study.
    tuning
        Settings that every network tries.
    separate, joint
        The study's plain ways to learn a property alone and all together.
    n_inputs
        Columns of every network, of all rows together, so that they follow from no inner split.
    """

    case: Case
    tuning: Tuning
    separate: Strategy
    joint: Strategy
    n_inputs: int

    @classmethod
    def open(cls, case: Case) -> Workshop:
        """Networks as narrow as the narrowest separate one of the study, of 64 units where it has none.

        The joint one is the study's simplest shared network whose batches are drawn from all rows alike, with the
        same width; reduction, weights and checkpoint are its own.
        """
        plain = [s for s in case.result.strategies if s == Strategy("independent", width=s.width)]
        width = min(plain, key=lambda s: s.n_units).width if plain else "w64"
        together = [
            s
            for s in case.result.strategies
            if s.architecture == "shared" and s.sampling == "proportional" and not s.remedies
        ]
        joint = replace(together[0] if together else Strategy("shared"), width=width)
        features = case.context.features
        n_inputs = Preparation.fit(features, np.arange(case.table.n_rows)).n_inputs
        return cls(
            case,
            light_tuning(case.context.plan.tuning),
            Strategy("independent", width=width),
            joint,
            n_inputs,
        )

    def repeats(self) -> range:
        """Repeats of the study's folds that are looked at."""
        few = self.case.quick or self.case.table.counts.sum() > MANY_LABELS
        return range(1 if few else min(MOST_REPEATS, self.case.context.plan.split.repeats))

    @property
    def ratio(self) -> float:
        """Test rows over training rows, for the corrected test."""
        return self.case.result.folds.test_train_ratio

    def folds(self, repeat: int, most: int | None = None) -> list[FoldData]:
        """Outer folds of one repeat."""
        n_folds = self.case.context.plan.split.folds
        return [self.case.fold(f, repeat) for f in range(min(n_folds, most or n_folds))]

    def networks(
        self,
        strategy: Strategy,
        folds: Sequence[FoldData],
        tasks: Sequence[int],
        scored: Sequence[int],
        *,
        seed: int,
    ) -> np.ndarray:
        """Errors on the folds' test rows of networks that learn these tasks together.

        Parameters
        ----------
        strategy
            A network strategy.
        folds
            Of one repeat; a population holds them all.
        tasks, scored
            What is learned, and which of it is scored.
        seed
            Of starts and batches.

        Returns
        -------
        ndarray
            ``(n_folds, n_scored)`` in error form, NaN where it is undefined.
        """
        table = self.case.table
        fits = fit_networks(
            strategy, folds, tasks, self.tuning,
            seed=seed, names=[table.names[t] for t in tasks], n_inputs=self.n_inputs,
            train_share=1.0 - self.case.context.plan.split.validation,
            device=self.case.context.plan.device, compile=self.case.context.plan.compile,
        )  # fmt: skip
        slices = dict(zip(tasks, output_slices([table.properties[t] for t in tasks]), strict=True))
        return np.array(
            [
                [
                    self._score(fold, t, lambda x, p=fit.ensemble.predict, own=slices[t]: p(x)[:, own])
                    for t in scored
                ]
                for fold, fit in zip(folds, fits, strict=True)
            ]
        ).reshape(len(folds), len(scored))

    def baseline(self, name: str, folds: Sequence[FoldData], task: int, *, seed: int) -> np.ndarray:
        """Errors ``(n_folds,)`` of a baseline on the folds' test rows."""
        return np.array(
            [self._score(fold, task, fit_baseline(name, fold, task, seed=seed).predict) for fold in folds]
        )

    def _score(self, fold: FoldData, task: int, predict: Callable[[np.ndarray], np.ndarray]) -> float:
        """Error on the labelled test rows, with a threshold that inner validation chose."""
        labels = self.case.table.labels[:, task]
        rows = fold.test_rows[np.isfinite(labels[fold.test_rows])]
        if not len(rows):
            return float("nan")
        threshold = 0.5
        if self.case.table.kinds[task] == Kind.BINARY:
            valid = fold.valid_rows[np.isfinite(fold.targets[fold.valid_rows, task])]
            if len(valid):
                found = predict(fold.inputs[valid])[:, 0]
                threshold = best_threshold(fold.targets[valid, task], found)
        return self.case.error(task, rows, predict(fold.inputs[rows]), threshold)
