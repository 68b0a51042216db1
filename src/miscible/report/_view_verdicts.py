"""The verdict cards."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ..advice import Call, Comparison, PropertyVerdict
from ..evaluation import get_metric
from ._data import Intervals, ReportData
from ._figures_differences import difference_figure, is_stretched, surest
from ._numbers import DASH, count, estimate, number, percent, share, signed
from ._panels import FEW, Panel, panel
from ._words import CALLS, listed

__all__ = ["Card", "Posterior", "call_counts", "cards", "difference_panel"]


@dataclass(frozen=True, slots=True)
class Posterior:
    """One part of the posterior bar."""

    key: str
    word: str
    text: str
    width: str


@dataclass(frozen=True, slots=True)
class Card:
    """One property's verdict, ready to print."""

    name: str
    kind: str
    call: str
    meaning: str
    labels: str
    effect: str
    relative: str
    interval: str
    posterior: tuple[Posterior, ...]
    posterior_label: str
    reason: str
    model: str
    model_error: str
    facts: tuple[tuple[str, str], ...]
    warnings: tuple[str, ...]
    is_open: bool


def cards(data: ReportData) -> tuple[Card, ...]:
    """One card per property, in table order; all open while they are few."""
    promised = {i.name: i for i in data.intervals}
    is_open = len(data.verdicts) <= FEW
    return tuple(_card(v, promised, is_open) for v in data.verdicts)


def call_counts(verdicts: Sequence[PropertyVerdict]) -> tuple[tuple[str, str, int], ...]:
    """How many properties got each call, with what it means."""
    counts = Counter(v.call for v in verdicts)
    return tuple((str(call), CALLS[call], counts[call]) for call in Call)


def difference_panel(verdicts: Sequence[PropertyVerdict]) -> Panel | None:
    """The paired differences of all properties, or ``None`` without a comparison."""
    shown = surest(verdicts)
    figure = difference_figure(shown)
    if figure is None:
        return None
    said = "; ".join(
        f"{v.name}: {_relative(v.sharing, v.sharing.difference)}, {v.call}"
        for v in shown
        if v.sharing is not None
    )
    stretched = " The axis is straight within ±5 % and logarithmic outside." if is_stretched(shown) else ""
    part = (
        f" Drawn: the {len(shown)} surest of {count(len(verdicts))} properties."
        if len(shown) < len(verdicts)
        else ""
    )
    return panel(
        "differences",
        figure,
        title="Together against apart, fold by fold",
        label=f"Difference in error between learning together and apart, by property. {said}.",
        caption=(
            "Dots are outer folds (one line of dots a repeat), the diamond is their mean, the bar its 95 % "
            "interval after the Nadeau-Bengio correction for overlapping training sets. The grey band is the region "
            f"of practical equivalence. Differences are in % of the error of learning apart.{stretched}{part}"
        ),
    )


def _card(verdict: PropertyVerdict, promised: Mapping[str, Intervals], is_open: bool) -> Card:
    sharing = verdict.sharing
    effect, interval = estimate(sharing.difference, sharing.interval) if sharing else (DASH, DASH)
    unit = f" {verdict.unit}" if verdict.unit else ""
    deploy = verdict.deploy
    posterior = _posterior(sharing)
    return Card(
        name=verdict.name,
        kind=verdict.kind,
        call=str(verdict.call) if sharing else "NOT COMPARED",
        meaning=CALLS[verdict.call] if sharing else "No shared network was set against a separate one.",
        labels=f"{count(verdict.n_labels)} label{'' if verdict.n_labels == 1 else 's'}",
        effect=f"{effect}{unit}" if sharing and effect != DASH else DASH,
        relative=_relative(sharing, sharing.difference) if sharing else "",
        interval=f"{interval}{unit}" if sharing and interval != DASH else DASH,
        posterior=posterior,
        posterior_label=", ".join(f"{p.word} {p.text}" for p in posterior),
        reason=verdict.reason,
        model=deploy.strategy if deploy else DASH,
        model_error=f"{number(deploy.error)}{unit}" if deploy else "",
        facts=tuple(_facts(verdict, promised.get(verdict.name))),
        warnings=verdict.warnings,
        is_open=is_open,
    )


def _relative(comparison: Comparison | None, value: float) -> str:
    """A difference in % of the baseline's error."""
    if comparison is None or not comparison.baseline_error > 0 or not np.isfinite(value):
        return DASH
    relative = 100 * value / comparison.baseline_error
    return f"{signed(relative, 1 if abs(relative) < 100 else 0)} %"


def _posterior(comparison: Comparison | None) -> tuple[Posterior, ...]:
    if comparison is None:
        return ()
    parts = (
        ("better", "better", comparison.p_better),
        ("equivalent", "same", comparison.p_equivalent),
        ("worse", "worse", comparison.p_worse),
    )
    if not all(np.isfinite(p) for _, _, p in parts):
        return ()
    return tuple(Posterior(key, word, share(p), f"{100 * p:.2f}%") for key, word, p in parts)


def _facts(verdict: PropertyVerdict, intervals: Intervals | None) -> list[tuple[str, str]]:
    unit = f" {verdict.unit}" if verdict.unit else ""
    facts = []
    sharing, deploy = verdict.sharing, verdict.deploy
    if sharing is not None:
        least = sharing.smallest_detectable
        together, apart = number(sharing.candidate_error), number(sharing.baseline_error)
        facts += [
            ("Compared", f"{sharing.candidate} {together}{unit} with {sharing.baseline} {apart}{unit}"),
            (
                "Judged by",
                f"{get_metric(verdict.metric).error_label}, {sharing.n_repeats} × {sharing.n_folds} folds",
            ),
            ("Counts as a difference", f"more than {number(sharing.rope, 2)}{unit}"),
            (
                "Smallest difference this table could show",
                f"{number(least, 2)}{unit} ({_relative(sharing, least).lstrip('+')})",
            ),
            ("p, p after Holm", f"{number(sharing.p_value, 2)}, {number(sharing.p_holm, 2)}"),
        ]
    if verdict.partners:
        facts.append(("Learnt together with", listed(verdict.partners, 8)))
    if deploy is not None:
        facts.append(("Model to deploy", deploy.reason or deploy.strategy))
        if deploy.comparison is not None:
            gain = deploy.comparison
            change, interval = estimate(gain.difference, gain.interval)
            facts.append(
                (
                    "Best of anything against simplest good",
                    f"{change}{unit}, 95 %: {interval}{unit}; better with probability {share(gain.p_better)}",
                )
            )
        if deploy.simplest != deploy.strategy:
            facts.append(("Simplest good model", f"{deploy.simplest} {number(deploy.simplest_error)}{unit}"))
    if intervals is not None and len(intervals.nominal):
        level = int(np.argmin(np.abs(intervals.nominal - 0.9)))
        facts.append(
            (
                f"{percent(intervals.nominal[level])} intervals",
                f"hold {percent(intervals.measured[level], 1)}, mean width {number(intervals.width[level])} "
                f"{intervals.unit}".rstrip(),
            )
        )
    if verdict.noise_floor is not None:
        facts.append(("Noise floor from replicates", f"{number(verdict.noise_floor, 2)}{unit}"))
    return facts
