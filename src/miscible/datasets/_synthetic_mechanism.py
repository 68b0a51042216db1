"""The functions of a simulated world: what properties share, what is their own, in known shares of variance."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from miscible.chemistry import ELEMENTS, element_data
from miscible.errors import InputError

from ._synthetic_dials import Dials
from ._synthetic_forms import Form, draw_charges, draw_form

__all__ = ["Chance", "Mechanism", "make_mechanism"]

Chance = Callable[[str, int], np.random.Generator]
"""The generator of a role and a number."""

N_CANDIDATES = 16
N_COEFFICIENTS = 64
"""Candidates where the factors are given and the coefficients alone differ."""
N_JUDGED = 3000
LEAST_NEW = 0.02
"""Share of a function's variance that must be new for it to count as another one."""
_FACTS = (
    "metallic_radius",
    "electronegativity",
    "valence_electron_count",
    "melting_temperature",
    "bulk_modulus",
    "molar_volume",
)


@dataclass(frozen=True, eq=False)
class Mechanism:
    """Noise-free values of every task, each with mean 0 and variance 1 over the alloys of the world.

    Parameters
    ----------
    atoms
        ``(n_atoms,)`` functions of composition.
    centre, weights
        ``(n_atoms,)`` and ``(n_atoms, n_tasks)``: values are ``(atoms - centre) @ weights``.
    correlation
        ``(n_tasks, n_tasks)`` of the values.
    """

    atoms: tuple[Form, ...]
    centre: np.ndarray
    weights: np.ndarray
    correlation: np.ndarray

    def values(self, fractions: np.ndarray) -> np.ndarray:
        """Values, ``(n, n_tasks)``, of alloys given as ``(n, n_elements)`` fractions."""
        used = np.flatnonzero(self.weights.any(axis=1))
        raw = np.stack([self.atoms[k](fractions) for k in used], axis=1)
        return (raw - self.centre[used]) @ self.weights[used]


def make_mechanism(dials: Dials, elements: tuple[str, ...], alloys: np.ndarray, chance: Chance) -> Mechanism:
    """Draw the functions of a world and mix them.

    Each cluster has factors of its own, and a *common reading*: one function of them in the form of the cluster's
    first task. Each task has an *own reading* of its cluster's factors in its own form, and an *own mechanism*: a
    function of factors of its own. Of several candidates those least correlated with what is there are taken. What a
    task shares is sqrt(1 - divergence) common + sqrt(divergence) own reading, made unit variance and freed of what
    earlier clusters share; its own mechanism is freed of everything else. The value is
    sqrt(relatedness) shared + sqrt(1 - relatedness) own. So the correlation of two tasks of a cluster is relatedness
    where divergence is 0, and near relatedness (1 - divergence) elsewhere; across clusters it is 0.

    The functions depend on the seed, the elements, the forms and the clusters only, so that worlds of one seed which
    differ in relatedness or divergence mix the same functions.

    Parameters
    ----------
    dials
        As in `Dials`.
    elements
        ``(n_elements,)`` symbols.
    alloys
        ``(n, n_elements)`` fractions over which variances and correlations are taken.
    chance
        Where every function's chance comes from.

    Raises
    ------
    InputError
        There are not as many independent functions as asked for.
    """
    atoms = _draw_atoms(dials, _facts(elements), alloys[:N_JUDGED], chance)
    raw = np.stack([atom(alloys) for atom in atoms], axis=1)
    centre, spread = raw.mean(axis=0), raw.std(axis=0)
    standard = (raw - centre) / spread
    correlation = standard.T @ standard / len(alloys)
    weights = _mix(dials, correlation)
    return Mechanism(atoms, centre, weights / spread[:, None], weights.T @ correlation @ weights)


def _facts(elements: tuple[str, ...]) -> np.ndarray:
    rows = [ELEMENTS.index(symbol) for symbol in elements]
    facts = np.stack([element_data().column(name)[rows] for name in _FACTS], axis=1)
    return (facts - facts.mean(axis=0)) / facts.std(axis=0)


