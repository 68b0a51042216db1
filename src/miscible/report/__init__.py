"""One offline HTML page: verdicts, evidence, limits, and how to repeat it."""

from ._data import (
    Band,
    Curve,
    Intervals,
    JournalEntry,
    Predictions,
    Reliability,
    ReportData,
    StrategyCost,
)
from ._render import render_report, write_report

__all__ = [
    "Band",
    "Curve",
    "Intervals",
    "JournalEntry",
    "Predictions",
    "Reliability",
    "ReportData",
    "StrategyCost",
    "render_report",
    "write_report",
]
