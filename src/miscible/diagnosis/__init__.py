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

__all__ = [
    "Case",
    "Cell",
    "Exhibit",
    "Grid",
    "Heatmap",
    "Lines",
    "Series",
    "exhibit_from_json",
    "exhibit_to_json",
]
