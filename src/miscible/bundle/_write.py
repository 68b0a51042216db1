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
from ._intervals import fit_residuals, measured_coverage, measured_width
from ._model_card import model_card
from ._parts import BundleParts, TaskPart
from ._reliability import choose_calibration, cross_calibrated, reliability_curve

__all__ = ["write_bundle"]


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
    _check(parts)
    write_folder(folder, lambda part: _fill(parts, part))


def _fill(parts: BundleParts, folder: Path) -> dict[str, Any]:
    tasks = [_write_task(parts, t, folder) for t in range(len(parts.tasks))]
    preparation = make_folder(folder / "preparation")
    for f, prepared in enumerate(parts.preparations):
        arrays, structure = prepared.to_state()
        write_atomic(preparation / f"{f}.safetensors", _pack(arrays))
        write_atomic(preparation / f"{f}.json", json.dumps(structure, ensure_ascii=False))
    domain = fit_domain(parts.preparations[0].transform(parts.features), parts.codes)
    write_atomic(folder / "domain.safetensors", _pack(domain.to_arrays()))
    write_atomic(folder / "plan.toml", parts.plan_toml)
    cards = [card for card, _ in tasks]
    write_atomic(folder / "MODEL_CARD.md", model_card(parts, cards))
    return {
        "n_folds": len(parts.preparations),
        "n_rows": len(parts.codes),
        "inputs": asdict(parts.spec),
        "tasks": [
            {"card": card_to_json(card), "calibration": None if c is None else asdict(c)} for card, c in tasks
        ],
        "source": parts.source,
        "group": parts.group,
        "versions": parts.versions,
        "limits": list(parts.limits),
        "citations": list(parts.citations),
    }


def _write_task(parts: BundleParts, index: int, folder: Path) -> tuple[TaskCard, Calibration | None]:
    task = parts.tasks[index]
    for f, model in enumerate(task.models):
        model.save(folder / "models" / str(index) / str(f))
    use = np.isfinite(task.observed) & np.isfinite(task.out_of_fold).all(axis=1)
    observed, predicted = task.observed[use], task.out_of_fold[use]
    codes, folds = parts.codes[use], parts.fold_of_row[use]
    if task.property.kind is Kind.REGRESSION:
        residuals = fit_residuals(observed, predicted[:, 0], codes, folds)
        write_atomic(make_folder(folder / "residuals") / f"{index}.safetensors", _pack(residuals.to_arrays()))
        coverage = {level: measured_coverage(residuals, level) for level in LEVELS}
        return _card(task, parts, coverage, measured_width(residuals, WIDTH_LEVEL), np.nan), None
    calibration = choose_calibration(observed, predicted, codes, folds)
    judged = predicted if calibration.is_identity else cross_calibrated(observed, predicted, codes, folds)
    return _card(task, parts, {}, np.nan, reliability_curve(observed, judged, codes).error), calibration


def _card(
    task: TaskPart, parts: BundleParts, coverage: dict[float, float], width: float, calibration_error: float
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
        threshold=float(task.threshold) if np.isfinite(task.threshold) else 0.5,
        n_labels=int(measured.sum()),
        n_groups=len(np.unique(parts.codes[measured])),
        coverage=coverage,
        width=width,
        calibration_error=calibration_error,
        notes=tuple(notes),
    )


def _check(parts: BundleParts) -> None:
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


def _pack(arrays: dict[str, np.ndarray]) -> bytes:
    return save({name: np.ascontiguousarray(array) for name, array in arrays.items()})
