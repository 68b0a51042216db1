"""Load a bundle and predict with it."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd

from ..baselines import FittedModel, predict_tasks
from ..errors import InputError
from ..evaluation import finite_mean
from ..inputs import Preparation, describe_molecules, featurize
from ..table import InputSpec, Kind, Property, check_columns, clean_inputs, read_frame
from ._calibration import Calibration
from ._cards import TaskCard
from ._columns import OutputColumns, name_columns
from ._domain import Domain
from ._intervals import Residuals

__all__ = ["Bundle"]

CHUNK = 8192
"""Rows in memory at a time, per thread."""


FEW = 5
"""Thresholds worth a note each."""


@dataclass(frozen=True, eq=False)
class Bundle:
    """Deployed models of one table; made by `load_bundle`.

    Parameters
    ----------
    cards
        Per property: which model answers and why.
    spec
        Input columns new rows must have.
    preparations
        One per fold.
    models
        Per property, one model per fold.
    uncertainty
        Per property: residuals for intervals (regression) or the calibration of probabilities (classes).
    domain
        Judges inputs of the first fold's preparation.
    path
        Folder it was read from.
    versions
        Packages it was made with.
    """

    cards: tuple[TaskCard, ...]
    spec: InputSpec
    preparations: tuple[Preparation, ...]
    models: tuple[tuple[FittedModel, ...], ...]
    uncertainty: tuple[Residuals | Calibration, ...]
    domain: Domain
    path: Path
    versions: dict[str, str]

    @property
    def properties(self) -> tuple[Property, ...]:
        """What it predicts, in column order."""
        return tuple(card.property for card in self.cards)

    @property
    def coverage(self) -> dict[str, dict[float, float]]:
        """Measured coverage by property and interval level; regression only."""
        return {card.property.name: card.coverage for card in self.cards if card.coverage}

    @cached_property
    def columns(self) -> OutputColumns:
        """Names of the prediction columns."""
        return name_columns(self.properties)

    def predict(
        self,
        frame: pd.DataFrame,
        interval: float = 0.9,
        skip_bad_rows: bool = False,
        progress: Callable[[int], None] | None = None,
    ) -> pd.DataFrame:
        """Predict every property of new rows.

        Parameters
        ----------
        frame
            Rows with the input columns of `spec`; other columns are ignored.
        interval
            Coverage of the intervals, between 0 and 1.
        skip_bad_rows
            Give rows whose inputs cannot be read empty predictions instead of refusing the frame.
        progress
            Called with the number of rows done so far.

        Returns
        -------
        DataFrame
            The index of ``frame``, columns as in `columns`: values in the user's units; ``in_domain`` False
            where the promise of the interval does not hold: far from the training rows, or with a value that no
            fold's model was trained on. A binary property reads as its second class where its probability is
            at least the card's threshold. ``attrs["notes"]`` lists what a reader must know.

        Raises
        ------
        InputError
            A column is missing, an input cannot be read, or ``interval`` is no coverage.
        """
        if not 0.0 < interval < 1.0:
            raise InputError(f"interval is {interval}, not a coverage between 0 and 1.", hint="Such as 0.9.")
        if len(frame) == 0:
            check_columns(frame, self.spec)
            return self._finish([self._empty(frame.index)], frame.index, np.ones(0, bool), interval, ())
        rows, kept, notes = clean_inputs(read_frame(frame), self.spec, skip_bad_rows=skip_bad_rows)
        parts = self._predict_chunks(rows, interval, progress)
        return self._finish(parts, frame.index, kept, interval, notes)

    def _predict_chunks(
        self, rows: pd.DataFrame, level: float, progress: Callable[[int], None] | None
    ) -> list[dict[str, np.ndarray]]:
        n_jobs = os.cpu_count() or 1
        described = describe_molecules(rows, self.spec, n_jobs=n_jobs)
        starts = range(0, len(rows), CHUNK)
        chunks = (rows.iloc[start : start + CHUNK] for start in starts)
        pool = ThreadPoolExecutor(max_workers=max(1, min(len(starts), n_jobs)))
        parts, done = [], 0
        try:
            for part in pool.map(lambda chunk: self._predict_chunk(chunk, described, level), chunks):
                parts.append(part)
                done += len(part[self.columns.in_domain])
                if progress is not None:
                    progress(done)
        finally:
            pool.shutdown(cancel_futures=True)
        return parts

    def _predict_chunk(
        self, rows: pd.DataFrame, described: Mapping[str, np.ndarray], level: float
    ) -> dict[str, np.ndarray]:
        features = featurize(rows, self.spec, described=described)
        members: list[list[np.ndarray]] = [[] for _ in self.cards]
        distance, unseen = np.zeros(len(rows)), np.ones(len(rows), dtype=bool)
        for f, preparation in enumerate(self.preparations):
            inputs = preparation.transform(features)
            if f == 0:
                distance = self.domain.distance(inputs)
            unseen &= preparation.unseen(features)
            for t, answer in enumerate(predict_tasks([models[f] for models in self.models], inputs)):
                members[t].append(answer)
        columns: dict[str, np.ndarray] = {}
        for t in range(len(self.cards)):
            columns |= self._answer(t, np.stack(members[t]), level)
        columns[self.columns.in_domain] = (distance <= 1.0) & ~unseen
        columns[self.columns.distance] = distance
        return columns

    def _answer(self, t: int, members: np.ndarray, level: float) -> dict[str, np.ndarray]:
        """Columns of one property from member predictions ``(n_folds, n_rows, n_outputs)``."""
        card, name, details = self.cards[t], self.columns.values[t], self.columns.details[t]
        centre = finite_mean(members)
        uncertainty = self.uncertainty[t]
        if isinstance(uncertainty, Residuals):
            values = (centre[:, 0], *uncertainty.interval(members[:, :, 0], level))
            with np.errstate(over="ignore"):
                user = [card.property.to_user(value) for value in values]
            return dict(zip((name, *details), user, strict=True))
        labels = np.array(card.property.classes, dtype=object)
        probability = uncertainty.apply(centre)
        if card.property.kind is Kind.BINARY:
            codes = (probability[:, 0] >= card.threshold).astype(int)
        else:
            codes = probability.argmax(axis=1)
        return {name: labels[codes], **dict(zip(details, probability.T, strict=True))}

    def _empty(self, index: pd.Index) -> dict[str, np.ndarray]:
        n = len(index)
        columns: dict[str, np.ndarray] = {}
        for card, name, details in zip(self.cards, self.columns.values, self.columns.details, strict=True):
            number = card.property.kind is Kind.REGRESSION
            columns[name] = np.full(n, np.nan) if number else np.full(n, None, dtype=object)
            columns |= {detail: np.full(n, np.nan) for detail in details}
        return {
            **columns,
            self.columns.in_domain: np.zeros(n, bool),
            self.columns.distance: np.full(n, np.nan),
        }

    def _finish(
        self,
        parts: Sequence[dict[str, np.ndarray]],
        index: pd.Index,
        kept: np.ndarray,
        level: float,
        notes: Sequence[str],
    ) -> pd.DataFrame:
        """All chunks as one frame with a row for every row given."""
        columns = self._empty(index)
        for name, values in columns.items():
            values[kept] = np.concatenate([part[name] for part in parts])
        result = pd.DataFrame(columns, index=index)
        result.attrs["notes"] = [*notes, *self._notes(result, kept, level)]
        return result

    def _notes(self, result: pd.DataFrame, kept: np.ndarray, level: float) -> list[str]:
        notes = []
        outside = ~result[self.columns.in_domain].to_numpy()[kept]
        if outside.any():
            n_far = int((result[self.columns.distance].to_numpy()[kept] > 1.0).sum())
            n_strange = int(outside.sum()) - n_far
            reasons = {
                "far from the training rows": n_far,
                "with an element, category or other value that no model was trained on": n_strange,
            }
            why = ", ".join(f"{n} {reason}" for reason, n in reasons.items() if n)
            notes.append(
                f"{n_far + n_strange} of {len(outside)} rows are out of domain ({why}): their intervals promise "
                "no coverage."
            )
        endless = [
            name
            for name, details, card in zip(self.columns.values, self.columns.details, self.cards, strict=True)
            if card.property.kind is Kind.REGRESSION and np.isposinf(result[details[1]]).any()
        ]
        if endless:
            notes.append(
                f"too few groups for intervals at {level:.4g}, they are endless: {', '.join(endless)}."
            )
        return notes + self._thresholds()

    def _thresholds(self) -> list[str]:
        """How labels of binary properties follow from the printed probabilities."""
        rules = [
            f"{name} is {card.property.classes[1]!r} where {details[0]} is at least {card.threshold:.6g}."
            for name, details, card in zip(self.columns.values, self.columns.details, self.cards, strict=True)
            if card.property.kind is Kind.BINARY
        ]
        many = f"the model card has the threshold of each of the {len(rules)} properties with two classes."
        return rules if len(rules) <= FEW else [many]
