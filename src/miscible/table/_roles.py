"""Which columns are inputs and what they mean: asked for, or recognised."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Literal, get_args

import numpy as np
import pandas as pd

from miscible.chemistry import ELEMENTS, parse_formulas, parse_smiles
from miscible.errors import InputError

from ._cells import numbers, texts
from ._names import list_names, require_columns
from ._requests import InputRequest, Role, parse_input
from ._rows import source_name
from ._table import InputSpec

__all__ = ["resolve_inputs"]

_PARSE_RATE = 0.9
_SAMPLE = 500
_FEW = 20
_ELEMENTS = "elements"
_COMPOSITION_NAME = re.compile(r"compos|formula|alloy|material|compound", re.IGNORECASE)
_SMILES_NAME = re.compile(r"smiles", re.IGNORECASE)


def resolve_inputs(
    frame: pd.DataFrame, inputs: Sequence[str] | InputSpec | None, taken: Sequence[str]
) -> tuple[InputSpec, tuple[str, ...]]:
    """Settle the role of every input column.

    Parameters
    ----------
    frame
        Rows as read.
    inputs
        ``name[:role]`` texts, ``elements:at`` or ``elements:wt`` among them for every column named by an
        element symbol, a ready `InputSpec`, or None: one composition column, or one SMILES column, or
        at least three columns named by element symbols are looked for, and nothing else is used.
    taken
        Columns with another purpose (targets, weights); they cannot be inputs.

    Returns
    -------
    spec, notes
        Every role that was inferred is noted.

    Raises
    ------
    InputError
        Unknown, repeated or clashing columns, or nothing (or too much) found to detect.
    """
    columns, source = list(frame.columns), source_name(frame)
    if isinstance(inputs, InputSpec):
        spec, notes = inputs, ()
    elif inputs is None:
        spec, notes = _detect(frame, [name for name in columns if name not in set(taken)])
    else:
        requests = [request for text in inputs for request in _requests(text, columns, taken, source)]
        require_columns([r.name for r in requests], columns, source=source, what="input")
        spec, notes = _from_requests(frame, requests)
    _check(spec, columns, taken, source)
    return spec, notes


def _requests(text: str, columns: list[str], taken: Sequence[str], source: str) -> list[InputRequest]:
    """What one text asks for; ``elements:at`` and ``elements:wt`` stand for many columns."""
    request = parse_input(text, columns)
    if request.name != _ELEMENTS or _ELEMENTS in columns or request.role not in ("at", "wt"):
        return [request]
    found = [name for name in columns if name in ELEMENTS and name not in taken]
    if not found:
        raise InputError(
            "no column is named by an element symbol.",
            source=source,
            hint=f"{text} stands for such columns; the columns are {list_names(columns, limit=40)}.",
        )
    return [InputRequest(name, request.role) for name in found]


def _check(spec: InputSpec, columns: list[str], taken: Sequence[str], source: str) -> None:
    names = spec.columns
    if not names:
        raise InputError("no input column is named.", source=source, hint="Name at least one with --inputs.")
    require_columns(names, columns, source=source, what="input")
    for name in names:
        if name in taken:
            raise InputError(
                "this column is a target (or the weight) and an input.", source=source, column=name
            )
    repeated = [name for name in names if names.count(name) > 1]
    if repeated:
        raise InputError("this input is named twice.", source=source, column=repeated[0])
    if spec.composition is not None and spec.fractions:
        raise InputError(
            f"a formula column and columns of amounts ({list_names(spec.fractions)}) are both inputs.",
            source=source,
            column=spec.composition,
            hint="Keep one of the two as the composition.",
        )
    for name in spec.fractions:
        if name not in ELEMENTS:
            raise InputError(
                "a column of amounts must be named by an element symbol, such as Fe.",
                source=source,
                column=name,
            )


def _from_requests(
    frame: pd.DataFrame, requests: Sequence[InputRequest]
) -> tuple[InputSpec, tuple[str, ...]]:
    source = source_name(frame)
    undecided = [
        r.name for r in requests if r.role is None and r.name in ELEMENTS and _is_numeric(frame[r.name])
    ]
    amounts = set(undecided) if len(undecided) >= 3 else set()
    roles: dict[str, list[str]] = {role: [] for role in get_args(Role)}
    notes = []
    for request in requests:
        role = request.role
        if role is None:
            role = "at" if request.name in amounts else _infer_role(frame[request.name])
            notes.append(f"input {request.name!r} read as {role}.")
        roles[role].append(request.name)
    molecules = roles["smiles"] + roles["descriptors"]
    for what, names in (("composition", roles["composition"]), ("smiles", molecules)):
        if len(names) > 1:
            raise InputError(
                f"several {what} inputs: {list_names(names)}.", source=source, hint="Keep one of them."
            )
    if roles["at"] and roles["wt"]:
        raise InputError(
            f"amounts in both at.% ({list_names(roles['at'])}) and wt.% ({list_names(roles['wt'])}).",
            source=source,
            hint="Give all of them the same role, at or wt.",
        )
    unit: Literal["at", "wt"] = "wt" if roles["wt"] else "at"
    spec = InputSpec(
        composition=next(iter(roles["composition"]), None),
        fractions=tuple(roles[unit]),
        fraction_unit=unit,
        smiles=next(iter(molecules), None),
        numeric=tuple(roles["number"]),
        categorical=tuple(roles["category"]),
        smiles_as="descriptors" if roles["descriptors"] else "full",
    )
    return spec, tuple(notes)


def _infer_role(column: pd.Series) -> Role:
    name = str(column.name)
    if _is_numeric(column):
        return "number"
    if _SMILES_NAME.search(name):
        return "smiles"
    sample = _sample(column)
    told = _COMPOSITION_NAME.search(name) is not None
    # "BCC" and "FCC" parse as formulas: without a telling name, many different ones are asked for
    if (told or len(sample) > _FEW) and _formula_rate(sample) >= _PARSE_RATE:
        return "composition"
    return "category"


def _detect(frame: pd.DataFrame, columns: list[str]) -> tuple[InputSpec, tuple[str, ...]]:
    source = source_name(frame)
    formulas = [
        c for c in columns if _COMPOSITION_NAME.search(c) and _formula_rate(_sample(frame[c])) >= _PARSE_RATE
    ]
    molecules = [
        c for c in columns if _SMILES_NAME.search(c) and _smiles_rate(_sample(frame[c])) >= _PARSE_RATE
    ]
    amounts = [c for c in columns if c in ELEMENTS and _is_numeric(frame[c])]
    found = formulas + molecules
    if len(found) > 1:
        raise InputError(
            f"several columns could be the input: {list_names(found)}.",
            source=source,
            hint="Say which with --inputs, for example " + f"--inputs '{found[0]}'.",
        )
    if formulas:
        return InputSpec(composition=formulas[0]), (f"input {formulas[0]!r} recognised as composition.",)
    if molecules:
        return InputSpec(smiles=molecules[0]), (f"input {molecules[0]!r} recognised as smiles.",)
    if len(amounts) >= 3:
        note = f"inputs {list_names(amounts)} recognised as amounts in at.%; say name:wt if they are weights."
        return InputSpec(fractions=tuple(amounts)), (note,)
    raise InputError(
        "no input column recognised (looked for formulas, SMILES, or three element columns).",
        source=source,
        hint=f"Name the inputs with --inputs NAME[:role]. Columns: {list_names(columns, limit=40)}.",
    )


def _is_numeric(column: pd.Series) -> bool:
    found = numbers(column)
    present = int((~found.missing).sum())
    return present > 0 and int((found.text | (found.censored != 0)).sum()) <= (1 - _PARSE_RATE) * present


def _sample(column: pd.Series) -> np.ndarray:
    cells = texts(column)
    return pd.unique(cells[cells != np.array(None)])[:_SAMPLE]


def _formula_rate(sample: np.ndarray) -> float:
    return 1 - len(parse_formulas(sample).errors) / len(sample) if len(sample) else 0.0


def _smiles_rate(sample: np.ndarray) -> float:
    return 1 - len(parse_smiles(sample).errors) / len(sample) if len(sample) else 0.0
