"""LightGBM that also sees what the other properties are predicted to be.

Level 0 is one small LightGBM per task and inner part. Level 1 is the ordinary LightGBM on the inputs and
the level-0 predictions of the other tasks. A training row's predictions come from a model that saw neither
the row nor its group; everywhere else they are the mean over the parts.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from ..splits import FoldData
from ._lightgbm import Length, fit_lightgbm
from ._mean import fit_mean
from ._model import FittedModel, load_model, register_model
from ._sample import Sample, labelled_rows, shortage, task_sample
from ._state import read_state, write_state
from ._together import Part, load_shared

__all__ = ["MIN_BOOSTED", "StackedModel", "fit_stacked"]

MIN_BOOSTED = 20
N_PARTS = 3
HELPER = Length(learning_rate=0.15, rounds=60, patience=8, unvalidated_rounds=30, leaves=15)

Helpers = dict[int, tuple[FittedModel, ...]]


@register_model("lightgbm-stacked")
@dataclass(frozen=True, eq=False)
class StackedModel:
    """A booster on the inputs and the helpers' predictions.

    Parameters
    ----------
    helpers
        By task, its level-0 models; all tasks of a fold may share one dictionary.
    tasks
        Whose predictions are appended, in this order.
    booster
        Level 1.
    """

    helpers: Helpers
    tasks: tuple[int, ...]
    booster: FittedModel
    note: str = ""

    def predict(self, inputs: np.ndarray) -> np.ndarray:
        """Level 0, then level 1."""
        return self.predict_with(inputs, lambda helper: helper.predict(inputs))

    def predict_with(self, inputs: np.ndarray, ask: Callable[[Part], np.ndarray]) -> np.ndarray:
        """Level 1, with the helpers' predictions from ``ask``."""
        helped = [np.mean([ask(helper) for helper in self.helpers[t]], axis=0) for t in self.tasks]
        return self.booster.predict(_extended(inputs, helped))

    def save(self, folder: Path) -> None:
        """Write the helpers in use and the booster, each in a folder of its own."""
        for task in self.tasks:
            for part, model in enumerate(self.helpers[task]):
                model.save(folder / f"helper-{task}-{part}")
        self.booster.save(folder / "booster")
        parts = {str(task): len(self.helpers[task]) for task in self.tasks}
        write_state(folder, "stacked", {"tasks": self.tasks, "parts": parts, "note": self.note})

    @classmethod
    def load(cls, folder: Path) -> StackedModel:
        """Read what `save` wrote; helpers of the same content are one object, so that they are asked once."""
        state = read_state(folder, "stacked")
        tasks = tuple(state["tasks"])
        helpers = {
            t: tuple(load_shared(folder / f"helper-{t}-{part}") for part in range(state["parts"][str(t)]))
            for t in tasks
        }
        return cls(helpers, tasks, load_model(folder / "booster"), state["note"])


def fit_stacked(
    fold: FoldData, *, seed: int, n_threads: int = 1, tasks: Sequence[int] | None = None
) -> list[FittedModel]:
    """Stacked models of every task of one fold, with level 0 fitted once.

    Parameters
    ----------
    fold
        One outer fold.
    seed
        The same seed, data and number of threads give the same models.
    n_threads
        Of LightGBM while fitting.
    tasks
        Which tasks want a model; by default all, and all serve as helpers anyway.

    Returns
    -------
    list of FittedModel
        In the order of the tasks; the mean with a note where a task has too few labels.
    """
    n_tasks = fold.targets.shape[1]
    wanted = range(n_tasks) if tasks is None else tasks
    samples = {t: task_sample(fold, t) for t in range(n_tasks)}
    useful = [t for t in samples if not shortage(samples[t], MIN_BOOSTED)]
    useful = [t for t in useful if set(wanted) - {t}]
    part = _inner_parts(fold, seed)
    helpers: Helpers = {}
    helped: dict[int, np.ndarray] = {}
    for t in useful:
        helpers[t], helped[t] = _fit_helpers(fold, t, samples[t], part, seed, n_threads)
    return [_fit_top(fold, t, samples[t], helpers, helped, seed, n_threads) for t in wanted]


def _inner_parts(fold: FoldData, seed: int) -> np.ndarray:
    """Part of every row of the table; whole groups, drawn at random."""
    _, group = np.unique(fold.codes, return_inverse=True)
    rng = np.random.default_rng(np.random.SeedSequence([seed, N_PARTS]))
    return (rng.permutation(group.max() + 1) % N_PARTS)[group]


def _fit_helpers(
    fold: FoldData, task: int, sample: Sample, part: np.ndarray, seed: int, n_threads: int
) -> tuple[tuple[FittedModel, ...], np.ndarray]:
    """Level-0 models of one task and their predictions, ``(n_rows, n_outputs)``, NaN on test rows."""
    labelled, _ = labelled_rows(fold, task)
    models: list[FittedModel] = []
    helped = np.full((len(fold.inputs), sample.n_outputs), np.nan)
    for p in range(N_PARTS):
        use = part[labelled] != p
        rest = replace(
            sample, inputs=sample.inputs[use], labels=sample.labels[use], weights=sample.weights[use]
        )
        lacking = shortage(rest, MIN_BOOSTED // 2)
        models.append(
            fit_mean(rest, lacking)
            if lacking
            else fit_lightgbm(rest, seed=seed + p, n_threads=n_threads, length=HELPER)
        )
        own = fold.train_rows[part[fold.train_rows] == p]
        if len(own):
            helped[own] = models[-1].predict(fold.inputs[own])
    valid = fold.valid_rows
    if len(valid):
        helped[valid] = np.mean([model.predict(fold.inputs[valid]) for model in models], axis=0)
    return tuple(models), helped


def _fit_top(
    fold: FoldData,
    task: int,
    sample: Sample,
    helpers: Helpers,
    helped: dict[int, np.ndarray],
    seed: int,
    n_threads: int,
) -> FittedModel:
    lacking = shortage(sample, MIN_BOOSTED)
    if lacking:
        return fit_mean(sample, lacking)
    others = tuple(t for t in helpers if t != task)
    train, valid = labelled_rows(fold, task)
    extended = replace(
        sample,
        inputs=_extended(sample.inputs, [helped[t][train] for t in others]),
        valid_inputs=_extended(sample.valid_inputs, [helped[t][valid] for t in others]),
    )
    return StackedModel(helpers, others, fit_lightgbm(extended, seed=seed, n_threads=n_threads))


def _extended(inputs: np.ndarray, columns: Sequence[np.ndarray]) -> np.ndarray:
    return np.hstack([inputs, *(c.astype(np.float32) for c in columns)])
