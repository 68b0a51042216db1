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
from ._data_ratios import RatioChange, RatioMatrix
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
    "RatioMatrix",
    "Reliability",
    "ReportData",
    "RuleStory",
    "StrategyCost",
    "render_report",
    "write_report",
]
