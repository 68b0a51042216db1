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
from ._form import FormFinding, find_form
from ._form_choice import FormChoice
from ._form_curves import Distances
from ._form_exhibit import form_exhibit
from ._labels import LabelCurve, LabelsFinding, find_labels
from ._labels_exhibit import labels_exhibit
from ._registry import LADDER, PARTS, Part, choose_parts, in_reading_order
from ._shift import Separator, ShiftFinding, find_shift
from ._shift_exhibit import shift_exhibit
from ._tails import TailsFinding, TaskTails, find_tails
from ._tails_exhibit import tails_exhibit
from ._transfer import TransferFinding, find_transfer
from ._transfer_exhibit import transfer_exhibit

__all__ = [
    "LADDER",
    "PARTS",
    "Case",
    "Cell",
    "Distances",
    "Exhibit",
    "FormChoice",
    "FormFinding",
    "Grid",
    "Heatmap",
    "LabelCurve",
    "LabelsFinding",
    "Lines",
    "Part",
    "Separator",
    "Series",
    "ShiftFinding",
    "TailsFinding",
    "TaskTails",
    "TransferFinding",
    "choose_parts",
    "exhibit_from_json",
    "exhibit_to_json",
    "find_form",
    "find_labels",
    "find_shift",
    "find_tails",
    "find_transfer",
    "form_exhibit",
    "in_reading_order",
    "labels_exhibit",
    "shift_exhibit",
    "tails_exhibit",
    "transfer_exhibit",
]
