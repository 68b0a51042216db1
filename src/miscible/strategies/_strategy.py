"""A strategy: one named way to learn, a frozen product of a few axes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Literal

from ..baselines import BASELINES
from ..errors import PlanError
from ..learning import (
    Checkpoint,
    ClassWeighting,
    FeatureWeighting,
    LabelWeighting,
    MixingKind,
    Reduction,
    Sampling,
    TaskWeights,
)
from ..text import suggest
from ._axes import ALLOWED, AXES, BLEND, MIXINGS, MIXTURES, NETWORKS, SETS, SIMPLEST_FIRST, TRANSFERS, UNMIXED

__all__ = ["Side", "Strategy", "parse_strategies", "parse_strategy"]

Side = Literal["joint", "separate", "baseline"]

FROM = "from="


@dataclass(frozen=True, slots=True)
class Strategy:
    """Architecture times everything that can be varied about it.

    Parameters
    ----------
    architecture
        ``independent`` (one network a task), ``shared`` (hard sharing), ``relation`` and ``relation-dynamic``
        (learned task relation graphs), ``mmoe`` (mixture of experts), ``task-attention``, ``grouped`` (a few shared
        networks, each for the tasks that get on), ``warm`` (trained on all tasks, then tuned to each), ``transfer``
        (a network for each task, in which every other task counts by a ratio of its own), ``align`` (the same, with
        the tasks' latent spaces aligned), ``extended`` (a network of a new property, started from the shared layers of
        a finished run), the name of a baseline, or a mixture of what the others have fitted, by inner
        validation: ``blend`` (LightGBM with the best network) or ``ensemble`` (all but the plainest).
    reduction, sampling, task_weights, labels, features, classes, rule, checkpoint
        See ``learning.TrainOptions``.
    norm
        Whether the shared layers are normalised.
    width
        Units of the shared layers.
    start
        Whether a relation graph starts at 0 or at one over the number of tasks.
    penalty
        ``l1`` on a relation graph.
    affinity
        Tasks are grouped by their gradients or by what each gains from each other in networks of two.
    networks
        Most networks of a grouped strategy.
    tuned
        ``frozen``: the shared layers of a warm start stay as they are.
    ratios
        Of a transfer: learned from networks of random subsets of the tasks, learned by ``one-step`` hypergradients,
        all ``equal``, ``alone`` (no other task counts), or ``correlated`` (by the correlation of the labels).
    begin
        Whether the networks of a transfer go on from one of all tasks, start from scratch, or half and half.
    tied
        Whether sources that resemble each other share one ratio.
    source
        The one property a warm start comes from; empty for all.
    """

    architecture: str
    reduction: Reduction = "task-mean"
    sampling: Sampling = "proportional"
    task_weights: TaskWeights = "uniform"
    labels: LabelWeighting = "none"
    features: FeatureWeighting = "none"
    classes: ClassWeighting = "none"
    rule: str = "sum"
    checkpoint: Checkpoint = "joint"
    norm: Literal["none", "layernorm"] = "none"
    width: str = "w128"
    start: Literal["zero", "spread"] = "zero"
    penalty: Literal["none", "l1"] = "none"
    affinity: Literal["gradients", "pairs"] = "gradients"
    networks: str = "n3"
    tuned: Literal["none", "frozen"] = "none"
    ratios: Literal["learned", "one-step", "equal", "alone", "correlated"] = "learned"
    begin: Literal["mixed", "pretrained", "scratch"] = "mixed"
    tied: Literal["none", "tied"] = "none"
    source: str = ""

    @property
    def name(self) -> str:
        """Architecture and every axis away from its default, joined by ``+``."""
        words = [getattr(self, f.name) for f in fields(self)[1:-1] if getattr(self, f.name) != f.default]
        words += [FROM + self.source] if self.source else []
        return "+".join([self.architecture, *words])

    @property
    def side(self) -> Side:
        """Which arm of the sharing question this strategy stands on."""
        if not self.is_network:
            return "baseline"
        return "separate" if self.architecture == "independent" else "joint"

    @property
    def is_network(self) -> bool:
        """Whether the training engine fits it."""
        return self.architecture in NETWORKS

    @property
    def is_mixture(self) -> bool:
        """Whether it is made of what others have fitted, so that nothing is trained for it."""
        return self.architecture in MIXTURES

    @property
    def mixing(self) -> MixingKind:
        """What stands between trunk and heads."""
        return self.architecture if self.architecture in MIXINGS else "none"  # pyright: ignore[reportReturnType]

    @property
    def remedies(self) -> tuple[str, ...]:
        """Remedies in use, whose parameters are tuned."""
        named = (self.labels, self.features, self.classes, self.rule)
        own = TRANSFERS[: TRANSFERS.index(self.architecture) + 1] if self.architecture in TRANSFERS else ()
        return (*own, *(remedy for remedy in named if remedy not in ("none", "sum")))

    @property
    def n_units(self) -> int:
        """Units of each trunk layer."""
        return int(self.width[1:])

    @property
    def n_networks(self) -> int:
        """Most networks of a grouped strategy."""
        return int(self.networks[1:])

    @property
    def complexity(self) -> tuple[int, int, int, str]:
        """Sort key: simplest first."""
        return SIMPLEST_FIRST.index(self.architecture), len(self.remedies), self.n_units, self.name


def parse_strategy(text: str) -> Strategy:
    """Read a name such as ``shared+balanced+inverse-count`` or ``warm+frozen+from=hardness``.

    Raises
    ------
    PlanError
        An unknown word, two words of one axis, or a product that makes no sense.
    """
    named, sourced, source = text.partition(f"+{FROM}")
    if sourced and not source.strip():
        raise PlanError(f"strategy {text!r}: {FROM!r} names no property.")
    architecture, *words = [word.strip() for word in named.split("+")]
    known = (*NETWORKS, *BASELINES, *MIXTURES)
    if architecture not in known:
        raise PlanError(f"unknown strategy {text!r}: {_nearest(architecture, known)}")
    axes = {value: axis for axis, values in AXES.items() for value in values}
    chosen: dict[str, str] = {"source": source.strip()} if source.strip() else {}
    for word in words:
        if word not in axes:
            raise PlanError(f"strategy {text!r}: unknown word {word!r}; {_nearest(word, tuple(axes))}")
        if axes[word] in chosen:
            raise PlanError(
                f"strategy {text!r}: {word!r} and {chosen[axes[word]]!r} set the same axis twice."
            )
        chosen[axes[word]] = word
    for axis, word in chosen.items():
        if axis not in ALLOWED.get(architecture, set()):
            raise PlanError(
                f"strategy {text!r}: {word!r} makes no sense, {_lack(architecture)} {axis.replace('_', ' ')}."
            )
    strategy = Strategy(architecture, **chosen)  # pyright: ignore[reportArgumentType]
    _check_product(text, strategy)
    return strategy


def parse_strategies(names: Sequence[str]) -> tuple[Strategy, ...]:
    """Names and named sets to strategies, each once, in order."""
    flat = [name for given in names for name in SETS.get(given, (given,))]
    strategies = tuple(dict.fromkeys(parse_strategy(name) for name in flat))
    if not strategies:
        raise PlanError(f"no strategy named; choose from {', '.join(SETS['default'])}.")
    architectures = {s.architecture for s in strategies}
    if BLEND in architectures and not ("lightgbm" in architectures and architectures & set(NETWORKS)):
        raise PlanError(f"{BLEND!r} mixes lightgbm with a network: name both.")
    parts = [s for s in strategies if not s.is_mixture and s.architecture not in UNMIXED]
    if "ensemble" in architectures and len(parts) < 2:
        raise PlanError(
            "'ensemble' mixes what other strategies have fitted: name at least two others, "
            f"{' and '.join(UNMIXED)} not counted."
        )
    return strategies


def _check_product(text: str, strategy: Strategy) -> None:
    """Refuse products whose parts work against each other."""
    if strategy.labels == "bmc" and strategy.sampling == "proportional" and strategy.side == "joint":
        raise PlanError(
            f"strategy {text!r}: 'bmc' compares the labels of one property within a batch, and a proportional batch "
            "often holds none or one of a scarce property.",
            hint="Add 'balanced' or 'temperature', or take 'gai' or 'bni'.",
        )
    if strategy.rule == "famo" and strategy.labels in ("bmc", "gai", "bni"):
        raise PlanError(
            f"strategy {text!r}: 'famo' follows the logarithm of the losses, and Balanced MSE can be negative.",
            hint="Take another rule, or 'lds'.",
        )
    if strategy.source and strategy.rule != "sum":
        raise PlanError(
            f"strategy {text!r}: one source property has nothing to be weighed against by {strategy.rule!r}.",
            hint=f"Leave out {strategy.rule!r}, or '{FROM}{strategy.source}'.",
        )


def _lack(architecture: str) -> str:
    if architecture == "independent":
        return "a network with one task has no"
    return f"{architecture!r} has no" if architecture in NETWORKS else "it is no network: no"


def _nearest(word: str, known: Sequence[str]) -> str:
    close = suggest(word, known)
    return f"did you mean {', '.join(close)}?" if close else f"choose from {', '.join(known)}."
