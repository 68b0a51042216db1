"""Named ways to learn, and how one is fitted on folds."""

from ._axes import BLEND, ENSEMBLE, EXTENDED, MIXTURES, SETS, UNMIXED
from ._ensemble import NetworkEnsemble, NetworkModel
from ._extended import TrainedTrunks, fit_extended, take_trunks
from ._fit import NetworkFit
from ._grouping import Grouping, affinity_from_gram, affinity_from_pairs, best_grouping
from ._meanings import describe_strategies
from ._networks import fit_networks
from ._probing import ProbedNetwork, probe_networks
from ._sense import sensible_strategies
from ._size import check_memory
from ._strategy import Side, Strategy, parse_strategies, parse_strategy
from ._tuning import Tuning

__all__ = [
    "BLEND",
    "ENSEMBLE",
    "EXTENDED",
    "MIXTURES",
    "SETS",
    "UNMIXED",
    "Grouping",
    "NetworkEnsemble",
    "NetworkFit",
    "NetworkModel",
    "ProbedNetwork",
    "Side",
    "Strategy",
    "TrainedTrunks",
    "Tuning",
    "affinity_from_gram",
    "affinity_from_pairs",
    "best_grouping",
    "check_memory",
    "describe_strategies",
    "fit_extended",
    "fit_networks",
    "parse_strategies",
    "parse_strategy",
    "probe_networks",
    "sensible_strategies",
    "take_trunks",
]
