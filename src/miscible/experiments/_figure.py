"""Figures of an experiment on one offline page."""

from __future__ import annotations

import html
from collections.abc import Sequence
from pathlib import Path

import pandas as pd
import plotly.graph_objects as go
from plotly.offline import get_plotlyjs
from plotly.subplots import make_subplots

from ..files import write_atomic
from ._experiment import Experiment, FigurePlan

__all__ = ["draw", "page", "write_figures"]

COLOURS = ("#1f6fa8", "#a94a12", "#28704f", "#7d5ba6", "#8a6100", "#6b7484", "#b3261e", "#2b8c8c")
_AXES = ("task", "arm")
_CONFIG = {"displaylogo": False, "displayModeBar": False, "responsive": True}
_STYLE = (
    "body{font-family:-apple-system,'Segoe UI',Roboto,Arial,sans-serif;color:#1b2230;max-width:1100px;"
    "margin:2rem auto;padding:0 1rem}h1{font-size:1.4rem}h2{font-size:1.05rem;margin-top:2rem}"
    "p{color:#566072}table{border-collapse:collapse;font-size:.85rem}td,th{padding:.2rem .6rem;text-align:right;"
    "border-bottom:1px solid #e9ecf1}"
)


def write_figures(experiment: Experiment, frame: pd.DataFrame, path: Path, *, full: bool) -> None:
    """Draw every figure of the plan, with the question above and how to read the bars below.

    Raises
    ------
    MiscibleError
        The file cannot be written.
    """
    figures = experiment.figures or _default_figures(experiment)
    drawn = [(f.title or f.quantity, draw(frame, f, tuple(experiment.vary))) for f in figures]
    effort = experiment.effort(full)
    over = frame["over"].iloc[0] if len(frame) else "redraws"
    note = (
        f"Simulated tables: {effort.worlds} worlds a point, {effort.redraws} redraws a world, scored on "
        f"{effort.n_test:,} fresh rows without noise. Bars are two standard errors, over {over}."
    )
    if "difference" in set(frame["quantity"]):
        note += f" A difference below 0 is a gain over {experiment.strategies()[0].name}."
    write_atomic(path, page(experiment.name, experiment.question, note, drawn))


def draw(frame: pd.DataFrame, plan: FigurePlan, dials: Sequence[str]) -> go.Figure:
    """One figure: mean and two standard errors over ``plan.x``, split into lines and panels.

    What neither is on an axis nor splits anything goes into the lines' names.
    """
    rows = frame[frame["quantity"] == plan.quantity]
    panels = list(dict.fromkeys(rows[plan.panel])) if plan.panel else [""]
    other = [
        c for c in (*dials, *_AXES) if c not in (plan.x, plan.panel, plan.line) and rows[c].nunique() > 1
    ]
    names = [*([plan.line] if plan.line != plan.x else []), *other]
    figure = make_subplots(
        rows=1, cols=max(len(panels), 1), shared_yaxes=True,
        subplot_titles=[html.escape(f"{plan.panel} {p}".strip()) for p in panels], horizontal_spacing=0.03,
    )  # fmt: skip
    numbers = pd.to_numeric(rows[plan.x], errors="coerce")
    is_number = len(rows) > 0 and bool(numbers.notna().all())
    colours: dict[str, str] = {}
    for column, panel in enumerate(panels, start=1):
        own = rows[rows[plan.panel] == panel] if plan.panel else rows
        for name, line in _lines(own, names):
            shown = name not in colours
            colour = colours.setdefault(name, COLOURS[len(colours) % len(COLOURS)])
            x = pd.to_numeric(line[plan.x]) if is_number else line[plan.x]
            figure.add_trace(
                go.Scatter(
                    x=x.tolist(), y=line["mean"].tolist(), name=html.escape(name), legendgroup=name,
                    showlegend=shown and bool(name), mode="lines+markers" if is_number else "markers",
                    line={"color": colour}, marker={"color": colour, "size": 7},
                    error_y={"array": (2.0 * line["standard_error"]).tolist(), "thickness": 1.2, "width": 3},
                ),
                row=1, col=column,
            )  # fmt: skip
        figure.update_xaxes(
            title_text=html.escape(plan.x), type=_axis_type(is_number, plan.log_x), row=1, col=column
        )
    figure.add_hline(y=0.0, line={"color": "#98a2b3", "width": 1})
    figure.update_yaxes(title_text=html.escape(plan.quantity), col=1)
    figure.update_layout(
        height=430, margin={"l": 60, "r": 20, "t": 40, "b": 50}, paper_bgcolor="white", plot_bgcolor="white",
        legend={"orientation": "h", "y": -0.25}, template="plotly_white",
    )  # fmt: skip
    return figure


def page(title: str, question: str, note: str, drawn: Sequence[tuple[str, go.Figure]], body: str = "") -> str:
    """A whole HTML page that asks nothing of the network."""
    parts = [
        f"<h2>{html.escape(heading)}</h2>{figure.to_html(full_html=False, include_plotlyjs=False, config=_CONFIG)}"
        for heading, figure in drawn
    ]
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{html.escape(title)}</title>'
        f"<style>{_STYLE}</style><script>{get_plotlyjs()}</script></head><body><h1>{html.escape(title)}</h1>"
        f"<p>{html.escape(question)}</p>{''.join(parts)}{body}<p>{html.escape(note)}</p></body></html>"
    )


def _lines(rows: pd.DataFrame, names: Sequence[str]) -> list[tuple[str, pd.DataFrame]]:
    if not names:
        return [("", rows)]
    keys = rows[list(names)].agg(lambda values: _line_name(names, list(values)), axis=1) if len(rows) else []
    return [(name, rows[keys == name]) for name in dict.fromkeys(keys)]


def _line_name(names: Sequence[str], values: Sequence[str]) -> str:
    return ", ".join(v if n in _AXES else f"{n} {v}" for n, v in zip(names, values, strict=True))


def _axis_type(is_number: bool, log: bool) -> str:
    return "category" if not is_number else "log" if log else "linear"


def _default_figures(experiment: Experiment) -> tuple[FigurePlan, ...]:
    """Without figures of its own: the difference over the first dial."""
    return (FigurePlan(quantity="difference", x=next(iter(experiment.vary)), panel="task"),)
