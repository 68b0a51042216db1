"""The angle between the gradients of the paper's tasks, in networks trained as the paper trains them."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path

import numpy as np

from ..diagnosis import corrected_cosine
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
    """Mean over pairs and networks, with the range over pairs.

    Parameters
    ----------
    cosines
        ``(n_networks, n_tasks, n_tasks)`` over training; split-half cosines on the diagonal.
    names
        Of the tasks.

    Returns
    -------
    Measured or None
        ``None`` where no pair is known.
    """
    means, freed = {}, []
    corrected = corrected_cosine(finite_mean(cosines))
    for i, j in combinations(range(len(names)), 2):
        known = cosines[:, i, j][np.isfinite(cosines[:, i, j])]
        if known.size:
            means[f"{names[i]} and {names[j]}"] = (float(known.mean()), float(known.std()))
            freed.append(f"{corrected[i, j]:+.2f}" if np.isfinite(corrected[i, j]) else "unknown")
    if not means:
        return None
    pairs = "; ".join(f"{pair} {mean:+.3f} (spread {spread:.3f})" for pair, (mean, spread) in means.items())
    halves = ", ".join(
        f"{name} {np.nanmean(own):.2f}"
        for name, own in zip(names, np.diagonal(cosines, axis1=1, axis2=2).T, strict=True)
        if np.isfinite(own).any()
    )
    note = (
        f"By pair: {pairs}. Two halves of one property's labels, the most that noise leaves to see: {halves}. With the "
        f"noise taken out by these the pairs have {', '.join(freed)}."
    )
    values = [mean for mean, _ in means.values()]
    return Measured(float(np.mean(values)), min(values), max(values), note=note)
