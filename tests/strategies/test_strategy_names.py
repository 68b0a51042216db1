"""Names of strategies: every product to its name and back, and what is refused."""

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from miscible.baselines import BASELINES
from miscible.errors import PlanError
from miscible.strategies import BLEND, Strategy, parse_strategies, parse_strategy
from miscible.strategies._strategy import AXES, SETS

SHARED = [dict(zip(AXES, values, strict=True)) for values in product(*AXES.values())]


def test_every_product_of_shared_parses_from_its_name_and_back():
    strategies = [Strategy("shared", **values) for values in SHARED]
    names = [s.name for s in strategies]
    assert len(set(names)) == len(strategies) == 2 * 3 * 3 * 2 * 5
    assert [parse_strategy(name) for name in names] == strategies
    assert {s.side for s in strategies} == {"joint"}
    assert all(s.is_network and f"w{s.n_units}" == s.width for s in strategies)


@pytest.mark.parametrize(
    "name", ["independent", *(f"independent+{w}" for w in AXES["width"]), *BASELINES, BLEND]
)
def test_the_others_have_their_own_names(name: str):
    strategy = parse_strategy(name)
    assert strategy.name == name.replace("+w128", "")
    assert parse_strategy(strategy.name) == strategy
    assert strategy.side == ("separate" if name.startswith("independent") else "baseline")
    assert strategy.is_network == name.startswith("independent")


@given(st.sampled_from(SHARED), st.randoms(use_true_random=False))
def test_words_may_stand_in_any_order_with_spaces_and_defaults(values: dict, random):
    words = list(values.values())
    random.shuffle(words)
    assert parse_strategy(" + ".join(["shared", *words])) == Strategy("shared", **values)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("share", ["unknown strategy", "'share'", "did you mean shared"]),
        ("lightgmb", ["'lightgmb'", "lightgbm"]),
        ("shared+balancd", ["unknown word 'balancd'", "did you mean balanced"]),
        ("shared+w100", ["'w100'", "w128"]),
        ("shared+", ["unknown word ''", "choose from"]),
        ("zzz", ["'zzz'", "choose from", "shared", "ridge", "blend"]),
        ("independent+balanced", ["'balanced'", "makes no sense", "one task", "sampling"]),
        ("independent+per-task", ["'per-task'", "makes no sense", "checkpoint"]),
        ("lightgbm+per-task", ["'per-task'", "makes no sense", "no network", "checkpoint"]),
        ("blend+w64", ["'w64'", "makes no sense"]),
        ("shared+balanced+temperature", ["'temperature'", "'balanced'", "same axis"]),
        ("shared+w64+w64", ["'w64'", "same axis"]),
        ("shared+proportional+balanced", ["same axis"]),
    ],
)
def test_refused_names_say_why(name: str, words: list[str]):
    with pytest.raises(PlanError) as caught:
        parse_strategy(name)
    for word in words:
        assert word in str(caught.value)


@pytest.mark.parametrize("names", [["blend"], ["blend", "lightgbm"], ["blend", "shared", "ridge"]])
def test_a_blend_needs_lightgbm_and_a_network(names: list[str]):
    with pytest.raises(PlanError, match="mixes lightgbm with a network"):
        parse_strategies(names)
    assert len(parse_strategies([*names, "lightgbm", "independent"])) == len(
        {*names, "lightgbm", "independent"}
    )


@pytest.mark.parametrize("name", SETS)
def test_sets_unfold_to_strategies_once_each(name: str):
    strategies = parse_strategies([name, *SETS[name], "mean"])
    assert [s.name for s in strategies] == list(dict.fromkeys([*SETS[name], "mean"]))


def test_the_default_set_gives_both_sides_as_many_strategies():
    sides = [s.side for s in parse_strategies(["default"])]
    assert sides.count("joint") == sides.count("separate") >= 2


def test_no_strategy_is_an_error():
    with pytest.raises(PlanError, match="no strategy named"):
        parse_strategies([])


def test_simple_strategies_come_first():
    strategies = parse_strategies(["default", "shared+w256"])
    ordered = [s.name for s in sorted(strategies, key=lambda s: s.complexity)]
    assert ordered[:4] == ["mean", "nearest", "ridge", "lightgbm"]
    assert ordered.index("independent+w64") < ordered.index("independent") < ordered.index("shared")
    assert ordered.index("shared") < ordered.index("shared+w256") < ordered.index(BLEND)
