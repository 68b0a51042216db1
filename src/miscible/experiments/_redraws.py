"""One table drawn again and again from the same world, and how well a way to learn does on each."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
import pandas as pd

from ..baselines import fit_baseline, fit_stacked
from ..errors import PlanError
from ..inputs import Features, Preparation, featurize
from ..splits import FoldData, group_keys, inner_split
from ..strategies import NetworkFit, Strategy, Tuning, fit_networks
from ..study import derive_seed
from ..table import Kind, Property, Table, read_table

__all__ = [
    "Redraws",
    "World",
    "WorldDraw",
    "arm_risks",
    "fit_arm",
    "fit_together",
    "redraw",
    "risks",
    "silent",
]

COMPOSITION = "composition"
_NETWORKS = 48
"""Networks of one population, about; more spill the cache."""
_NUMBERS = 40_000_000
"""Numbers in the stacked inputs of one population, about."""


class WorldDraw(Protocol):
    """One table of a world."""

    @property
    def frame(self) -> pd.DataFrame:
        """Columns as a user's table."""
        ...


class World(Protocol):
    """A mechanism that tables can be drawn from, with known truth; see ``datasets.make_world``."""

    @property
    def targets(self) -> Sequence[str]:
        """As given to ``read_table``."""
        ...

    @property
    def inputs(self) -> Sequence[str]:
        """As given to ``read_table``."""
        ...

    def draw(self, seed: int) -> WorldDraw:
        """A table at the dials' own counts."""
        ...

    def test(self, n: int, seed: int) -> tuple[pd.DataFrame, np.ndarray]:
        """Fresh rows and their noise-free values ``(n, n_tasks)``; probabilities for classes."""
        ...


@dataclass(frozen=True, eq=False)
class Redraws:
    """Several tables of one world, prepared, beside fresh rows without noise.

    Parameters
    ----------
    properties
        The tasks.
    folds
        One redraw each, whole: no test rows. Tables shorter than the longest are filled up with rows that belong to
        no part and have no label.
    tests
        ``(n_test, n_inputs)`` by redraw: the same fresh rows, prepared as that redraw's training rows were.
    truth
        ``(n_test, n_tasks)`` in model space; probabilities of class 1 for classes.
    first
        Number of the first redraw, for seeds.
    """

    properties: tuple[Property, ...]
    folds: tuple[FoldData, ...]
    tests: tuple[np.ndarray, ...]
    truth: np.ndarray
    first: int = 0

    @property
    def names(self) -> tuple[str, ...]:
        """Of the tasks."""
        return tuple(p.name for p in self.properties)


def silent(share: float) -> None:
    """Hear of progress and say nothing."""


