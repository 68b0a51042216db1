"""What the remedies did: rules, relation graphs, groups; shown only where a strategy has one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ._data import Band, Grouping, Influence, ReportData, RuleStory
from ._figures_base import WRITTEN
from ._figures_coverage import WIDEST_MATRIX
from ._figures_curves import Style, curve_styles
from ._figures_pairs import grouping_figure, influence_figure
from ._figures_rules import MOST_LINES, rule_figure
from ._numbers import DASH, count, number, percent
from ._panels import Panel, panel

__all__ = ["RemedyPart", "RemedyView", "remedy_view"]

OPEN = 2
"""Strategies up to which a part is open, one where figures are wide; more fold away."""
NARROW = 5
"""Properties up to which two figures stand side by side."""
LISTED = 3


@dataclass(frozen=True, slots=True)
class RemedyView:
    """One strategy's figure and the same as a table."""

    panel: Panel | None
    strategy: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    is_long: bool


@dataclass(frozen=True, slots=True)
class RemedyPart:
    """One kind of remedy; ``styles`` and ``lines`` are the keys to the figures' colours, if they need any."""

    key: str
    title: str
    lead: str
    views: tuple[RemedyView, ...]
    styles: tuple[Style, ...] = ()
    has_lines: bool = False

    @property
    def many(self) -> bool:
        """Whether the strategies fold away."""
        return len(self.views) > (1 if self.is_wide else OPEN)

    @property
    def is_wide(self) -> bool:
        """Whether a figure needs the whole width of the page."""
        return any(len(view.rows) > NARROW for view in self.views)


def remedy_view(data: ReportData) -> tuple[RemedyPart, ...]:
    """The parts that have something to show."""
    parts = (_rules(data), _influences(data), _groupings(data))
    return tuple(part for part in parts if part.views)


def _rules(data: ReportData) -> RemedyPart:
    names = tuple(dict.fromkeys(name for story in data.rules for name in story.names))
    styles = curve_styles(names, dict.fromkeys(names, "joint"))
    named = {style.strategy: style for style in styles}
    views = [
        RemedyView(
            panel(
                f"rules-{i}",
                rule_figure(story, named),
                title=story.strategy,
                label=_rule_label(story),
                caption=_rule_caption(story),
                facts=_rule_facts(story),
            ),
            story.strategy,
            ("property", "weight, first epoch", "last epoch", "quartiles"),
            tuple(_rule_row(name, band) for name, band in zip(story.names, story.weights, strict=True)),
            len(story.names) > WRITTEN,
        )
        for i, story in enumerate(data.rules)
    ]
    lined = any(len(story.names) <= MOST_LINES for story in data.rules)
    return RemedyPart(
        "rules",
        "What the rules did",
        "A rule gives every property's gradient a weight at every step. Mean over networks of all folds; "
        "quartiles shaded.",
        tuple(views),
        styles if lined else (),
        True,
    )


def _rule_row(name: str, band: Band) -> tuple[str, ...]:
    last = f"{number(band.lower[-1], 2)} to {number(band.upper[-1], 2)}"
    return name, number(band.mean[0], 2), number(band.mean[-1], 2), last


def _rule_facts(story: RuleStory) -> tuple[tuple[str, str], ...]:
    facts = [("rule", story.rule), ("acted in", f"{percent(_overall(story.acted))} of steps")]
    if story.conflicts is not None:
        facts.append(("in conflict", f"{percent(_overall(story.conflicts))} of pairs"))
    return (*facts, ("networks", count(story.n_networks)))


def _overall(band: Band) -> float:
    known = band.mean[np.isfinite(band.mean)]
    return float(known.mean()) if known.size else float("nan")


def _rule_label(story: RuleStory) -> str:
    last = ", ".join(
        f"{n} {number(b.mean[-1], 2)}" for n, b in zip(story.names[:WRITTEN], story.weights, strict=False)
    )
    return (
        f"Weights over epochs in {story.strategy}; at the last epoch: {last}. The table below holds the same."
    )


def _rule_caption(story: RuleStory) -> str:
    if len(story.names) <= MOST_LINES:
        return ""
    return "Blue: more weight than the mean of all properties at that epoch, orange: less; full colour is four times."


def _influences(data: ReportData) -> RemedyPart:
    views = [
        RemedyView(
            panel(
                f"influence-{i}",
                influence_figure(one),
                title=one.strategy,
                label=f"Share of each property's state that comes from each other one in {one.strategy}; "
                "the table below holds the largest.",
                caption=f"Percent, mean ± standard deviation over {count(one.n_networks)} networks.",
                min_width=_width(one.names),
            )
            if len(one.names) <= WIDEST_MATRIX
            else None,
            one.strategy,
            ("property", "takes most from"),
            tuple((name, _most(one, t)) for t, name in enumerate(one.names)),
            len(one.names) > WRITTEN,
        )
        for i, one in enumerate(data.influences)
    ]
    return RemedyPart(
        "influence",
        "Who influences whom",
        "Row: the property that takes. Column: the property it takes from. Shown is the size of what is taken "
        "relative to the property's own state. A weak witness: where a scarce property was given a copy of itself "
        "for company, the graph did not reliably prefer it to a stranger.",
        tuple(views),
    )


def _most(one: Influence, task: int) -> str:
    return _ranked(one.names, one.mean[task], [f" ± {100 * s:.0f}" for s in one.spread[task]])


def _groupings(data: ReportData) -> RemedyPart:
    views = [
        RemedyView(
            panel(
                f"groups-{i}",
                grouping_figure(one),
                title=one.strategy,
                label=f"How often two properties shared a network in {one.strategy}; "
                "the table below holds the most frequent.",
                caption=f"Over {count(one.n_folds)} folds.",
                min_width=_width(one.names),
            )
            if len(one.names) <= WIDEST_MATRIX
            else None,
            one.strategy,
            ("property", "most often learned with"),
            tuple((name, _partners(one, t)) for t, name in enumerate(one.names)),
            len(one.names) > WRITTEN,
        )
        for i, one in enumerate(data.groupings)
    ]
    return RemedyPart(
        "groups",
        "Which properties were grouped",
        "Share of the folds in which a property (row) was answered by a network that learned another one (column) too.",
        tuple(views),
    )


def _partners(one: Grouping, task: int) -> str:
    if np.isnan(one.together[task]).all():
        return DASH
    return _ranked(one.names, one.together[task], [""] * len(one.names)) or "alone in every fold"


def _ranked(names: Sequence[str], shares: np.ndarray, suffixes: Sequence[str]) -> str:
    """The largest shares above half a percent, in words."""
    order = np.argsort(-np.nan_to_num(shares), kind="stable")[:LISTED]
    texts = [
        f"{names[s]} {percent(float(shares[s]))}{suffixes[s]}" for s in order.tolist() if shares[s] >= 0.005
    ]
    return ", ".join(texts)


def _width(names: Sequence[str]) -> int:
    """Narrow pages scroll a matrix whose cells hold text."""
    return 120 + (58 if len(names) <= WRITTEN else 20) * len(names) if len(names) > 3 else 0
