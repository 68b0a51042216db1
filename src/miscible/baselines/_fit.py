"""One signature for every baseline."""

from __future__ import annotations

from collections.abc import Callable

from ..errors import PlanError
from ..splits import FoldData
from ._kernel import fit_kernel
from ._lightgbm import fit_lightgbm
from ._mean import fit_mean
from ._model import FittedModel
from ._nearest import fit_nearest
from ._ridge import fit_ridge
from ._sample import shortage, task_sample
from ._stacked import MIN_BOOSTED, fit_stacked
from ._trees import fit_extra_trees

__all__ = ["BASELINES", "fit_baseline"]

BASELINES: tuple[str, ...] = (
    "mean",
    "nearest",
    "ridge",
    "kernel",
    "extra-trees",
    "lightgbm",
    "lightgbm-stacked",
)

_FITTERS: dict[str, tuple[int, Callable[..., FittedModel]]] = {
    "nearest": (1, fit_nearest),
    "ridge": (5, fit_ridge),
    "kernel": (5, fit_kernel),
    "extra-trees": (5, fit_extra_trees),
    "lightgbm": (MIN_BOOSTED, fit_lightgbm),
}


def fit_baseline(name: str, fold: FoldData, task: int, *, seed: int, n_threads: int = 1) -> FittedModel:
    """Fit one named model to one task of one fold.

    Learns from the training rows with a label, chooses settings and the moment to stop on the inner
    validation rows, and never reads a test row.

    Parameters
    ----------
    name
        One of `BASELINES`.
    fold
        One outer fold.
    task
        Column of ``fold.targets``.
    seed
        The same seed, data and number of threads give the same model.
    n_threads
        Of LightGBM and ExtraTrees while fitting.

    Returns
    -------
    FittedModel
        The mean, with a reason in ``note``, where there are too few labels or one class only.

    Raises
    ------
    PlanError
        Unknown name.
    """
    if name not in BASELINES:
        raise PlanError(f"unknown baseline {name!r}; choose from {', '.join(BASELINES)}.")
    if name == "lightgbm-stacked":
        return fit_stacked(fold, seed=seed, n_threads=n_threads, tasks=[task])[0]
    sample = task_sample(fold, task)
    if name == "mean":
        return fit_mean(sample)
    minimum, fit = _FITTERS[name]
    lacking = shortage(sample, minimum)
    return fit_mean(sample, lacking) if lacking else fit(sample, seed=seed, n_threads=n_threads)
