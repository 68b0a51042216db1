"""``miscible strategies``: the words of strategy names."""

from __future__ import annotations

from ..baselines import BASELINES
from ..strategies import SETS, describe_strategies
from ._console import screen

__all__ = ["strategies_command"]


def strategies_command() -> None:
    """Print every word with its meaning, and the named sets."""
    lines = [
        "A strategy is an architecture and any words that go with it, joined by +: shared+lds+gradnorm.",
        "",
    ]
    for heading, words in describe_strategies():
        width = max(len(word) for word, _ in words)
        lines += [heading, *(f"  {word:<{width}}  {meaning}" for word, meaning in words), ""]
    lines += [
        "without networks",
        f"  {', '.join(BASELINES)}",
        "",
    ]
    width = max(map(len, SETS))
    lines += ["sets", *(f"  {name:<{width}}  {' '.join(members)}" for name, members in SETS.items())]
    screen.print("\n".join(lines), markup=False, soft_wrap=True)
