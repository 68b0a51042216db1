"""Whole studies about the method itself: the truth of simulated tables, experiments, reproductions."""

from ._claims import ChangeClaim, Claim, Measured, Status, ValueClaim, comparison_frame
from ._effects import change, effects_frame, fold_values
from ._experiment import Experiment, PairExperiment, read_experiment
from ._kang_claims import CLAIMS
from ._kang_tables import DIALS, KangTable, own_table, simulated_table, union_tables
from ._lee_claims import LEE_RECONSTRUCTION
from ._lee_run import LEE_FILES, LeeReproduction, reproduce_lee
from ._lee_speed import speed_summary
from ._lee_study import BOTH, LEE_ARMS, LEE_TUNING, LeeStudy, lee_studies
from ._measures import MEASURES, Measure, Point, Record
from ._redraws import arm_risks
from ._reproduce import Reproduction, reproduce_kang
from ._run_grid import ExperimentListener, run_grid
from ._run_pairs import run_pairs
from ._truth import SharingTruth, sharing_truth

__all__ = [
    "BOTH",
    "CLAIMS",
    "DIALS",
    "LEE_ARMS",
    "LEE_FILES",
    "LEE_RECONSTRUCTION",
    "LEE_TUNING",
    "MEASURES",
    "ChangeClaim",
    "Claim",
    "Experiment",
    "ExperimentListener",
    "KangTable",
    "LeeReproduction",
    "LeeStudy",
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
    "lee_studies",
    "own_table",
    "read_experiment",
    "reproduce_kang",
    "reproduce_lee",
    "run_grid",
    "run_pairs",
    "sharing_truth",
    "simulated_table",
    "speed_summary",
    "union_tables",
]
