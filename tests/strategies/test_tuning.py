"""Parameters of remedies are spread over the settings that every arm has, and each of them does something."""

from itertools import combinations

import numpy as np
import pytest
import torch
from network_folds import make_folds

from miscible.errors import PlanError
from miscible.learning import Setting
from miscible.strategies import Tuning, fit_networks, parse_strategy
from miscible.strategies._tuning import REMEDIES
from miscible.study import make_plan, plan_text, read_plan

THREE = ("gradnorm", "lds", "fds")
FOUR = (*THREE, "focal")
PLAN = {"table": {"source": "t.csv", "targets": ["a:reg"]}, "strategies": ["mean"]}


@pytest.fixture(autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def column(settings: tuple[Setting, ...], name: str) -> list[float]:
    if name in ("rate", "decay"):
        return [getattr(s, name) for s in settings]
    return [dict(s.options)[name] for s in settings]


def meetings(settings: tuple[Setting, ...], one: str, other: str) -> dict[tuple[float, float], int]:
    pairs = list(zip(column(settings, one), column(settings, other), strict=True))
    return {pair: pairs.count(pair) for pair in pairs}


@pytest.mark.parametrize("remedies", [(), ("pcgrad",), ("lds",), ("famo",), THREE, FOUR])
def test_a_remedy_costs_no_network_more(remedies: tuple[str, ...]):
    tuning = Tuning()
    settings = tuning.settings(remedies)
    plain = [(s.rate, s.decay) for s in settings]
    assert plain == [(rate, decay) for rate in tuning.rates for decay in tuning.decays]
    expected = {name for name in REMEDIES if name.partition(".")[0] in remedies}
    assert all({name for name, _ in s.options} == expected for s in settings)


@pytest.mark.parametrize("name", REMEDIES)
def test_each_rate_and_decay_meets_each_value_equally_often(name: str):
    settings = Tuning().settings([name.partition(".")[0]])
    for axis, levels in (("rate", 4), ("decay", 2)):
        found = meetings(settings, axis, name)
        assert len(found) == levels * len(REMEDIES[name])
        assert len(set(found.values())) == 1
    assert sorted(set(column(settings, name))) == sorted(REMEDIES[name])


def test_two_remedies_are_not_confounded():
    for remedies in (*combinations(FOUR, 2), *combinations(FOUR, 3)):
        settings = Tuning().settings(remedies)
        names = [name for name, _ in settings[0].options]
        assert len(names) == len(remedies)
        for one, other in combinations(("rate", "decay", *names), 2):
            found = meetings(settings, one, other)
            assert len(found) == len(set(column(settings, one))) * len(set(column(settings, other)))
            assert len(set(found.values())) == 1


def test_four_remedies_still_meet_every_rate_and_decay():
    settings = Tuning().settings(FOUR)
    for name, _ in settings[0].options:
        assert len(meetings(settings, "rate", name)) == 8
        assert len(meetings(settings, "decay", name)) == 4


@pytest.mark.parametrize(
    "tuning", [Tuning(decays=(0.1,)), Tuning(rates=(1e-3, 2e-3, 3e-3), decays=(0.1, 0.2, 0.3))]
)
def test_other_grids_try_every_value_of_every_remedy(tuning: Tuning):
    settings = tuning.settings(FOUR)
    assert len(settings) == len(tuning.rates) * len(tuning.decays)
    for name, _ in settings[0].options:
        assert set(column(settings, name)) == set(REMEDIES[name])


def test_given_values_replace_those_of_the_same_name():
    tuning = Tuning(remedies={"lds.sigma": (0.5, 1.0, 4.0)})
    assert tuning.remedies == {**REMEDIES, "lds.sigma": (0.5, 1.0, 4.0)}
    assert set(column(tuning.settings(["lds"]), "lds.sigma")) == {0.5, 1.0, 4.0}
    assert set(column(tuning.settings(["fds"]), "fds.sigma")) == set(REMEDIES["fds.sigma"])


@pytest.mark.parametrize(
    ("remedies", "words"),
    [
        ({"lds.width": [1.0]}, ["'lds.width'", "must be one of", "lds.sigma"]),
        ({"pcgrad": [1.0]}, ["'pcgrad'", "must be one of"]),
        ({"lds.sigma": []}, ["'lds.sigma'", "at least one value"]),
        ({"lds.sigma": [0.0]}, ["'lds.sigma'", "must be positive", "0.0"]),
        ({"gai.noise": [0.5, 0.0]}, ["'gai.noise'", "must be positive"]),
        ({"focal.gamma": [-1.0]}, ["focal.gamma", "greater than or equal to 0", "-1.0"]),
        ({"gradnorm.alpha": [float("nan")]}, ["gradnorm.alpha", "finite"]),
        ({"bni.noise": [float("inf")]}, ["bni.noise", "finite"]),
        ({"gradvac.beta": [1.5]}, ["'gradvac.beta'", "1.5"]),
        ({"dwa.temperature": [0.0]}, ["'dwa.temperature'", "0.0"]),
        ({"cagrad.c": [0.0]}, ["'cagrad.c'", "0.0"]),
        ({"fairgrad.alpha": ["much"]}, ["fairgrad.alpha", "much"]),
        ([1.0], ["dict", "1.0"]),
    ],
)
def test_a_plan_with_bad_values_names_the_key(remedies: object, words: list[str]):
    with pytest.raises(PlanError) as caught:
        make_plan({**PLAN, "tuning": {"remedies": remedies}}, source="my.toml")
    for word in ("my.toml", "tuning.remedies", *words):
        assert word in str(caught.value)


def test_a_plan_keeps_remedies_through_toml(tmp_path):
    given = {"lds.sigma": [0.5, 2.0], "uncertainty.learning_rate": [0.02]}
    plan = make_plan({**PLAN, "tuning": {"remedies": given}})
    (tmp_path / "plan.toml").write_text(plan_text(plan), encoding="utf-8")
    again = read_plan(tmp_path / "plan.toml")
    assert again == plan
    assert again.tuning.remedies["lds.sigma"] == (0.5, 2.0)
    assert list(again.tuning.remedies) == list(REMEDIES)
    assert again.tuning.settings(FOUR) == plan.tuning.settings(FOUR)


NEEDS = {"bmc": "balanced+bmc"}


@pytest.mark.parametrize("name", REMEDIES)
def test_every_parameter_reaches_the_network(name: str):
    remedy = name.partition(".")[0]
    """After enough epochs: the first steps of GradNorm follow signs, which its parameter seldom changes."""
    strategy = parse_strategy(f"shared+w32+{NEEDS.get(remedy, remedy)}")
    folds = make_folds(1)
    predictions = []
    for value in (*REMEDIES[name], REMEDIES[name][0]):
        tuning = Tuning(
            rates=(4e-3,), decays=(0.0,), halving=(), epochs=8, patience=8, steps=6, remedies={name: (value,)}
        )
        (fitted,) = fit_networks(strategy, folds, (0, 1, 2), tuning, seed=3)
        assert fitted.kept[0]["options"] == {name: value}
        predictions.append(fitted.ensemble.predict(folds[0].inputs))
    assert np.isfinite(predictions).all()
    np.testing.assert_array_equal(predictions[0], predictions[-1])
    assert np.abs(predictions[0] - predictions[1]).max() > 1e-6
