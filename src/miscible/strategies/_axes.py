"""The words of strategy names: which axis each belongs to, which architectures have that axis, and named sets."""

from __future__ import annotations

from ..baselines import BASELINES
from ..learning import ABLATIONS, RULES

__all__ = [
    "ALLOWED",
    "AXES",
    "BLEND",
    "ENSEMBLE",
    "EXTENDED",
    "MIXINGS",
    "MIXTURES",
    "NETWORKS",
    "SETS",
    "SIMPLEST_FIRST",
    "TRANSFERS",
    "UNMIXED",
]

BLEND = "blend"
ENSEMBLE = "ensemble"
MIXTURES = (BLEND, ENSEMBLE)
UNMIXED = ("mean", "nearest")
"""Too plain to be a part of an ensemble."""
EXTENDED = "extended"
MIXINGS = ("relation", "relation-dynamic", "mmoe", "task-attention")
TRANSFERS = ("transfer", "align")
NETWORKS = ("independent", "shared", *MIXINGS, "grouped", "warm", *TRANSFERS, EXTENDED)

AXES: dict[str, tuple[str, ...]] = {
    "reduction": ("task-mean", "pair-sum"),
    "sampling": ("proportional", "balanced", "temperature"),
    "task_weights": ("uniform", "inverse-count", "sqrt-inverse-count"),
    "labels": ("lds", "bmc", "gai", "bni"),
    "features": ("fds",),
    "classes": ("class-weights", "focal"),
    "rule": tuple(RULES),
    "checkpoint": ("joint", "per-task"),
    "norm": ("layernorm",),
    "width": ("w32", "w64", "w128", "w256", "w512"),
    "start": ("zero", "spread"),
    "penalty": ("l1",),
    "affinity": ("gradients", "pairs"),
    "networks": ("n2", "n3", "n4", "n6", "n8"),
    "tuned": ("frozen",),
    "ratios": ("learned", "one-step", "equal", "alone", "correlated"),
    "begin": ("mixed", "pretrained", "scratch"),
    "tied": ("tied",),
}
"""Axes in the order in which a name lists them, and their words."""

_COMMON = {"reduction", "sampling", "task_weights", "labels", "classes", "rule", "norm", "width"}
ALLOWED: dict[str, set[str]] = {
    "independent": {"norm", "width", "labels", "features", "classes"},
    "shared": {*_COMMON, "features", "checkpoint"},
    "relation": {*_COMMON, "start", "penalty"},
    "relation-dynamic": _COMMON,
    "mmoe": {*_COMMON, "checkpoint"},
    "task-attention": {*_COMMON, "checkpoint"},
    "grouped": {*_COMMON, "features", "affinity", "networks"},
    "warm": {*_COMMON, "features", "tuned", "source"},
    "transfer": {"width", "ratios", "begin", "tied"},
    "align": {"width", "ratios", "begin", "tied"},
    EXTENDED: {"labels", "classes", "tuned"},
}
"""Axes that make sense for each architecture; the others have none."""

SIMPLEST_FIRST = (
    "mean",
    "nearest",
    "ridge",
    "lightgbm",
    "extra-trees",
    "kernel",
    "independent",
    "shared",
    "grouped",
    "task-attention",
    "mmoe",
    "relation",
    "relation-dynamic",
    "warm",
    "transfer",
    "align",
    EXTENDED,
    "lightgbm-stacked",
    *MIXTURES,
)

_DEFAULT = (
    *BASELINES,
    "independent",
    "independent+w64",
    "shared",
    "shared+balanced+inverse-count",
    *MIXTURES,
)
_RULES = tuple(f"shared+{name}" for name in RULES if name not in ("sum", *ABLATIONS))
_LABELS = (
    "shared+lds",
    "shared+fds",
    "shared+lds+fds",
    "shared+balanced+bmc",
    "shared+gai",
    "shared+bni",
    "shared+class-weights",
    "shared+focal",
)
_PAPERS = (
    "mean",
    "lightgbm",
    "independent",
    "independent+lds",
    "shared",
    "shared+inverse-count",
    "relation",
    "shared+pcgrad",
    "shared+gradnorm",
    "shared+lds",
    "shared+gai",
    "shared+lds+gradnorm",
    "shared+lds+pcgrad",
    "shared+gai+pcgrad",
)
_ARCHITECTURES = (
    "independent",
    "shared",
    *MIXINGS,
    "relation+spread",
    "relation+l1",
    "grouped",
    "grouped+pairs",
    "warm",
    "warm+frozen",
)
SETS: dict[str, tuple[str, ...]] = {
    "default": _DEFAULT,
    "baselines": BASELINES,
    "networks": ("independent", "independent+w64", "shared", "shared+balanced+inverse-count"),
    "papers": _PAPERS,
    "rules": ("independent", "shared", *_RULES),
    "labels": ("independent", "independent+lds", "shared", *_LABELS),
    "architectures": _ARCHITECTURES,
    "extension": (
        "mean",
        "nearest",
        "ridge",
        "extra-trees",
        "lightgbm",
        "independent",
        "independent+w64",
        "extended",
        "extended+frozen",
        *MIXTURES,
    ),
    "transfers": ("independent", "shared", "warm", "transfer+equal", "transfer+correlated", "transfer", "align"),
    "all": tuple(
        dict.fromkeys(
            (
                *(name for name in _DEFAULT if name not in MIXTURES),
                *_PAPERS, *_RULES, "independent+gai", *_LABELS, *_ARCHITECTURES, "shared+per-task", *MIXTURES,
            )
        )
    ),
}  # fmt: skip
"""Named sets; members that make no sense for a table are left out of a set, and refused where named one by one."""
