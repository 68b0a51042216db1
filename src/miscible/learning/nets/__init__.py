"""Stacked layers, trunk and heads with hand-written backward passes."""

from ._batch import Batch, Blocks, Members
from ._chain import Group, OnesColumn, chain_forward, prepare
from ._compiled import compiled_step
from ._layout import Layout
from ._network import Network, Trace, TrunkRecords, Views, Weights

__all__ = [
    "Batch",
    "Blocks",
    "Group",
    "Layout",
    "Members",
    "Network",
    "OnesColumn",
    "Trace",
    "TrunkRecords",
    "Views",
    "Weights",
    "chain_forward",
    "compiled_step",
    "prepare",
]
