"""The Python face of the main job."""

from ._advisor import Advisor
from ._climb import missing_rungs
from ._diagnose import Diagnosis, DiagnosisListener, case_of_run, diagnose_run
from ._exhibits import Kept, keep_exhibit, run_mark
from ._extend import extend_run, extension_plan
from ._ladder import Flip, Ladder, Rung
from ._ladder_words import ladder_exhibit, use_warnings
from ._run import Advice, advise_table
from ._source import DATASET, FRAME, open_table, settle_group

__all__ = [
    "DATASET",
    "FRAME",
    "Advice",
    "Advisor",
    "Diagnosis",
    "DiagnosisListener",
    "Flip",
    "Kept",
    "Ladder",
    "Rung",
    "advise_table",
    "case_of_run",
    "diagnose_run",
    "extend_run",
    "extension_plan",
    "keep_exhibit",
    "ladder_exhibit",
    "missing_rungs",
    "open_table",
    "run_mark",
    "settle_group",
    "use_warnings",
]
