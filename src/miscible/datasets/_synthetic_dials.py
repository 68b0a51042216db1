"""The dials of the simulator: what each means, and what it may be."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from numbers import Integral, Real
from typing import Any

from miscible.errors import InputError
from miscible.text import suggest

__all__ = ["DIALS", "FORMS", "MOST_ELEMENTS", "Dials", "kang_dials", "property_name", "wrong_value"]

FORMS = ("polynomial", "power", "threshold")
FEWEST_ELEMENTS, MOST_ELEMENTS = 5, 30
MOST_LABELS = 1_000_000
MOST_TASKS = 40
MOST_NOISE = 10.0
MOST_REPLICATES = 0.9
_KINDS = {"reg": "reg", "regression": "reg", "binary": "binary", "cls": "binary"}

DIALS: dict[str, tuple[str, str]] = {
    "counts": (
        f"whole numbers from 1, joined by /; at most {MOST_TASKS} properties and {MOST_LABELS:,} labels in all",
        "labels of each property, exactly",
    ),
    "kinds": (
        "reg or binary, one a property, joined by /",
        "binary: 1 where a noisy hidden value is above the level that 30 % of alloys exceed",
    ),
    "relatedness": (
        "from 0 to 1",
        "correlation of the noise-free values of two properties of one cluster while divergence is 0: the share "
        "of their variance that comes from what they share; the rest is each one's own mechanism",
    ),
    "clusters": (
        "a whole number from 1 to the number of properties",
        "mechanisms; the first property belongs to the first, the next to the next, and round again; across "
        "clusters nothing is shared",
    ),
    "overlap": (
        "from 0 to 1",
        "share of the scarcer property's labels on rows that carry the other's label too, exactly and for every "
        "pair; 0: no row has two labels",
    ),
    "noise": (
        f"from 0 to {MOST_NOISE:g}",
        "spread of the label noise in units of the spread of the noise-free values",
    ),
    "replicates": (
        f"from 0 to {MOST_REPLICATES:g}",
        "share of rows that repeat the alloy of another row, with noise of their own",
    ),
    "form": (
        f"{', '.join(FORMS)}; one for all or one a property, joined by /",
        "how a value depends on its factors: sums of x and of x_i x_j (Nordheim), product of powers, smooth steps",
    ),
    "divergence": (
        "from 0 to 1",
        "share of what a property shares that it reads through a form of its own; 0: the properties of a cluster read "
        "its factors through one form, the first one's; 1: each through its own, with coefficients of its own, nearly "
        "uncorrelated; their correlation is near relatedness x (1 - divergence)",
    ),
    "derived": (
        "PROPERTY:SOURCE, joined by /, as in property_3:property_1",
        "properties computed from the measured value of another one, which falls as it rises; their noise is the "
        "source's noise and a third of it",
    ),
    "missing": (
        "from 0 to 1",
        "how much rather alloys are measured whose value is high; 1: hardly any far below the mean is",
    ),
    "shift": (
        "from 0 to 1",
        "share of a property's alloys that come from base alloys of its own; 1: no two properties know the same ones",
    ),
    "n_elements": (
        f"a whole number from {FEWEST_ELEMENTS} to {MOST_ELEMENTS}",
        "alloying elements",
    ),
    "descriptors": (
        "yes or no",
        "whether the inputs hold six descriptors of alloys beside the fractions of elements",
    ),
}
"""What each dial may be, and what it means, in the order of `Dials`."""


def property_name(task: int) -> str:
    """Column of a task: ``property_1`` for task 0."""
    return f"property_{task + 1}"


@dataclass(frozen=True)
class Dials:
    """Everything that can be chosen about a simulated table; see `DIALS` for meanings.

    Parameters
    ----------
    counts
        ``(n_tasks,)`` labels of each task.
    kinds
        ``(n_tasks,)`` of ``reg`` and ``binary``; None: all ``reg``.
    relatedness, overlap, divergence, missing, shift
        From 0 to 1.
    clusters
        Task t belongs to cluster t % clusters.
    noise
        In units of the signal's standard deviation.
    replicates
        Share of rows, from 0 to 0.9.
    form
        One of `FORMS`, or a tuple with one a task.
    derived
        Pairs (task, source), counted from 0; both are regressions and the source is not derived itself.
    n_elements
        Size of the pool of elements.
    descriptors
        Whether `World.inputs` names descriptors beside the fractions.

    Raises
    ------
    InputError
        A value is out of its range; the dial and what was expected are named.
    """

    counts: tuple[int, ...] = (2000, 200, 200)
    kinds: tuple[str, ...] | None = None
    relatedness: float = 0.7
    clusters: int = 1
    overlap: float = 0.0
    noise: float = 0.3
    replicates: float = 0.0
    form: str | tuple[str, ...] = "polynomial"
    divergence: float = 0.0
    derived: tuple[tuple[int, int], ...] = ()
    missing: float = 0.0
    shift: float = 0.0
    n_elements: int = 15
    descriptors: bool = True

    def __post_init__(self) -> None:
        """Check every dial; lists become tuples."""
        counts = _sequence("counts", self.counts)
        self._set("counts", tuple(_whole("counts", n, 1, MOST_LABELS) for n in counts))
        if not 1 <= self.n_tasks <= MOST_TASKS or sum(self.counts) > MOST_LABELS:
            raise InputError(
                f"the dial 'counts' names {self.n_tasks} properties with {sum(self.counts):,} labels.",
                hint=f"Expected {DIALS['counts'][0]}.",
            )
        if self.kinds is not None:
            self._set("kinds", tuple(_choice("kinds", k, _KINDS) for k in self._each("kinds", self.kinds)))
        for name in ("relatedness", "overlap", "divergence", "missing", "shift"):
            self._set(name, _real(name, getattr(self, name), 1.0))
        self._set("noise", _real("noise", self.noise, MOST_NOISE))
        self._set("replicates", _real("replicates", self.replicates, MOST_REPLICATES))
        self._set("clusters", _whole("clusters", self.clusters, 1, self.n_tasks))
        self._set("n_elements", _whole("n_elements", self.n_elements, FEWEST_ELEMENTS, MOST_ELEMENTS))
        known = {form: form for form in FORMS}
        if isinstance(self.form, str):
            self._set("form", _choice("form", self.form, known))
        else:
            self._set("form", tuple(_choice("form", f, known) for f in self._each("form", self.form)))
        if not isinstance(self.descriptors, bool):
            raise wrong_value("descriptors", self.descriptors)
        self._set("derived", self._derived_pairs())

    @property
    def n_tasks(self) -> int:
        """Number of properties."""
        return len(self.counts)

    @property
    def task_kinds(self) -> tuple[str, ...]:
        """``reg`` or ``binary`` of every task."""
        return self.kinds or ("reg",) * self.n_tasks

    @property
    def task_forms(self) -> tuple[str, ...]:
        """The own form of every task."""
        return (self.form,) * self.n_tasks if isinstance(self.form, str) else self.form

    def _set(self, name: str, value: object) -> None:
        object.__setattr__(self, name, value)

    def _each(self, name: str, values: object) -> tuple[Any, ...]:
        found = _sequence(name, values)
        if len(found) != self.n_tasks:
            raise InputError(
                f"the dial {name!r} has {len(found)} entries for {self.n_tasks} properties.",
                hint=f"Expected {DIALS[name][0]}.",
            )
        return found

    def _derived_pairs(self) -> tuple[tuple[int, int], ...]:
        pairs: list[tuple[int, int]] = []
        for pair in _sequence("derived", self.derived):
            if not isinstance(pair, Sequence) or isinstance(pair, str) or len(pair) != 2:
                raise wrong_value("derived", pair)
            task, source = (_whole("derived", end, 0, self.n_tasks - 1) for end in pair)
            pairs.append((task, source))
        tasks = [task for task, _ in pairs]
        for task, source in pairs:
            problem = (
                f"{property_name(task)} is derived twice"
                if tasks.count(task) > 1
                else f"{property_name(task)} is derived from itself"
                if task == source
                else f"{property_name(source)} is derived itself"
                if source in tasks
                else f"{property_name(task)} and {property_name(source)} must both be regressions"
                if {self.task_kinds[task], self.task_kinds[source]} != {"reg"}
                else ""
            )
            if problem:
                raise InputError(f"the dial 'derived': {problem}.", hint=f"Expected {DIALS['derived'][0]}.")
        return tuple(pairs)


def kang_dials() -> Dials:
    """The shape of the union of Kang, arXiv 2512.22740: 54,028 alloys, three properties, no shared row."""
    return Dials(counts=(52_388, 800, 840), kinds=("reg", "reg", "binary"))


def wrong_value(name: str, value: object) -> InputError:
    """That a dial cannot have this value, and what was expected."""
    shown = f"{value:g}" if isinstance(value, float) else repr(value)
    return InputError(f"the dial {name!r} cannot be {shown}.", hint=f"Expected {DIALS[name][0]}.")


def _sequence(name: str, values: object) -> tuple[Any, ...]:
    if isinstance(values, str) or not isinstance(values, Sequence):
        raise wrong_value(name, values)
    return tuple(values)


def _whole(name: str, value: object, lowest: int, highest: int) -> int:
    if not isinstance(value, Integral) or isinstance(value, bool) or not lowest <= int(value) <= highest:
        raise wrong_value(name, value)
    return int(value)


def _real(name: str, value: object, highest: float) -> float:
    if not isinstance(value, Real) or isinstance(value, bool) or not 0 <= float(value) <= highest:
        raise wrong_value(name, value)
    return float(value)


def _choice(name: str, value: object, known: dict[str, str]) -> str:
    word = value.casefold() if isinstance(value, str) else ""
    if word not in known:
        near = suggest(word, known, limit=1)
        hint = f"Expected {DIALS[name][0]}."
        raise InputError(
            f"the dial {name!r} cannot be {value!r}.",
            hint=f"{hint} Did you mean {near[0]!r}?" if near else hint,
        )
    return known[word]
