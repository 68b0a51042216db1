"""Features to a finite matrix; everything learned from training rows only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from ..errors import InputError
from ._features import HASHED, Features

__all__ = ["Preparation"]

CLIP = 8.0
"""Standardised values are cut here, in standard deviations, so that one far row cannot throw a network."""
MISSING = "missing"
OTHER = "other"
_SAME = 1e-6
_CHUNK = 8192
_ARRAYS = ("kept", "median", "centre", "scale", "flagged", "constant")


@dataclass(frozen=True)
class Preparation:
    """Imputation, scaling and one-hot coding as learned on training rows.

    Numeric columns that are constant on the training rows are dropped. The others are filled with their
    training median, centred and divided by their training standard deviation (both over measured values) and
    cut to +-8. A column with gaps on some training rows gets a flag column (1 = missing), columns with the
    same gaps share the flag of the first of them. A category level
    with fewer than ``n_rare`` training rows becomes ``other``; a missing one is the level ``missing``. Both
    have a column only if training rows fall into them; values without a column of their own go to ``other``,
    or to no column where there is none. What leaves no trace in the prepared inputs although no training row
    had it is told by `unseen`.

    Parameters
    ----------
    features_in
        Numeric columns expected by `transform`.
    kept
        ``(n_kept,)`` positions in ``features_in``.
    median, centre, scale
        ``(n_kept,)`` each.
    flagged
        Positions in ``features_in`` of the columns with a flag.
    constant
        ``(n_dropped,)`` the one training value of each column that is not kept; NaN if never measured.
    levels
        Category column -> levels with a one-hot column.
    seen
        Category column -> every level of the training rows.
    """

    features_in: tuple[str, ...]
    kept: np.ndarray
    median: np.ndarray
    centre: np.ndarray
    scale: np.ndarray
    flagged: np.ndarray
    constant: np.ndarray
    levels: dict[str, tuple[str, ...]]
    seen: dict[str, tuple[str, ...]]

    @classmethod
    def fit(cls, features: Features, rows: np.ndarray, n_rare: int = 10) -> Preparation:
        """Learn from these rows, by position or mask, and from no other."""
        values = features.numeric[rows]
        known = np.isfinite(values)
        kept = np.flatnonzero(_varies(values, known))
        flagged = _flagged(known)
        median, centre, scale = _moments(values, known, kept)
        levels = {c: _levels(v[rows], n_rare) for c, v in features.categories.items()}
        dropped = np.delete(np.arange(values.shape[1]), kept)
        constant = _moments(values, known, dropped)[0]
        seen = {
            c: tuple(np.unique(_filled(v[rows]).astype(str)).tolist()) for c, v in features.categories.items()
        }
        return cls(features.names, kept, median, centre, scale, flagged, constant, levels, seen)

    @property
    def names(self) -> tuple[str, ...]:
        """One per output column."""
        numeric = tuple(self.features_in[i] for i in self.kept)
        flags = tuple(f"{self.features_in[i]} {MISSING}" for i in self.flagged)
        return (
            numeric + flags + tuple(f"{c}={level}" for c, levels in self.levels.items() for level in levels)
        )

    @property
    def n_inputs(self) -> int:
        """Number of output columns."""
        return len(self.kept) + len(self.flagged) + sum(map(len, self.levels.values()))

    def transform(self, features: Features, rows: np.ndarray | None = None) -> np.ndarray:
        """Prepared inputs of these rows, or of all.

        Returns
        -------
        ``(n, n_inputs)`` float32, always finite.

        Raises
        ------
        InputError
            The features have other columns than those the preparation was fitted on.
        """
        self._check(features)
        chosen = features if rows is None else features.take(rows)
        inputs = np.zeros((chosen.n_rows, self.n_inputs), dtype=np.float32)
        n_kept, n_flagged = len(self.kept), len(self.flagged)
        for start in range(0, chosen.n_rows, _CHUNK):
            part = slice(start, start + _CHUNK)
            values = chosen.numeric[part][:, self.kept].astype(np.float64)
            values = np.where(np.isfinite(values), values, self.median)
            inputs[part, :n_kept] = np.clip((values - self.centre) / self.scale, -CLIP, CLIP)
            inputs[part, n_kept : n_kept + n_flagged] = ~np.isfinite(chosen.numeric[part][:, self.flagged])
        start = n_kept + n_flagged
        for column, levels in self.levels.items():
            codes = _codes(chosen.categories[column], levels)
            coded = np.flatnonzero(codes >= 0)
            inputs[coded, start + codes[coded]] = 1.0
            start += len(levels)
        return inputs

    def unseen(self, features: Features) -> np.ndarray:
        """Rows with a value that `transform` drops or lumps together and that no training row had.

        A number other than the constant of a dropped column, such as an element that training rows lack, or
        a category level that did not occur. Hashed counts do not tell: among a few hundred molecules every
        third has one that the others lack.

        Returns
        -------
        ``(n_rows,)`` bool.

        Raises
        ------
        InputError
            As `transform`.
        """
        self._check(features)
        found = np.zeros(features.n_rows, dtype=bool)
        telling = np.array([not name.startswith(HASHED) for name in self.features_in], dtype=bool)
        dropped = np.delete(np.arange(len(self.features_in)), self.kept)
        constant, dropped = self.constant[telling[dropped]], dropped[telling[dropped]]
        for start in range(0, features.n_rows, _CHUNK):
            part = slice(start, start + _CHUNK)
            values = features.numeric[part][:, dropped].astype(np.float64)
            room = 2 * _SAME * np.maximum(np.abs(values), np.abs(constant))
            other = ~(np.abs(values - constant) <= room)
            found[part] = (other & np.isfinite(values)).any(axis=1)
        for column, levels in self.seen.items():
            found |= ~pd.Index(_filled(features.categories[column]), dtype=object).isin(levels)
        return found

    def to_state(self) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
        """Arrays, and a structure that JSON can hold."""
        arrays = {name: getattr(self, name) for name in _ARRAYS}
        levels, seen = (
            [[column, list(texts)] for column, texts in chosen.items()] for chosen in (self.levels, self.seen)
        )
        return arrays, {"features_in": list(self.features_in), "levels": levels, "seen": seen}

    @classmethod
    def from_state(cls, arrays: dict[str, np.ndarray], structure: dict[str, Any]) -> Preparation:
        """The inverse of `to_state`."""
        return cls(
            features_in=tuple(structure["features_in"]),
            levels={column: tuple(texts) for column, texts in structure["levels"]},
            seen={column: tuple(texts) for column, texts in structure["seen"]},
            **{name: arrays[name] for name in _ARRAYS},
        )

    def _check(self, features: Features) -> None:
        expected = (*self.features_in, *self.levels)
        found = (*features.names, *features.categories)
        if set(found) != set(expected) or features.names != self.features_in:
            lacking = [c for c in expected if c not in found][:3]
            surplus = [c for c in found if c not in expected][:3]
            raise InputError(
                f"The inputs are not those the model was fitted on: missing {lacking}, unknown {surplus}.",
                hint="Give the same input columns, in the same order, with the same version of RDKit.",
            )


def _varies(values: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Columns whose measured values differ by more than rounding."""
    low = np.where(known, values, np.inf).min(axis=0, initial=np.inf)
    high = np.where(known, values, -np.inf).max(axis=0, initial=-np.inf)
    return high - low > _SAME * np.maximum(np.abs(low), np.abs(high))