def _draw_atoms(dials: Dials, facts: np.ndarray, alloys: np.ndarray, chance: Chance) -> tuple[Form, ...]:
    """Common readings of the clusters, own readings of the tasks, own mechanisms of the tasks.

    What has no weight is not drawn; a common reading stands in its place. Every function has chance of its own, so
    that this changes no other.
    """
    forms, clusters = dials.task_forms, dials.clusters
    every = np.ones((len(alloys), 1)) / np.sqrt(len(alloys))
    factors, commons, readings, owns = [], [], [], []
    for cluster in range(clusters):
        charges, common, every = _newest(
            forms[cluster], facts, None, alloys, every, chance("common", cluster)
        )
        factors.append(charges)
        commons.append(common)
    known = [_extend(every[:, :1], common(alloys)) for common in commons]
    for task, form in enumerate(forms):
        cluster = task % clusters
        if dials.divergence == 0:
            readings.append(commons[cluster])
            continue
        _, reading, known[cluster] = _newest(
            form, facts, factors[cluster], alloys, known[cluster], chance("reading", task)
        )
        readings.append(reading)
    for task, form in enumerate(forms):
        if dials.relatedness == 1:
            owns.append(commons[task % clusters])
            continue
        _, own, every = _newest(form, facts, None, alloys, every, chance("own", task))
        owns.append(own)
    return (*commons, *readings, *owns)


def _newest(
    name: str,
    facts: np.ndarray,
    charges: np.ndarray | None,
    alloys: np.ndarray,
    known: np.ndarray,
    generator: np.random.Generator,
) -> tuple[np.ndarray, Form, np.ndarray]:
    """The candidate with most variance outside the orthonormal columns of ``known``, which then gain a column."""
    best: tuple[float, np.ndarray, Form] | None = None
    for _ in range(N_CANDIDATES if charges is None else N_COEFFICIENTS):
        factors = draw_charges(facts, generator) if charges is None else charges
        form = draw_form(name, factors, alloys, generator)
        values = form(alloys)
        values = values - values.mean()
        explained = float(np.square(known.T @ values).sum() / np.square(values).sum())
        if best is None or explained < best[0]:
            best = explained, factors, form
    assert best is not None
    return best[1], best[2], _extend(known, best[2](alloys))


def _extend(known: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Orthonormal columns and what ``values`` adds to them; unchanged where that is nothing."""
    rest = values - known @ (known.T @ values)
    rest = rest - known @ (known.T @ rest)
    length = np.linalg.norm(rest)
    if length < 1e-6 * np.linalg.norm(values):
        return known
    return np.column_stack([known, rest / length])


def _mix(dials: Dials, correlation: np.ndarray) -> np.ndarray:
    """Weights of the standardised atoms, ``(n_atoms, n_tasks)``."""
    n, clusters = dials.n_tasks, dials.clusters
    unit = np.eye(len(correlation))
    shared = np.zeros((len(correlation), n))
    for cluster in range(clusters):
        earlier = (
            np.concatenate([shared[:, c::clusters] for c in range(cluster)], axis=1) if cluster else None
        )
        for task in range(cluster, n, clusters):
            mixed = np.sqrt(1 - dials.divergence) * unit[cluster]
            mixed += np.sqrt(dials.divergence) * unit[clusters + task]
            shared[:, task] = _freed(mixed, earlier, correlation)
    own = np.zeros_like(shared)
    for task in range(n if dials.relatedness < 1 else 0):
        others = np.concatenate([shared, own[:, :task]], axis=1)
        own[:, task] = _freed(unit[clusters + n + task], others, correlation)
    return np.sqrt(dials.relatedness) * shared + np.sqrt(1 - dials.relatedness) * own


def _freed(vector: np.ndarray, others: np.ndarray | None, correlation: np.ndarray) -> np.ndarray:
    """The function with these weights, made uncorrelated with the others and of unit variance."""
    before = vector @ correlation @ vector
    if others is not None:
        gram = others.T @ correlation @ others
        vector = vector - others @ (
            np.linalg.pinv(gram, rcond=1e-9, hermitian=True) @ (others.T @ correlation @ vector)
        )
    after = vector @ correlation @ vector
    if after < LEAST_NEW * before:
        raise InputError(
            "there are not as many independent functions of these elements as the dials ask for.",
            hint="Lower counts to fewer properties, raise n_elements, or choose form=threshold.",
        )
    return vector / np.sqrt(after)
