"""One-task models that any honest comparison needs, and how fitted models are saved."""

from ._blend import BlendModel, blend_weight
from ._ensemble_selection import ensemble_weights
from ._fit import BASELINES, fit_baseline
from ._model import FittedModel, load_model, register_model
from ._stacked import fit_stacked
from ._together import Part, predict_tasks, share

__all__ = [
    "BASELINES",
    "BlendModel",
    "FittedModel",
    "Part",
    "blend_weight",
    "ensemble_weights",
    "fit_baseline",
    "fit_stacked",
    "load_model",
    "predict_tasks",
    "register_model",
    "share",
]
