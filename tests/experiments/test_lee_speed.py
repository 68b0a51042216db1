import numpy as np
import pytest
from planted_studies import FOLDS, network, planted_study, record

from miscible.experiments._lee_speed import SPEED, speed_frame, speed_summary

NAN = float("nan")
ERRORS = np.ones((FOLDS, 2))


def of(frame, arm, task=0):
    (row,) = frame[(frame["arm"] == arm) & (frame["property"] == f"p{task}")].to_dict("records")
    return row


def plain(n_folds=3):
    """Two kept networks a fold: the best of the first property is 0.4 after 3 of 4 epochs, 30 steps."""
    curves = [[[0.9, 0.6, 0.4, 0.5], [0.8, 0.7, NAN, 0.9]], [[0.9, 0.8, 0.7, 0.6], [0.9, 0.5, 0.6, 0.7]]]
    networks = [network(f, lines, 40) for f in range(n_folds) for lines in curves]
    return record("shared", (0, 1), networks, seconds=24.0, steps=240)


def test_plain_sharing_reaches_its_own_best_when_it_has_it():
    frame = speed_frame("random", planted_study({"shared": ERRORS}, cells=[plain()]))
    assert list(frame.columns) == list(SPEED)
    row = of(frame, "shared")
    assert (row["target"], row["steps"], row["seconds"]) == pytest.approx((0.4, 30.0, 3.0))
    assert (row["folds"], row["reached"], row["start_steps"], row["times_plain"]) == (3, 3, 0.0, 1.0)
    assert of(frame, "shared", 1)["steps"] == 20.0


def test_separate_networks_count_for_their_own_property_and_what_is_not_reached_is_told():
    first = record("independent", (0,), [network(f, [[0.7, 0.3 if f else 0.5]], 20) for f in range(3)])
    second = record("independent", (1,), [network(f, [[0.6, 0.5 if f == 2 else 0.6]], 20) for f in range(3)])
    errors = {"shared": ERRORS, "independent": ERRORS}
    frame = speed_frame("random", planted_study(errors, cells=[plain(), first, second]))
    row = of(frame, "independent")
    assert (row["folds"], row["reached"], row["steps"]) == (3, 2, 20.0)
    assert row["times_plain"] == pytest.approx(20 / 30)
    late = of(frame, "independent", 1)
    assert (late["folds"], late["reached"]) == (3, 1)
    assert np.isnan([late["steps"], late["seconds"], late["times_plain"]]).all()
    summary = speed_summary(frame).set_index("arm")
    assert (summary.loc["independent", "reached"], summary.loc["independent", "properties"]) == (1, 2)
    assert np.isnan(summary.loc["independent", "steps"])
    assert summary.loc["shared", "steps"] == 25.0


@pytest.mark.parametrize(("arm", "start"), [("transfer", 40.0), ("transfer+scratch", 0.0), ("align", 40.0)])
def test_only_the_target_of_a_network_counts_and_a_start_is_listed_apart(arm, start):
    helps = [
        network(f, [[0.3, 0.1], [0.6, 0.4]], 10, primary=target, ratios=[1.0, 0.5], spread=[None, None])
        for f in range(3)
        for target in (1,)
    ]
    frame = speed_frame(
        "random", planted_study({"shared": ERRORS, arm: ERRORS}, cells=[plain(), record(arm, (0, 1), helps)])
    )
    assert not ((frame["arm"] == arm) & (frame["property"] == "p0")).any()
    row = of(frame, arm, 1)
    assert (row["steps"], row["start_steps"]) == (10.0, start)
    assert row["times_plain"] == pytest.approx((10.0 + start) / 20.0)


def test_groups_count_for_what_they_serve_and_gaps_in_curves_are_no_numbers():
    both = network(0, [[None, 0.4], [0.1, 0.1]], 8, served=[0])
    frame = speed_frame(
        "random",
        planted_study(
            {"shared": ERRORS, "grouped": ERRORS}, cells=[plain(1), record("grouped", (0, 1), [both])]
        ),
    )
    assert of(frame, "grouped")["steps"] == 8.0
    assert not ((frame["arm"] == "grouped") & (frame["property"] == "p1")).any()


def test_without_plain_sharing_there_is_no_mark():
    alone = record("independent", (0,), [network(0, [[0.5]], 5)])
    frame = speed_frame("random", planted_study({"independent": ERRORS}, cells=[alone]))
    assert frame.empty
    assert speed_summary(frame).empty
