"""BibTeX of the methods a run used, beside that of its data."""

from __future__ import annotations

from importlib.resources import files

from ..study import StudyResult

__all__ = ["method_citations"]


def method_citations(result: StudyResult) -> tuple[str, ...]:
    """Entries of ``methods.bib`` for what this run did."""
    used = {"nadeau2003inference", "corani2015bayesian", "barber2021predictive"}
    architectures = {s.architecture for s in result.strategies}
    if "shared" in architectures:
        used.add("caruana1997multitask")
    if architectures & {"lightgbm", "lightgbm-stacked"}:
        used.add("ke2017lightgbm")
    if "extra-trees" in architectures:
        used.add("geurts2006extremely")
    if result.table.inputs.composition is not None or result.table.inputs.fractions:
        used.add("ward2016magpie")
    text = files(__package__ or "").joinpath("methods.bib").read_text(encoding="utf-8")
    entries = [entry.strip() for entry in text.split("\n\n") if entry.strip()]
    return tuple(entry for entry in entries if entry.split("{", 1)[1].split(",", 1)[0] in used)
