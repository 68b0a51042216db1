"""Peak memory of `miscible advise` on a table the size of the alloy paper's: 52,388 + 800 + 840 disjoint labels.

Simulated labels on random 15-element alloys; what is measured is memory, not accuracy. All processes of the run
count, each by its proportional share of shared pages. Linux only.

    python benchmarks/memory.py [--budget 4m] [--repeats 1]
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd

COUNTS = {"resistivity": 52_388, "hardness": 800, "amorphous": 840}
ELEMENTS = ["Al", "Co", "Cr", "Cu", "Fe", "Hf", "Mn", "Mo", "Nb", "Ni", "Si", "Ta", "Ti", "V", "Zr"]


def make_table(path: Path) -> None:
    """One label a row, as in the paper; fractions of up to five of fifteen elements."""
    rng = np.random.default_rng(0)
    n_rows = sum(COUNTS.values())
    amounts = rng.gamma(1.0, size=(n_rows, len(ELEMENTS))) * (rng.random((n_rows, len(ELEMENTS))) < 0.3)
    amounts[np.arange(n_rows), rng.integers(len(ELEMENTS), size=n_rows)] += 1.0
    fractions = amounts / amounts.sum(axis=1, keepdims=True)
    frame = pd.DataFrame(fractions.round(4), columns=ELEMENTS)
    latent = fractions @ rng.normal(size=(len(ELEMENTS), 3)) + rng.normal(scale=0.1, size=(n_rows, 3))
    latent[:, 2] = latent[:, 2] > np.quantile(latent[:, 2], 0.8)
    start = 0
    for t, (name, count) in enumerate(COUNTS.items()):
        column = np.full(n_rows, np.nan)
        column[start : start + count] = latent[start : start + count, t]
        frame[name] = column
        start += count
    frame.to_csv(path, index=False)


def descendants(pid: int) -> list[int]:
    """A process and all its children, now."""
    found = [pid]
    for parent in found:
        for task in Path(f"/proc/{parent}/task").glob("*/children"):
            found += [int(child) for child in task.read_text().split()]
    return found


def share(pid: int) -> int:
    """Proportional set size in KiB; 0 once the process has ended."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except (FileNotFoundError, ProcessLookupError):
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("Pss:")), 0)


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--budget", default="4m")
    parser.add_argument("--repeats", default="1")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        table = Path(folder) / "table.csv"
        make_table(table)
        targets = ["resistivity:reg", "hardness:reg", "amorphous:cls"]
        command = [
            sys.executable, "-m", "miscible", "advise", str(table), "--targets", *targets,
            "--inputs", *(f"{e}:at" for e in ELEMENTS), "--group", "composition", "--repeats", options.repeats,
            "--budget", options.budget, "--out", str(Path(folder) / "run"), "--quiet",
        ]  # fmt: skip
        began = time.perf_counter()
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        peak = 0
        while process.poll() is None:
            try:
                peak = max(peak, sum(share(pid) for pid in descendants(process.pid)))
            except FileNotFoundError:
                continue
            time.sleep(0.2)
        seconds = time.perf_counter() - began
    print(f"rows x properties   {sum(COUNTS.values())} x {len(COUNTS)}")
    print(f"exit status         {process.returncode}")
    print(f"wall                {seconds:.0f} s")
    print(f"peak memory         {peak / 2**20:.2f} GiB over all processes")
    numbers = {
        "rows": sum(COUNTS.values()),
        "status": process.returncode,
        "seconds": round(seconds, 1),
        "peak_gib": round(peak / 2**20, 3),
    }
    print(json.dumps(numbers))


if __name__ == "__main__":
    main()
