"""A simulated table as a ready-made one: from a specification to a `Dataset`."""

from __future__ import annotations

from textwrap import fill

from miscible.errors import InputError
from miscible.inputs import ALLOY_DESCRIPTORS

from ._dataset import Dataset
from ._synthetic_dials import DIALS, Dials
from ._synthetic_text import parse_dials, write_dials, written
from ._synthetic_world import World, make_world

__all__ = ["SYNTHETIC", "describe_dials", "load_synthetic", "parse_specification"]

SYNTHETIC = "synthetic"
_SEED = ("a whole number from 0 to 4,294,967,295", "the same seed gives the same table")
_MOST_SEED = 2**32 - 1
_DESCRIPTION = (
    "A SIMULATED table: alloys as people make them, base alloys of uneven popularity varied and with small "
    "additions; properties that are known functions of the composition, with what they share and what is their own "
    "in known shares; no value was measured on any material."
)


def load_synthetic(text: str) -> Dataset:
    """Simulate the table that a specification describes.

    Parameters
    ----------
    text
        Dials as `parse_dials` reads them, and ``seed=NUMBER`` (0 by default). Empty: every dial at its default.

    Raises
    ------
    InputError
        As `parse_dials`, or there are not as many alloys or functions as asked for.
    """
    dials, seed = parse_specification(text)
    world = make_world(dials, seed)
    draw = world.draw(seed)
    return Dataset(
        name=SYNTHETIC,
        description=_DESCRIPTION,
        frame=draw.frame,
        targets=world.targets,
        inputs=world.inputs,
        group="composition",
        columns=_columns(world),
        notes=(f"SIMULATED, seed {seed}: {write_dials(dials)}", *_notes(world)),
        citations=(),
        licence="none needed; the table is made by miscible",
    )


def parse_specification(text: str) -> tuple[Dials, int]:
    """Dials and seed of ``counts=3000/300/300,relatedness=0.5,seed=3``.

    Raises
    ------
    InputError
        As `parse_dials`, or the seed is none.
    """
    parts = [part.strip() for part in text.split(",")]
    seeds = [part for part in parts if part.partition("=")[0].strip() == "seed"]
    if len(seeds) > 1:
        raise InputError("the dial 'seed' is named twice.", source=SYNTHETIC, hint="Name it once.")
    seed = seeds[0].partition("=")[2].strip() if seeds else "0"
    if not seed.isdecimal() or int(seed) > _MOST_SEED:
        raise InputError(f"the seed cannot be {seed!r}.", source=SYNTHETIC, hint=f"Expected {_SEED[0]}.")
    try:
        return parse_dials(",".join(part for part in parts if part not in seeds)), int(seed)
    except InputError as error:
        raise InputError(error.message, source=SYNTHETIC, hint=error.hint) from None


def describe_dials(width: int) -> str:
    """What can be written behind the name, for a terminal."""
    defaults = {**written(Dials()), "kinds": "all reg", "seed": "0"}
    lines = [
        fill(
            f"Dials: dataset:{SYNTHETIC}:NAME=VALUE,NAME=VALUE, as in "
            f"dataset:{SYNTHETIC}:counts=3000/300/300,relatedness=0.5,form=polynomial/power/threshold,seed=3. "
            f"A first word kang (dataset:{SYNTHETIC}:kang,seed=3) starts from 52,388 / 800 / 840 labels, the "
            "third binary, no row with two. Each dial, its default, what it may be, and what it means:",
            width,
        )
    ]
    for name, (values, meaning) in {**DIALS, "seed": _SEED}.items():
        default = defaults[name] or "none"
        lines.append(
            fill(f"{name} ({default}): {values}", width, initial_indent="  ", subsequent_indent="    ")
        )
        lines.append(fill(f"{meaning}", width, initial_indent="    ", subsequent_indent="    "))
    return "\n".join(lines)


def _columns(world: World) -> dict[str, str]:
    columns = {"composition": "formula in atomic fractions", "system": "elements of the alloy"}
    columns |= {symbol: f"atomic fraction of {symbol}" for symbol in world.sampler.elements}
    if world.dials.descriptors:
        columns |= dict.fromkeys(ALLOY_DESCRIPTORS, "descriptor of the alloy, a function of its composition")
    derived = dict(world.dials.derived)
    for task, (name, kind) in enumerate(zip(world.names, world.dials.task_kinds, strict=True)):
        text = "simulated; in units of the spread of its noise-free values"
        if kind == "binary":
            text = "simulated; 1 or 0"
        if task in derived:
            text = f"simulated; computed from measured values of {world.names[derived[task]]}"
        columns[name] = text
    return columns


def _notes(world: World) -> tuple[str, ...]:
    n = world.dials.n_tasks
    pairs = [
        f"{world.names[a]} and {world.names[b]} {world.correlation[a, b]:+.2f}"
        for a in range(n)
        for b in range(a + 1, n)
        if n <= 5
    ]
    return (f"correlation of the noise-free values: {', '.join(pairs)}",) if pairs else ()
