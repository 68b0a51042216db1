"""Whole studies about the method itself: the truth of simulated tables, experiments, reproductions."""

from ._claims import ChangeClaim, Claim, Measured, Status, ValueClaim, comparison_frame
from ._effects import change, effects_frame, fold_values
from ._experiment import Experiment, PairExperiment, read_experiment
from ._kang_claims import CLAIMS
from ._kang_tables import DIALS, KangTable, own_table, simulated_table, union_tables
from ._measures import MEASURES, Measure, Point, Record
from ._redraws import arm_risks
from ._reproduce import Reproduction, reproduce_kang
from ._run_grid import ExperimentListener, run_grid
from ._run_pairs import run_pairs
from ._truth import SharingTruth, sharing_truth

__all__ = [
    "CLAIMS",
    "DIALS",
    "MEASURES",
    "ChangeClaim",
    "Claim",
    "Experiment",
    "ExperimentListener",
    "KangTable",
    "Measure",
    "Measured",
    "PairExperiment",
    "Point",
    "Record",
    "Reproduction",
    "SharingTruth",
    "Status",
    "ValueClaim",
    "arm_risks",
    "change",
    "comparison_frame",
    "effects_frame",
    "fold_values",
    "own_table",
    "read_experiment",
    "reproduce_kang",
    "run_grid",
    "run_pairs",
    "sharing_truth",
    "simulated_table",
    "union_tables",
]
