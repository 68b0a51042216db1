"""The Python face of the main job."""

from ._advisor import Advisor
from ._run import DATASET, Advice, advise_table, open_table

__all__ = ["DATASET", "Advice", "Advisor", "advise_table", "open_table"]
