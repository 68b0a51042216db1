"""``miscible predict``: load a bundle, predict new rows, print or write CSV."""

from __future__ import annotations

import sys
from pathlib import Path

from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from ..bundle import beside_inputs, load_bundle
from ..files import write_atomic
from ..table import read_frame
from ._console import errors

__all__ = ["predict_command"]


def predict_command(
    bundle: Path, table: Path, out: Path | None, interval: float, skip_bad_rows: bool, sheet: str | None
) -> None:
    """Print rows and predictions as CSV, or write them to ``out``; notes go to the error stream."""
    loaded = load_bundle(bundle)
    frame = read_frame(table, sheet)
    bar = Progress(
        TextColumn("predicting"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f} %"),
        TimeRemainingColumn(),
        console=errors,
        disable=not errors.is_terminal,
        transient=True,
    )
    with bar:
        task = bar.add_task("predicting", total=len(frame))
        predictions = loaded.predict(
            frame, interval, skip_bad_rows, progress=lambda done: bar.update(task, completed=done)
        )
    for note in predictions.attrs["notes"]:
        errors.print(f"note: {note}", markup=False)
    numbers = predictions.select_dtypes("float64").columns
    # Seven digits are more than a prediction has; the user's own columns stay as they are.
    short = predictions.astype(dict.fromkeys(numbers, "float32"))
    text = beside_inputs(frame, short).to_csv(index=False)
    if out is None:
        sys.stdout.write(text)
        sys.stdout.flush()  # a full disk or a reader gone shows here, not when the process has ended well
    else:
        write_atomic(out, text)
        errors.print(f"{len(frame)} rows written to {out}", markup=False)
