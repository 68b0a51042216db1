"""What every figure shares: a bare layout, safe text, thinning."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go

from ._palette import LIGHT

__all__ = [
    "TRANSPARENT",
    "WRITTEN",
    "axis",
    "base_figure",
    "cell_height",
    "compact",
    "name_ticks",
    "nice_step",
    "safe",
    "shorten",
    "spread",
]

TRANSPARENT = "rgba(0,0,0,0)"
WRITTEN = 12
"""Properties up to which the cells of a matrix hold text."""
LABELLED = 60
FONT = "-apple-system, BlinkMacSystemFont, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif"


def axis(title: str = "", **settings: Any) -> dict[str, Any]:
    """An axis with a thin grid and no box."""
    return {
        "title": {"text": title, "standoff": 10, "font": {"size": 12, "color": LIGHT["muted"]}},
        "gridcolor": LIGHT["grid"],
        "linecolor": LIGHT["rule"],
        "tickfont": {"size": 11, "color": LIGHT["muted"]},
        "zeroline": False,
        "automargin": True,
        "ticks": "",
        "separatethousands": True,
        **settings,
    }


def base_figure(height: int, **layout: Any) -> go.Figure:
    """An empty transparent figure of this height in pixels; width follows the page."""
    settings: dict[str, Any] = {
        "template": go.layout.Template(),
        "height": height,
        "margin": {"l": 8, "r": 12, "t": 12, "b": 8},
        "paper_bgcolor": TRANSPARENT,
        "plot_bgcolor": TRANSPARENT,
        "font": {"family": FONT, "size": 12, "color": LIGHT["ink"]},
        "hoverlabel": {"font": {"family": FONT, "size": 12}},
        "legend": {"orientation": "h", "x": 0, "y": 1.0, "yanchor": "bottom", "font": {"size": 12}},
        "showlegend": False,
        "dragmode": "zoom",
        "modebar": {"bgcolor": TRANSPARENT, "color": LIGHT["soft"], "activecolor": LIGHT["muted"]},
    }
    return go.Figure(layout=settings | layout)


def safe(text: str) -> str:
    """Text that plotly shows as it stands: its own small markup is switched off."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def shorten(text: str, most: int = 24) -> str:
    """At most this many characters, escaped."""
    return safe(text if len(text) <= most else f"{text[: most - 1]}…")


def nice_step(extent: float, parts: int = 5) -> float:
    """A step of 1, 2 or 5 times a power of ten that divides the extent into about this many parts."""
    rough = extent / parts
    power = 10.0 ** math.floor(math.log10(rough))
    return power * min((1.0, 2.0, 5.0, 10.0), key=lambda m: abs(math.log(m * power / rough)))


def compact(values: np.ndarray, digits: int = 4) -> list[float | None]:
    """A list with few significant digits; what is not finite becomes null."""
    return [
        float(f"{v:.{digits}g}") if math.isfinite(v) else None for v in np.asarray(values, float).tolist()
    ]


def spread(order_by: np.ndarray, most: int) -> np.ndarray:
    """At most this many positions, evenly spaced along the sorted values, so the distribution is kept."""
    order = np.argsort(order_by, kind="stable")
    if len(order) <= most:
        return order
    return order[np.linspace(0, len(order) - 1, most).round().astype(int)]


def cell_height(n: int) -> int:
    """Pixels of one property's row in a matrix."""
    return 26 if n <= WRITTEN else 18 if n <= LABELLED else max(3, 1080 // n)


def name_ticks(names: Sequence[str]) -> dict[str, Any]:
    """Axis settings that name every row, or none where they would not fit."""
    return {
        "tickmode": "array",
        "tickvals": list(range(len(names))),
        "ticktext": [shorten(n, 16) for n in names],
        "showticklabels": len(names) <= LABELLED,
    }
