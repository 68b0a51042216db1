"""The time budget: who is dropped, that it is written down, and that it is replayed."""

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from small_studies import small_frame, small_plan, small_table

from miscible.errors import MiscibleError
from miscible.strategies import parse_strategies
from miscible.study import Cell, CellRecord, Decision, RunFolder, Silent, StudyResult, run_study
from miscible.study._race import merits, survivors
from miscible.study._store import STOP

FIELD = (
    "mean",
    "ridge",
    "lightgbm",
    "independent+w32",
    "independent+w64",
    "shared+w32",
    "shared+w64",
)
"""13 cells a repeat: independent networks have one a task."""


def inner(*errors: float) -> np.ndarray:
    """The same error in every fold, one a task; one repeat of two folds."""
    return np.tile(np.array(errors, float), (1, 2, 1))


def test_merit_is_wins_less_the_mean_log_ratio_to_the_winner():
    merit = merits({"a": inner(1.0, 4.0, 3.0), "b": inner(2.0, 2.0, 3.0)})
    assert merit["a"] == pytest.approx(2 - np.log(2) / 3)
    assert merit["b"] == pytest.approx(2 - np.log(2) / 3)


def test_merit_ignores_folds_without_a_score_and_tasks_that_nobody_scored():
    some = inner(1.0, np.nan)
    some[0, 1, 0] = np.nan
    merit = merits({"a": some, "b": inner(np.e, np.nan)})
    assert merit["a"] == pytest.approx(1.0)
    assert merit["b"] == pytest.approx(-1.0)


def test_a_strategy_without_any_score_is_the_worst():
    merit = merits({"a": inner(1.0), "b": inner(9.0), "c": inner(np.nan)})
    assert merit["c"] < merit["b"] < merit["a"]
    assert all(np.isfinite(list(merit.values())))


def test_errors_of_zero_and_single_strategies_do_no_harm():
    assert merits({"a": inner(0.0, 2.0)}) == {"a": 2.0}
    assert merits({}) == {}
    assert merits({"a": inner(np.nan)}) == {"a": 0.0}
    two = merits({"a": inner(0.0), "b": inner(1.0)})
    assert two["a"] == 1.0
    assert np.isfinite(two["b"])


def names(strategies: tuple) -> list[str]:
    return [s.name for s in strategies]


def test_nothing_is_dropped_while_there_is_time():
    field = parse_strategies(FIELD)
    kept = survivors(field, {}, dict.fromkeys(FIELD, 1.0), 7.0)
    assert kept == field


def test_the_best_of_each_side_and_lightgbm_always_stay():
    field = parse_strategies([*FIELD, "blend", "ensemble"])
    merit = {
        "mean": -3,
        "ridge": 1,
        "lightgbm": -5,
        "independent+w32": 2,
        "independent+w64": 0,
        "shared+w64": 3,
    }
    kept = survivors(field, merit, dict.fromkeys(FIELD, 1.0), -10.0)
    assert names(kept) == ["ridge", "lightgbm", "independent+w32", "shared+w64", "blend", "ensemble"]


def test_the_worst_goes_first_and_no_more_than_needed():
    field = parse_strategies(["mean", "nearest", "ridge", "extra-trees", "lightgbm"])
    merit = {"mean": 0.0, "nearest": -2.0, "ridge": -1.0, "extra-trees": 5.0, "lightgbm": -9.0}
    seconds = {"mean": 1.0, "nearest": 10.0, "ridge": 10.0, "extra-trees": 1.0, "lightgbm": 1.0}
    assert names(survivors(field, merit, seconds, 20.0)) == ["mean", "ridge", "extra-trees", "lightgbm"]
    assert names(survivors(field, merit, seconds, 12.0)) == ["mean", "extra-trees", "lightgbm"]


def test_both_sides_of_the_sharing_question_keep_equally_many():
    sides = ["shared", "shared+w64", "shared+w256", "independent", "independent+w64", "independent+w256"]
    field = parse_strategies(sides)
    merit = {name: -float(i) for i, name in enumerate(sides)}
    for left in range(7):
        kept = survivors(field, merit, dict.fromkeys(sides, 1.0), float(left))
        assert sum(s.side == "joint" for s in kept) == sum(s.side == "separate" for s in kept) >= 1
        assert len(kept) <= max(left, 2)
    # The worst of all is on the separate side; its rival, the worst of the joint side, goes with it.
    assert names(survivors(field, merit, dict.fromkeys(sides, 1.0), 5.0)) == [
        "shared", "shared+w64", "independent", "independent+w64"
    ]  # fmt: skip


