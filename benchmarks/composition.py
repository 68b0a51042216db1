"""Parse and featurize 50,000 distinct compositions at once, against pymatgen and plain loops one by one.

Both compute the six statistics of every element property; ours also the fractions and the alloy descriptors.
Prints a table and, as the last line, one JSON object with the same numbers. Run with one thread:
``OMP_NUM_THREADS=1 python benchmarks/composition.py``.
"""

from __future__ import annotations

import json
import time

import numpy as np
import pandas as pd
from pymatgen.core import Composition

from miscible.chemistry import ELEMENTS, element_data, parse_formulas
from miscible.inputs import featurize
from miscible.table import InputSpec

N_COMPOSITIONS = 50_000
N_ONE_BY_ONE = 1_000


def random_formulas(n: int, seed: int) -> list[str]:
    """Distinct alloys of three to eight elements with two decimals."""
    rng = np.random.default_rng(seed)
    known = [s for s, facts in zip(ELEMENTS, element_data().values, strict=True) if np.isfinite(facts).all()]
    formulas: dict[str, None] = {}
    while len(formulas) < n:
        chosen = rng.choice(known, rng.integers(3, 9), replace=False)
        amounts = rng.integers(1, 4000, len(chosen)) / 100
        formulas["".join(f"{s}{x:g}" for s, x in zip(chosen, amounts, strict=True))] = None
    return list(formulas)


def one_by_one(formulas: list[str]) -> np.ndarray:
    """Element statistics, one formula, property and element at a time, ``(n, 6 * n_properties)``."""
    data = element_data()
    facts = dict(zip(ELEMENTS, data.values.tolist(), strict=True))
    table = np.empty((len(formulas), 6, len(data.names)))
    for row, formula in enumerate(formulas):
        fractions = Composition(formula).fractional_composition.as_dict()
        for column in range(len(data.names)):
            pairs = [(facts[symbol][column], x) for symbol, x in fractions.items()]
            values = [v for v, _ in pairs]
            mean = sum(v * x for v, x in pairs)
            deviation = sum(x * abs(v - mean) for v, x in pairs)
            top = max(x for _, x in pairs)
            mode = min(v for v, x in pairs if x > top - 1e-9)
            table[row, :, column] = mean, max(values) - min(values), deviation, min(values), max(values), mode
    return table.reshape(len(formulas), -1)


def timed(function, *arguments):
    """Wall and processor seconds of one call, and what it returned."""
    wall, processor = time.perf_counter(), time.process_time()
    result = function(*arguments)
    return time.perf_counter() - wall, time.process_time() - processor, result


def main() -> None:
    """Time both ways in one run."""
    formulas = random_formulas(N_COMPOSITIONS, seed=1)
    frame = pd.DataFrame({"formula": formulas})
    spec = InputSpec(composition="formula")
    featurize(pd.DataFrame({"formula": ["Fe"]}), spec)
    wall, processor, features = timed(featurize, frame, spec)
    _, parsing, _ = timed(parse_formulas, random_formulas(N_COMPOSITIONS, seed=2))
    _, loop, expected = timed(one_by_one, formulas[:N_ONE_BY_ONE])
    found = features.numeric[:N_ONE_BY_ONE, len(ELEMENTS) : len(ELEMENTS) + expected.shape[1]]
    numbers = {
        "n_compositions": N_COMPOSITIONS,
        "n_features": features.numeric.shape[1],
        "seconds": round(wall, 3),
        "cpu_seconds": round(processor, 3),
        "cpu_seconds_parsing": round(parsing, 3),
        "cpu_microseconds_each": round(processor / N_COMPOSITIONS * 1e6, 1),
        "cpu_microseconds_one_by_one": round(loop / N_ONE_BY_ONE * 1e6, 1),
        "cpu_speedup": round(loop / N_ONE_BY_ONE / (processor / N_COMPOSITIONS), 1),
        "largest_relative_difference": float(
            f"{np.max(np.abs(found - expected) / (1 + np.abs(expected))):.1e}"
        ),
    }
    for name, value in numbers.items():
        print(f"{name:<30}{value:>12}")
    print(json.dumps(numbers))


if __name__ == "__main__":
    main()
