"""A strategy: one named way to learn, a frozen product of a few axes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Literal

from ..baselines import BASELINES
from ..errors import PlanError
from ..text import suggest

__all__ = ["BLEND", "Side", "Strategy", "parse_strategies", "parse_strategy"]

Side = Literal["joint", "separate", "baseline"]

BLEND = "blend"
NETWORKS = ("independent", "shared")
AXES: dict[str, tuple[str, ...]] = {
    "reduction": ("task-mean", "pair-sum"),
    "sampling": ("proportional", "balanced", "temperature"),
    "task_weights": ("uniform", "inverse-count", "sqrt-inverse-count"),
    "checkpoint": ("joint", "per-task"),
    "width": ("w32", "w64", "w128", "w256", "w512"),
}
SIMPLEST_FIRST = (
    "mean",
    "nearest",
    "ridge",
    "lightgbm",
    "extra-trees",
    "independent",
    "shared",
    "lightgbm-stacked",
    BLEND,
)
SETS: dict[str, tuple[str, ...]] = {
    "default": (
        "mean",
        "nearest",
        "ridge",
        "extra-trees",
        "lightgbm",
        "lightgbm-stacked",
        "independent",
        "independent+w64",
        "shared",
        "shared+balanced+inverse-count",
        BLEND,
    ),
    "baselines": (*BASELINES,),
    "networks": ("independent", "independent+w64", "shared", "shared+balanced+inverse-count"),
}


@dataclass(frozen=True, slots=True)
class Strategy:
    """Architecture x reduction x sampling x task weights x checkpoint x width.

    ``architecture`` is ``independent`` (one network a task), ``shared`` (hard sharing), the name of a
    baseline, or ``blend`` (LightGBM with the best network, mixed by inner validation). Only ``shared`` has
    the other axes; ``independent`` has a width.
    """

    architecture: str
    reduction: Literal["task-mean", "pair-sum"] = "task-mean"
    sampling: Literal["proportional", "balanced", "temperature"] = "proportional"
    task_weights: Literal["uniform", "inverse-count", "sqrt-inverse-count"] = "uniform"
    checkpoint: Literal["joint", "per-task"] = "joint"
    width: str = "w128"

    @property
    def name(self) -> str:
        """Architecture and every axis away from its default, joined by ``+``."""
        parts = [getattr(self, f.name) for f in fields(self)[1:] if getattr(self, f.name) != f.default]
        return "+".join([self.architecture, *parts])

    @property
    def side(self) -> Side:
        """Which arm of the sharing question this strategy stands on."""
        if self.architecture == "shared":
            return "joint"
        return "separate" if self.architecture == "independent" else "baseline"

    @property
    def is_network(self) -> bool:
        """Whether the training engine fits it."""
        return self.architecture in NETWORKS

    @property
    def n_units(self) -> int:
        """Units of each trunk layer."""
        return int(self.width[1:])

    @property
    def complexity(self) -> tuple[int, int, str]:
        """Sort key: simplest first."""
        return SIMPLEST_FIRST.index(self.architecture), self.n_units, self.name


def parse_strategy(text: str) -> Strategy:
    """Read a name such as ``shared+balanced+inverse-count``.

    Raises
    ------
    PlanError
        An unknown word, two words of one axis, or a product that makes no sense.
    """
    architecture, *words = [word.strip() for word in text.split("+")]
    known = (*NETWORKS, *BASELINES, BLEND)
    if architecture not in known:
        raise PlanError(f"unknown strategy {text!r}: {_nearest(architecture, known)}")
    axes = {value: axis for axis, values in AXES.items() for value in values}
    chosen: dict[str, str] = {}
    for word in words:
        if word not in axes:
            raise PlanError(f"strategy {text!r}: unknown word {word!r}; {_nearest(word, tuple(axes))}")
        if axes[word] in chosen:
            raise PlanError(
                f"strategy {text!r}: {word!r} and {chosen[axes[word]]!r} set the same axis twice."
            )
        chosen[axes[word]] = word
    allowed = {"shared": set(AXES), "independent": {"width"}}.get(architecture, set())
    for axis, word in chosen.items():
        if axis not in allowed:
            reason = (
                "a network with one task has no" if architecture == "independent" else "it is no network: no"
            )
            raise PlanError(f"strategy {text!r}: {word!r} makes no sense, {reason} {axis.replace('_', ' ')}.")
    return Strategy(architecture, **chosen)  # pyright: ignore[reportArgumentType]


def parse_strategies(names: Sequence[str]) -> tuple[Strategy, ...]:
    """Names and named sets (``default``, ``baselines``, ``networks``) to strategies, each once, in order."""
    flat = [name for given in names for name in SETS.get(given, (given,))]
    strategies = tuple(dict.fromkeys(parse_strategy(name) for name in flat))
    if not strategies:
        raise PlanError(f"no strategy named; choose from {', '.join(SETS['default'])}.")
    architectures = {s.architecture for s in strategies}
    if BLEND in architectures and not ("lightgbm" in architectures and architectures & set(NETWORKS)):
        raise PlanError(f"{BLEND!r} mixes lightgbm with a network: name both.")
    return strategies


def _nearest(word: str, known: Sequence[str]) -> str:
    close = suggest(word, known)
    return f"did you mean {', '.join(close)}?" if close else f"choose from {', '.join(known)}."
