"""Names of strategies: every product to its name and back, and what is refused."""

from dataclasses import fields, replace

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from miscible.baselines import BASELINES
from miscible.errors import PlanError
from miscible.strategies import BLEND, MIXTURES, SETS, Strategy, parse_strategies, parse_strategy
from miscible.strategies._axes import ALLOWED, AXES, NETWORKS

DEFAULT = {field.name: field.default for field in fields(Strategy)}
AWKWARD = ("yield strength [MPa]", "a+b", "a/b\\c", "+from=x", "n = 2", "Härte", "l1", "from=", "%2F", "α|β")


def is_at_odds(values: dict[str, str]) -> bool:
    """Products of allowed axes whose parts work against each other, said again."""
    balanced_mse = values.get("labels") in ("bmc", "gai", "bni")
    starved = values.get("labels") == "bmc" and values.get("sampling", "proportional") == "proportional"
    return (
        (starved and values["architecture"] != "independent")
        or (balanced_mse and values.get("rule") == "famo")
        or ("source" in values and values.get("rule", "sum") != "sum")
    )


@st.composite
def products(draw: st.DrawFn) -> dict[str, str]:
    """An architecture and some of the axes it has, each with one of its words."""
    architecture = draw(st.sampled_from(NETWORKS))
    values = {"architecture": architecture}
    for axis, words in AXES.items():
        if axis in ALLOWED[architecture] and draw(st.booleans()):
            values[axis] = draw(st.sampled_from(words))
    if "source" in ALLOWED[architecture] and draw(st.booleans()):
        values["source"] = draw(st.sampled_from(AWKWARD) | st.text(min_size=1))
        assume(values["source"] == values["source"].strip() != "")
    return values


def spelt(values: dict[str, str], order) -> str:
    """Words in any order with spaces, defaults too; the source stands last."""
    words = [word for axis, word in values.items() if axis not in ("architecture", "source")]
    order.shuffle(words)
    source = [f"from= {values['source']} "] if "source" in values else []
    return " + ".join([values["architecture"], *words]) + "".join(f" +{word}" for word in source)


@given(products(), st.randoms(use_true_random=False))
def test_a_product_is_its_name_and_back_or_refused(values: dict[str, str], order):
    text = spelt(values, order)
    if is_at_odds(values):
        with pytest.raises(PlanError):
            parse_strategy(text)
        return
    strategy = parse_strategy(text)
    assert strategy == replace(Strategy(values["architecture"]), **values)
    assert parse_strategy(strategy.name) == strategy
    assert strategy.is_network and f"w{strategy.n_units}" == strategy.width
    assert strategy.side == ("separate" if values["architecture"] == "independent" else "joint")
    said = [word for axis, word in values.items() if axis != "source" and word != DEFAULT.get(axis)]
    named, _, source = strategy.name.partition("+from=")
    assert sorted(named.split("+")) == sorted(said)
    assert source == values.get("source", "")


def test_two_products_have_two_names():
    """Of every two axes together, over all architectures."""
    seen: dict[str, Strategy] = {}
    for architecture in NETWORKS:
        for one in sorted(ALLOWED[architecture] - {"source"}):
            for other in sorted(ALLOWED[architecture] - {"source", one}):
                for word in AXES[one]:
                    for second in AXES[other]:
                        try:
                            strategy = parse_strategy(f"{architecture}+{word}+{second}")
                        except PlanError:
                            continue
                        assert seen.setdefault(strategy.name, strategy) == strategy
    assert len(seen) == len(set(seen.values())) > 2_000


def test_every_axis_is_a_field_in_the_order_of_names_and_a_word_belongs_to_one():
    assert tuple(AXES) == tuple(DEFAULT)[1:-1]
    words = [word for values in AXES.values() for word in values]
    assert len(set(words)) == len(words)
    for axis, values in AXES.items():
        assert DEFAULT[axis] in (*values, "none")
    assert set().union(*ALLOWED.values()) == {*AXES, "source"}


@pytest.mark.parametrize("source", AWKWARD)
def test_a_source_may_be_called_anything(source: str):
    strategy = parse_strategy(f"warm+frozen+w64+from={source}")
    assert (strategy.source, strategy.tuned, strategy.width) == (source, "frozen", "w64")
    assert strategy.name == f"warm+w64+frozen+from={source}"
    assert parse_strategy(strategy.name) == strategy


