"""``ladder.json`` and ``ladder.csv``: what is kept of a ladder in the run folder."""

from __future__ import annotations

import json
import math
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pandas as pd

from ..advice import Call
from ..files import write_atomic
from ._ladder import Ladder, sharing_effect
from ._ladder_words import use_warnings

__all__ = ["ladder_frame", "read_warnings", "write_ladder"]

JSON, CSV = "ladder.json", "ladder.csv"


def ladder_frame(ladder: Ladder) -> pd.DataFrame:
    """One row a property and rung."""
    rows = []
    for t, name in enumerate(ladder.names):
        for rung in ladder.rungs:
            verdict = ladder.verdict(rung.key, t)
            row: dict[str, object] = {
                "property": name,
                "rung": rung.key,
                "group": rung.group,
                "own_rung": rung.key == ladder.home,
                "same_as": rung.same_as,
                "skipped": rung.skipped,
            }
            if verdict is not None:
                effect, low, high = sharing_effect(verdict)
                row |= {"verdict": str(verdict.call), "status": ladder.status(rung.key, t)}
                row |= {"effect": effect, "low": low, "high": high, "metric": verdict.metric}
                if verdict.sharing is not None:
                    row["error_separate"] = verdict.sharing.baseline_error
                    row["error_joint"] = verdict.sharing.candidate_error
                if verdict.deploy is not None:
                    row |= {"deploy": verdict.deploy.strategy, "deploy_error": verdict.deploy.error}
                row["unit"] = verdict.unit
            rows.append(row)
    return pd.DataFrame(rows)


def write_ladder(path: Path, mark: str, ladder: Ladder) -> None:
    """Write ``ladder.json`` and ``ladder.csv``, each whole.

    Parameters
    ----------
    path
        Run folder.
    mark
        Of the run, see `run_mark`.
    ladder
        The ladder.
    """
    content = {
        "run": mark,
        "own_rung": ladder.home,
        "use": ladder.use,
        "rungs": [asdict(rung) for rung in ladder.rungs],
        "properties": [
            {
                "name": name,
                "verdict": ladder.call(ladder.home, t),
                "last_supporting_rung": ladder.last_supporting(t),
                "supports_use": ladder.supports_use(t),
                "status": {key: ladder.status(key, t) for key in ladder.tested},
                "flips": [asdict(flip) for flip in ladder.flips(t)],
            }
            for t, name in enumerate(ladder.names)
        ],
        "warnings": use_warnings(ladder),
    }
    write_atomic(path / JSON, json.dumps(_plain(content), indent=2, ensure_ascii=False) + "\n")
    write_atomic(path / CSV, ladder_frame(ladder).to_csv(index=False))


def read_warnings(path: Path, mark: str) -> tuple[str, ...]:
    """Warnings of the ladder of this very run; none where there is no ladder or it is of another run."""
    try:
        content = json.loads((path / JSON).read_text(encoding="utf-8"))
        return tuple(content["warnings"]) if content["run"] == mark else ()
    except (OSError, ValueError, KeyError, TypeError):
        return ()


def _plain(value: Any) -> Any:
    """JSON knows no NaN: not measured is null."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Call):
        return str(value)
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value
