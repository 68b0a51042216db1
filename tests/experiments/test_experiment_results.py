import json

import numpy as np
import pandas as pd
import pytest
from scipy.stats import mannwhitneyu
from small_worlds import write_plan

from miscible.errors import PlanError
from miscible.experiments import MEASURES, Record, read_experiment, run_grid
from miscible.experiments._figure import draw
from miscible.experiments._results import CellRecords, _separation, exceedance, first_rise, result_frame


def cells(values_of):
    """Two worlds a point; ``values_of(relatedness, world)`` are the redraws of one number."""
    return [
        CellRecords(
            {"counts": "60/20", "relatedness": r},
            w,
            {"truth": (Record.of("difference", "a", "shared", np.asarray(values_of(float(r), w))),)},
        )
        for r in ("0", "0.9")
        for w in range(2)
    ]


def read(tmp_path, extra=""):
    return read_experiment(write_plan(tmp_path, "[dials]", f"{extra}\n[dials]"))


def test_means_are_over_worlds_and_errors_say_over_what(tmp_path):
    frame = result_frame(read(tmp_path), cells(lambda r, w: [1.0 + w, 3.0 + w]))
    row = frame.iloc[0]
    assert row["mean"] == pytest.approx(2.5)
    assert row["over"] == "redraws"
    assert row["standard_error"] == pytest.approx(np.sqrt(1.0 + 1.0) / 2)
    assert row["n"] == 4
    many = [CellRecords(c.values, w, c.records) for w in range(3) for c in cells(lambda r, v: [r + v] * 2)]
    frame = result_frame(read(tmp_path), many)
    assert set(frame["over"]) == {"worlds"}
    worlds = np.tile([0.0, 1.0], 3)
    assert frame.iloc[0]["standard_error"] == pytest.approx(np.std(worlds, ddof=1) / np.sqrt(6))


def test_what_cannot_be_seen_does_not_count(tmp_path):
    frame = result_frame(read(tmp_path), cells(lambda r, w: [np.nan, 2.0]))
    assert frame.iloc[0]["mean"] == 2.0
    assert frame.iloc[0]["n"] == 2
    assert np.isnan(frame.iloc[0]["standard_error"])
    frame = result_frame(read(tmp_path), cells(lambda r, w: [np.nan, np.nan]))
    assert np.isnan(frame.iloc[0]["mean"]) and frame.iloc[0]["n"] == 0


def test_exceedance_is_the_statistic_of_mann_and_whitney():
    rng = np.random.default_rng(0)
    low, high = rng.integers(0, 6, 30).astype(float), rng.integers(2, 9, 20).astype(float)
    expected = mannwhitneyu(high, low).statistic / (30 * 20)
    assert exceedance(np.append(low, np.nan), high) == pytest.approx(expected)
    assert np.isnan(exceedance(low[:0], high))


def test_a_contrast_adds_a_row_of_its_own(tmp_path):
    extra = '[[contrasts]]\nquantity = "difference"\ndial = "relatedness"\nlow = 0\nhigh = 0.9\n'
    frame = result_frame(read(tmp_path, extra), cells(lambda r, w: [r + 0.1 * w, r + 0.2]))
    told = frame[frame["quantity"] == "separation of difference"]
    assert len(told) == 1
    assert told["mean"].item() == 1.0
    assert told["relatedness"].item() == "0.9 against 0"


def test_the_error_of_a_contrast_grows_with_worlds_that_are_alike_inside():
    rng = np.random.default_rng(3)
    n_worlds, chances, told = 12, [], []
    for _ in range(200):
        shift = rng.normal(0.7, 1.0, (n_worlds, 1))
        high = list(shift + 0.05 * rng.standard_normal((n_worlds, 5)))
        low = list(rng.standard_normal((n_worlds, 1)) + 0.05 * rng.standard_normal((n_worlds, 5)))
        found = _separation(low, high)
        chances.append(found["mean"])
        told.append(found["standard_error"])
    assert np.mean(told) == pytest.approx(np.std(chances), rel=0.25)
    few = _separation(low[:2], high[:2])
    assert few["over"] == "redraws" and few["n"] == 20


def test_a_threshold_is_where_the_mean_rises_above_zero(tmp_path):
    extra = '[[thresholds]]\nquantity = "difference"\ndial = "relatedness"\n'
    frame = result_frame(read(tmp_path, extra), cells(lambda r, w: [r - 0.3, r - 0.3]))
    assert frame[frame["quantity"] == "zero of difference"]["mean"].item() == pytest.approx(0.3)
    x = np.array([0.0, 1.0, 2.0])
    assert first_rise(x, np.array([1.0, -1.0, 1.0]), x)[0] == 0.0
    assert first_rise(x, np.array([-1.0, -1.0, -0.5]), x)[0] == np.inf
    place, error = first_rise(x, np.array([-1.0, -1.0, 3.0]), np.array([9.0, 0.4, 0.4]))
    assert place == pytest.approx(1.25)
    # The place moves by a quarter of a unit of x for a unit of y; each end counts by its nearness.
    draws = np.random.default_rng(1).normal([-1.0, 3.0], 0.01, (20_000, 2))
    places = 1.0 - draws[:, 0] / (draws[:, 1] - draws[:, 0])
    assert error == pytest.approx(np.std(places) * 40, rel=0.05)


