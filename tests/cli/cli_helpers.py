"""The command line in this process, a small table of alloys, and a plan that trains for a moment."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest

from miscible.cli import main

TINY = """
strategies = ["mean", "ridge", "shared", "independent"]
workers = 1

[table]
source = "alloys.csv"
targets = ["hardness:reg:unit=HV", "strength:reg", "glass:cls"]
inputs = ["alloy", "temperature"]

[split]
folds = 2
repeats = 1

[tuning]
epochs = 2
halving = []
rates = [1e-3]
decays = [0.01]
"""


@dataclass(frozen=True)
class Outcome:
    """What a command left: exit status and both streams."""

    status: int
    out: str
    err: str

    def refuses(self, *words: object) -> None:
        """The user is told what is wrong, in one paragraph that holds these words."""
        assert self.status == 2, self.out + self.err
        assert self.err.splitlines()[-1].startswith("error: ")
        assert "Traceback" not in self.err
        for word in words:
            assert str(word) in self.err


Command = Callable[..., Outcome]


def run_command(*words: object) -> Outcome:
    """Run it; anything but a clean exit fails the test."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err), pytest.raises(SystemExit) as stop:
        main([str(word) for word in words])
    code = stop.value.code
    assert code is None or isinstance(code, int)
    return Outcome(code or 0, out.getvalue(), err.getvalue())


def alloys() -> pd.DataFrame:
    """60 alloys of three elements, half of the labels missing."""
    rng = np.random.default_rng(0)
    parts = rng.integers(5, 40, (60, 3))
    frame = pd.DataFrame(
        {
            "alloy": [f"Fe{a}Ni{b}Cr{c}" for a, b, c in parts],
            "temperature": rng.choice([298, 500, 700], 60),
            "hardness": parts[:, 2] * 5.0 + rng.normal(size=60),
            "strength": parts[:, 1] * 9.0 + rng.normal(size=60),
            "glass": np.where(parts[:, 0] > 20, "yes", "no"),
            "batch": [f"b{k % 12}" for k in range(60)],
        }
    )
    frame.loc[::3, "hardness"] = np.nan
    frame.loc[1::3, "strength"] = np.nan
    frame.loc[2::3, "glass"] = None
    return frame
