"""Why sharing helps or hurts: explanations of a finished study, each with what it cannot show."""

from ._alignment import AlignmentFinding, ArchitectureEffect, CopyControl, find_alignment
from ._alignment_exhibit import alignment_exhibit
from ._alignment_measures import SEEN, corrected_cosine, row_overlap
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
from ._imbalance import ImbalanceFinding, Sweep, SweepLevel, find_imbalance
from ._imbalance_exhibit import imbalance_exhibit
from ._independence import IndependenceFinding, find_independence
from ._independence_exhibit import independence_exhibit
from ._independence_pair import Independence
from ._labels import LabelCurve, LabelsFinding, find_labels
from ._labels_exhibit import labels_exhibit
from ._registry import LADDER, PARTS, Part, choose_parts, in_reading_order
from ._relation import RelationControl, RelationFinding, find_relation
from ._relation_exhibit import relation_exhibit
from ._separators import Separator
from ._shift import ShiftFinding, find_shift
from ._shift_exhibit import shift_exhibit
from ._signature import Evidence, Signature
from ._signatures import SignaturesFinding, find_signatures
from ._signatures_exhibit import signatures_exhibit
from ._tails import TailsFinding, TaskTails, find_tails
from ._tails_exhibit import tails_exhibit
from ._transfer import TransferFinding, find_transfer
from ._transfer_exhibit import transfer_exhibit

__all__ = [
    "LADDER",
    "PARTS",
    "SEEN",
    "AlignmentFinding",
    "ArchitectureEffect",
    "Case",
    "Cell",
    "CopyControl",
    "Distances",
    "Evidence",
    "Exhibit",
    "FormChoice",
    "FormFinding",
    "Grid",
    "Heatmap",
    "ImbalanceFinding",
    "Independence",
    "IndependenceFinding",
    "LabelCurve",
    "LabelsFinding",
    "Lines",
    "Part",
    "RelationControl",
    "RelationFinding",
    "Separator",
    "Series",
    "ShiftFinding",
    "Signature",
    "SignaturesFinding",
    "Sweep",
    "SweepLevel",
    "TailsFinding",
    "TaskTails",
    "TransferFinding",
    "alignment_exhibit",
    "choose_parts",
    "corrected_cosine",
    "exhibit_from_json",
    "exhibit_to_json",
    "find_alignment",
    "find_form",
    "find_imbalance",
    "find_independence",
    "find_labels",
    "find_relation",
    "find_shift",
    "find_signatures",
    "find_tails",
    "find_transfer",
    "form_exhibit",
    "imbalance_exhibit",
    "in_reading_order",
    "independence_exhibit",
    "labels_exhibit",
    "relation_exhibit",
    "row_overlap",
    "shift_exhibit",
    "signatures_exhibit",
    "tails_exhibit",
    "transfer_exhibit",
]