def test_a_side_that_was_smaller_from_the_start_is_not_cut_further():
    field = parse_strategies(["shared", "shared+w64", "shared+w256", "independent"])
    merit = {"shared": 3, "shared+w64": 2, "shared+w256": 1, "independent": 0}
    kept = survivors(field, merit, dict.fromkeys(merit, 1.0), 3.0)
    assert names(kept) == ["shared", "shared+w64", "independent"]


def test_one_strategy_survives_alone():
    field = parse_strategies(["ridge"])
    assert survivors(field, {"ridge": float("nan")}, {"ridge": 9.0}, 0.0) == field
    assert survivors(field, {}, {}, 0.0) == field


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Iterator[SimpleNamespace]:
    """Time that moves only while a cell is fitted: one second by its own count, ``pace`` on the wall."""
    state = SimpleNamespace(now=0.0, pace=1.0, calls=0)

    def perf_counter() -> float:
        state.calls += 1
        state.now += state.pace / 2
        return float(state.calls)

    fake = SimpleNamespace(monotonic=lambda: state.now, perf_counter=perf_counter)
    for module in ("_run", "_executors", "_work"):
        monkeypatch.setattr(f"miscible.study.{module}.time", fake)
    return state


class Ear(Silent):
    """Remembers what it hears; may interrupt."""

    def __init__(self, stop_after: int | None = None) -> None:
        self.cells: list[str] = []
        self.decisions: list[Decision] = []
        self.total = self.done = 0.0
        self.stop_after = stop_after

    def begin(self, total: float, done: float) -> None:
        self.total, self.done = total, done

    def finish(self, cell: Cell, record: CellRecord) -> None:
        self.cells.append(cell.key)
        self.done += cell.cost
        if len(self.cells) == self.stop_after:
            raise KeyboardInterrupt

    def decide(self, decision: Decision, saved: float) -> None:
        self.decisions.append(decision)
        self.total -= saved


def run(path: Path, budget: float | None, ear: Ear | None = None, *, resume: bool = False) -> StudyResult:
    plan = small_plan(FIELD, split={"repeats": 3}, **({} if budget is None else {"budget": budget}))
    return run_study(plan, small_table(small_frame(45)), path, resume=resume, listener=ear)[0]


def assert_equal_numbers(one: StudyResult, other: StudyResult) -> None:
    assert one.strategies == other.strategies
    for kind in ("outer", "inner", "thresholds"):
        first, second = getattr(one, kind), getattr(other, kind)
        assert list(first) == list(second)
        for name in first:
            np.testing.assert_array_equal(first[name], second[name], err_msg=f"{kind} {name}")


def test_a_budget_drops_the_worst_and_says_so(tmp_path: Path, clock: SimpleNamespace):
    ear = Ear()
    result = run(tmp_path / "run", 13.0 + 18.0, ear)
    (decision,) = result.journal
    assert decision.repeat == 1
    assert decision.spent == pytest.approx(13.0)
    assert "2 more repeats would take about 26 s and 18 s were left" in decision.reason
    # Enough to fit, counted by cells; never the last of a side, never LightGBM.
    cost = {name: 4 if name.startswith("independent") else 1 for name in FIELD}
    assert sum(2 * cost[name] for name in FIELD if name not in decision.dropped) <= 18
    assert not {"lightgbm"} & set(decision.dropped)
    assert decision.merits.keys() == set(FIELD)
    for name in FIELD:
        run_in = np.isfinite(result.inner[name]).all(axis=(1, 2))
        assert run_in.tolist() == ([True, False, False] if name in decision.dropped else [True] * 3)
    # The bar ends full, and nothing dropped was trained.
    assert ear.done == pytest.approx(ear.total)
    assert ear.decisions == [decision]
    unlimited = run(tmp_path / "unlimited", None)
    for name in FIELD:
        np.testing.assert_array_equal(result.outer[name][0], unlimited.outer[name][0])
        if name not in decision.dropped:
            np.testing.assert_array_equal(result.outer[name], unlimited.outer[name])


