"""What the report shows: plain values, filled by whoever ran the study."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from ..advice import PropertyVerdict
from ..audit import Audit
from ..diagnosis import Exhibit
from ._data_ratios import RatioMatrix

__all__ = [
    "Band",
    "Curve",
    "Grouping",
    "Influence",
    "Intervals",
    "JournalEntry",
    "Predictions",
    "Reliability",
    "ReportData",
    "RuleStory",
    "StrategyCost",
]

Side = Literal["joint", "separate", "baseline"]


@dataclass(frozen=True)
class Predictions:
    """Out-of-fold predictions of one property, one entry a label, all in model space.

    Parameters
    ----------
    name, kind, unit
        Property, ``regression | binary | multiclass``, and the unit of ``observed`` (model space).
    strategy
        The strategy to deploy, whose predictions are ``predicted``.
    observed
        ``(n,)``; class codes for classes.
    predicted
        ``(n,)`` values or probabilities of class 1, ``(n, n_classes)`` probabilities for multiclass.
    joint, separate
        The same from the nested choice of the best joint and the best separate strategy, for error
        tails; ``None`` where there was no such comparison.
    classes
        Class names in code order.
    rows
        Row labels (a formula, a SMILES), for hovering and for the list of largest errors; empty if none.
    thresholds
        ``deployed``, ``joint``, ``separate`` -> ``(n,)`` probability from which a row counts as class 1; 0.5
        where it is not said.
    """

    name: str
    kind: str
    unit: str
    strategy: str
    observed: np.ndarray
    predicted: np.ndarray
    joint: np.ndarray | None = None
    separate: np.ndarray | None = None
    classes: tuple[str, ...] = ()
    rows: tuple[str, ...] = ()
    thresholds: Mapping[str, np.ndarray] = field(default_factory=dict)


@dataclass(frozen=True)
class Band:
    """A curve over members and folds: mean and quartiles, each ``(n_epochs,)``."""

    mean: np.ndarray
    lower: np.ndarray
    upper: np.ndarray


@dataclass(frozen=True)
class Curve:
    """Losses of one network strategy on one property; ``epochs`` is ``(n_epochs,)``."""

    strategy: str
    name: str
    epochs: np.ndarray
    train: Band
    valid: Band


@dataclass(frozen=True)
class RuleStory:
    """What a rule that weighs the tasks' gradients did in one strategy's networks.

    Parameters
    ----------
    strategy, rule
        Names.
    names
        Properties, in the order of ``weights``.
    epochs
        ``(n_epochs,)``.
    weights
        One band a property over the networks of all folds, each ``(n_epochs,)``.
    acted
        Share of steps in which the rule's weights differed from plain ones.
    conflicts
        Share of pairs of properties whose gradients pointed against each other; ``None`` for rules that do
        not look.
    n_networks
        Networks the bands are made of.
    """

    strategy: str
    rule: str
    names: tuple[str, ...]
    epochs: np.ndarray
    weights: tuple[Band, ...]
    acted: Band
    conflicts: Band | None
    n_networks: int


@dataclass(frozen=True)
class Influence:
    """What each property takes from each other one in a strategy's relation graph.

    ``mean`` and ``spread`` are ``(n_tasks, n_tasks)``, row = property that takes, column = property that
    gives: mean and standard deviation, over the networks, of the share that comes from there; NaN on the
    diagonal and where no network has both.
    """

    strategy: str
    names: tuple[str, ...]
    mean: np.ndarray
    spread: np.ndarray
    n_networks: int


@dataclass(frozen=True)
class Grouping:
    """Which properties a strategy put into one network.

    ``together`` is ``(n_tasks, n_tasks)``, row = property answered for, column = property its network was
    trained on as well: share of the ``n_folds`` folds (over all repeats); NaN on the diagonal and where the
    strategy never answered for the row.
    """

    strategy: str
    names: tuple[str, ...]
    together: np.ndarray
    n_folds: int


@dataclass(frozen=True)
class Reliability:
    """Stated against observed probability of a classification property, in bins.

    ``stated``, ``observed`` and ``count`` are ``(n_bins,)``; the errors are expected calibration
    errors (count-weighted mean of ``|stated - observed|``) before and after calibration.
    """

    name: str
    stated: np.ndarray
    observed: np.ndarray
    count: np.ndarray
    error_before: float
    error_after: float
    stated_before: np.ndarray | None = None
    observed_before: np.ndarray | None = None


@dataclass(frozen=True)
class Intervals:
    """Prediction intervals of a regression property.

    ``nominal``, ``measured`` and ``width`` are ``(n_levels,)``: promised coverage, coverage measured on
    folds not used to calibrate, and mean width in ``unit``.
    """

    name: str
    unit: str
    nominal: np.ndarray
    measured: np.ndarray
    width: np.ndarray


@dataclass(frozen=True)
class StrategyCost:
    """What one strategy cost over all folds and repeats; ``None`` where it does not apply.

    ``epochs`` is the mean over members, ``parameters`` the count of one member. ``dropped`` says when the
    race dropped it (empty: never) and ``reason`` why.
    """

    strategy: str
    members: int | None = None
    steps: int | None = None
    epochs: float | None = None
    parameters: int | None = None
    seconds: float | None = None
    diverged: int = 0
    dropped: str = ""
    reason: str = ""


@dataclass(frozen=True)
class JournalEntry:
    """One decision of the study."""

    when: str
    what: str
    why: str


@dataclass(frozen=True)
class ReportData:
    """Everything one page shows.

    Parameters
    ----------
    title, created, source
        Heading, date as text, where the rows came from.
    verdicts
        One per property, in table order.
    goal, group
        ``characterise`` or ``screen``; what the folds keep together.
    n_rows, n_groups, n_folds, n_repeats
        Sizes.
    wall_seconds
        How long the whole run took.
    measured
        ``(n_rows, n_tasks)`` booleans, tasks in the order of ``verdicts``; ``None`` hides coverage.
    fold_labels
        ``(n_repeats, n_folds, n_tasks)`` labels of each test fold.
    sides
        Strategy name -> ``joint``, ``separate`` or ``baseline``; sets colours.
    notes
        What reading the table did: rows repaired, dropped, not used.
    audit
        Findings made before training.
    command, plan
        How to repeat it: the command line and the TOML plan.
    machine
        Versions, seeds, processor: shown as a table.
    rules, influences, groupings
        What the remedies did, one entry a strategy that has one.
    ratios
        How much each property counted for each other one, by strategy, the main one first.
    exhibits
        Why sharing helps or hurts, as far as it was diagnosed.
    limits, citations
        Sentences; BibTeX entries.
    bundle
        Folder of the bundle, or ``None`` when none was written.
    """

    title: str
    created: str
    source: str
    verdicts: tuple[PropertyVerdict, ...]
    goal: str
    group: str
    n_rows: int
    n_groups: int
    n_folds: int
    n_repeats: int
    wall_seconds: float | None = None
    measured: np.ndarray | None = None
    fold_labels: np.ndarray | None = None
    fold_warnings: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    sides: Mapping[str, Side] = field(default_factory=dict)
    audit: Audit | None = None
    predictions: tuple[Predictions, ...] = ()
    curves: tuple[Curve, ...] = ()
    rules: tuple[RuleStory, ...] = ()
    influences: tuple[Influence, ...] = ()
    groupings: tuple[Grouping, ...] = ()
    ratios: tuple[RatioMatrix, ...] = ()
    exhibits: tuple[Exhibit, ...] = ()
    reliability: tuple[Reliability, ...] = ()
    intervals: tuple[Intervals, ...] = ()
    costs: tuple[StrategyCost, ...] = ()
    journal: tuple[JournalEntry, ...] = ()
    command: str = ""
    plan: str = ""
    machine: Mapping[str, str] = field(default_factory=dict)
    limits: tuple[str, ...] = ()
    citations: tuple[str, ...] = ()
    bundle: str | None = None
