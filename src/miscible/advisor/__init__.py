"""The Python face of the main job."""

from ._advisor import Advisor
from ._diagnose import Diagnosis, DiagnosisListener, case_of_run, diagnose_run
from ._exhibits import Kept, keep_exhibit, run_mark
from ._run import Advice, advise_table
from ._source import DATASET, FRAME, open_table, settle_group

__all__ = [
    "DATASET",
    "FRAME",
    "Advice",
    "Advisor",
    "Diagnosis",
    "DiagnosisListener",
    "Kept",
    "advise_table",
    "case_of_run",
    "diagnose_run",
    "keep_exhibit",
    "open_table",
    "run_mark",
    "settle_group",
]
