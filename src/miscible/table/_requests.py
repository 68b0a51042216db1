"""What a user asks for on the command line: ``name:kind:metric`` and ``name:role``."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, TypeVar, get_args

from miscible.errors import InputError
from miscible.text import suggest

from ._names import list_names
from ._property import Kind, Property, Transform

__all__ = ["InputRequest", "Role", "TargetRequest", "parse_input", "parse_target"]

Role = Literal["composition", "smiles", "descriptors", "number", "category", "at", "wt"]
Parsed = TypeVar("Parsed")

_KINDS: dict[str, Kind | Literal["classification"]] = {
    "reg": Kind.REGRESSION,
    "regression": Kind.REGRESSION,
    "cls": "classification",
    "classification": "classification",
    "binary": Kind.BINARY,
    "multiclass": Kind.MULTICLASS,
}
_ROLES: dict[str, Role] = {role: role for role in get_args(Role)}
_OPTIONS = ("unit", "transform", "margin", "metric")


@dataclass(frozen=True, slots=True)
class TargetRequest:
    """One target as asked for, before the data are seen.

    Parameters
    ----------
    name
        Column name.
    kind
        ``None``: inferred from the data. ``classification``: binary or multiclass, by the data.
    metric, unit, transform, margin
        As in `Property`.
    classes
        Class names in code order where already known, else empty.
    """

    name: str
    kind: Kind | Literal["classification"] | None = None
    metric: str = ""
    unit: str = ""
    transform: Transform = "none"
    margin: float | None = None
    classes: tuple[str, ...] = ()

    @classmethod
    def of(cls, prop: Property) -> TargetRequest:
        """The request that a known property stands for."""
        return cls(prop.name, prop.kind, prop.metric, prop.unit, prop.transform, prop.margin, prop.classes)


@dataclass(frozen=True, slots=True)
class InputRequest:
    """One input column; ``role`` None: inferred from the data."""

    name: str
    role: Role | None = None


def parse_target(text: str, columns: Sequence[str] | None = None) -> TargetRequest:
    """Read ``name[:kind][:metric][:key=value...]``.

    Parameters
    ----------
    text
        As on the command line. Kinds: ``reg``, ``regression``, ``cls``, ``classification``, ``binary``,
        ``multiclass``. Keys: ``unit``, ``transform`` (``none`` or ``log10``), ``margin`` (> 0), ``metric``.
    columns
        Column names of the table, where known: the longest one that ``text`` starts with is the name, so
        names may hold colons. Otherwise the name ends before the first field that is a kind or an option.

    Raises
    ------
    InputError
        An unknown kind or option, or a value that makes no sense.
    """

    def is_field(field: str) -> bool:
        return field.strip().lower() in _KINDS or field.partition("=")[0].strip() in _OPTIONS

    return _split(text, columns, is_field, _target_from)


def parse_input(text: str, columns: Sequence[str] | None = None) -> InputRequest:
    """Read ``name[:role]``; names may hold colons, see `parse_target`.

    Roles: ``composition``, ``smiles``, ``descriptors`` (SMILES too, featurised without hashed counts),
    ``number``, ``category``, and ``at`` or ``wt`` for amounts.

    Raises
    ------
    InputError
        An unknown role.
    """
    return _split(text, columns, lambda field: field.strip() in _ROLES, _input_from)


def _split(
    text: str,
    columns: Sequence[str] | None,
    is_field: Callable[[str], bool],
    build: Callable[[str, list[str]], Parsed],
) -> Parsed:
    fields = text.split(":")
    heads = {k: ":".join(fields[:k]).strip() for k in range(len(fields), 0, -1)}
    known = {name.strip(): name for name in columns or ()}
    for k, head in heads.items():
        if head in known:
            return build(known[head], fields[k:])
    if not fields[0].strip():
        raise InputError(f"{text!r} does not start with a column name.", hint="Expected name:kind.")
    first = next((k for k in range(1, len(fields)) if is_field(fields[k])), len(fields))
    return build(heads[first], fields[first:])


def _target_from(name: str, fields: list[str]) -> TargetRequest:
    kind, metric = None, ""
    options: dict[str, str] = {}
    positional = [field.strip() for field in fields if "=" not in field]
    for field in fields:
        key, equals, value = field.partition("=")
        if equals:
            _check_choice(key.strip(), _OPTIONS, f"target {name!r}: unknown option")
            options[key.strip()] = value.strip()
    if positional:
        _check_choice(positional[0].lower(), tuple(_KINDS), f"target {name!r}: unknown kind")
        kind = _KINDS[positional[0].lower()]
        metric = positional[1] if len(positional) > 1 else ""
    if len(positional) > 2:
        raise InputError(
            f"target {name!r}: {positional[2]!r} is one field too many.",
            hint="Expected name:kind:metric:key=value.",
        )
    transform = options.get("transform", "none").lower()
    _check_choice(transform, get_args(Transform), f"target {name!r}: unknown transform")
    return TargetRequest(
        name=name,
        kind=kind,
        metric=options.get("metric", metric),
        unit=options.get("unit", ""),
        transform="log10" if transform == "log10" else "none",
        margin=_margin(name, options["margin"]) if "margin" in options else None,
    )


def _margin(name: str, text: str) -> float:
    try:
        margin = float(text)
    except ValueError:
        margin = math.nan
    if not (math.isfinite(margin) and margin > 0):
        raise InputError(f"target {name!r}: margin must be a positive number, not {text!r}.")
    return margin


def _input_from(name: str, fields: list[str]) -> InputRequest:
    if not fields:
        return InputRequest(name)
    text = ":".join(fields).strip()
    _check_choice(text, tuple(_ROLES), f"input {name!r}: unknown role")
    return InputRequest(name, _ROLES[text])


def _check_choice(value: str, choices: Sequence[str], message: str) -> None:
    if value not in choices:
        near = suggest(value, choices, limit=1)
        meant = f" Did you mean {near[0]!r}?" if near else ""
        raise InputError(f"{message} {value!r}.", hint=f"Known: {list_names(list(choices))}.{meant}")
