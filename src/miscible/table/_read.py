"""A file or a DataFrame as one frame with unique text column names."""

from __future__ import annotations

import gzip
import lzma
import os
import warnings
import zipfile
import zlib
from pathlib import Path

import numpy as np
import pandas as pd

from miscible.errors import InputError
from miscible.text import suggest

from ._cells import MISSING
from ._delimited import parse_delimited
from ._names import list_names
from ._rows import source_name

__all__ = ["Source", "read_frame"]

Source = str | os.PathLike[str] | pd.DataFrame

_EXCEL = (".xlsx", ".xlsm")
_PARQUET = (".parquet", ".pq")


def read_frame(source: Source, sheet: str | None = None) -> pd.DataFrame:
    """Read CSV, TSV, semicolon CSV (also ``.gz``, ``.xz``), Excel or Parquet, or pass a DataFrame through.

    Parameters
    ----------
    source
        Path, or a DataFrame, which is copied shallowly and keeps its index.
    sheet
        Excel sheet; the first one by default.

    Returns
    -------
    DataFrame
        Delimited files: every cell is text as written, so that ``<5`` survives, None where empty, and the
        index is the line in the file. Excel: cells as stored, the index is the row of the sheet. Parquet:
        as stored. ``attrs`` holds ``source`` (for messages), ``rows`` (what the index is: ``line``, ``sheet``
        or ``index``) and ``notes`` (what reading did, a list of sentences).

    Raises
    ------
    InputError
        No such file, a folder, damaged, empty, not a table, a header only, duplicate column names, or the
        extra for this format is not installed.
    """
    if isinstance(source, pd.DataFrame):
        frame = source.copy(deep=False)
        name, rows = source_name(frame), frame.attrs.get("rows", "index")
        notes = list(frame.attrs.get("notes", []))
        if sheet is not None:
            raise InputError("a sheet can only be chosen in an Excel file.", source=name)
    else:
        path = Path(source)
        name = str(path)
        frame, rows, notes = _read_file(path, sheet)
    if isinstance(frame.columns, pd.MultiIndex):
        raise InputError(
            "columns with several header rows are not read.", source=name, hint="Join them into one."
        )
    frame.columns = pd.Index([str(column) for column in frame.columns], dtype=object)
    if frame.columns.has_duplicates:
        repeated = list(dict.fromkeys(frame.columns[frame.columns.duplicated()]))
        raise InputError(
            f"duplicate column names: {list_names(repeated)}.",
            source=name,
            column=repeated[0],
            hint="Rename or remove all but one of each.",
        )
    if frame.empty:
        raise InputError("the table has no rows.", source=name)
    frame.attrs = {**frame.attrs, "source": name, "rows": rows, "notes": notes}
    return frame


def _read_file(path: Path, sheet: str | None) -> tuple[pd.DataFrame, str, list[str]]:
    source = str(path)
    if path.is_dir():
        raise InputError("this is a folder, not a file.", source=source)
    suffix = path.suffix.lower()
    try:
        with path.open("rb") as handle:
            data = b"" if suffix in (*_EXCEL, *_PARQUET) else handle.read()
    except FileNotFoundError:
        raise InputError("no such file.", source=source, hint=_similar_files(path)) from None
    except OSError as error:
        raise InputError(f"the file cannot be read ({error.strerror}).", source=source) from None
    if suffix in _EXCEL:
        return _read_excel(path, sheet)
    if sheet is not None:
        raise InputError("a sheet can only be chosen in an Excel file.", source=source)
    if suffix in _PARQUET:
        return _read_parquet(path)
    if suffix in (".gz", ".xz"):
        data = _decompress(data, suffix, source)
    _check_magic(data, source)
    frame, notes = parse_delimited(data, source)
    return frame, "line", notes


def _similar_files(path: Path) -> str | None:
    if not path.parent.is_dir():
        return f"The folder {str(path.parent)!r} does not exist either."
    near = suggest(path.name, [p.name for p in path.parent.iterdir()])
    return f"Nearest in that folder: {list_names(near)}." if near else None


