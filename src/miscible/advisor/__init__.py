"""The Python face of the main job."""

from ._advisor import Advisor
from ._run import Advice, advise_table
from ._source import DATASET, FRAME, open_table, settle_group

__all__ = ["DATASET", "FRAME", "Advice", "Advisor", "advise_table", "open_table", "settle_group"]
