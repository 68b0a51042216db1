"""What the budget decided, as the report words it."""

from miscible.advisor._report_data import _entry
from miscible.study import Decision


def test_a_stop_falls_inside_its_repeat_and_a_race_before_it() -> None:
    raced = _entry(Decision(1, ("ridge", "shared"), "slow", 12.4, {}))
    assert (raced.when, raced.what, raced.why) == (
        "before repeat 2, after 12 s",
        "dropped: ridge, shared",
        "slow",
    )
    stopped = _entry(Decision(1, ("everything",), "spent", 60.0, {}))
    assert (stopped.when, stopped.what) == ("in repeat 2, after 60 s", "the study ended")
