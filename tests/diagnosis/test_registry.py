"""The parts of a diagnosis: found by name, in reading order, and honest about what they cannot see."""

from __future__ import annotations

from typing import Any, cast

import pytest

from miscible import diagnosis
from miscible.diagnosis import LADDER, PARTS, Case, Exhibit, Part, choose_parts, in_reading_order
from miscible.errors import InputError, PlanError

ORDER = (
    "signatures",
    "imbalance",
    "tails",
    "shift",
    "form",
    "independence",
    "alignment",
    "relation",
    "transfer",
    "labels",
)
NO_CASE = cast(Case, None)


def part(find: Any) -> Part:
    return Part("k", "Title", "Question?", 1.0, find, lambda found: Exhibit("k", "Title", found, ("Yes.",)))


def test_parts_stand_in_reading_order_each_once() -> None:
    keys = [p.key for p in PARTS]
    assert keys == sorted(set(keys), key=ORDER.index)


def test_every_part_is_wired_to_its_own_functions_and_they_are_exported() -> None:
    for p in PARTS:
        assert p.find.__name__ == f"find_{p.key}" and p.show.__name__ == f"{p.key}_exhibit"
        assert getattr(diagnosis, p.find.__name__) is p.find
        assert p.title and p.question.endswith("?") and p.cost > 0


def test_every_diagnosis_of_the_room_is_a_part() -> None:
    found = {name.removeprefix("find_") for name in diagnosis.__all__ if name.startswith("find_")}
    assert found == {p.key for p in PARTS}


def test_chosen_parts_come_in_reading_order_whatever_the_order_asked_for() -> None:
    three = tuple(Part(key, "", "?", 1.0, int, str) for key in "abc")  # type: ignore[arg-type]
    assert choose_parts(("c", "a", "c"), three) == (three[0], three[2])
    assert choose_parts((), three) == three


def test_an_unknown_part_suggests_the_nearest() -> None:
    parts = tuple(Part(key, "", "?", 1.0, int, str) for key in ("tails", "shift"))  # type: ignore[arg-type]
    with pytest.raises(PlanError, match=r"no part 'tail' .* Did you mean 'tails'\?"):
        choose_parts(["tail"], parts)
    with pytest.raises(PlanError, match="There are: tails, shift"):
        choose_parts(["quux"], parts)


def test_what_cannot_be_seen_is_said_and_not_raised() -> None:
    def find(case: Case) -> str:
        raise InputError("there is one property only.", hint="Add another.")

    exhibit = part(find).exhibit(NO_CASE)
    assert (exhibit.key, exhibit.title, exhibit.question) == ("k", "Title", "Question?")
    assert exhibit.answer == ("Cannot be seen here: there is one property only. Add another.",)


def test_an_error_of_ours_is_not_hidden() -> None:
    def find(case: Case) -> str:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        part(find).exhibit(NO_CASE)


def test_what_was_found_is_shown() -> None:
    assert part(lambda case: "Found?").exhibit(NO_CASE).question == "Found?"


def test_the_ladder_comes_first_and_strangers_last() -> None:
    keys = ["stranger", *(p.key for p in reversed(PARTS)), LADDER]
    ordered = in_reading_order(Exhibit(key, "", "", ()) for key in keys)
    assert [e.key for e in ordered] == [LADDER, *(p.key for p in PARTS), "stranger"]
