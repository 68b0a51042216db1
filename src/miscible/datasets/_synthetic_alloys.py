"""Alloys as people make them: base alloys of uneven popularity, varied, with small additions."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from miscible.chemistry import ELEMENTS

__all__ = ["POOL", "STEPS", "AlloySampler", "as_fractions", "make_sampler"]

# fmt: off
POOL = (
    "Fe", "Ni", "Cr", "Co", "Al", "Ti", "Cu", "Mn", "Mo", "V", "Nb", "Si", "Zr", "Ta", "W",
    "Hf", "Mg", "Zn", "Sn", "Ag", "Re", "Y", "Pd", "Ru", "Au", "Pt", "La", "Ca", "Ga", "Ce",
)
# fmt: on
"""Elements from the most usual on."""
STEPS = 1000
"""Parts of a composition: 0.1 at.%."""
N_BASES = 120
BASE_SIZES = (2, 3, 4, 5)
SIZE_SHARES = (0.1, 0.25, 0.3, 0.35)
ROOM = {2: 0.1, 3: 0.5}
"""Popularity of small systems, which hold fewer alloys, relative to larger ones."""
RARITY = 0.8
"""Exponent of the Zipf law of popularity."""
CONCENTRATION = 30.0
ADDITION_SHARES = (0.35, 0.35, 0.3)
ADDITION = (0.005, 0.05)


@dataclass(frozen=True, eq=False)
class AlloySampler:
    """Where alloys come from.

    Parameters
    ----------
    elements
        ``(n_elements,)`` symbols, in order of atomic number.
    bases
        ``(n_bases, n_elements)`` fractions of the base alloys.
    popularity
        ``(n_bases,)``, sums to 1.
    parts
        ``(n_parts, n_bases)`` bool: the bases divided along one direction of composition into parts of equally many.
    """

    elements: tuple[str, ...]
    bases: np.ndarray
    popularity: np.ndarray
    parts: np.ndarray

    def draw(
        self, n: int, generator: np.random.Generator, part: int | None = None, shift: float = 0.0
    ) -> np.ndarray:
        """Independent alloys, ``(n, n_elements)`` int64, in parts of `STEPS`; each holds two elements or more.

        Parameters
        ----------
        n
            How many.
        generator
            Source of chance.
        part, shift
            A share ``shift`` of the alloys comes from this part of the bases only.
        """
        popularity = self.popularity
        if part is not None and shift > 0:
            own = popularity * self.parts[part]
            popularity = (1 - shift) * popularity + shift * own / own.sum()
        found = [np.empty((0, len(self.elements)), dtype=np.int64)]
        while (lacking := n - sum(map(len, found))) > 0:
            alloys = self._vary(generator.choice(len(popularity), size=lacking, p=popularity), generator)
            found.append(alloys[alloys.max(axis=1) < STEPS])
        return np.concatenate(found)

    def _vary(self, bases: np.ndarray, generator: np.random.Generator) -> np.ndarray:
        n, n_elements = len(bases), len(self.elements)
        amounts = generator.standard_gamma(CONCENTRATION * self.bases[bases])
        amounts /= amounts.sum(axis=1, keepdims=True)
        n_added = generator.choice(len(ADDITION_SHARES), size=n, p=ADDITION_SHARES)
        for k in range(1, len(ADDITION_SHARES)):
            rows = np.flatnonzero(n_added >= k)
            element = generator.integers(n_elements, size=len(rows))
            amount = generator.uniform(*ADDITION, size=len(rows))
            amounts[rows] *= (1 - amount)[:, None]
            amounts[rows, element] += amount
        return _round(amounts)


def _round(amounts: np.ndarray) -> np.ndarray:
    """Whole steps that sum to `STEPS`: rounded down, the largest remainders up."""
    exact = amounts * STEPS
    steps = np.floor(exact).astype(np.int64)
    rank = np.argsort(np.argsort(steps - exact, axis=1), axis=1)
    return steps + (rank < (STEPS - steps.sum(axis=1))[:, None])


def make_sampler(n_elements: int, n_parts: int, generator: np.random.Generator) -> AlloySampler:
    """Draw base alloys, their popularity and their division into parts."""
    elements = tuple(sorted(POOL[:n_elements], key=ELEMENTS.index))
    usual = np.array([1 / (2 + POOL.index(symbol)) for symbol in elements]) ** 0.5
    sizes = generator.choice(BASE_SIZES, size=N_BASES, p=SIZE_SHARES)
    bases = np.zeros((N_BASES, n_elements))
    for row, size in enumerate(sizes):
        chosen = generator.choice(
            n_elements, size=min(size, n_elements), replace=False, p=usual / usual.sum()
        )
        bases[row, chosen] = generator.dirichlet(np.full(len(chosen), 3.0))
    popularity = (1 + np.arange(N_BASES)) ** -RARITY * [ROOM.get(int(size), 1.0) for size in sizes]
    popularity /= popularity.sum()
    place = np.argsort(bases @ generator.standard_normal(n_elements))
    part = np.empty(N_BASES, dtype=np.int64)
    part[place] = np.arange(N_BASES) * n_parts // N_BASES
    return AlloySampler(elements, bases, popularity, part == np.arange(n_parts)[:, None])


def as_fractions(alloys: np.ndarray, elements: tuple[str, ...]) -> np.ndarray:
    """Fractions over all elements known to chemistry, ``(n, len(ELEMENTS))``."""
    full = np.zeros((len(alloys), len(ELEMENTS)))
    full[:, [ELEMENTS.index(symbol) for symbol in elements]] = alloys / STEPS
    return full
