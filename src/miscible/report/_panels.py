"""Figures and sections as the templates see them."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import plotly.graph_objects as go
from markupsafe import Markup

__all__ = ["FEW", "Panel", "Section", "embed_json", "panel"]

FEW = 8
"""Up to this many properties everything is open; above, each property folds away."""

_DOTS = re.compile(r"[^a-z0-9]+")


@dataclass(frozen=True)
class Panel:
    """One figure with what a reader and a screen reader need.

    Parameters
    ----------
    key
        Unique in the page; becomes the element's id.
    title, label, caption
        Heading, description for those who cannot see it, sentence below.
    height, min_width
        Pixels; a figure wider than the page scrolls in its own box.
    figure
        Data and layout as JSON that is safe inside a script element.
    facts
        Short numbers beside the heading.
    """

    key: str
    title: str
    label: str
    caption: str
    height: int
    figure: Markup
    min_width: int = 0
    facts: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Section:
    """One section of the page; ``view`` is what its template reads."""

    key: str
    title: str
    short: str
    template: str
    view: Mapping[str, Any] = field(default_factory=dict)


def embed_json(value: object) -> Markup:
    """JSON that cannot end the script element it stands in."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return Markup(text)


def panel(
    key: str,
    figure: go.Figure,
    *,
    title: str,
    label: str,
    caption: str = "",
    min_width: int = 0,
    facts: tuple[tuple[str, str], ...] = (),
) -> Panel:
    """Freeze a figure for the page."""
    plain = figure.to_plotly_json()
    content = {"data": plain["data"], "layout": plain["layout"]}
    return Panel(
        key=_DOTS.sub("-", key.lower()).strip("-"),
        title=title,
        label=label,
        caption=caption,
        height=int(figure.layout["height"]),
        figure=embed_json(content),
        min_width=min_width,
        facts=facts,
    )
