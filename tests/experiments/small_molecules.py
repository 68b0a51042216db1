"""A small data set of molecules with four properties, as if it were the large one."""

from __future__ import annotations

import numpy as np
import pandas as pd

from miscible.datasets import Dataset

RINGS = ("c1ccccc1", "C1CCCCC1", "c1ccncc1", "C1CCOC1", "c1ccc2ccccc2c1", "C1CCNC1", "c1ccsc1", "c1ccoc1", "")
ENDS = ("O", "N", "Cl", "C(=O)O")
TARGETS = ("boiling:reg:unit=K", "vapour:reg:transform=log10", "density:reg", "rare:reg:unit=J")


def small_molecules() -> Dataset:
    """144 molecules; the last property is known for 40 of them."""
    smiles = ["C" * (k + 1) + end if not ring else ring + "C" * k + end
              for ring in RINGS for k in range(4) for end in ENDS]  # fmt: skip
    rng = np.random.default_rng(0)
    size = np.array([len(text) for text in smiles], dtype=float)
    polar = np.array([text.count("O") + text.count("N") for text in smiles], dtype=float)
    labels = np.column_stack([300 + 20 * size, 10.0 ** (-size / 4 - polar), 0.8 + 0.1 * polar, size + polar])
    labels *= np.exp(0.01 * rng.normal(size=labels.shape))
    labels[rng.random(labels.shape) < 0.2] = np.nan
    labels[np.argsort(rng.random(len(smiles)))[40:], 3] = np.nan
    names = [target.partition(":")[0] for target in TARGETS]
    frame = pd.DataFrame({"smiles": smiles}).join(pd.DataFrame(labels, columns=names))
    return Dataset(
        "molecules", "", frame, TARGETS, ("smiles:smiles",), "scaffold", dict.fromkeys(frame.columns, ""), (), (), ""
    )  # fmt: skip
