"""Stacked layers, trunk and heads with hand-written backward passes."""

from ._batch import Batch, Blocks, Members
from ._chain import chain_backward, chain_forward, rectified
from ._layout import Layout
from ._network import Network, Trace, TrunkRecords, Weights

__all__ = [
    "Batch",
    "Blocks",
    "Layout",
    "Members",
    "Network",
    "Trace",
    "TrunkRecords",
    "Weights",
    "chain_backward",
    "chain_forward",
    "rectified",
]
