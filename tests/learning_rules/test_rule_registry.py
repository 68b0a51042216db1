"""Rules by name, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest

from miscible.errors import PlanError
from miscible.learning.rules import RULES, make_rule


@pytest.mark.parametrize("name", RULES)
def test_names_and_needs(name: str) -> None:
    rule = make_rule(name)
    assert rule.name == name
    assert rule.needs <= {"gram", "last-gram", "losses", "order", "losses-after"}


def test_needs_of_some() -> None:
    assert make_rule("sum").needs == frozenset()
    assert make_rule("pcgrad").needs == {"gram", "order"}
    assert make_rule("gradnorm").needs == {"last-gram", "losses"}
    assert make_rule("famo").needs == {"losses", "losses-after"}


def test_unknown_name() -> None:
    with pytest.raises(PlanError, match=r"no rule 'pc-grad'.*pcgrad"):
        make_rule("pc-grad")


def test_unknown_option() -> None:
    with pytest.raises(PlanError, match=r"'cagrad' has no option 'radius'.*options: c\."):
        make_rule("cagrad", radius=0.3)
    with pytest.raises(PlanError, match=r"no options"):
        make_rule("mgda", epsilon=0.1)


@pytest.mark.parametrize(
    ("name", "option", "value"),
    [
        ("cagrad", "c", 0.0),
        ("cagrad", "c", float("nan")),
        ("gradvac", "beta", 1.5),
        ("fairgrad", "alpha", -1.0),
        ("gradnorm", "alpha", -0.1),
        ("gradnorm", "learning_rate", 0.0),
        ("uncertainty", "learning_rate", -1.0),
        ("dwa", "temperature", 0.0),
        ("famo", "learning_rate", 0.0),
        ("famo", "decay", 2.0),
    ],
)
def test_values_out_of_range(name: str, option: str, value: float) -> None:
    options: dict[str, Any] = {option: value}
    with pytest.raises(PlanError, match=rf"{name}.*{option}"):
        make_rule(name, **options)


def test_options_reach_the_rule() -> None:
    assert make_rule("cagrad", c=0.7) != make_rule("cagrad")
    assert make_rule("cagrad", c=0.4) == make_rule("cagrad")
