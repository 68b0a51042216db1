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
        ({"transfer.strength": [0.0]}, ["'transfer.strength'", "must be positive"]),
        ({"transfer.networks": [0.0]}, ["'transfer.networks'", "must be positive"]),
        ({"transfer.every": [2.5]}, ["'transfer.every'", "whole number", "2.5"]),
        ({"transfer.every": [0.0]}, ["'transfer.every'", "must be positive"]),
        ({"transfer.horizon": [1.5]}, ["'transfer.horizon'", "whole number"]),
        ({"transfer.horizon": [6]}, ["'transfer.horizon'", "at most 'transfer.every'", "6 and 5"]),
        ({"transfer.every": [2], "transfer.horizon": [3]}, ["'transfer.horizon'", "3 and 2"]),
        ({"transfer.rate": [0.0]}, ["'transfer.rate'", "must be positive"]),
        ({"transfer.updates": [10.5]}, ["'transfer.updates'", "whole number"]),
        ({"transfer.seeds": [0]}, ["'transfer.seeds'", "must be positive"]),
        ({"transfer.seeds": [1.5]}, ["'transfer.seeds'", "whole number"]),
        ({"transfer.labels": [0.5]}, ["'transfer.labels'", "whole number"]),
        ({"transfer.labels": [-1]}, ["transfer.labels", "greater than or equal to 0"]),
        ({"transfer.bias": [0.5]}, ["'transfer.bias'", "0 (no) or 1 (yes)", "0.5"]),
        ({"transfer.noise": [-0.1]}, ["transfer.noise", "greater than or equal to 0"]),
        ({"transfer.every": [5, 20]}, ["'transfer.every'", "takes one value", "found 2"]),
        ({"align.sources": [1.5]}, ["'align.sources'", "whole number"]),
        ({"align.sources": [0]}, ["'align.sources'", "must be positive"]),
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


NEEDS = {
    "bmc": "shared+w32+balanced+bmc",
    "transfer": "transfer+w32+scratch",
    "align": "align+w32+scratch+equal",
}
OF_ONE_STEP = ("every", "horizon", "rate", "updates", "seeds")
ANOTHER = {
    "transfer.networks": 50.0,
    "transfer.every": 2.0,
    "transfer.horizon": 3.0,
    "transfer.rate": 0.5,
    "transfer.updates": 12.0,
    "transfer.seeds": 1.0,
    "transfer.labels": 4.0,
    "transfer.bias": 1.0,
    "transfer.noise": 1.0,
    "align.sources": 1.0,
}
"""Where only one value is tried by default."""


@pytest.mark.parametrize("name", REMEDIES)
def test_every_parameter_reaches_the_network(name: str):
    """After enough epochs: the first steps of GradNorm follow signs, which its parameter seldom changes."""
    remedy, _, parameter = name.partition(".")
    spelt = NEEDS.get(remedy, f"shared+w32+{remedy}")
    one_step = remedy == "transfer" and parameter in OF_ONE_STEP
    if name == "transfer.pace":
        spelt = "transfer+w32+pretrained"
    strategy = parse_strategy(f"{spelt}+one-step" if one_step else spelt)
    folds = make_folds(1)
    fewer = {"transfer.updates": (20.0,)} if one_step else {}
    values = fewer.get(name, REMEDIES[name])
    values = (*values, ANOTHER[name]) if name in ANOTHER else values
    predictions = []
    for value in (*values, values[0]):
        tuning = Tuning(
            rates=(4e-3,),
            decays=(0.0,),
            halving=(),
            epochs=8,
            patience=8,
            steps=6,
            remedies={**fewer, name: (value,)},
        )
        (fitted,) = fit_networks(strategy, folds, (0, 1, 2), tuning, seed=3)
        options = fitted.kept[0]["options"]
        assert isinstance(options, dict) and options[name] == value
        assert set(options) == {n for n in REMEDIES if n.partition(".")[0] in strategy.remedies}
        predictions.append(fitted.ensemble.predict(folds[0].inputs))
    assert np.isfinite(predictions).all()
    np.testing.assert_array_equal(predictions[0], predictions[-1])
    assert np.abs(predictions[0] - predictions[1]).max() > 1e-6
