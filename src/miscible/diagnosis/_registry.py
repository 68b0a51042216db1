"""Which diagnoses there are, in reading order, and how one becomes an exhibit."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Generic, TypeVar

from ..errors import MiscibleError, PlanError
from ..text import suggest
from ._alignment import find_alignment
from ._alignment_exhibit import alignment_exhibit
from ._case import Case
from ._exhibit import Exhibit
from ._form import find_form
from ._form_exhibit import form_exhibit
from ._imbalance import find_imbalance
from ._imbalance_exhibit import imbalance_exhibit
from ._independence import find_independence
from ._independence_exhibit import independence_exhibit
from ._labels import find_labels
from ._labels_exhibit import labels_exhibit
from ._relation import find_relation
from ._relation_exhibit import relation_exhibit
from ._shift import find_shift
from ._shift_exhibit import shift_exhibit
from ._signatures import find_signatures
from ._signatures_exhibit import signatures_exhibit
from ._tails import find_tails
from ._tails_exhibit import tails_exhibit
from ._transfer import find_transfer
from ._transfer_exhibit import transfer_exhibit

__all__ = ["LADDER", "PARTS", "Part", "choose_parts", "in_reading_order"]

LADDER = "ladder"
"""Key of the exhibit of a ladder of splits; it is no part, but shown before all of them."""

F = TypeVar("F")


@dataclass(frozen=True, slots=True)
class Part(Generic[F]):
    """One diagnosis.

    Parameters
    ----------
    key
        Short name, as given to ``miscible diagnose --parts``.
    title, question
        Heading, and what it answers, in a line; the exhibit words the question for its table.
    cost
        Rough seconds of one core for a table of some thousand labels, looked at in full.
    find, show
        From a case to what was found, and from there to the exhibit.
    """

    key: str
    title: str
    question: str
    cost: float
    find: Callable[[Case], F]
    show: Callable[[F], Exhibit]

    def exhibit(self, case: Case) -> Exhibit:
        """Look; what cannot be seen on this table becomes an exhibit that says why."""
        try:
            return self.show(self.find(case))
        except MiscibleError as error:
            return Exhibit(self.key, self.title, self.question, (f"Cannot be seen here: {error}",))


PARTS: tuple[Part, ...] = (
    Part(
        "signatures",
        "Failure signatures",
        "Which of the known ways for learning together to fail show on this table?",
        4,
        find_signatures,
        signatures_exhibit,
    ),
    Part(
        "imbalance",
        "Imbalance between and within properties",
        "Are some properties drowned by others, and does a loss by sharing come from that?",
        50,
        find_imbalance,
        imbalance_exhibit,
    ),
    Part(
        "tails",
        "Error tails",
        "Does learning together make the largest errors larger, and where do they sit?",
        1,
        find_tails,
        tails_exhibit,
    ),
    Part(
        "shift",
        "Shift between properties",
        "Do the properties live in the same part of input space?",
        8,
        find_shift,
        shift_exhibit,
    ),
    Part(
        "form",
        "Functional form",
        "Which formula describes how each property depends on its main inputs, and do properties bend alike?",
        4,
        find_form,
        form_exhibit,
    ),
    Part(
        "independence",
        "Independence",
        "Does a property bring information about another, or is it a copy of it, or neither?",
        36,
        find_independence,
        independence_exhibit,
    ),
    Part(
        "alignment",
        "Gradient alignment",
        "Do the gradients of the properties pull the shared layers the same way?",
        85,
        find_alignment,
        alignment_exhibit,
    ),
    Part(
        "relation",
        "Task relation graph",
        "What do the properties take from each other in a learned relation graph?",
        200,
        find_relation,
        relation_exhibit,
    ),
    Part(
        "transfer",
        "Transfer from one property to another",
        "Does a network that first learned one property learn another one better than from scratch?",
        450,
        find_transfer,
        transfer_exhibit,
    ),
    Part(
        "labels",
        "What more labels would buy",
        "How far would more measurements of a property, or of the one it learns with, lower its error?",
        110,
        find_labels,
        labels_exhibit,
    ),
)
"""In reading order: from what is seen at once to what takes training to see."""


def choose_parts(keys: Iterable[str] = (), parts: tuple[Part, ...] | None = None) -> tuple[Part, ...]:
    """The parts with these keys in reading order; all if no key is given.

    Raises
    ------
    PlanError
        There is no such part.
    """
    parts = PARTS if parts is None else parts
    wanted = list(dict.fromkeys(keys))
    known = [part.key for part in parts]
    for key in wanted:
        if key not in known:
            close = suggest(key, known, limit=1)
            hint = f"Did you mean {close[0]!r}?" if close else f"There are: {', '.join(known)}."
            raise PlanError(f"there is no part {key!r} of a diagnosis.", hint=hint)
    return tuple(part for part in parts if not wanted or part.key in wanted)


def in_reading_order(exhibits: Iterable[Exhibit]) -> tuple[Exhibit, ...]:
    """The ladder first, then parts in their order, then what is neither."""
    order = {key: place for place, key in enumerate((LADDER, *(part.key for part in PARTS)))}
    return tuple(sorted(exhibits, key=lambda exhibit: order.get(exhibit.key, len(order))))
