"""Look at one ordered pair of properties: a formula, and errors with and without the other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.stats import rankdata

from ..audit import audit
from ..evaluation import Posterior, correlated_posterior
from ..table import Kind
from ._case import Case
from ._form_elements import plain_columns
from ._form_terms import FormSample
from ._independence_gain import Score, columns_of, measured_errors, plain_error, predicted_error
from ._independence_laws import Law, best_law, product_law, told_by

__all__ = ["FEWEST_LABELS", "RELEVANT", "Independence", "Looker", "Relation"]

Relation = Literal["redundant", "informative", "independent", "cannot tell"]
Basis = Literal["shared rows", "predictions", "none"]

MOST_ROWS = 4_000
FEWEST_SHARED, FEWEST_LABELS = 60, 40
FEW_ROWS, FEW_SEEDS = 1_500, 3
RELEVANT = 0.02
"""Changes of the error under this share are none."""
STRATEGIES = ("lightgbm", "extra-trees", "ridge", "nearest")


@dataclass(frozen=True, slots=True)
class Independence:
    """What one property tells about another.

    Parameters
    ----------
    target, source
        Names: what is predicted, and what might help.
    basis
        ``shared rows``: the measured source is an input; ``predictions``: predictions of the source are, made
        by models that saw neither the row nor, for test rows, their fold; ``none``: too few labels for either.
    n_rows
        Rows with both labels.
    law
        The formula in the source alone, or in a product of the source with one input, that explains most of
        the target on rows not seen; None without a basis of shared rows.
    derived
        What the audit found the target to be computed by; empty if nothing.
    change
        Mean change of the error by knowing the source, as a share of the error without it; negative = helps.
    interval
        95 % credible interval of ``change``, corrected for overlapping training sets.
    p_helps, p_no_help
        Probabilities that the error falls by more than 2 %, and that it does not.
    residual_correlation
        Of what is left of both by the study's out-of-fold predictions on shared rows; NaN without.
    prediction_correlation
        Rank correlation of the out-of-fold predictions over the rows of either property; NaN without.
    relation
        The call.
    """

    target: str
    source: str
    basis: Basis
    n_rows: int
    law: Law | None
    derived: str
    change: float
    interval: tuple[float, float]
    p_helps: float
    p_no_help: float
    residual_correlation: float
    prediction_correlation: float
    relation: Relation = "cannot tell"


class Looker:
    """Looks at pairs; keeps what several of them need."""

    def __init__(self, case: Case, n_folds: int) -> None:
        self.case, self.n_folds = case, n_folds
        table = case.table
        self.truth = table.targets()
        self.known = np.isfinite(self.truth)
        report = audit(table)
        shares = [r.spread_share**2 if r.usable_spread else np.nan for r in report.replicates.tasks]
        self.noise = np.array(shares)
        self.derived = {(d.target, d.sources): d.formula for d in report.derived}
        self.composed = tuple(f"{d.target} = {d.formula}" for d in report.derived if len(d.sources) > 1)
        positions, self.inputs, _ = plain_columns(case.context.features, table.inputs)
        self.columns = case.context.features.numeric[:, positions].astype(np.float64)
        outer = case.result.outer
        usable = [name for name in outer if name != "mean"]
        self.strategy = next((name for name in STRATEGIES if name in outer), usable[0] if usable else "")
        self.plain: dict[int, list[float]] = {}

    def look(self, t: int, s: int) -> Independence:
        """One ordered pair, not yet called."""
        shared = np.flatnonzero(self.known[:, t] & self.known[:, s])
        names = self.case.names
        basis, law, errors = "none", None, np.empty((0, 2))
        if len(shared) >= FEWEST_SHARED:
            basis = "shared rows"
            errors, left = self._measured(t, s, shared)
            law = self._law(t, s, shared, left)
        elif min(self.known[:, [t, s]].sum(axis=0)) >= FEWEST_LABELS:
            basis = "predictions"
            errors = self._predicted(t, s)
        change = _change(errors, self.n_folds)
        helps = change.probabilities(RELEVANT)[0] if np.isfinite(change.mean) else np.nan
        derived = self.derived.get((names[t], (names[s],)), "")
        back = self.derived.get((names[s], (names[t],)), "")
        return Independence(
            names[t],
            names[s],
            basis,
            len(shared),
            law,
            derived or (f"what gives {names[s]} as {back}" if back else ""),
            change.mean,
            change.interval(),
            helps,
            1.0 - helps,
            *self._correlations(t, s, shared),
        )

    def _seeds(self, t: int, s: int, n: int) -> tuple[int, ...]:
        count = FEW_SEEDS if n <= FEW_ROWS and not self.case.quick else 1
        return tuple(self.case.seed("independence", t, s, i) % 2**31 for i in range(count))

    def _score(self, t: int) -> Score:
        return lambda rows, predicted: self.case.error(t, rows, predicted)

    def _thinned(self, rows: np.ndarray, *keys: int) -> np.ndarray:
        if len(rows) <= MOST_ROWS:
            return rows
        rng = np.random.default_rng(self.case.seed("independence", "rows", *keys))
        return np.sort(rng.permutation(rows)[:MOST_ROWS])

    def _measured(self, t: int, s: int, shared: np.ndarray) -> tuple[np.ndarray, float]:
        """Errors ``(n_folds, 2)`` without and with the source, and the share of the target left without it."""
        table, rows = self.case.table, self._thinned(shared, t, s)
        other = columns_of(self.truth[:, s], table.kinds[s], len(table.properties[s].classes))
        seeds = self._seeds(t, s, len(rows))
        errors, left, whole = [], 0.0, 0.0
        for f in range(self.n_folds):
            fold = self.case.fold(f)
            without, with_it, predicted = measured_errors(fold, t, other, rows, self._score(t), seeds)
            errors.append((without, with_it))
            if table.kinds[t] == Kind.REGRESSION:
                test = np.intersect1d(fold.test_rows, rows)
                left += float(((self.truth[test, t] - predicted[:, 0]) ** 2).sum())
                whole += float(((self.truth[test, t] - self.truth[rows, t].mean()) ** 2).sum())
        return np.array(errors), left / whole if whole > 0.0 else np.nan

    def _predicted(self, t: int, s: int) -> np.ndarray:
        """Errors ``(n_folds, 2)`` without and with predictions of the source."""
        rows = np.union1d(
            self._thinned(np.flatnonzero(self.known[:, t]), t),
            self._thinned(np.flatnonzero(self.known[:, s]), s),
        )
        seeds = self._seeds(t, t, len(rows))
        if t not in self.plain:
            own = self._thinned(np.flatnonzero(self.known[:, t]), t)
            self.plain[t] = [
                plain_error(self.case.fold(f), t, own, self._score(t), seeds) for f in range(self.n_folds)
            ]
        helped = [
            predicted_error(self.case.fold(f), t, s, rows, self._score(t), seeds) for f in range(self.n_folds)
        ]
        return np.column_stack([self.plain[t], helped])

    def _law(self, t: int, s: int, shared: np.ndarray, left: float) -> Law:
        table, rows = self.case.table, self._thinned(shared, t, s)
        other = columns_of(self.truth[:, s], table.kinds[s], len(table.properties[s].classes))
        folds = [np.isin(rows, self.case.fold(f).test_rows) for f in range(self.n_folds)]
        n_classes = self.case.fold(0).n_classes[t]
        whole = FormSample(
            other[rows], self.truth[rows, t], table.weights[rows], table.kinds[t], n_classes,
            np.zeros(other.shape[1], bool),
        )  # fmt: skip
        told = told_by([(whole.take(~test), whole.take(test)) for test in folds])
        product = None
        values = table.labels[rows][:, [t, s]]
        if table.kinds[t] == table.kinds[s] == Kind.REGRESSION and (values > 0).all():
            columns = self.columns[rows]
            positive = (columns > 0).all(axis=0)
            names = tuple(self.inputs[k] for k in np.flatnonzero(positive).tolist())
            product = product_law(
                table.names[s], names, [(np.flatnonzero(~test), np.flatnonzero(test)) for test in folds],
                np.log(values[:, 0]), np.log(values[:, 1]), np.log(columns[:, positive]),
                table.properties[t].to_model,
            )  # fmt: skip
        return best_law(table.names[s], told, product, left)

    def _correlations(self, t: int, s: int, shared: np.ndarray) -> tuple[float, float]:
        table = self.case.table
        if not self.strategy or Kind.MULTICLASS in (table.kinds[t], table.kinds[s]):
            return np.nan, np.nan
        a, b = (self.case.result.predictions(self.strategy, k)[0, :, 0] for k in (t, s))
        rows = np.flatnonzero((self.known[:, t] | self.known[:, s]) & np.isfinite(a) & np.isfinite(b))
        both = np.intersect1d(rows, shared)
        residual = _correlation(self.truth[both, t] - a[both], self.truth[both, s] - b[both])
        return residual, _correlation(rankdata(a[rows]), rankdata(b[rows]))


def _change(errors: np.ndarray, n_folds: int) -> Posterior:
    """Change of the error by the second column, as a share of the mean of the first."""
    errors = errors[np.isfinite(errors).all(axis=1)]
    if not len(errors) or not errors[:, 0].mean() > 0.0:
        return Posterior(np.nan, np.inf, 1.0)
    return correlated_posterior(
        (errors[:, 1] - errors[:, 0]) / errors[:, 0].mean(), 1.0 / max(n_folds - 1, 1)
    )


def _correlation(a: np.ndarray, b: np.ndarray) -> float:
    if len(a) < 20 or not (np.ptp(a) > 0 and np.ptp(b) > 0):
        return float("nan")
    return float(np.corrcoef(a, b)[0, 1])
