"""The compiled step against the eager one."""

from __future__ import annotations

import shutil
from dataclasses import replace

import numpy as np
import pytest
from torch._dynamo.exc import TorchDynamoException

from miscible.errors import MiscibleError
from miscible.learning import Member, NetworkShape, Population, TrainingData, TrainOptions, train
from miscible.learning.nets import _compiled

SHAPE = NetworkShape(5, (1, 3, 1), trunk=(12, 9), head=(6,))
KINDS = ("regression", "multiclass", "binary")
OPTIONS = TrainOptions(batch_size=16, max_epochs=1)


def make_data() -> TrainingData:
    rng = np.random.default_rng(0)
    targets = np.stack([rng.normal(size=90), rng.integers(0, 3, 90), rng.integers(0, 2, 90)], axis=1)
    targets[rng.random(targets.shape) > 0.4] = np.nan
    inputs = rng.normal(size=(1, 90, 5)).astype(np.float32)
    return TrainingData(
        inputs, targets[None].astype(np.float32), (np.arange(70),), (np.arange(70, 90),), KINDS
    )


def test_the_function_that_is_compiled_equals_the_eager_passes(monkeypatch):
    monkeypatch.setattr(_compiled, "_compiled", lambda: _compiled._step)
    check_equal()


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("g++") is None, reason="needs a C++ compiler")
@pytest.mark.filterwarnings("ignore")
def test_compiled_equals_eager():
    check_equal()


def check_equal() -> None:
    data = make_data()
    population = Population(SHAPE, tuple(Member(0, (0, 1, 2), seed) for seed in range(3)))
    eager = train(population, data, OPTIONS)
    compiled = train(population, data, replace(OPTIONS, compile=True))
    for name, array in eager.state.items():
        np.testing.assert_allclose(compiled.state[name], array, atol=1e-6)
    assert compiled.members[0].steps == eager.members[0].steps > 1


def test_a_missing_compiler_is_explained(monkeypatch):
    def fail(*_: object) -> None:
        raise TorchDynamoException("no working C++ compiler\n\nlong story")

    monkeypatch.setattr(_compiled, "_compiled", lambda: fail)
    population = Population(SHAPE, (Member(0, (0,), 0),))
    with pytest.raises(
        MiscibleError, match="no working C\\+\\+ compiler Install a C\\+\\+ compiler"
    ) as caught:
        train(population, make_data(), replace(OPTIONS, compile=True))
    assert "long story" not in str(caught.value)
