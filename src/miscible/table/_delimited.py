"""Delimited text to a frame of text cells, with the line of every row."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from itertools import islice

import numpy as np
import pandas as pd

from miscible.errors import InputError

from ._cells import MISSING

__all__ = ["parse_delimited"]

_DELIMITERS = (",", ";", "\t")
_SAMPLE_LINES = 200
_WORD = re.compile(r"\b[A-Za-z][a-z]{2,}\b")
_WIDTH_ERROR = re.compile(r"Expected (\d+) fields in line (\d+), saw (\d+)")
_QUOTE_ERROR = re.compile(r"EOF inside string starting at row (\d+)")
_NAMES = {",": "comma", ";": "semicolon", "\t": "tab"}


def parse_delimited(data: bytes, source: str) -> tuple[pd.DataFrame, list[str]]:
    """Comma, semicolon or tab separated bytes to a frame of text, all columns object, None where empty.

    The index holds the line of the file on which a row starts; the header is counted.

    Returns
    -------
    frame, notes

    Raises
    ------
    InputError
        The bytes are empty, no table, hold a header only, or a row has more cells than the header.
    """
    text, notes = _decode(data, source)
    body = text.lstrip("\n")
    skipped = len(text) - len(body)
    body = body.rstrip("\n")
    if not body.strip():
        raise InputError("the file is empty.", source=source, hint="A header line and rows are expected.")
    delimiter = _sniff(body, source)
    raw = _parse(body, delimiter, skipped, source)
    lines = _line_numbers(raw, body) + skipped
    frame = pd.DataFrame({k: _blank_to_none(raw[k]) for k in raw.columns}, dtype=object)
    header = ["" if name is None else str(name).strip() for name in frame.iloc[0]]
    frame = frame.iloc[1:]
    frame.index = pd.Index(lines[1:])
    empty = np.asarray(frame.isna().to_numpy().all(axis=1))
    if empty.any():
        notes.append(f"{int(empty.sum())} empty lines skipped.")
        frame = frame.loc[~empty]
    if frame.empty:
        raise InputError("the file holds a header and no rows.", source=source)
    frame.columns = pd.Index([name or f"Unnamed: {k}" for k, name in enumerate(header)], dtype=object)
    return frame, notes


def _decode(data: bytes, source: str) -> tuple[str, list[str]]:
    notes: list[str] = []
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        encoding = "utf-16"
    else:
        encoding = "utf-8-sig"
        head = np.frombuffer(data[:65536], dtype=np.uint8)
        control = (head < 32) & ~np.isin(head, (9, 10, 12, 13))
        if head.size and control.mean() > 0.005:
            raise InputError(
                "this is binary data, not a table of text.",
                source=source,
                hint="Give CSV, TSV, .xlsx or .parquet, each with its own file ending.",
            )
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        text = _decode_western(data)
        notes.append(f"not UTF-8 (first on line {line}); read as Windows-1252 (Latin-1).")
    return text.replace("\r\n", "\n").replace("\r", "\n"), notes


def _decode_western(data: bytes) -> str:
    try:
        return data.decode("cp1252")
    except UnicodeDecodeError:
        return data.decode("latin-1")


def _records(lines: list[str], delimiter: str) -> list[list[str]]:
    reader = csv.reader((line + "\n" for line in lines), delimiter=delimiter, skipinitialspace=True)
    try:
        return [record for record in reader if any(cell.strip() for cell in record)]
    except csv.Error:
        return []


def _sniff(body: str, source: str) -> str:
    lines = list(islice(_split_lines(body), _SAMPLE_LINES))
    best, best_score, best_widths = "", (0.0, 0), [1]
    for delimiter in _DELIMITERS:
        widths = [len(record) for record in _records(lines, delimiter)]
        if not widths or max(widths) < 2:
            continue
        agreement = sum(width == widths[0] for width in widths) / len(widths)
        score = (agreement if widths[0] > 1 else 0.0, widths[0])
        if score > best_score:
            best, best_score, best_widths = delimiter, score, widths
    if best and best_score[0] >= 0.5:
        return best
    rows = [line for line in lines if line.strip()]
    wordy = sum(len(_WORD.findall(line)) >= 3 for line in rows) / len(rows)
    if best or wordy > 0.5:
        detail = (
            f"with {_NAMES[best]}s the first line has {best_widths[0]} cells, "
            f"but only {best_score[0]:.0%} of the lines have as many."
            if best
            else "its lines look like prose."
        )
        raise InputError(
            f"this is not a table: {detail}",
            source=source,
            hint="A header line and rows separated by commas, semicolons or tabs are expected.",
        )
    return ","


def _split_lines(body: str) -> Iterator[str]:
    start = 0
    while start <= len(body):
        stop = body.find("\n", start)
        stop = len(body) if stop < 0 else stop
        yield body[start:stop]
        start = stop + 1


def _parse(body: str, delimiter: str, skipped: int, source: str) -> pd.DataFrame:
    try:
        return pd.read_csv(
            io.StringIO(body),
            sep=delimiter,
            header=None,
            dtype=object,
            na_filter=False,
            skip_blank_lines=False,
            skipinitialspace=True,
            engine="c",
        )
    except pd.errors.ParserError as error:
        raise _parser_error(str(error), body, delimiter, skipped, source) from None


def _parser_error(message: str, body: str, delimiter: str, skipped: int, source: str) -> InputError:
    if found := _WIDTH_ERROR.search(message):
        line = _line_of(int(found[2]) - 1, body, delimiter) + skipped
        return InputError(
            f"the row has {found[3]} cells, but the header has {found[1]}.",
            source=source,
            row=line,
            hint=f"Put cells that contain a {_NAMES[delimiter]} in quotes. Rows are lines of the file.",
        )
    if found := _QUOTE_ERROR.search(message):
        line = _line_of(int(found[1]), body, delimiter) + skipped
        return InputError(
            "a double quote opens in this row and never closes.",
            source=source,
            row=line,
            hint="Close it, or check whether the file was cut short. Rows are lines of the file.",
        )
    return InputError(f"this is not a table: {message.strip()}.", source=source)


def _line_of(record: int, body: str, delimiter: str) -> int:
    reader = csv.reader(io.StringIO(body), delimiter=delimiter, skipinitialspace=True)
    for _ in islice(reader, record):
        pass
    return reader.line_num + 1


def _line_numbers(raw: pd.DataFrame, body: str) -> np.ndarray:
    """Line on which each record starts, from 1; cells in quotes may hold line breaks."""
    starts = np.arange(1, len(raw) + 1)
    if body.count("\n") + 1 == len(raw):
        return starts
    breaks = np.zeros(len(raw), dtype=np.int64)
    for k in raw.columns:
        breaks += np.fromiter((cell.count("\n") for cell in raw[k]), dtype=np.int64, count=len(raw))
    return starts + np.concatenate([[0], np.cumsum(breaks)[:-1]])


def _blank_to_none(column: pd.Series) -> np.ndarray:
    cells = column.to_numpy(dtype=object, copy=True)
    cells[column.isin(list(MISSING)).to_numpy()] = None
    return cells
