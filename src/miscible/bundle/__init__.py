"""What is deployed: fold ensembles, conformal intervals, domain check, model card."""

from ._bundle import Bundle
from ._calibration import Calibration, fit_calibration
from ._cards import TaskCard
from ._columns import OutputColumns, beside_inputs, name_columns
from ._domain import Domain, fit_domain
from ._extend import OldBundle, extend_bundle, read_old_bundle
from ._intervals import Residuals, fit_residuals, measured_coverage, measured_width
from ._load import load_bundle
from ._parts import BundleParts, TaskPart
from ._reliability import ReliabilityCurve, choose_calibration, cross_calibrated, reliability_curve
from ._trust import JudgedIntervals, JudgedProbabilities, judge_intervals, judge_probabilities
from ._write import write_bundle

__all__ = [
    "Bundle",
    "BundleParts",
    "Calibration",
    "Domain",
    "JudgedIntervals",
    "JudgedProbabilities",
    "OldBundle",
    "OutputColumns",
    "ReliabilityCurve",
    "Residuals",
    "TaskCard",
    "TaskPart",
    "beside_inputs",
    "choose_calibration",
    "cross_calibrated",
    "extend_bundle",
    "fit_calibration",
    "fit_domain",
    "fit_residuals",
    "judge_intervals",
    "judge_probabilities",
    "load_bundle",
    "measured_coverage",
    "measured_width",
    "name_columns",
    "read_old_bundle",
    "reliability_curve",
    "write_bundle",
]