def redraw(world: World, n_redraws: int, n_test: int, *, seed: int, n_networks: int = 1) -> Iterator[Redraws]:
    """Draw tables of a world, in chunks that make populations of a good size.

    Parameters
    ----------
    n_redraws, n_test
        Tables, and fresh rows to score on.
    seed
        Of rows and inner splits; the same seed redraws the same rows for every way to learn.
    n_networks
        Networks a redraw will train at once.

    Raises
    ------
    PlanError
        A property has more than two classes, which have no single probability to be compared with.
    """
    frame, truth = world.test(n_test, derive_seed(seed, "test"))
    fresh: Features | None = None
    chunk: list[tuple[Table, FoldData]] = []
    start = 0
    room = max(1, _NETWORKS // n_networks)
    for k in range(n_redraws):
        table = read_table(world.draw(derive_seed(seed, "draw", k)).frame, world.targets, inputs=world.inputs)
        if Kind.MULTICLASS in {p.kind for p in table.properties}:
            raise PlanError("truth is known for values and for two classes, not for more classes.")
        chunk.append((table, _whole_fold(table, derive_seed(seed, "inner", k))))
        if fresh is None:
            fresh = featurize(frame, table.inputs)
        size = max(fold.inputs.size for _, fold in chunk)
        if k + 1 == n_redraws or len(chunk) >= min(room, max(1, _NUMBERS // max(size, 1))):
            yield _gather(chunk, fresh, truth, start)
            chunk, start = [], k + 1


def arm_risks(
    world: World,
    strategies: Sequence[Strategy],
    *,
    n_redraws: int,
    n_test: int,
    tuning: Tuning,
    seed: int,
    progress: Callable[[float], None] = silent,
) -> dict[str, np.ndarray]:
    """Noise-free risk of several ways to learn on the same redraws.

    The risk of a value is the mean squared error against the noise-free value, in units of that value's variance
    over the fresh rows; that of a class is the mean squared difference of the predicted from the true probability.
    Early stopping and settings follow each redraw's own inner validation; the fresh rows only score.

    Parameters
    ----------
    strategies
        Networks and baselines.
    n_redraws, n_test, seed
        As in `redraw`.
    tuning
        Of the networks.
    progress
        Hears which share is done.

    Returns
    -------
    dict
        By name of the strategy, ``(n_redraws, n_tasks)``; NaN where nothing could be fitted.

    Raises
    ------
    PlanError
        A strategy is a mixture of others, or a world's property has more than two classes.
    """
    for strategy in strategies:
        if strategy.is_mixture:
            raise PlanError(f"{strategy.name!r} mixes what a study has fitted; it cannot be an arm here.")
    found: dict[str, list[np.ndarray]] = {s.name: [] for s in strategies}
    networks = len(tuning.rates) * len(tuning.decays)
    total, done = n_redraws * len(strategies), 0
    for part in redraw(world, n_redraws, n_test, seed=seed, n_networks=networks):
        for strategy in strategies:
            predictions = fit_arm(strategy, part, tuning, seed)
            found[strategy.name] += [risks(p, part.truth, part.properties) for p in predictions]
            done += len(part.folds)
            progress(done / total)
    return {name: np.array(rows) for name, rows in found.items()}


def fit_arm(
    strategy: Strategy, part: Redraws, tuning: Tuning, seed: int, tasks: Sequence[int] | None = None
) -> list[np.ndarray]:
    """Predictions ``(n_test, n_tasks)`` of each redraw, NaN for tasks that were not asked for.

    Parameters
    ----------
    tasks
        Tasks that learn, together where the strategy shares; all by default.
    """
    tasks = tuple(range(len(part.properties)) if tasks is None else tasks)
    outputs = [np.full((len(rows), len(part.properties)), np.nan) for rows in part.tests]
    if not strategy.is_network:
        for k, (fold, rows) in enumerate(zip(part.folds, part.tests, strict=True)):
            own = derive_seed(seed, strategy.name, part.first + k)
            models = (
                fit_stacked(fold, seed=own, tasks=tasks)
                if strategy.architecture == "lightgbm-stacked"
                else [fit_baseline(strategy.architecture, fold, t, seed=own) for t in tasks]
            )
            for t, model in zip(tasks, models, strict=True):
                outputs[k][:, t] = model.predict(rows)[:, 0]
        return outputs
    for group in [(t,) for t in tasks] if strategy.side == "separate" else [tasks]:
        for k, fit in enumerate(fit_together(strategy, part, tuning, seed, group)):
            outputs[k][:, list(group)] = fit.ensemble.predict(part.tests[k])
    return outputs


def fit_together(
    strategy: Strategy, part: Redraws, tuning: Tuning, seed: int, tasks: Sequence[int]
) -> list[NetworkFit]:
    """Networks of these tasks on each redraw."""
    return fit_networks(
        strategy, part.folds, tasks, tuning,
        seed=derive_seed(seed, strategy.name, part.first, *tasks), names=[part.names[t] for t in tasks],
    )  # fmt: skip


def risks(predicted: np.ndarray, truth: np.ndarray, properties: Sequence[Property]) -> np.ndarray:
    """Risk of each task, ``(n_tasks,)``; see `arm_risks`."""
    squared = np.mean((predicted - truth) ** 2, axis=0)
    values = np.array([p.kind is Kind.REGRESSION for p in properties])
    variance = np.var(truth, axis=0)
    return np.where(values, squared / np.where(variance > 0.0, variance, np.nan), squared)


def _whole_fold(table: Table, seed: int) -> FoldData:
    """Every row of a table for learning."""
    # Repeats of a composition stay on one side of the inner split.
    group = COMPOSITION if COMPOSITION in table.frame else "none"
    codes = group_keys(table, group).codes
    targets = table.targets()
    train, valid = inner_split(codes, targets, np.arange(table.n_rows), seed=seed, kinds=table.kinds)
    features = featurize(table.frame, table.inputs)
    preparation = Preparation.fit(features, train)
    return FoldData(
        inputs=preparation.transform(features),
        targets=targets,
        train_rows=train,
        valid_rows=valid,
        test_rows=np.arange(0),
        weights=table.weights,
        kinds=table.kinds,
        n_classes=tuple(0 if p.kind is Kind.REGRESSION else 2 for p in table.properties),
        preparation=preparation,
        codes=codes,
    )


def _gather(
    chunk: Sequence[tuple[Table, FoldData]], fresh: Features, truth: np.ndarray, first: int
) -> Redraws:
    properties = chunk[0][0].properties
    n_rows = max(len(fold.inputs) for _, fold in chunk)
    columns = [
        p.to_model(column) if p.kind is Kind.REGRESSION else column
        for p, column in zip(properties, np.asarray(truth, float).T, strict=True)
    ]
    return Redraws(
        properties=properties,
        folds=tuple(_padded(fold, n_rows) for _, fold in chunk),
        tests=tuple(fold.preparation.transform(fresh) for _, fold in chunk),
        truth=np.stack(columns, axis=1),
        first=first,
    )


def _padded(fold: FoldData, n_rows: int) -> FoldData:
    """Tables of one population must be equally long."""
    missing = n_rows - len(fold.inputs)
    if not missing:
        return fold
    new = fold.codes.max(initial=-1) + 1
    return replace(
        fold,
        inputs=np.pad(fold.inputs, ((0, missing), (0, 0))),
        targets=np.pad(fold.targets, ((0, missing), (0, 0)), constant_values=np.nan),
        weights=np.pad(fold.weights, (0, missing), constant_values=1.0),
        codes=np.concatenate([fold.codes, new + np.arange(missing)]),
    )
