"""A data frame to features, row by row."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from ..chemistry import fractions_from_columns, parse_formulas, parse_smiles
from ..errors import InputError
from ..table import InputSpec, rows_error, source_name
from ..text import suggest
from ._composition import composition_features, composition_names
from ._features import Features
from ._molecule import described_structures, molecule_features, molecule_names

__all__ = ["describe_molecules", "featurize"]


def featurize(
    frame: pd.DataFrame,
    spec: InputSpec,
    *,
    n_jobs: int = 1,
    described: Mapping[str, np.ndarray] | None = None,
) -> Features:
    """Compute the inputs of every row; nothing is fitted, so a row's features depend on that row alone.

    Parameters
    ----------
    frame
        Holds the columns named by ``spec``.
    spec
        What the columns mean. Compositions become element fractions, statistics over element properties and
        alloy descriptors; molecules become Morgan counts and RDKit descriptors, or these alone; numeric
        columns stay; categorical columns become text.
    n_jobs
        Processes for molecule descriptors that are not in the cache, where these are more than 2,000.
    described
        From `describe_molecules` of these rows or more, for a long frame that is featurised in parts.

    Raises
    ------
    InputError
        A column is missing, a formula, amount, SMILES or number cannot be read, or a composition is given
        twice.
    MiscibleError
        Molecules are asked for and RDKit is not installed.
    """
    _check_columns(frame, spec)
    blocks: list[np.ndarray] = []
    names: tuple[str, ...] = ()
    if spec.composition is not None or spec.fractions:
        blocks.append(composition_features(_fractions(frame, spec)))
        names += composition_names()
    if spec.smiles is not None:
        canonical = _canonical(frame, spec.smiles)
        if described is None:
            described = described_structures(canonical, n_jobs)
        hashed = spec.smiles_as == "full"
        blocks.append(molecule_features(canonical, described, hashed=hashed))
        names += molecule_names(hashed=hashed)
    if spec.numeric:
        numbers = [_numbers(frame, column) for column in spec.numeric]
        blocks.append(np.stack(numbers, axis=1).astype(np.float32))
        names += spec.numeric
    numeric = np.concatenate(blocks, axis=1) if blocks else np.empty((len(frame), 0), dtype=np.float32)
    return Features(numeric, names, {column: _texts(frame[column]) for column in spec.categorical})


def describe_molecules(frame: pd.DataFrame, spec: InputSpec, *, n_jobs: int = 1) -> dict[str, np.ndarray]:
    """RDKit descriptors of every structure of the rows, by canonical SMILES; empty without molecules.

    Parameters
    ----------
    frame, spec, n_jobs
        As in `featurize`.

    Raises
    ------
    InputError
        The SMILES column is missing or holds what cannot be read.
    """
    if spec.smiles is None:
        return {}
    _check_columns(frame, spec)
    return described_structures(_canonical(frame, spec.smiles), n_jobs)


def _canonical(frame: pd.DataFrame, column: str) -> list[str]:
    molecules = parse_smiles(frame[column].tolist())
    _refuse(frame, column, molecules.errors, "SMILES")
    return [smiles for smiles in molecules.canonical if smiles is not None]


def _check_columns(frame: pd.DataFrame, spec: InputSpec) -> None:
    for column in spec.columns:
        if column not in frame.columns:
            near = suggest(column, [str(c) for c in frame.columns])
            hint = (
                f"Near names: {', '.join(near)}."
                if near
                else f"Columns: {', '.join(map(str, frame.columns))}."
            )
            raise InputError("This input column is missing.", column=column, hint=hint)
    if spec.composition is not None and spec.fractions:
        raise InputError(
            "A formula column and amount columns are both given.",
            column=spec.composition,
            hint="Name one of them as the composition.",
        )


def _fractions(frame: pd.DataFrame, spec: InputSpec) -> np.ndarray:
    if spec.composition is not None:
        parsed = parse_formulas(frame[spec.composition].tolist())
        _refuse(frame, spec.composition, parsed.errors, "formula")
    else:
        amounts = np.stack([_numbers(frame, column) for column in spec.fractions], axis=1)
        parsed = fractions_from_columns(amounts, spec.fractions, spec.fraction_unit)
        _refuse(frame, ", ".join(spec.fractions), parsed.errors, "composition")
    return parsed.fractions


def _refuse(frame: pd.DataFrame, column: str, errors: dict[int, str], what: str) -> None:
    if errors:
        rows = sorted(errors)
        raise rows_error(
            f"{len(rows)} of {len(frame)} rows have no readable {what}",
            frame,
            rows,
            source=source_name(frame),
            column=column,
            reasons=[errors[row] for row in rows],
            hint="Mend or remove these rows.",
        )


def _numbers(frame: pd.DataFrame, column: str) -> np.ndarray:
    """A numeric column with NaN for blank cells and for those that float32 cannot hold."""
    cells = frame[column]
    if not pd.api.types.is_numeric_dtype(cells):
        cells = cells.map(lambda cell: cell.strip() or None if isinstance(cell, str) else cell)
    numbers = pd.to_numeric(cells, errors="coerce")
    wrong = np.flatnonzero((numbers.isna() & cells.notna()).to_numpy())
    _refuse(frame, column, {row: f"{cells.iloc[row]!r}" for row in wrong.tolist()}, "number")
    values = numbers.to_numpy(dtype=np.float64, na_value=np.nan)
    return np.where(np.abs(values) <= np.finfo(np.float32).max, values, np.nan)


def _texts(cells: pd.Series) -> np.ndarray:
    """Categories as text; whole floats read like integers, so that blanks elsewhere do not rename a level."""
    values, missing = cells.tolist(), cells.isna().tolist()
    texts = np.empty(len(values), dtype=object)
    texts[:] = [None if gap else _text(value) for value, gap in zip(values, missing, strict=True)]
    return texts


def _text(value: object) -> str | None:
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).strip() or None