def _flagged(known: np.ndarray) -> np.ndarray:
    """Columns known on some rows but not on all, the first of each pattern."""
    counts = known.sum(axis=0)
    gappy = np.flatnonzero((counts > 0) & (counts < len(known)))
    _, first = np.unique(np.packbits(known[:, gappy], axis=0), axis=1, return_index=True)
    return gappy[np.sort(first)]


def _moments(values: np.ndarray, known: np.ndarray, columns: np.ndarray) -> tuple[np.ndarray, ...]:
    """Median, mean and standard deviation over the measured values of these columns; NaN without any."""
    moments = np.full((3, len(columns)), np.nan)
    for i, column in enumerate(columns.tolist()):
        measured = values[known[:, column], column].astype(np.float64)
        if len(measured):
            moments[:, i] = np.median(measured), measured.mean(), measured.std()
    return tuple(moments)


def _filled(texts: np.ndarray) -> np.ndarray:
    return np.where(pd.isna(texts), MISSING, texts)


def _levels(texts: np.ndarray, n_rare: int) -> tuple[str, ...]:
    """Frequent levels in alphabetical order, then ``missing`` and ``other`` where rows fall into them."""
    counts = pd.Series(_filled(texts)).value_counts()
    own = [str(level) for level in counts.index if level not in (MISSING, OTHER)]
    frequent = sorted(level for level in own if counts[level] >= n_rare)
    levels = frequent + [MISSING] * (MISSING in counts.index)
    levels += [OTHER] * (OTHER in counts.index or len(frequent) < len(own))
    return tuple(levels) if len(levels) > 1 else ()


def _codes(texts: np.ndarray, levels: tuple[str, ...]) -> np.ndarray:
    """Position of each text among the levels; -1 where it has none."""
    index = pd.Index(levels, dtype=object)
    codes = index.get_indexer(pd.Index(_filled(texts), dtype=object))
    return np.where(codes < 0, levels.index(OTHER), codes) if OTHER in levels else codes
