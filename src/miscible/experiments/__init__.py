"""Whole studies about the method itself: the truth of simulated tables, experiments, reproductions."""

from ._claims import ChangeClaim, Claim, Measured, Status, ValueClaim, comparison_frame
from ._effects import change, effects_frame, fold_values
from ._kang_claims import CLAIMS
from ._kang_tables import KangTable, own_table, simulated_table, union_tables
from ._reproduce import Reproduction, reproduce_kang

__all__ = [
    "CLAIMS",
    "ChangeClaim",
    "Claim",
    "KangTable",
    "Measured",
    "Reproduction",
    "Status",
    "ValueClaim",
    "change",
    "comparison_frame",
    "effects_frame",
    "fold_values",
    "own_table",
    "reproduce_kang",
    "simulated_table",
    "union_tables",
]
