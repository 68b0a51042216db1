from pathlib import Path

import pytest
from small_worlds import write_plan

from miscible.datasets import Dials
from miscible.errors import PlanError
from miscible.experiments import Experiment, PairExperiment, read_experiment
from miscible.experiments._grid import cells_of

PLANS = sorted((Path(__file__).parents[2] / "experiments").glob("*.toml"))


def test_there_is_a_plan_for_every_question():
    assert {path.stem for path in PLANS} >= {
        *(
            "overlap",
            "forms",
            "clusters",
            "derived",
            "imbalance",
            "sampling",
            "reduction",
            "weights",
            "pcgrad",
        ),
        *("attention", "pairs-alloys", "families"),
    }


@pytest.mark.parametrize("path", PLANS, ids=lambda path: path.stem)
def test_plans_of_the_project_can_be_read_in_both_sizes(path):
    plan = read_experiment(path)
    assert plan.name == path.stem
    assert plan.question.endswith("?")
    if isinstance(plan, PairExperiment):
        assert plan.full.folds >= 5 and plan.full.repeats >= 3
        return
    small, full = cells_of(plan, full=False), cells_of(plan, full=True)
    assert 0 < len(small) <= len(full)
    assert len({cell.key for cell in full}) == len(full)
    assert plan.full.redraws * plan.full.worlds >= 100
    if "truth" in plan.measures:
        assert plan.full.redraws >= 20 and plan.full.n_test >= 20_000


def test_a_grid_is_a_full_product(tmp_path):
    plan = read_experiment(write_plan(tmp_path))
    assert isinstance(plan, Experiment)
    cells = cells_of(plan, full=False)
    assert [cell.key for cell in cells][:3] == [
        "counts=60_20,relatedness=0,world=0",
        "counts=60_20,relatedness=0,world=1",
        "counts=60_20,relatedness=0.9,world=0",
    ]
    assert len(cells) == 2 * 2 * 2
    assert cells[-1].dials.counts == (60, 60)
    assert cells[-1].dials.relatedness == 0.9
    assert {cell.dials.noise for cell in cells} == {0.2}
    path = write_plan(tmp_path, "[0, 0.9]", '["", 0.9]')
    left_alone = cells_of(read_experiment(path), full=False)[0]
    assert left_alone.values["relatedness"] == "default"
    assert left_alone.dials.relatedness == Dials().relatedness
    other = write_plan(tmp_path, "[full]", '[full]\ndials = {noise = 1}\nvary = {counts = ["9/9"]}\n')
    cells = cells_of(read_experiment(other), full=True)
    assert {cell.dials.counts for cell in cells} == {(9, 9)}
    assert {cell.dials.noise for cell in cells} == {1.0}
    assert len(cells) == 2 * 3


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('question = "Does a scarce property gain?"', "", ["'question' is missing"]),
        ("[dials]", "[dails]", ["unknown key 'dails'"]),
        ("worlds = 2", "worlds = 0", ["small.worlds", "0"]),
        ('"shared"]', '"sharde"]', ["arms", "sharde", "shared"]),
        ("[dials]", 'measures = ["truht"]\n[dials]', ["measures", "truht", "truth"]),
        ("[dials]", 'kind = "story"\n[dials]', ["kind", "story"]),
        ("[dials]", '[[figures]]\nquantity = "risk"\nx = "overlap"\n[dials]', ["figures.0.x", "overlap"]),
        (
            "[dials]",
            '[[contrasts]]\nquantity = "risk"\ndial = "noise"\nlow = 0\nhigh = 1\n[dials]',
            ["contrasts.0.dial", "noise"],
        ),
        ("[full]", "[full]\nvary = {noise = [1]}", ["full.vary.noise"]),
        ("name =", "name ==", ["TOML"]),
    ],
)
def test_what_is_wrong_is_named_with_file_and_key(tmp_path, old, new, words):
    path = write_plan(tmp_path, old, new)
    with pytest.raises(PlanError) as caught:
        read_experiment(path)
    for word in [str(path), *words]:
        assert word in str(caught.value)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("noise = 0.2", "niose = 0.2", ["dials", "niose", "noise"]),
        ("noise = 0.2", "noise = 0.2\nrelatedness = 1", ["dials.relatedness", "varied"]),
        ("[0, 0.9]", "[0, 9]", ["vary", "relatedness", "9"]),
    ],
)
def test_dials_are_checked_before_anything_runs(tmp_path, old, new, words):
    path = write_plan(tmp_path, old, new)
    plan = read_experiment(path)
    assert isinstance(plan, Experiment)
    with pytest.raises(PlanError) as caught:
        cells_of(plan, full=False, source=path)
    for word in [str(path), *words]:
        assert word in str(caught.value)


def test_a_missing_file_says_where_plans_lie(tmp_path):
    with pytest.raises(PlanError, match="experiments/"):
        read_experiment(tmp_path / "nothing.toml")
