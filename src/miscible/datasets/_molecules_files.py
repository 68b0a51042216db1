"""The data files inside the packages chemicals and thermo; neither package is imported."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from functools import cached_property
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pandas as pd

from miscible.errors import MiscibleError

__all__ = ["TESTED_CHEMICALS", "TESTED_THERMO", "PackageFiles", "registry_numbers", "registry_text"]

TESTED_CHEMICALS = "1.5.2"
TESTED_THERMO = "0.6.1"
_IDENTIFIERS = (
    "chemical identifiers pubchem large.tsv",
    "chemical identifiers pubchem small.tsv",
    "chemical identifiers example user db.tsv",
    "Cation db.tsv",
    "Anion db.tsv",
    "Inorganic db.tsv",
)
"""In the order in which chemicals reads them; a later line of a registry number replaces an earlier one."""
_HINT = 'Install the tested versions with: pip install "miscible[molecules]"'


@dataclass(frozen=True, eq=False)
class PackageFiles:
    """Tables of the two packages by registry number, each file read once.

    Parameters
    ----------
    chemicals
        Folder of the package.
    thermo
        Folder of the package; None where it is not installed.
    """

    chemicals: Path
    thermo: Path | None
    _frames: dict[str, pd.DataFrame] = field(default_factory=dict)
    _documents: dict[str, dict] = field(default_factory=dict)

    @classmethod
    def find(cls) -> PackageFiles:
        """Where the installed packages lie.

        Raises
        ------
        MiscibleError
            chemicals is not installed; thermo is optional.
        """
        chemicals = _folder("chemicals")
        if chemicals is None:
            raise MiscibleError(
                "the table of molecules comes from the package chemicals, which is not installed.",
                hint='Install it with: pip install "miscible[molecules]"',
            )
        return cls(chemicals, _folder("thermo"))

    @property
    def versions(self) -> dict[str, str]:
        """Of the packages that are there."""
        return {"chemicals": version("chemicals")} | ({"thermo": version("thermo")} if self.thermo else {})

    def frame(self, name: str) -> pd.DataFrame:
        """A tab-separated table of chemicals, indexed by registry number; its columns may repeat numbers.

        Raises
        ------
        MiscibleError
            The file is missing or has no registry numbers.
        """
        if name not in self._frames:
            self._frames[name] = self._read(name)
        return self._frames[name]

    def _read(self, name: str) -> pd.DataFrame:
        path = self.chemicals / name
        try:
            raw = pd.read_csv(path, sep="\t", low_memory=False)
            key = next(column for column in ("CAS", "CASRN") if column in raw.columns)
        except (OSError, ValueError, StopIteration) as error:
            raise MiscibleError(
                f"not the file expected inside chemicals {TESTED_CHEMICALS} ({error or 'no column CAS'}).",
                source=path,
                hint=_HINT,
            ) from error
        known = raw[raw[key].notna() & (raw[key] != "None")]
        return known.drop(columns=key).set_index(registry_numbers(known[key]))

    def document(self, name: str) -> dict:
        """A JSON file of thermo; empty where thermo is not installed.

        Raises
        ------
        MiscibleError
            The file is missing or no JSON.
        """
        if self.thermo is None:
            return {}
        if name not in self._documents:
            self._documents[name] = self._parse(self.thermo / name)
        return self._documents[name]

    def _parse(self, path: Path) -> dict:
        try:
            return json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise MiscibleError(
                f"not the file expected inside thermo {TESTED_THERMO} ({error}).", source=path, hint=_HINT
            ) from error

    @cached_property
    def identities(self) -> pd.DataFrame:
        """SMILES and name of the substances known to chemicals, by registry number.

        Raises
        ------
        MiscibleError
            A file is missing or has other columns.
        """
        parts = [self._identities_of(name) for name in _IDENTIFIERS]
        stacked = pd.concat(parts)
        return stacked[~stacked.index.duplicated(keep="last")]

    def _identities_of(self, name: str) -> pd.DataFrame:
        path = self.chemicals / "Identifiers" / name
        try:
            lines = path.read_text(encoding="utf-8").splitlines()
            fields = [line.split("\t", 9) for line in lines]
            rows = [(parts[1], parts[4], parts[8]) for parts in fields]
        except (OSError, ValueError, IndexError) as error:
            raise MiscibleError(
                f"not the file expected inside chemicals {TESTED_CHEMICALS} ({error}).",
                source=path,
                hint=_HINT,
            ) from error
        table = pd.DataFrame(rows, columns=["cas", "smiles", "name"])
        return table.set_index(registry_numbers(table.pop("cas")))


def _folder(package: str) -> Path | None:
    spec = find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        return None
    return Path(spec.submodule_search_locations[0])


def registry_numbers(texts: pd.Series) -> pd.Index:
    """CAS registry numbers as integers, with or without dashes in the text."""
    plain = texts.astype(str).str.replace("-", "", regex=False).str.strip()
    return pd.Index(plain.astype(np.int64), name="cas")


def registry_text(number: int) -> str:
    """``71432`` -> ``71-43-2``."""
    digits = str(number)
    return f"{digits[:-3]}-{digits[-3:-1]}-{digits[-1]}"
