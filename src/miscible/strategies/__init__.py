"""Named ways to learn, and how one is fitted on folds."""

from ._ensemble import NetworkEnsemble, NetworkModel
from ._networks import NetworkFit, fit_networks
from ._strategy import BLEND, Side, Strategy, parse_strategies, parse_strategy
from ._tuning import Tuning

__all__ = [
    "BLEND",
    "NetworkEnsemble",
    "NetworkFit",
    "NetworkModel",
    "Side",
    "Strategy",
    "Tuning",
    "fit_networks",
    "parse_strategies",
    "parse_strategy",
]
