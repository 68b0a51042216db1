"""Which strategies make sense for a table: sets drop what it has no use for, what is named outright is refused."""

import pytest

from miscible.errors import PlanError
from miscible.strategies import SETS, parse_strategies, sensible_strategies

REGRESSIONS = ("regression",) * 3
CLASSES = ("binary", "multiclass", "binary")
MIXED = ("regression", "binary", "multiclass")
ABC = ("a", "b", "c")


def kept(*given: str, kinds=MIXED, names=None, batch_size: int = 64) -> tuple[str, ...]:
    names = [f"p{i}" for i in range(len(kinds))] if names is None else names
    return sensible_strategies(given, names, kinds, batch_size)


def holds(name: str, *words: str) -> bool:
    return bool(set(name.split("+")) & set(words))


@pytest.mark.parametrize("name", SETS)
def test_a_table_with_every_kind_keeps_every_set_whole(name: str):
    assert kept(name) == SETS[name]


def test_a_table_of_classes_drops_what_weighs_continuous_labels():
    assert kept("papers", kinds=CLASSES) == (
        "mean",
        "lightgbm",
        "independent",
        "shared",
        "shared+inverse-count",
        "relation",
        "shared+pcgrad",
        "shared+gradnorm",
    )
    everything = kept("all", kinds=CLASSES)
    weighing = ("lds", "fds", "bmc", "gai", "bni")
    assert everything == tuple(name for name in SETS["all"] if not holds(name, *weighing))
    assert "shared+focal" in everything and "blend" in everything


def test_a_table_of_numbers_drops_what_weighs_classes():
    everything = kept("all", kinds=REGRESSIONS)
    assert everything == tuple(name for name in SETS["all"] if not holds(name, "class-weights", "focal"))
    assert "shared+lds+fds" in everything


def test_two_properties_are_not_grouped():
    everything = kept("architectures", kinds=MIXED[:2])
    assert everything == tuple(name for name in SETS["architectures"] if not name.startswith("grouped"))
    assert kept("grouped", "grouped+pairs", kinds=REGRESSIONS) == ("grouped", "grouped+pairs")


def test_pairs_are_offered_up_to_twelve_properties():
    twelve, thirteen = (("regression",) * n for n in (12, 13))
    assert kept("architectures", kinds=twelve) == SETS["architectures"]
    everything = kept("architectures", kinds=thirteen)
    assert everything == tuple(name for name in SETS["architectures"] if name != "grouped+pairs")


def test_bmc_needs_two_labels_of_a_property_in_a_batch():
    assert "shared+balanced+bmc" in kept("labels", batch_size=6)
    assert kept("labels", batch_size=5) == tuple(n for n in SETS["labels"] if n != "shared+balanced+bmc")
    # Alone, a network has the whole batch.
    assert kept("independent+bmc", batch_size=1) == ("independent+bmc",)


@pytest.mark.parametrize(
    ("name", "changes", "words"),
    [
        ("shared+lds", {"kinds": CLASSES}, ["'lds'", "no property is a regression"]),
        ("independent+gai", {"kinds": CLASSES}, ["'gai'", "no property is a regression"]),
        ("warm+fds", {"kinds": CLASSES}, ["'fds'", "no property is a regression"]),
        ("shared+lds+focal", {"kinds": CLASSES}, ["'lds'"]),
        ("shared+focal", {"kinds": REGRESSIONS}, ["'focal'", "no property has classes"]),
        ("mmoe+class-weights", {"kinds": REGRESSIONS}, ["'class-weights'", "no property has classes"]),
        (
            "shared+balanced+bmc",
            {"batch_size": 5},
            ["at least two labels", "3 properties share 5 labels", "Take 'gai' or 'bni'"],
        ),
        ("warm+from=b ", {"names": ("a", "b b", "c")}, ["no property 'b'", "there are a, b b, c"]),
        ("warm+from=a+frozen", {"names": ABC}, ["no property 'a+frozen'"]),
        ("grouped", {"kinds": MIXED[:2]}, ["nothing to group among 2 properties", "'shared'"]),
        ("grouped+n2", {"kinds": MIXED[:1]}, ["nothing to group among 1 "]),
        ("grouped+pairs", {"kinds": ("regression",) * 13}, ["78 pairs", "up to 12", "Take 'gradients'"]),
    ],
)
def test_what_is_named_outright_is_refused_with_the_reason(name: str, changes: dict, words: list[str]):
    with pytest.raises(PlanError) as caught:
        kept("mean", name, "shared", **changes)
    for word in (repr(name), "makes no sense for this table", *words):
        assert word in str(caught.value)


def test_a_set_does_not_excuse_what_is_named_beside_it():
    assert kept("labels", kinds=CLASSES) == ("independent", "shared", "shared+class-weights", "shared+focal")
    with pytest.raises(PlanError, match="'shared\\+lds' makes no sense"):
        kept("labels", "shared+lds", kinds=CLASSES)


@pytest.mark.parametrize("source", ["a b", "a/b", "a+b", "x+from=y"])
def test_a_source_is_looked_up_whole(source: str):
    assert kept(f"warm+from={source}", names=("z", source, "a")) == (f"warm+from={source}",)


def test_names_come_out_canonical_once_and_in_order():
    given = ("shared+w32+lds", "mean", "networks", "shared+lds+w32", "baselines", "independent")
    names = kept(*given)
    assert names[:3] == ("shared+lds+w32", "mean", "independent")
    assert len(set(names)) == len(names)
    assert parse_strategies(names) == parse_strategies(given)
    assert kept(*names) == names


def test_what_is_not_known_is_refused_here_too():
    with pytest.raises(PlanError, match="unknown strategy 'shard'"):
        kept("mean", "shard")
    with pytest.raises(PlanError, match="mixes lightgbm with a network"):
        kept("blend", "mean")
