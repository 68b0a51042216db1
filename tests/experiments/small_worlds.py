"""Worlds that need no simulator, and what a plan needs to be written."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from miscible.strategies import Tuning

QUICK = Tuning(rates=(3e-3,), decays=(1e-2,), finalists=1, halving=(), epochs=12)

PLAN = """
name = "tiny"
question = "Does a scarce property gain?"
arms = ["independent", "shared"]
[dials]
noise = 0.2
[vary]
counts = ["60/20", "60/60"]
relatedness = [0, 0.9]
[small]
worlds = 2
redraws = 2
n_test = 50
epochs = 2
[full]
worlds = 3
"""


def write_plan(folder: Path, old: str = "", new: str = "") -> Path:
    """The plan with one text replaced."""
    assert old in PLAN
    path = folder / "tiny.toml"
    path.write_text(PLAN.replace(old, new) if old else PLAN, encoding="utf-8")
    return path


@dataclass(frozen=True)
class Table:
    frame: pd.DataFrame


@dataclass(frozen=True)
class PlainWorld:
    """Two properties of six numbers: the second is the first again, its opposite on a fold, or a stranger.

    ``binary`` turns the second into a class whose probability is known.
    """

    likeness: float = 1.0
    counts: tuple[int, int] = (300, 25)
    noise: float = 0.1
    binary: bool = False
    both: bool = False
    inputs: tuple[str, ...] = tuple(f"x{i}:number" for i in range(6))

    @property
    def targets(self) -> tuple[str, ...]:
        return ("a:reg", f"b:{'binary' if self.binary else 'reg'}")

    def values(self, x: np.ndarray) -> np.ndarray:
        first = np.sin(2.0 * x[:, 0]) + x[:, 1] * x[:, 2]
        other = np.cos(2.0 * x[:, 3]) * x[:, 4] + x[:, 5] ** 2
        second = self.likeness * first + np.sqrt(1.0 - self.likeness**2) * other
        if self.binary:
            second = 1.0 / (1.0 + np.exp(-3.0 * second))
        return np.stack([first, second], axis=1)

    def draw(self, seed: int) -> Table:
        rng = np.random.default_rng([1, seed])
        n = max(self.counts) if self.both else sum(self.counts)
        x = rng.uniform(-1.0, 1.0, (n, 6))
        values = self.values(x)
        labels = values + self.noise * rng.standard_normal(values.shape)
        if self.binary:
            labels[:, 1] = rng.random(n) < values[:, 1]
        labels[self.counts[0] :, 0] = np.nan
        if self.both:
            labels[self.counts[1] :, 1] = np.nan
        else:
            labels[: self.counts[0], 1] = np.nan
        return Table(self._frame(x).assign(a=labels[:, 0], b=labels[:, 1]))

    def test(self, n: int, seed: int) -> tuple[pd.DataFrame, np.ndarray]:
        x = np.random.default_rng([2, seed]).uniform(-1.0, 1.0, (n, 6))
        return self._frame(x), self.values(x)

    def _frame(self, x: np.ndarray) -> pd.DataFrame:
        return pd.DataFrame(x, columns=[f"x{i}" for i in range(6)])
