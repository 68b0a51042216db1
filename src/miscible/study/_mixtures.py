"""Mixtures of what a study has fitted: nothing is trained for them, and they are scored as if it had been."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ..baselines import blend_weight, ensemble_weights
from ..splits import FoldAssignment
from ..strategies import BLEND, UNMIXED, parse_strategy
from ..table import Table, output_slices

__all__ = ["Finished", "Key", "Parts", "Validation", "cross_fitted", "mixture_parts", "mixture_predictions"]

Key = tuple[int, int, int]
"""Repeat, fold, task."""

Parts = tuple[tuple[str, float], ...]
"""Strategies of a mixture and their shares, which sum to 1."""

Validation = dict[str, dict[Key, tuple[np.ndarray, np.ndarray]]]
"""By strategy and key: inner validation rows and predictions of the task's outputs."""


@dataclass(frozen=True, eq=False)
class Finished:
    """What finished cells say, before anything is mixed.

    Parameters
    ----------
    table, codes, folds
        What was studied, and the group of each row.
    outer, inner
        As in `StudyResult`.
    validation
        See `Validation`.
    """

    table: Table
    codes: np.ndarray
    folds: FoldAssignment
    outer: Mapping[str, np.ndarray]
    inner: Mapping[str, np.ndarray]
    validation: Validation


def mixture_parts(mixture: str, finished: Finished) -> dict[Key, Parts]:
    """What a mixture is made of, per fold and task where there is anything to mix.

    ``blend``: LightGBM and the network that is best on inner validation. ``ensemble``: everything fitted but mean and
    nearest neighbours, see ``baselines.ensemble_weights``; strategies left out are not named.
    """
    found = {}
    for key in dict.fromkeys(key for keys in finished.validation.values() for key in keys):
        names = _candidates(mixture, finished, key)
        if names:
            use = np.ones(len(finished.validation[names[0]][key][0]), bool)
            shares = _shares(mixture, finished, names, key, use)
            pairs = zip(names, shares.tolist(), strict=True)
            found[key] = tuple((name, share) for name, share in pairs if share > 0 or mixture == BLEND)
    return found


def mixture_predictions(finished: Finished, key: Key, parts: Parts) -> np.ndarray:
    """Outer test predictions of a mixture, ``(n_test_rows of the fold, n_outputs of the task)``."""
    repeat, fold, task = key
    test = finished.folds.outer[repeat] == fold
    columns = output_slices(finished.table.properties)[task]
    return _mixed([finished.outer[name][repeat, test, columns] for name, _ in parts], [s for _, s in parts])


def cross_fitted(mixture: str, finished: Finished, key: Key) -> tuple[np.ndarray, np.ndarray]:
    """Inner validation rows and predictions, each half of the groups mixed by the shares of the other.

    Shares scored on the rows they were fitted to would beat every part of the mixture every time.
    """
    names = _candidates(mixture, finished, key)
    rows, first = finished.validation[names[0]][key]
    predictions = [finished.validation[name][key][1] for name in names]
    half = np.unique(finished.codes[rows], return_inverse=True)[1] % 2 == 0
    mixed = np.empty_like(first)
    for own in (half, ~half):
        shares = _shares(mixture, finished, names, key, ~own)
        mixed[own] = _mixed([predicted[own] for predicted in predictions], shares.tolist())
    return rows, mixed


def _mixed(predictions: Sequence[np.ndarray], shares: Sequence[float]) -> np.ndarray:
    return np.sum(
        [share * part for share, part in zip(shares, predictions, strict=True) if share > 0], axis=0
    )


def _candidates(mixture: str, finished: Finished, key: Key) -> tuple[str, ...]:
    """What may be mixed in this fold; nothing where a part is missing."""
    known = [name for name, keys in finished.validation.items() if key in keys]
    if mixture != BLEND:
        return tuple(sorted(name for name in known if name not in UNMIXED and _predicts(finished, name, key)))
    errors = {n: finished.inner[n][key] for n in known if parse_strategy(n).is_network}
    network = min(
        (name for name in errors if np.isfinite(errors[name])),
        key=lambda name: (errors[name], name),
        default=None,
    )
    return (network, "lightgbm") if network is not None and "lightgbm" in known else ()


def _predicts(finished: Finished, name: str, key: Key) -> bool:
    repeat, fold, task = key
    test = finished.folds.outer[repeat] == fold
    columns = output_slices(finished.table.properties)[task]
    parts = finished.validation[name][key][1], finished.outer[name][repeat, test, columns]
    return all(bool(np.isfinite(part).all()) for part in parts)


def _shares(
    mixture: str, finished: Finished, names: tuple[str, ...], key: Key, use: np.ndarray
) -> np.ndarray:
    """Share of each candidate, fitted on some of the inner validation rows."""
    table, task = finished.table, key[2]
    rows = finished.validation[names[0]][key][0][use]
    predictions = [finished.validation[name][key][1][use] for name in names]
    kind, weights = str(table.properties[task].kind), table.weights[rows]
    truth = table.properties[task].to_model(table.labels[rows, task])
    if mixture == BLEND:
        weight = blend_weight(truth, predictions[0], predictions[1], kind, weights)
        return np.array([weight, 1.0 - weight])
    return ensemble_weights(np.stack(predictions), truth, kind, weights, finished.codes[rows])