def test_figures_draw_every_value_once(tmp_path):
    plan = read(tmp_path, '[[figures]]\nquantity = "difference"\nx = "relatedness"\npanel = "task"\n')
    frame = result_frame(plan, cells(lambda r, w: [r, r + 1.0]))
    figure = draw(frame, plan.figures[0], tuple(plan.vary))
    assert [trace.name for trace in figure.data] == ["shared"]
    assert list(figure.data[0].x) == [0.0, 0.9]
    assert list(figure.data[0].y) == pytest.approx([0.5, 1.4])
    assert draw(frame[:0], plan.figures[0], tuple(plan.vary)).data == ()


def test_a_run_is_written_cell_by_cell_and_goes_on(tmp_path, monkeypatch):
    path = write_plan(tmp_path, ', "60/60"]', "]")
    plan = read_experiment(path)
    whole = run_grid(plan, path, tmp_path / "whole")
    assert set(whole["quantity"]) == {"risk", "difference"}
    # Two points, two tasks; risks of two arms and the difference of one.
    assert len(whole) == 2 * 2 * 3
    assert (tmp_path / "whole" / "plan.toml").read_bytes() == path.read_bytes()
    page = (tmp_path / "whole" / "figure.html").read_text(encoding="utf-8")
    assert "Does a scarce property gain?" in page and "src=" not in page.split("</script>")[-1]

    truth, calls = MEASURES["truth"], []

    def failing(point):
        calls.append(point)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return truth(point)

    monkeypatch.setitem(MEASURES, "truth", failing)
    out = tmp_path / "run"
    with pytest.raises(KeyboardInterrupt):
        run_grid(plan, path, out)
    assert len(list((out / "cells").iterdir())) == 2
    with pytest.raises(PlanError, match="--resume"):
        run_grid(plan, path, out)
    resumed = run_grid(plan, path, out, resume=True)
    assert len(calls) == 3 + 2
    pd.testing.assert_frame_equal(resumed, whole)
    pd.testing.assert_frame_equal(run_grid(plan, path, out, resume=True), whole)
    assert len(calls) == 5
    with pytest.raises(PlanError, match="another plan or size"):
        run_grid(plan, path, out, full=True, resume=True)
    cell = json.loads(next((out / "cells").iterdir()).read_text(encoding="utf-8"))
    assert {"values", "world", "seconds", "records"} == set(cell)


def test_pairs_measure_one_partner_at_a_time(tmp_path):
    path = write_plan(tmp_path, "[dials]", 'measures = ["pairs"]\n[dials]')
    path.write_text(path.read_text().replace('["60/20", "60/60"]', '["40/40/40"]'))
    frame = run_grid(read_experiment(path), path, tmp_path / "run")
    assert len(frame) == 2 * 6
    assert set(frame["arm"]) == {"with property_1", "with property_2", "with property_3"}
    assert np.isfinite(frame["mean"]).all()
    own = frame["task"].str[-1] == frame["arm"].str[-1]
    assert not own.any()


def test_what_a_rule_did_is_told_of_arms_that_have_one(tmp_path):
    path = write_plan(tmp_path, '["independent", "shared"]', '["shared", "shared+pcgrad", "shared+average"]')
    path.write_text(
        path.read_text()
        .replace("[dials]", 'measures = ["rules"]\n[dials]\noverlap = 1')
        .replace('"60/20", ', "")
    )
    frame = run_grid(read_experiment(path), path, tmp_path / "run")
    assert set(frame["arm"]) == {"shared+pcgrad", "shared+average"}
    assert set(frame["task"]) == {"all"}
    acted = frame[frame["quantity"] == "steps acted"].set_index("arm")["mean"]
    assert (acted["shared+average"] == 1.0).all()
    assert acted["shared+pcgrad"].between(0.01, 0.99).all()
    conflicts = frame[frame["quantity"] == "pairs in conflict"].set_index("arm")["mean"]
    # With two tasks PCGrad acts where they are in conflict, and nowhere else.
    assert conflicts["shared+pcgrad"].to_numpy() == pytest.approx(acted["shared+pcgrad"].to_numpy(), abs=0.02)
    assert conflicts["shared+average"].isna().all()
