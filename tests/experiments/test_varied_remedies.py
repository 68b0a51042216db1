import json

import pytest
from small_worlds import write_plan

from miscible.errors import PlanError
from miscible.experiments import Experiment, read_experiment, run_grid
from miscible.experiments import _run_grid as module
from miscible.experiments._grid import cells_of

VARIED = '[vary]\n"transfer.every" = [1, 20]\n'


def test_a_parameter_of_a_remedy_varies_like_a_dial_and_is_none(tmp_path):
    plan = read_experiment(write_plan(tmp_path, "[vary]\n", VARIED))
    assert isinstance(plan, Experiment)
    cells = cells_of(plan, full=False)
    assert len(cells) == 2 * 2 * 2 * 2
    assert cells[0].key == "transfer.every=1,counts=60_20,relatedness=0,world=0"
    assert [cell.remedies for cell in cells[::8]] == [{"transfer.every": 1.0}, {"transfer.every": 20.0}]
    assert cells[0].dials == cells[8].dials


def test_every_setting_of_a_point_has_its_value_and_the_size_can_fix_others(tmp_path):
    path = write_plan(
        tmp_path, "[small]\n", '[small]\nrates = [1e-3, 3e-3]\nremedies = {"transfer.rate" = [0.3]}\n'
    )
    plan = read_experiment(path)
    assert isinstance(plan, Experiment)
    tuning = plan.small.tuning_with({"transfer.every": 7.0})
    knobs = [dict(setting.options) for setting in tuning.settings(("transfer",))]
    assert [(k["transfer.every"], k["transfer.rate"]) for k in knobs] == [(7.0, 0.3)] * 2
    assert plan.small.tuning_with().remedies["transfer.every"] == (5.0,)


def test_a_run_hands_each_point_its_value(tmp_path, monkeypatch):
    seen = []

    def look(point):
        seen.append(point.tuning.remedies["transfer.every"])
        return []

    monkeypatch.setitem(module.MEASURES, "truth", look)
    path = write_plan(tmp_path, "[vary]\n", VARIED)
    plan = read_experiment(path)
    assert isinstance(plan, Experiment)
    run_grid(plan, path, tmp_path / "out")
    assert seen == [(1.0,)] * 8 + [(20.0,)] * 8
    cells = [
        json.loads(p.read_text(encoding="utf-8"))
        for p in (tmp_path / "out" / "cells").glob("transfer.every=20,*")
    ]
    assert {cell["values"]["transfer.every"] for cell in cells} == {"20"}


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("[vary]\n", '[vary]\n"transfer.evrey" = [1]\n', ["vary.transfer.evrey", "transfer.every"]),
        ("[vary]\n", '[vary]\n"transfer.every" = [0]\n', ["vary.transfer.every", "positive"]),
        ("[vary]\n", '[vary]\n"transfer.every" = [true]\n', ["vary.transfer.every", "numbers"]),
        ("[vary]\n", '[vary]\n"transfer.every" = ["often"]\n', ["vary.transfer.every", "number"]),
        ("[vary]\n", '[vary]\n"transfer.every" = []\n', ["vary.transfer.every", "at least one value"]),
        ("[full]\n", '[full]\nremedies = {"transfer.every" = [-1]}\n', ["full.remedies", "transfer.every"]),
    ],
)
def test_what_is_no_parameter_or_no_value_of_it_is_refused(tmp_path, old, new, words):
    with pytest.raises(PlanError) as caught:
        read_experiment(write_plan(tmp_path, old, new))
    for word in words:
        assert word in str(caught.value)
