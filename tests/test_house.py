"""The borders between the rooms: who may import what, and where it is written down."""

from __future__ import annotations

import ast
import configparser
import re
from pathlib import Path

import pytest

HOUSE = Path(__file__).parents[1]
PACKAGE = HOUSE / "src" / "miscible"
MODULES = sorted(PACKAGE.rglob("*.py"))


def private_imports(source: str, package: tuple[str, ...]) -> list[str]:
    """Private modules or names taken from another room by a module of ``package``, as dotted names."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) + 1 - node.level] if node.level else ()
            stem = ".".join([*base, *([node.module] if node.module else [])])
            names = [f"{stem}.{alias.name}" for alias in node.names]
        else:
            continue
        for name in names:
            parts = tuple(name.split("."))
            if parts[0] == "miscible" and parts[:2] != package[:2]:
                found += [name] if any(p.startswith("_") and not p.startswith("__") for p in parts) else []
    return found


def test_private_imports_are_recognised() -> None:
    package = ("miscible", "study")
    wrong = [
        "from ..table._cells import texts",
        "from ..table import _cells",
        "from .. import _x",
        "import miscible.table._rows",
        "from miscible.table._rows import rows_error",
    ]
    fine = [
        "from ._plan import Plan",
        "from ..study._plan import Plan",
        "from miscible.study import _plan",
        "from ..table import Table",
        "from .. import __version__",
        "import numpy._core",
    ]
    assert [bool(private_imports(line, package)) for line in wrong] == [True] * len(wrong)
    assert [private_imports(line, package) for line in fine] == [[]] * len(fine)


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_no_room_imports_from_behind_anothers_door(path: Path) -> None:
    package = ("miscible", *path.relative_to(PACKAGE).parent.parts)
    assert private_imports(path.read_text(encoding="utf-8"), package) == []


def test_every_room_has_its_place_in_the_contract_and_in_the_document() -> None:
    rooms = {path.name for path in PACKAGE.iterdir() if (path / "__init__.py").is_file()}
    rooms |= {path.stem for path in PACKAGE.glob("*.py") if not path.stem.startswith("_")}
    contract = configparser.ConfigParser()
    contract.read(HOUSE / ".importlinter")
    layers = [
        sorted(re.findall(r"\w+", line))
        for line in contract["importlinter:contract:house"]["layers"].split("\n")
        if line
    ]
    document = (HOUSE / "docs" / "architecture.md").read_text(encoding="utf-8")
    listed = re.findall(r"^(\w+(?:, \w+)*) {2,}", document.split("```")[1], re.MULTILINE)
    written = [sorted(line.split(", ")) for line in listed]
    assert written == layers[::-1]
    assert {room for layer in layers for room in layer} == rooms
