"""Options that several verbs share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

__all__ = [
    "Folds",
    "Group",
    "Inputs",
    "Out",
    "Overwrite",
    "Quiet",
    "Repeats",
    "Resume",
    "Sheet",
    "Skip",
    "Source",
    "Targets",
    "Weight",
    "Where",
]

Source = Annotated[
    str, typer.Argument(help="CSV, TSV, Excel or Parquet file, or dataset:alloys.", metavar="TABLE")
]
Targets = Annotated[
    list[str] | None,
    typer.Option(help="Properties, one or more NAME:kind[:metric][:key=value]; kind is reg or cls."),
]
Inputs = Annotated[
    list[str] | None,
    typer.Option(
        help="Input columns NAME[:role], role composition, smiles, descriptors (SMILES without hashed counts: "
        "much faster networks), number, category, at or wt; found by name if left out."
    ),
]
Where = Annotated[list[str] | None, typer.Option(help='Row filters, such as "temperature <= 298".')]
Weight = Annotated[str | None, typer.Option(help="Column of sample weights.")]
Sheet = Annotated[str | None, typer.Option(help="Sheet of an Excel file.")]
Skip = Annotated[bool, typer.Option("--skip-bad-rows", help="Leave out rows whose inputs cannot be read.")]
Group = Annotated[
    str | None,
    typer.Option(
        help="What folds keep together: auto (by the inputs), composition, system, scaffold, cluster, element, none, "
        "or a column."
    ),
]
Folds = Annotated[int | None, typer.Option(help="Outer folds (default 5).")]
Repeats = Annotated[int | None, typer.Option(help="Repeats of the folds (default 3).")]
Out = Annotated[Path, typer.Option(help="Run folder.")]
Resume = Annotated[bool, typer.Option("--resume", help="Go on with the run in --out.")]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Throw away the run in --out.")]
Quiet = Annotated[bool, typer.Option("--quiet", help="No progress bar.")]
