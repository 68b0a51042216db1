"""Calibrate what a study found and write it as a bundle."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import save

from ..errors import BundleError
from ..files import make_folder, write_atomic
from ..table import Kind
from ._calibration import Calibration
from ._cards import LEVELS, WIDTH_LEVEL, TaskCard, card_to_json
from ._domain import fit_domain
from ._folder import write_folder
from ._model_card import model_card
from ._parts import BundleParts, TaskPart
from ._trust import judge_intervals, judge_probabilities

__all__ = ["check_parts", "pack", "task_to_json", "write_bundle", "write_task"]


def write_bundle(parts: BundleParts, folder: Path) -> None:
    """Write a bundle; an older one in its place is replaced once the new one is whole.

    Parameters
    ----------
    parts
        What to deploy. Interval residuals, class calibration and the domain check are fitted here, from
        out-of-fold predictions and training features.
    folder
        Target; only an empty folder or an older bundle is replaced.

    Raises
    ------
    BundleError
        Parts that do not fit together, or a place that cannot be written; nothing is left behind.
    """
    check_parts(parts)
    write_folder(folder, lambda part: _fill(parts, part))


def _fill(parts: BundleParts, folder: Path) -> dict[str, Any]:
    tasks = [write_task(parts, t, folder, t) for t in range(len(parts.tasks))]
    preparation = make_folder(folder / "preparation")
    for f, prepared in enumerate(parts.preparations):
        arrays, structure = prepared.to_state()
        write_atomic(preparation / f"{f}.safetensors", pack(arrays))
        write_atomic(preparation / f"{f}.json", json.dumps(structure, ensure_ascii=False))
    domain = fit_domain(parts.preparations[0].transform(parts.features), parts.codes)
    write_atomic(folder / "domain.safetensors", pack(domain.to_arrays()))
    write_atomic(folder / "plan.toml", parts.plan_toml)
    cards = [card for card, _ in tasks]
    write_atomic(folder / "MODEL_CARD.md", model_card(parts, cards))
    return {
        "n_folds": len(parts.preparations),
        "n_rows": len(parts.codes),
        "inputs": asdict(parts.spec),
        "tasks": [task_to_json(card, calibration) for card, calibration in tasks],
        "source": parts.source,
        "group": parts.group,
        "versions": parts.versions,
        "limits": list(parts.limits),
        "citations": list(parts.citations),
    }


def task_to_json(card: TaskCard, calibration: Calibration | None) -> dict[str, Any]:
    """One task of ``bundle.json``."""
    return {"card": card_to_json(card), "calibration": None if calibration is None else asdict(calibration)}


def write_task(
    parts: BundleParts, index: int, folder: Path, place: int
) -> tuple[TaskCard, Calibration | None]:
    """Write models and residuals of one task where the bundle keeps its property number ``place``."""
    task = parts.tasks[index]
    for f, model in enumerate(task.models):
        model.save(folder / "models" / str(place) / str(f))
    if task.property.kind is Kind.REGRESSION:
        intervals = judge_intervals(task, parts.codes, parts.fold_of_row, LEVELS)
        arrays = intervals.residuals.to_arrays()
        write_atomic(make_folder(folder / "residuals") / f"{place}.safetensors", pack(arrays))
        card = _card(task, parts, coverage=intervals.coverage, width=intervals.width[WIDTH_LEVEL])
        return card, None
    judged = judge_probabilities(task, parts.codes, parts.fold_of_row)
    card = _card(
        task,
        parts,
        threshold=_threshold(task, judged.calibration),
        calibration_error=judged.deployed.error,
    )
    return card, judged.calibration


def _threshold(task: TaskPart, calibration: Calibration) -> float:
    """The tuned threshold in calibrated terms, cut to six decimals so that a reader has all of it.

    Calibration is monotone: the labels stay the same. Cut down, so that a probability at the threshold
    still reads as the second class.
    """
    if task.property.kind is not Kind.BINARY:
        return np.nan
    raw = task.threshold if np.isfinite(task.threshold) else 0.5
    calibrated = calibration.apply(np.array([[raw]]))[0, 0]
    return float(np.floor(calibrated * 1e6) / 1e6 or calibrated)


def _card(
    task: TaskPart,
    parts: BundleParts,
    *,
    threshold: float = np.nan,
    coverage: dict[float, float] | None = None,
    width: float = np.nan,
    calibration_error: float = np.nan,
) -> TaskCard:
    measured = np.isfinite(task.observed)
    notes = [f"fold {f + 1}: {model.note}" for f, model in enumerate(task.models) if model.note]
    return TaskCard(
        property=task.property,
        strategy=task.strategy,
        reason=task.reason,
        error=float(task.error),
        metric=task.metric,
        call=task.call,
        threshold=threshold,
        n_labels=int(measured.sum()),
        n_groups=len(np.unique(parts.codes[measured])),
        coverage=coverage or {},
        width=width,
        calibration_error=calibration_error,
        notes=tuple(notes),
    )


def check_parts(parts: BundleParts) -> None:
    """Refuse parts that do not fit together."""
    if not parts.tasks:
        raise BundleError("there is no property to deploy.")
    n_rows, n_folds = len(parts.codes), len(parts.preparations)
    for task in parts.tasks:
        shapes = task.out_of_fold.shape, task.observed.shape
        if shapes != ((n_rows, task.property.n_outputs), (n_rows,)) or len(task.models) != n_folds:
            raise BundleError(
                f"property {task.property.name!r} has predictions {shapes[0]}, labels {shapes[1]} and "
                f"{len(task.models)} models for {n_rows} rows and {n_folds} folds."
            )


def pack(arrays: dict[str, np.ndarray]) -> bytes:
    """Arrays as the bytes of a file."""
    return save({name: np.ascontiguousarray(array) for name, array in arrays.items()})
