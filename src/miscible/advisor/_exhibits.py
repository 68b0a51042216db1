"""``diagnosis.json``: what was diagnosed of a run, part by part, as long as data and plan are the same."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..diagnosis import Exhibit, exhibit_from_json, exhibit_to_json, in_reading_order
from ..files import write_atomic
from ..study import Plan

__all__ = ["FILE", "Kept", "is_of_another", "keep_exhibit", "kept_exhibits", "read_kept", "run_mark"]

FILE = "diagnosis.json"
DAMAGE = (OSError, ValueError, KeyError, TypeError, AttributeError)


@dataclass(frozen=True)
class Kept:
    """One finished part: what it shows, whether it looked at less, and how long it took."""

    exhibit: Exhibit
    quick: bool
    seconds: float


def run_mark(plan: Plan, data: str) -> str:
    """SHA-256 of what a diagnosis depends on.

    Parameters
    ----------
    plan
        Of the study; the number of workers changes nothing, nor do other splits of the same table.
    data
        Fingerprint of the data, from the manifest.
    """
    aside = {"workers": True, "split": {"ladder", "use"}, "extends": plan.extends is None}
    content = json.dumps(
        plan.model_dump(mode="json", exclude={k: v for k, v in aside.items() if v}), sort_keys=True
    )
    return hashlib.sha256(f"{data}\n{content}".encode()).hexdigest()


def read_kept(path: Path, mark: str) -> dict[str, Kept]:
    """What the folder keeps of this very run, by key; nothing where the file is absent, damaged or of another."""
    content = _content(path)
    if content.get("run") != mark:
        return {}
    try:
        return {
            key: Kept(exhibit_from_json(part["exhibit"]), bool(part["quick"]), float(part["seconds"]))
            for key, part in content["parts"].items()
        }
    except DAMAGE:
        return {}


def keep_exhibit(path: Path, mark: str, kept: Kept) -> None:
    """Add a part to the file, or put it in the place of an older one; the file is whole at all times.

    Raises
    ------
    MiscibleError
        It cannot be written.
    """
    parts = read_kept(path, mark) | {kept.exhibit.key: kept}
    content = {
        "run": mark,
        "parts": {
            key: {
                "quick": part.quick,
                "seconds": round(part.seconds, 2),
                "exhibit": exhibit_to_json(part.exhibit),
            }
            for key, part in parts.items()
        },
    }
    write_atomic(path / FILE, json.dumps(content, indent=1, ensure_ascii=False) + "\n")


def kept_exhibits(path: Path, mark: str) -> tuple[Exhibit, ...]:
    """What there is to show of this very run, in reading order."""
    return in_reading_order(kept.exhibit for kept in read_kept(path, mark).values())


def is_of_another(path: Path, mark: str) -> bool:
    """Whether the folder keeps a diagnosis that does not fit its run any more, or that cannot be read."""
    return (path / FILE).exists() and _content(path).get("run") != mark


def _content(path: Path) -> dict[str, Any]:
    try:
        content = json.loads((path / FILE).read_text(encoding="utf-8"))
    except DAMAGE:
        return {}
    return content if isinstance(content, dict) else {}
