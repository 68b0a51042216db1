"""Rules by name."""

from __future__ import annotations

import inspect
from collections.abc import Callable

from ...errors import PlanError
from ._aligned import Aligned
from ._cagrad import CaGrad
from ._config import Config
from ._dwa import Dwa
from ._fairgrad import FairGrad
from ._famo import Famo
from ._gradnorm import GradNorm
from ._gradvac import GradVac
from ._imtl_g import ImtlG
from ._mgda import Mgda
from ._nash import Nash
from ._pcgrad import PcGrad
from ._pcgrad_parts import Average, PcGradAverage, PcGradDirection, PcGradLength
from ._protocol import Rule
from ._sum import Sum
from ._uncertainty import Uncertainty
from ._upgrad import UpGrad

__all__ = ["RULES", "make_rule"]

RULES: dict[str, Callable[..., Rule]] = {
    rule.name: rule
    for rule in (
        Sum,
        GradNorm,
        Uncertainty,
        Dwa,
        Famo,
        PcGrad,
        GradVac,
        Mgda,
        CaGrad,
        ImtlG,
        Nash,
        Aligned,
        UpGrad,
        Config,
        FairGrad,
        Average,
        PcGradAverage,
        PcGradLength,
        PcGradDirection,
    )
}
"""Every rule by its name in plans."""


def make_rule(name: str, **options: float) -> Rule:
    """Rule of that name.

    Parameters
    ----------
    name
        Key of :data:`RULES`.
    **options
        Fields of the rule's class.

    Raises
    ------
    PlanError
        The name, an option or a value is not known to it.
    """
    if name not in RULES:
        raise PlanError(f"There is no rule '{name}'.", hint=f"Rules: {', '.join(RULES)}.")
    known = tuple(inspect.signature(RULES[name]).parameters)
    unknown = sorted(set(options) - set(known))
    if unknown:
        hint = f"Its options: {', '.join(known)}." if known else "It has no options."
        raise PlanError(f"Rule '{name}' has no option '{unknown[0]}'.", hint=hint)
    return RULES[name](**options)
