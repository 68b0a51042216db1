"""``miscible datasets``: its two verbs and their options."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ._guard import guarded

__all__ = ["datasets_app"]

datasets_app = typer.Typer(
    help="Ready-made tables: real ones, and simulated ones with known truth.", no_args_is_help=True
)


@datasets_app.command("list")
@guarded
def datasets_list() -> None:
    """Names of the ready-made tables."""
    from ._datasets import list_command

    list_command()


@datasets_app.command("show")
@guarded
def datasets_show(
    name: Annotated[str, typer.Argument(help="Dataset.")],
    data: Annotated[
        Path | None, typer.Option(help="Folder of its files, for one that does not bring them.")
    ] = None,
) -> None:
    """What a ready-made table holds and what its loader repaired."""
    from ._datasets import show_command

    show_command(name, data)
