"""Stacked layers, trunk, mixings and heads with hand-written backward passes."""

from ._attention import TaskAttention
from ._batch import Batch, Blocks, Pairs
from ._chain import (
    Activations,
    Group,
    OnesColumn,
    chain_forward,
    cut,
    group_product_back,
    prepare,
    relu_backward,
)
from ._compiled import compiled_step
from ._experts import Experts
from ._layout import Layout
from ._mixing import Mixing, TopGradients
from ._network import Calibration, Network, Trace
from ._normed import Trunk, normed_backward
from ._relation import DynamicRelation, Relation, influence
from ._shared import PairRecords, Scratch, backward_rows, pair_records, task_gradients
from ._weights import Views, Weights

__all__ = [
    "Activations",
    "Batch",
    "Blocks",
    "Calibration",
    "DynamicRelation",
    "Experts",
    "Group",
    "Layout",
    "Mixing",
    "Network",
    "OnesColumn",
    "PairRecords",
    "Pairs",
    "Relation",
    "Scratch",
    "TaskAttention",
    "TopGradients",
    "Trace",
    "Trunk",
    "Views",
    "Weights",
    "backward_rows",
    "chain_forward",
    "compiled_step",
    "cut",
    "group_product_back",
    "influence",
    "normed_backward",
    "pair_records",
    "prepare",
    "relu_backward",
    "task_gradients",
]
