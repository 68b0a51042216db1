from types import SimpleNamespace

import numpy as np
import pytest

from miscible.experiments._kang_measure import measure_study
from miscible.experiments._kang_tables import APART, TOGETHER
from miscible.splits import FoldAssignment
from miscible.table import InputSpec, Property


def study(transform: str) -> SimpleNamespace:
    """Two strategies on one property; the joint one errs twice as much."""
    rng = np.random.default_rng(0)
    truth = rng.normal(size=200)
    miss = 0.1 * rng.normal(size=(2, 200, 1))
    prop = Property("rho", metric="r2", transform=transform)  # pyright: ignore[reportArgumentType]
    table = SimpleNamespace(
        names=("rho",), properties=(prop,), kinds=("regression",), labels=truth[:, None],
        counts=np.array([200]), weights=np.ones(200), inputs=InputSpec(numeric=("x",)),
        frame=SimpleNamespace(columns=["x"]), targets=lambda: truth[:, None],
    )  # fmt: skip
    outer = {APART: truth[:, None] + miss, TOGETHER: truth[:, None] + 2.0 * miss}
    return SimpleNamespace(
        table=table, outer=outer, cells=(), predictions=lambda strategy, task: outer[strategy],
        thresholds={name: np.full((2, 5, 1), np.nan) for name in outer},
        folds=FoldAssignment(np.stack([rng.permutation(np.arange(200) % 5) for _ in range(2)]), 5),
    )  # fmt: skip


@pytest.mark.parametrize(("transform", "told"), [("none", False), ("log10", True)])
def test_a_reader_is_told_when_logarithms_are_judged(transform, told):
    found = measure_study(study(transform), {"resistivity": "rho"})  # pyright: ignore[reportArgumentType]
    assert set(found) == {"resistivity: independent -> shared", "resistivity tails"}
    for measured in found.values():
        assert ("log10" in measured.note) is told
        assert measured.high < 0.0


def test_twice_the_errors_are_a_tail_of_twice_the_size_and_the_percentile_is_named():
    tails = measure_study(study("none"), {"resistivity": "rho"})["resistivity tails"]  # pyright: ignore[reportArgumentType]
    assert tails.value == pytest.approx(-np.log(2.0))
    assert tails.note == "The 95th percentile."
