"""Why sharing helps or hurts: explanations of a finished study, each with what it cannot show."""

from ._case import Case
from ._exhibit import (
    Cell,
    Exhibit,
    Grid,
    Heatmap,
    Lines,
    Series,
    exhibit_from_json,
    exhibit_to_json,
)
from ._registry import LADDER, PARTS, Part, choose_parts, in_reading_order

__all__ = [
    "LADDER",
    "PARTS",
    "Case",
    "Cell",
    "Exhibit",
    "Grid",
    "Heatmap",
    "Lines",
    "Part",
    "Series",
    "choose_parts",
    "exhibit_from_json",
    "exhibit_to_json",
    "in_reading_order",
]
