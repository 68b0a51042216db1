"""One offline HTML page: verdicts, evidence, limits, and how to repeat it."""

from ._data import (
    Band,
    Curve,
    Grouping,
    Influence,
    Intervals,
    JournalEntry,
    Predictions,
    Reliability,
    ReportData,
    RuleStory,
    StrategyCost,
)
from ._data_ratios import RatioChange, RatioKind, RatioMatrix
from ._render import render_report, write_report

__all__ = [
    "Band",
    "Curve",
    "Grouping",
    "Influence",
    "Intervals",
    "JournalEntry",
    "Predictions",
    "RatioChange",
    "RatioKind",
    "RatioMatrix",
    "Reliability",
    "ReportData",
    "RuleStory",
    "StrategyCost",
    "render_report",
    "write_report",
]
