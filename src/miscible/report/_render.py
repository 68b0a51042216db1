"""ReportData to one HTML file."""

from __future__ import annotations

import os
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from plotly.offline import get_plotlyjs

from ..files import write_atomic
from ._data import ReportData
from ._numbers import DASH, count, duration, number, percent
from ._palette import css_variables, dark_map
from ._panels import embed_json
from ._view_page import header, sections

__all__ = ["render_report", "write_report"]


def render_report(report: ReportData) -> str:
    """The whole page as text.

    Script, style and data are inside; the page asks for nothing over the network and forbids itself to.
    The same data give the same text.
    """
    template = _environment().get_template("page.html")
    return template.render(
        data=report,
        header=header(report),
        sections=sections(report),
        light=Markup(css_variables()),
        dark=Markup(css_variables(dark=True)),
        swap=embed_json(dark_map()),
        plotly=Markup(get_plotlyjs()),
    )


def write_report(report: ReportData, path: str | os.PathLike[str]) -> Path:
    """Render and write the page; the file appears whole or not at all.

    Raises
    ------
    MiscibleError
        The folder does not exist or cannot be written.
    """
    target = Path(path)
    write_atomic(target, render_report(report))
    return target


def _breakable(name: str) -> Markup:
    """A strategy's name that may break after each ``+``."""
    return Markup("+<wbr>").join(name.split("+"))


def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("miscible.report", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"number": number, "count": count, "percent": percent, "duration": duration}
    environment.filters["breakable"] = _breakable
    environment.globals |= {"dash": DASH}
    return environment