@pytest.mark.parametrize("name", [*BASELINES, *MIXTURES])
def test_baselines_and_mixtures_have_their_own_names(name: str):
    strategy = parse_strategy(name)
    assert strategy.name == name
    assert strategy == Strategy(name)
    assert strategy.side == "baseline"
    assert not strategy.is_network and not strategy.remedies
    assert strategy.is_mixture == (name in ("blend", "ensemble"))


def test_what_a_strategy_tells_those_who_train_it():
    strategy = parse_strategy("grouped+gai+fds+focal+pcgrad+n6+pairs+w256")
    assert strategy.remedies == ("gai", "fds", "focal", "pcgrad")
    assert (strategy.n_networks, strategy.n_units, strategy.mixing) == (6, 256, "none")
    assert [parse_strategy(name).mixing for name in ("relation-dynamic", "mmoe+w32", "warm")] == [
        "relation-dynamic",
        "mmoe",
        "none",
    ]
    assert parse_strategy("shared+sum+joint").remedies == ()
    assert parse_strategy(f"transfer+{DEFAULT['ratios']}+{DEFAULT['begin']}").name == "transfer"
    assert parse_strategy("transfer+equal").remedies == ("transfer",)
    assert parse_strategy("align+equal").remedies == ("transfer", "align")


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
        ("shared+lds+gai", ["'gai'", "'lds'", "same axis"]),
        ("shared+class-weights+focal", ["'focal'", "same axis"]),
        ("shared+pcgrad+gradnorm", ["'gradnorm'", "'pcgrad'", "same axis"]),
        ("shared+pcgard", ["unknown word 'pcgard'", "did you mean pcgrad"]),
        ("relatoin", ["unknown strategy", "did you mean relation"]),
        ("shared+none", ["unknown word 'none'"]),
        ("shared+bmc", ["'bmc'", "proportional batch", "scarce", "Add 'balanced' or 'temperature'"]),
        ("warm+bmc+proportional", ["'bmc'", "proportional batch", "take 'gai' or 'bni'"]),
        ("shared+famo+gai", ["'famo'", "logarithm", "Balanced MSE can be negative", "'lds'"]),
        ("mmoe+balanced+bmc+famo", ["'famo'", "Balanced MSE"]),
        ("grouped+bni+famo", ["'famo'", "Balanced MSE"]),
        ("warm+pcgrad+from=a b", ["one source", "'pcgrad'", "Leave out 'pcgrad', or 'from=a b'"]),
        ("relation+fds", ["'fds'", "makes no sense", "'relation' has no features"]),
        ("mmoe+fds", ["'fds'", "'mmoe' has no features"]),
        ("independent+pcgrad", ["'pcgrad'", "one task has no rule"]),
        ("independent+frozen", ["'frozen'", "one task has no tuned"]),
        ("shared+frozen", ["'frozen'", "'shared' has no tuned"]),
        ("shared+from=hardness", ["'hardness'", "'shared' has no source"]),
        ("warm+from= ", ["'from='", "names no property"]),
        ("ridge+from=hardness", ["'hardness'", "no network", "source"]),
        ("shared+l1", ["'l1'", "'shared' has no penalty"]),
        ("relation-dynamic+spread", ["'spread'", "'relation-dynamic' has no start"]),
        ("relation+n2", ["'n2'", "has no networks"]),
        ("warm+pairs", ["'pairs'", "'warm' has no affinity"]),
        ("grouped+per-task", ["'per-task'", "'grouped' has no checkpoint"]),
        ("lightgbm+lds", ["'lds'", "no network", "labels"]),
        ("transfer+equal+alone", ["'alone'", "'equal'", "same axis"]),
        ("transfer+pcgrad", ["'pcgrad'", "'transfer' has no rule"]),
        ("align+balanced", ["'balanced'", "'align' has no sampling"]),
        ("shared+equal", ["'equal'", "'shared' has no ratios"]),
        ("warm+scratch", ["'scratch'", "'warm' has no begin"]),
        ("transfer+from=a", ["'a'", "'transfer' has no source"]),
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


@pytest.mark.parametrize(
    "names", [["ensemble"], ["ensemble", "ridge", "mean", "nearest"], ["shared", "ensemble"]]
)
def test_an_ensemble_needs_two_others(names: list[str]):
    with pytest.raises(PlanError, match="at least two others, mean and nearest not counted"):
        parse_strategies(names)
    assert parse_strategies([*names, "ridge", "lightgbm"])[0].name == names[0]


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
    assert ordered[-2:] == list(MIXTURES)
