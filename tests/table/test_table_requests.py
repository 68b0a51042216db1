"""Targets and inputs as written on the command line, and nearest names."""

from __future__ import annotations

import pytest

from miscible.errors import InputError
from miscible.table import (
    InputRequest,
    Kind,
    Property,
    TargetRequest,
    parse_input,
    parse_target,
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("hardness", TargetRequest("hardness")),
        ("hardness:reg", TargetRequest("hardness", Kind.REGRESSION)),
        ("hardness:regression:rmse", TargetRequest("hardness", Kind.REGRESSION, "rmse")),
        ("amorphous:cls", TargetRequest("amorphous", "classification")),
        ("amorphous:Binary", TargetRequest("amorphous", Kind.BINARY)),
        ("phase:multiclass:log_loss", TargetRequest("phase", Kind.MULTICLASS, "log_loss")),
        ("phase:multiclass:metric=log_loss", TargetRequest("phase", Kind.MULTICLASS, "log_loss")),
        (
            "rho:reg:unit=µΩ cm:transform=log10:margin=0.05",
            TargetRequest("rho", Kind.REGRESSION, unit="µΩ cm", transform="log10", margin=0.05),
        ),
        ("rho:unit=µΩ cm", TargetRequest("rho", unit="µΩ cm")),
        ("PROPERTY: HV:reg:mae", TargetRequest("PROPERTY: HV", Kind.REGRESSION, "mae")),
        ("PROPERTY: HV", TargetRequest("PROPERTY: HV")),
    ],
)
def test_targets_without_known_columns(text: str, expected: TargetRequest) -> None:
    assert parse_target(text) == expected


def test_the_longest_column_name_wins() -> None:
    columns = ["x", "x:reg", "PROPERTY", "PROPERTY: HV"]
    assert parse_target("x:reg", columns) == TargetRequest("x:reg")
    assert parse_target("x:reg:cls", columns) == TargetRequest("x:reg", "classification")
    assert parse_target("x:cls", columns) == TargetRequest("x", "classification")
    assert parse_target("PROPERTY: HV:reg", columns) == TargetRequest("PROPERTY: HV", Kind.REGRESSION)
    assert parse_input("x:reg:number", columns) == InputRequest("x:reg", "number")
    assert parse_target(" padded :reg", [" padded "]) == TargetRequest(" padded ", Kind.REGRESSION)
    assert parse_target(":a:reg", [":a"]) == TargetRequest(":a", Kind.REGRESSION)
    assert parse_input("PROPERTY: HV", columns) == InputRequest("PROPERTY: HV")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("x:regresion", r"target 'x': unknown kind 'regresion'\..*Did you mean 'regression'\?"),
        ("x:reg:mae:rmse", "'rmse' is one field too many"),
        ("x:reg:transfrom=log10", r"unknown option 'transfrom'\. .*Did you mean 'transform'"),
        ("x:reg:transform=ln", "unknown transform 'ln'"),
        ("x:reg:margin=-1", "margin must be a positive number, not '-1'"),
        ("x:reg:margin=nan", "margin must be a positive number"),
        ("x:reg:margin=two", "margin must be a positive number, not 'two'"),
        (":reg", "does not start with a column name"),
    ],
)
def test_targets_that_make_no_sense(text: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        parse_target(text, ["x"])


@pytest.mark.parametrize("role", ["composition", "smiles", "descriptors", "number", "category", "at", "wt"])
def test_input_roles(role: str) -> None:
    assert parse_input(f"Cu:{role}") == InputRequest("Cu", role)  # pyright: ignore[reportArgumentType]
    assert parse_input("Cu") == InputRequest("Cu")
    with pytest.raises(InputError, match=r"input 'Cu': unknown role 'weight'.*Known: 'composition'"):
        parse_input("Cu:weight", ["Cu"])


def test_a_property_becomes_a_request_with_everything_kept() -> None:
    prop = Property("phase", Kind.MULTICLASS, "", "none", "log_loss", ("a", "b"), 0.1)
    assert TargetRequest.of(prop) == TargetRequest(
        "phase", Kind.MULTICLASS, "log_loss", "", "none", 0.1, ("a", "b")
    )
