"""Stacked layers, trunk and heads with hand-written backward passes."""

from ._batch import Batch, Blocks
from ._chain import chain_backward, chain_forward
from ._layout import Layer, Layout
from ._network import Gradients, Network, Trace, TrunkRecords, Weights

__all__ = [
    "Batch",
    "Blocks",
    "Gradients",
    "Layer",
    "Layout",
    "Network",
    "Trace",
    "TrunkRecords",
    "Weights",
    "chain_backward",
    "chain_forward",
]
