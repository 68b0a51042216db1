"""What a table can and cannot show, before any training."""

from ._audit import Audit, audit
from ._bounds import BoundViolation
from ._columns import InputColumn
from ._coverage import Coverage, TaskCoverage
from ._derived import Derived
from ._distribution import ClassShape, LabelShape
from ._far import FarValues
from ._finding import Finding
from ._group_sizes import GroupSizes, TaskGroups
from ._heaps import Heap
from ._overlap import Overlap
from ._power import Power
from ._replicates import Replicates, TaskReplicates
from ._text import render_text
from ._units import UnitSuspicion

__all__ = [
    "Audit",
    "BoundViolation",
    "ClassShape",
    "Coverage",
    "Derived",
    "FarValues",
    "Finding",
    "GroupSizes",
    "Heap",
    "InputColumn",
    "LabelShape",
    "Overlap",
    "Power",
    "Replicates",
    "TaskCoverage",
    "TaskGroups",
    "TaskReplicates",
    "UnitSuspicion",
    "audit",
    "render_text",
]