def test_merit_and_not_the_order_of_names_decides(tmp_path: Path, clock: SimpleNamespace):
    result = run(tmp_path / "run", 13.0 + 18.0)
    (decision,) = result.journal
    merit = decision.merits
    expected = merits({name: result.inner[name][:1] for name in FIELD})
    assert merit == pytest.approx(expected)
    best = {side: max((s for s in result.strategies if s.side == side), key=lambda s: merit[s.name]).name
            for side in ("joint", "separate", "baseline")}  # fmt: skip
    assert not set(best.values()) & set(decision.dropped)


def test_a_resumed_run_replays_what_was_dropped(tmp_path: Path, clock: SimpleNamespace):
    whole = run(tmp_path / "run", 31.0)
    for cell in sorted((tmp_path / "run" / "cells").iterdir())[::3]:
        cell.unlink()
    clock.pace = 0.001
    ear = Ear()
    again = run(tmp_path / "run", 31.0, ear, resume=True)
    assert again.journal == whole.journal == tuple(ear.decisions)
    assert_equal_numbers(again, whole)
    assert ear.done == pytest.approx(ear.total)


def test_that_all_go_on_is_a_decision_too(tmp_path: Path, clock: SimpleNamespace):
    """Time lost between kill and resume must not drop what had been kept, with half its cells done."""
    ear = Ear(stop_after=13 + 5)
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path / "run", 45.0, ear)
    (kept,) = RunFolder(tmp_path / "run").journal()
    assert kept.dropped == ()
    assert kept.repeat == 1
    clock.now += 1000.0
    result = run(tmp_path / "run", 45.0, resume=True)
    assert result.journal == ()
    assert_equal_numbers(result, run(tmp_path / "other", None))


def test_a_budget_that_ends_within_a_repeat_stops_there_for_good(tmp_path: Path, clock: SimpleNamespace):
    clock.pace = 3.0
    result = run(tmp_path / "run", 50.0)
    assert [STOP in d.dropped for d in result.journal] == [False, True]
    stop = result.journal[-1]
    assert stop.repeat == 1
    assert "spent in repeat 2" in stop.reason
    left_out = [n for n in FIELD if n in stop.reason]
    assert left_out
    assert all(np.isnan(result.inner[n][2]).all() for n in FIELD)
    # Faster now, but the numbers stay those of the run.
    clock.pace = 0.001
    ear = Ear()
    again = run(tmp_path / "run", 50.0, ear, resume=True)
    assert ear.cells == []
    assert ear.done == pytest.approx(ear.total)
    assert again.journal == result.journal
    assert_equal_numbers(again, result)


def test_a_repeat_cut_short_is_not_whole_for_the_arms_it_lacks(tmp_path: Path, clock: SimpleNamespace):
    clock.pace = 3.0
    result = run(tmp_path / "run", 50.0)
    stop = result.journal[-1].repeat
    for task in range(4):
        done = {c.strategy for c in result.cells if c.repeat == stop and task in c.tasks}
        alive = set(FIELD) - {n for d in result.journal for n in d.dropped}
        for side in ("joint", "separate", "baseline"):
            arm = [s.name for s in result.strategies if s.side == side]
            assert result.is_whole(0, arm, task)
            assert result.is_whole(stop, arm, task) == (set(arm) & alive <= done)
            assert not result.is_whole(2, arm, task)


def test_no_time_at_all_is_an_error_not_an_empty_report(tmp_path: Path, clock: SimpleNamespace):
    clock.now = 5.0
    with pytest.raises(MiscibleError, match="before a single strategy was done") as caught:
        run_study(
            small_plan(budget=1e-9),
            small_table(small_frame()),
            tmp_path / "run",
            listener=LateListener(clock),
        )
    assert "--budget" in str(caught.value)


class LateListener(Silent):
    """Time passes before the first cell."""

    def __init__(self, clock: SimpleNamespace) -> None:
        self.clock = clock

    def begin(self, total: float, done: float) -> None:
        self.clock.now += 1.0
