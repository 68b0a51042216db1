"""Functional form: how each property depends on its main inputs, and whether two properties bend alike."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np

from ..splits import FoldData
from ..table import Kind
from ._case import Case
from ._form_choice import FormChoice, choose_form, fold_losses, main_directions
from ._form_curves import Distances, form_distances, spline_curves
from ._form_elements import ELEMENT_FORMS, element_losses, plain_columns
from ._form_models import FORMS
from ._form_terms import FormSample

__all__ = ["FormFinding", "find_form"]

MOST_TASKS, MOST_COMPARED = 24, 12
MOST_ROWS, MOST_CLASS_ROWS = 8_000, 3_000
MOST_DIRECTIONS, MOST_COMMON = 5, 8
FEWEST_LABELS = 30
GRID = 40


@dataclass(frozen=True, eq=False)
class FormFinding:
    """What shapes the properties have.

    Parameters
    ----------
    names
        Tasks looked at, those with the most labels where there are many.
    counts
        ``(n_tasks,)`` labels.
    additive
        One a task: forms of all main directions of the task together, one curve a direction. The directions
        are those of each fold's own training rows.
    directions
        By task, names of the columns that the most folds chose, strongest first.
    single
        By task and direction, forms of that direction alone.
    element_scores
        ``(n_tasks, n_element_forms)`` score of each of `ELEMENT_FORMS`, as in `FormChoice`; NaN without
        element fractions.
    common
        Directions in which tasks are compared.
    compared
        Positions in ``names`` of the tasks whose curves are compared.
    distances
        Between the compared tasks, over the common directions.
    grids
        ``(n_common, n_grid)`` values of each common direction.
    curves
        ``(n_common, n_compared, n_grid)`` standardised curves (for classes: of the log odds), NaN beyond a
        task's own rows.
    effect
        ``(n_tasks,)`` measured effect of sharing as a share of the error apart, negative = sharing helps; NaN
        where it was not measured.
    n_folds
        Outer folds looked at.
    scarce, left_out
        Tasks with too few labels, and tasks not looked at because there are many.
    no_inputs
        Whether the table has no numeric input to look at.
    """

    names: tuple[str, ...]
    counts: np.ndarray
    additive: tuple[FormChoice, ...]
    directions: tuple[tuple[str, ...], ...]
    single: tuple[tuple[FormChoice, ...], ...]
    element_scores: np.ndarray
    common: tuple[str, ...]
    compared: np.ndarray
    distances: Distances
    grids: np.ndarray
    curves: np.ndarray
    effect: np.ndarray
    n_folds: int
    scarce: tuple[str, ...]
    left_out: tuple[str, ...]
    no_inputs: bool

    @property
    def same_form(self) -> np.ndarray:
        """``(n_compared, n_compared)`` whether the best additive forms agree: 1, 0, NaN where one is not told."""
        best = [self.additive[t].best if self.additive[t].told else "" for t in self.compared]
        return np.array([[float(a == b) if a and b else np.nan for b in best] for a in best])


@dataclass(frozen=True, eq=False)
class _View:
    """Plain columns of one fold, missing values filled with the training median."""

    fold: FoldData
    columns: np.ndarray
    fractions: np.ndarray

    def sample(self, task: int, rows: np.ndarray, targets: np.ndarray) -> FormSample:
        rows = rows[np.isfinite(targets[rows, task])]
        return FormSample(
            self.columns[rows], targets[rows, task], self.fold.weights[rows],
            str(self.fold.kinds[task]), int(self.fold.n_classes[task]), self.fractions,
        )  # fmt: skip


def find_form(case: Case) -> FormFinding:
    """Score forms on the study's outer folds and compare the tasks' curves.

    Forms are fitted to training rows and scored on test rows. Curves are compared on the training rows of the
    first fold. At most 8,000 training rows of a task are used, 3,000 where it has classes.
    """
    table = case.table
    order = np.argsort(-table.counts, kind="stable")
    enough = [t for t in order.tolist() if table.counts[t] >= FEWEST_LABELS]
    tasks, beyond = sorted(enough[:MOST_TASKS]), sorted(enough[MOST_TASKS:])
    scarce = tuple(name for name, n in zip(table.names, table.counts, strict=True) if n < FEWEST_LABELS)
    positions, names, fractions = plain_columns(case.context.features, table.inputs)
    n_folds = min(case.context.plan.split.folds, 2 if case.quick else 5)
    truth = table.targets()
    losses = {t: _Losses([], [], [], []) for t in tasks}
    views = []
    for f in range(n_folds if len(positions) else 0):
        view = _view(case, f, positions, fractions)
        if f == 0:
            views.append(view)
        for t in tasks:
            train, valid = _training(case, view, t, f)
            losses[t].add(train, valid, view.sample(t, view.fold.test_rows, truth))
        case.progress(0.35 * (f + 1) / n_folds)
    directions = {t: losses[t].voted(MOST_DIRECTIONS) for t in tasks}
    single = _single(case, directions, positions, fractions, n_folds, truth)
    compared = sorted([t for t in enough if t in directions and directions[t].size][:MOST_COMPARED])
    common = _common([directions[t] for t in compared])
    distances, grids, curves = _compare(case, views[0] if views else None, compared, common)
    case.progress(1.0)
    return FormFinding(
        names=tuple(table.names[t] for t in tasks),
        counts=table.counts[tasks],
        additive=tuple(losses[t].additive() for t in tasks),
        directions=tuple(tuple(names[d] for d in directions[t]) for t in tasks),
        single=tuple(single[t] for t in tasks),
        element_scores=np.array([losses[t].of_elements() for t in tasks]).reshape(-1, len(ELEMENT_FORMS)),
        common=tuple(names[d] for d in common),
        compared=np.array([tasks.index(t) for t in compared], dtype=np.int64),
        distances=distances,
        grids=grids,
        curves=curves,
        effect=np.array([case.sharing_effect(t) for t in tasks]),
        n_folds=n_folds,
        scarce=scarce,
        left_out=tuple(table.names[t] for t in beyond),
        no_inputs=not len(positions),
    )


@dataclass
class _Losses:
    """What the folds said of one task."""

    chosen: list[np.ndarray]
    of_forms: list[np.ndarray]
    elements: list[np.ndarray]
    counts: list[int]

    def add(self, train: FormSample, valid: FormSample, test: FormSample) -> None:
        if not len(train.labels) or not len(test.labels):
            return
        chosen = main_directions(train, MOST_DIRECTIONS)
        self.chosen.append(chosen)
        parts = [sample.columns(chosen) for sample in (train, valid, test)]
        forms = FORMS if len(chosen) else ("constant",)
        self.of_forms.append(np.pad(
            fold_losses(parts[0], parts[1], parts[2], forms), (0, len(FORMS) - len(forms)), constant_values=np.nan
        ))  # fmt: skip
        self.elements.append(element_losses(train, valid, test))
        self.counts.append(len(test.labels))

    def voted(self, most: int) -> np.ndarray:
        """Directions that at least half of the folds chose, the most often chosen first; of equals, the stronger."""
        votes: Counter[int] = Counter()
        places: Counter[int] = Counter()
        for chosen in self.chosen:
            for place, column in enumerate(chosen.tolist()):
                votes[column] += 1
                places[column] += place
        often = [column for column, n in votes.items() if 2 * n >= len(self.chosen)]
        winners = sorted(often, key=lambda column: (-votes[column], places[column], column))[:most]
        return np.array(winners, dtype=np.int64)

    def additive(self) -> FormChoice:
        return choose_form(np.reshape(self.of_forms, (-1, len(FORMS))), np.array(self.counts, dtype=float))

    def of_elements(self) -> np.ndarray:
        if not self.counts:
            return np.full(len(ELEMENT_FORMS), np.nan)
        weights = np.array(self.counts, dtype=float)
        constant = np.average([losses[0] for losses in self.of_forms], weights=weights)
        losses = np.average(self.elements, axis=0, weights=weights)
        return 1.0 - losses / constant if constant > 0 else np.full(len(ELEMENT_FORMS), np.nan)


def _view(case: Case, f: int, positions: np.ndarray, fractions: np.ndarray) -> _View:
    fold = case.fold(f)
    columns = case.context.features.numeric[:, positions].astype(np.float64)
    known = columns[fold.train_rows]
    empty = ~np.isfinite(known).any(axis=0)
    known = np.where(empty, 0.0, known)
    return _View(fold, np.where(np.isfinite(columns), columns, np.nanmedian(known, axis=0)), fractions)


def _training(case: Case, view: _View, task: int, f: int) -> tuple[FormSample, FormSample]:
    """Training and validation rows of a task, thinned at random where there are very many."""
    fold = view.fold
    most = MOST_ROWS if fold.kinds[task] == Kind.REGRESSION else MOST_CLASS_ROWS
    rng = np.random.default_rng(case.seed("form", task, f))
    train, valid = (view.sample(task, rows, fold.targets) for rows in (fold.train_rows, fold.valid_rows))
    if len(train.labels) > most:
        train = train.take(np.sort(rng.permutation(len(train.labels))[:most]))
    return train, valid


def _single(
    case: Case,
    directions: dict[int, np.ndarray],
    positions: np.ndarray,
    fractions: np.ndarray,
    n_folds: int,
    truth: np.ndarray,
) -> dict[int, tuple[FormChoice, ...]]:
    """Forms of each direction alone, by task."""
    losses: dict[int, list[list[np.ndarray]]] = {t: [[] for _ in d] for t, d in directions.items()}
    counts: dict[int, list[int]] = {t: [] for t in directions}
    for f in range(n_folds if len(positions) else 0):
        view = _view(case, f, positions, fractions)
        for t, chosen in directions.items():
            train, valid = _training(case, view, t, f)
            test = view.sample(t, view.fold.test_rows, truth)
            if not len(train.labels) or not len(test.labels):
                continue
            counts[t].append(len(test.labels))
            for place, column in enumerate(chosen.tolist()):
                parts = [sample.columns(np.array([column])) for sample in (train, valid, test)]
                losses[t][place].append(fold_losses(parts[0], parts[1], parts[2]))
        case.progress(0.35 + 0.35 * (f + 1) / n_folds)
    return {
        t: tuple(choose_form(np.array(of), np.array(counts[t], dtype=float)) for of in losses[t])
        for t in directions
    }


def _common(directions: list[np.ndarray]) -> np.ndarray:
    """Directions that the most tasks follow, the strongest of each first."""
    votes: Counter[int] = Counter()
    for chosen in directions:
        for place, column in enumerate(chosen.tolist()):
            votes[column] += 2 * MOST_DIRECTIONS - place
    return np.array([column for column, _ in votes.most_common(MOST_COMMON)], dtype=np.int64)


def _compare(
    case: Case, view: _View | None, tasks: list[int], common: np.ndarray
) -> tuple[Distances, np.ndarray, np.ndarray]:
    """Distances, grids and standardised curves of these tasks, from the training rows of one fold."""
    if view is None or not len(common):
        nothing = np.full((len(tasks), len(tasks)), np.nan)
        return Distances(nothing, nothing, nothing), np.empty((0, GRID)), np.empty((0, len(tasks), GRID))
    rng = np.random.default_rng(case.seed("form", "halves"))
    fold = view.fold
    rows = np.concatenate([fold.train_rows, fold.valid_rows])
    samples, groups = [], []
    for t in tasks:
        own = rows[np.isfinite(fold.targets[rows, t])]
        if len(own) > MOST_CLASS_ROWS:
            own = np.sort(rng.permutation(own)[:MOST_CLASS_ROWS])
        samples.append(view.sample(t, own, fold.targets).columns(common))
        groups.append(fold.codes[own])
    distances = form_distances(samples, groups, rng, 3 if case.quick else 6)
    pooled = np.concatenate([s.inputs for s in samples])
    ends = [np.quantile(np.unique(column), (0.02, 0.98)) for column in pooled.T]
    grids = np.array([np.linspace(low, high, GRID) for low, high in ends])
    curves = np.full((len(grids), len(tasks), GRID), np.nan)
    for t, sample in enumerate(samples):
        model = spline_curves(sample)
        for j, grid in enumerate(grids):
            inside = (grid >= sample.inputs[:, j].min()) & (grid <= sample.inputs[:, j].max())
            if inside.any():
                own = model.curve(j, grid[inside])[:, 0]
                curves[j, t, inside] = (own - own.mean()) / (own.std() or 1.0)
    return distances, grids, curves
