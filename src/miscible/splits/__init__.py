"""Groups, outer folds, inner validation: one assignment shared by all tasks."""

from ._extend import extend_folds
from ._fold_data import FoldData, make_fold
from ._folds import FoldAssignment, assign_folds
from ._groups import Groups, group_keys
from ._inner import inner_split
from ._known import SeenRows, find_known, like_rows

__all__ = [
    "FoldAssignment",
    "FoldData",
    "Groups",
    "SeenRows",
    "assign_folds",
    "extend_folds",
    "find_known",
    "group_keys",
    "inner_split",
    "like_rows",
    "make_fold",
]
