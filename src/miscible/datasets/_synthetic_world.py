"""A simulated world: fixed functions from which tables with known truth are drawn."""

from __future__ import annotations

import zlib
from dataclasses import dataclass

import numpy as np
import pandas as pd

from miscible.chemistry import chemical_systems, composition_keys
from miscible.errors import InputError
from miscible.inputs import ALLOY_DESCRIPTORS, alloy_descriptors

from ._synthetic_alloys import STEPS, AlloySampler, as_fractions, make_sampler
from ._synthetic_dials import Dials, property_name
from ._synthetic_labels import Scales, derive, make_scales, measure, true_values, wish_to_measure
from ._synthetic_layout import Block, lay_out
from ._synthetic_mechanism import Mechanism, make_mechanism

__all__ = ["Draw", "World", "make_world"]

N_REFERENCE = 20_000
MOST_TRIES = 200
"""Alloys tried for each one that is to be different from all others."""
_CHUNK = 50_000


@dataclass(frozen=True, eq=False)
class Draw:
    """A table with its truth.

    Parameters
    ----------
    frame
        As a user would own it: composition, system, fractions of elements, descriptors, one column a property with
        NaN where it is not measured.
    truth
        ``(n_rows, n_tasks)`` noise-free values of every property on every row; of a binary one the probability of 1.
    labels
        ``(n_rows, n_tasks)`` as in ``frame``.
    """

    frame: pd.DataFrame
    truth: np.ndarray
    labels: np.ndarray


