"""What one fold keeps of its networks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from ..learning import State
from ._ensemble import NetworkEnsemble

__all__ = ["NetworkFit", "join_fits", "one_head"]


@dataclass(frozen=True)
class NetworkFit:
    """What one fold keeps of a population.

    Parameters
    ----------
    ensemble
        The finalists that did not diverge.
    kept
        One record per finalist: setting, epochs, steps, training curves, and what its remedies did.
    members, diverged, steps
        Counts over every setting that was tried.
    parameters
        Of one network.
    """

    ensemble: NetworkEnsemble
    kept: tuple[dict[str, object], ...]
    members: int
    diverged: int
    steps: int
    parameters: int


def join_fits(fits: Sequence[NetworkFit], steps_before: int) -> NetworkFit:
    """One record of what several populations kept of a fold, and the steps of earlier stages."""
    first = fits[0]
    states = [fit.ensemble.state for fit in fits if fit.ensemble.state]
    whole = {name: np.concatenate([s[name] for s in states]) for name in states[0]} if states else {}
    return NetworkFit(
        ensemble=replace(first.ensemble, state=whole),
        kept=tuple(story for fit in fits for story in fit.kept),
        members=sum(fit.members for fit in fits),
        diverged=sum(fit.diverged for fit in fits),
        steps=steps_before + sum(fit.steps for fit in fits),
        parameters=first.parameters,
    )


def one_head(state: State, head: int) -> State:
    """A network with one of its heads alone."""
    return {
        name: array[:, head : head + 1] if name == "tasks" or name.startswith(("head.", "own.")) else array
        for name, array in state.items()
    }
