"""The angle between the gradients of the paper's tasks, in networks trained as the paper trains them."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path

import numpy as np

from ..diagnosis import SEEN, corrected_cosine
from ..evaluation import finite_mean
from ..inputs import featurize
from ..strategies import parse_strategy, probe_networks
from ..study import StudyContext, StudyResult, derive_seed, fold_data
from ._claims import Measured
from ._kang_tables import TOGETHER

__all__ = ["measure_gradients", "summarise_cosines"]


def measure_gradients(result: StudyResult, path: Path) -> dict[str, Measured]:
    """Cosines between tasks on the shared layers, over training, in one network a fold of the first repeat.

    Parameters
    ----------
    result, path
        The study whose folds and settings are used, and its folder.
    """
    features = featurize(result.table.frame, result.table.inputs)
    context = StudyContext(
        result.plan,
        result.table,
        features,
        result.groups.codes,
        result.folds.outer,
        path,
        result.folds.barred,
    )
    folds = [fold_data(context, 0, f) for f in range(result.folds.n_folds)]
    networks = probe_networks(
        parse_strategy(TOGETHER), folds, range(result.table.n_tasks), result.plan.tuning,
        seed=derive_seed(result.plan.seed, "gradients"), device=result.plan.device,
    )  # fmt: skip
    cosines = [finite_mean(n.probes.cosines()) for n in networks if n.probes is not None]
    found = summarise_cosines(np.array(cosines), result.table.names) if cosines else None
    return (
        {} if found is None else {f"gradient cosine ({where})": found for where in ("summary", "version 3")}
    )


def summarise_cosines(cosines: np.ndarray, names: tuple[str, ...]) -> Measured | None:
    """Mean over pairs of what the cosines are without noise, and its range over pairs.

    Pairs with a task whose own halves hardly look alike are told in the note and left out of the judgement.

    Parameters
    ----------
    cosines
        ``(n_networks, n_tasks, n_tasks)`` over training; split-half cosines on the diagonal.
    names
        Of the tasks.

    Returns
    -------
    Measured or None
        Not a number where no pair can be believed; ``None`` where none is known at all.
    """
    seen = finite_mean(cosines)
    corrected, halves = corrected_cosine(seen), np.diagonal(seen)
    pairs = [(i, j) for i, j in combinations(range(len(names)), 2) if np.isfinite(seen[i, j])]
    if not pairs:
        return None
    believed = [corrected[i, j] for i, j in pairs if min(halves[i], halves[j]) >= SEEN]
    told = "; ".join(
        f"{names[i]} and {names[j]} {seen[i, j]:+.3f} as seen, {_or_unknown(corrected[i, j], '+.2f')} without noise"
        for i, j in pairs
    )
    own = ", ".join(f"{name} {_or_unknown(half, '.2f')}" for name, half in zip(names, halves, strict=True))
    note = f"{told}. Halves of one property's labels: {own}; below {SEEN} nothing is judged."
    if not believed:
        return Measured(float("nan"), float("nan"), float("nan"), note=note)
    return Measured(float(np.mean(believed)), min(believed), max(believed), note=note)


def _or_unknown(value: float, form: str) -> str:
    return format(value, form) if np.isfinite(value) else "unknown"