@dataclass(frozen=True, eq=False)
class World:
    """Functions of composition, and the population of alloys they are seen on.

    Parameters
    ----------
    dials
        What was chosen.
    seed
        From which the world was made.
    sampler
        The alloys.
    mechanism
        The noise-free values.
    scales
        Levels of binary properties, scales of derived ones.
    """

    dials: Dials
    seed: int
    sampler: AlloySampler
    mechanism: Mechanism
    scales: Scales

    @property
    def names(self) -> tuple[str, ...]:
        """Columns of the properties."""
        return tuple(property_name(task) for task in range(self.dials.n_tasks))

    @property
    def targets(self) -> tuple[str, ...]:
        """Properties in the syntax of the command line."""
        return tuple(f"{name}:{kind}" for name, kind in zip(self.names, self.dials.task_kinds, strict=True))

    @property
    def inputs(self) -> tuple[str, ...]:
        """Inputs in the syntax of the command line: fractions of elements, and descriptors, all plain numbers."""
        descriptors = ALLOY_DESCRIPTORS if self.dials.descriptors else ()
        return tuple(f"{name}:number" for name in (*self.sampler.elements, *descriptors))

    @property
    def correlation(self) -> np.ndarray:
        """Of the noise-free values over the population, before classes and derivation, ``(n_tasks, n_tasks)``."""
        return self.mechanism.correlation

    def draw(self, seed: int) -> Draw:
        """A table with exactly the labels that the dials say.

        Raises
        ------
        InputError
            There are fewer different alloys of this kind than rows asked for.
        """
        generator = _generator(self.seed, "draw", seed)
        alloys, masks, known = [], [], np.empty(0, dtype=np.uint64)
        for block in lay_out(self.dials):
            unique, known = self._different_alloys(block, known, generator)
            again = generator.integers(len(unique), size=block.n_repeats)
            alloys.append(np.concatenate([unique, unique[again]]))
            mask = np.isin(np.arange(self.dials.n_tasks), block.tasks)
            masks.append(np.repeat(mask[None], len(alloys[-1]), axis=0))
        order = generator.permutation(sum(map(len, alloys)))
        rows, mask = np.concatenate(alloys)[order], np.concatenate(masks)[order]
        values = self.mechanism.values(rows / STEPS)
        labels = np.where(mask, measure(self.dials, self.scales, values, generator), np.nan)
        frame = self._frame(rows)
        for task, name in enumerate(self.names):
            frame[name] = labels[:, task]
        return Draw(frame, true_values(self.dials, self.scales, values), labels)

    def test(self, n: int, seed: int, task: int | None = None) -> tuple[pd.DataFrame, np.ndarray]:
        """Fresh alloys of the whole population, never of one task's preference, and their noise-free values.

        Parameters
        ----------
        n
            How many rows.
        seed
            Of the rows.
        task
            Where ``shift`` is not 0: alloys as this task's rows have them; else of the whole population.

        Returns
        -------
        frame, truth
            The columns of the inputs, and ``(n, n_tasks)`` as in `Draw`.
        """
        generator = _generator(self.seed, "test", seed)
        alloys = self.sampler.draw(n, generator, task, self.dials.shift)
        values = self.mechanism.values(alloys / STEPS)
        return self._frame(alloys), true_values(self.dials, self.scales, values)

    def _frame(self, alloys: np.ndarray) -> pd.DataFrame:
        parts = [
            self._part(alloys[start : start + _CHUNK]) for start in range(0, max(len(alloys), 1), _CHUNK)
        ]
        return pd.concat(parts, ignore_index=True)

    def _part(self, alloys: np.ndarray) -> pd.DataFrame:
        fractions = as_fractions(alloys, self.sampler.elements)
        columns = {
            "composition": composition_keys(fractions).astype(object),
            "system": chemical_systems(fractions).astype(object),
            **dict(zip(self.sampler.elements, (alloys / STEPS).T, strict=True)),
        }
        if self.dials.descriptors:
            columns |= zip(ALLOY_DESCRIPTORS, alloy_descriptors(fractions).T, strict=True)
        return pd.DataFrame(columns)

    def _different_alloys(
        self, block: Block, known: np.ndarray, generator: np.random.Generator
    ) -> tuple[np.ndarray, np.ndarray]:
        """Alloys of a block, none of them known, and the keys known afterwards."""
        found, lacking, tries = [], block.n_alloys, MOST_TRIES * (block.n_alloys + 64)
        while lacking and tries > 0:
            alloys = self.sampler.draw(2 * lacking + 64, generator, block.home, self.dials.shift)
            tries -= len(alloys)
            if self.dials.missing > 0:
                values = derive(self.dials, self.scales, self.mechanism.values(alloys / STEPS))
                wish = wish_to_measure(self.dials, values[:, list(block.tasks)])
                alloys = alloys[generator.random(len(alloys)) < wish]
            keys, first = np.unique(_keys(alloys), return_index=True)
            first = np.sort(first[~np.isin(keys, known)])[:lacking]
            found.append(alloys[first])
            known = np.concatenate([known, _keys(found[-1])])
            lacking -= len(first)
        if lacking:
            raise InputError(
                f"there are not enough different alloys for the rows of {property_name(block.home)}.",
                hint="Lower counts or shift, or raise n_elements or replicates.",
            )
        return np.concatenate(found), known


def make_world(dials: Dials, seed: int) -> World:
    """Fix the functions and the population of alloys; rows are drawn later.

    Parameters
    ----------
    dials
        What is chosen.
    seed
        The same dials and seed give the same world. Worlds of one seed that differ in other dials than the number of
        properties, clusters, forms and elements have the same alloys and the same functions to mix.

    Raises
    ------
    InputError
        There are not as many independent functions as the dials ask for.
    """
    sampler = make_sampler(dials.n_elements, dials.n_tasks, _generator(seed, "alloys"))
    alloys = sampler.draw(N_REFERENCE, _generator(seed, "reference")) / STEPS
    mechanism = make_mechanism(
        dials, sampler.elements, alloys, lambda role, number: _generator(seed, role, number)
    )
    return World(dials, seed, sampler, mechanism, make_scales(dials, mechanism.values(alloys)))


def _generator(*keys: int | str) -> np.random.Generator:
    numbers = [zlib.crc32(key.encode()) if isinstance(key, str) else key for key in keys]
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence(numbers)))


def _keys(alloys: np.ndarray) -> np.ndarray:
    """A number for every alloy, ``(n,)`` uint64, equal for equal alloys."""
    factors = _generator("keys").integers(1, 2**63, size=alloys.shape[1], dtype=np.uint64)
    return (alloys.astype(np.uint64) * factors).sum(axis=1, dtype=np.uint64)
