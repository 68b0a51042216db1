"""A resumable grid of work: strategies x folds x repeats on one table."""

from ._cells import Cell, CellRecord
from ._extension import Extension, kept_folds, kept_trunks
from ._manifest import data_fingerprint
from ._plan import ExtendPlan, Goal, Plan, SplitPlan, TablePlan, make_plan, plan_text, read_plan, read_toml
from ._results import StudyResult
from ._run import Listener, Silent, missing_cells, run_study
from ._scoring import task_error
from ._store import Decision, RunFolder
from ._work import StudyContext, derive_seed, fit_baselines, fold_data

__all__ = [
    "Cell",
    "CellRecord",
    "Decision",
    "ExtendPlan",
    "Extension",
    "Goal",
    "Listener",
    "Plan",
    "RunFolder",
    "Silent",
    "SplitPlan",
    "StudyContext",
    "StudyResult",
    "TablePlan",
    "data_fingerprint",
    "derive_seed",
    "fit_baselines",
    "fold_data",
    "kept_folds",
    "kept_trunks",
    "make_plan",
    "missing_cells",
    "plan_text",
    "read_plan",
    "read_toml",
    "run_study",
    "task_error",
]