def _decompress(data: bytes, suffix: str, source: str) -> bytes:
    try:
        return gzip.decompress(data) if suffix == ".gz" else lzma.decompress(data)
    except (OSError, EOFError, zlib.error, lzma.LZMAError) as error:
        raise InputError(f"the compressed file is damaged or cut short ({error}).", source=source) from None


def _check_magic(data: bytes, source: str) -> None:
    kinds = {
        b"PK\x03\x04": "an Excel workbook or zip archive; name it .xlsx or unpack it",
        b"\xd0\xcf\x11\xe0": "an old Excel workbook (.xls); save it as .xlsx or CSV",
        b"PAR1": "a Parquet file; name it .parquet",
        b"\x1f\x8b": "gzip data; name it .csv.gz",
        b"\xfd7zXZ": "xz data; name it .csv.xz",
    }
    for magic, what in kinds.items():
        if data.startswith(magic):
            raise InputError(f"this is not a text table but looks like {what}.", source=source)


def _read_excel(path: Path, sheet: str | None) -> tuple[pd.DataFrame, str, list[str]]:
    source = str(path)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # openpyxl names styling it does not keep
            with pd.ExcelFile(path, engine="openpyxl") as book:
                names = [str(name) for name in book.sheet_names]
                if sheet is not None and sheet not in names:
                    raise InputError(
                        f"no sheet {sheet!r}.", source=source, hint=f"The workbook has {list_names(names)}."
                    )
                chosen = names[0] if sheet is None else sheet
                raw = pd.read_excel(book, sheet_name=chosen, header=None, dtype=object, na_filter=False)
    except ImportError:
        raise _missing_extra(source, "Excel", "openpyxl", "excel") from None
    except (zipfile.BadZipFile, KeyError, ValueError, OSError, zlib.error) as error:
        raise InputError(f"this is not a readable Excel workbook ({error}).", source=source) from None
    notes = [f"sheet {chosen!r} of {len(names)} read."] if sheet is None and len(names) > 1 else []
    frame, notes = _header_from_cells(raw, source, notes)
    return frame, "sheet", notes


def _header_from_cells(raw: pd.DataFrame, source: str, notes: list[str]) -> tuple[pd.DataFrame, list[str]]:
    cells = raw.astype(object)
    cells = cells.where(~(cells.isna() | cells.isin(list(MISSING))), None)
    filled = np.flatnonzero(~cells.isna().to_numpy().all(axis=1))
    if not filled.size:
        raise InputError("the sheet is empty.", source=source)
    first = int(filled[0])
    frame = cells.iloc[filled[1:]]
    if frame.empty:
        raise InputError("the sheet holds a header and no rows.", source=source)
    frame.index = pd.Index(filled[1:] + 1)
    blank = len(cells) - first - len(filled)
    header = ["" if name is None else str(name).strip() for name in cells.iloc[first]]
    kept = [k for k, name in enumerate(header) if name or bool(frame.iloc[:, k].notna().any())]
    frame = frame.iloc[:, kept]
    frame.columns = pd.Index([header[k] or f"Unnamed: {k}" for k in kept], dtype=object)
    return frame, [*notes, f"{blank} empty rows skipped."] if blank > 0 else notes


def _read_parquet(path: Path) -> tuple[pd.DataFrame, str, list[str]]:
    source = str(path)
    try:
        return pd.read_parquet(path, engine="pyarrow"), "index", []
    except ImportError:
        raise _missing_extra(source, "Parquet", "pyarrow", "parquet") from None
    except (ValueError, OSError) as error:
        first = str(error).splitlines()[0]
        raise InputError(f"this is not a readable Parquet file ({first}).", source=source) from None


def _missing_extra(source: str, what: str, package: str, extra: str) -> InputError:
    return InputError(
        f"reading {what} needs the package {package}, which is not installed.",
        source=source,
        hint=f"Install it with: pip install 'miscible[{extra}]'.",
    )
