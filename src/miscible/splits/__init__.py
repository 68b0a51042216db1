"""Groups, outer folds, inner validation: one assignment shared by all tasks."""

from ._fold_data import FoldData, make_fold
from ._folds import FoldAssignment, assign_folds
from ._groups import Groups, group_keys
from ._inner import inner_split

__all__ = [
    "FoldAssignment",
    "FoldData",
    "Groups",
    "assign_folds",
    "group_keys",
    "inner_split",
    "make_fold",
]
