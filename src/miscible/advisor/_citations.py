"""BibTeX of the methods a run used, beside that of its data."""

from __future__ import annotations

from importlib.resources import files

from ..study import StudyResult

__all__ = ["method_citations"]

SOURCES = {
    "relation": "kang2025multitask",
    "relation-dynamic": "kang2025multitask",
    "mmoe": "ma2018modeling",
    "task-attention": "liu2019attention",
    "grouped": "fifty2021groupings",
    "lds": "yang2021delving",
    "fds": "yang2021delving",
    "bmc": "ren2022balanced",
    "gai": "ren2022balanced",
    "bni": "ren2022balanced",
    "focal": "lin2017focal",
    "gradnorm": "chen2018gradnorm",
    "uncertainty": "kendall2018uncertainty",
    "dwa": "liu2019attention",
    "famo": "liu2023famo",
    "pcgrad": "yu2020surgery",
    "gradvac": "wang2021vaccine",
    "mgda": "sener2018multiobjective",
    "cagrad": "liu2021cagrad",
    "imtl-g": "liu2021impartial",
    "nash": "navon2022bargaining",
    "aligned": "senushkin2023alignment",
    "upgrad": "quinton2024jacobian",
    "config": "liu2024config",
    "fairgrad": "ban2024fair",
    "per-task": "acs2025",
    "ensemble": "caruana2004ensemble",
}
"""Entry of ``methods.bib`` for words of strategy names."""


def method_citations(result: StudyResult) -> tuple[str, ...]:
    """Entries of ``methods.bib`` for what this run did."""
    used = {"nadeau2003inference", "corani2015bayesian", "barber2021predictive"}
    architectures = {s.architecture for s in result.strategies}
    if any(s.side == "joint" for s in result.strategies):
        used.add("caruana1997multitask")
    for strategy in result.strategies:
        words = {strategy.architecture, *strategy.remedies, strategy.checkpoint}
        used |= {SOURCES[word] for word in words if word in SOURCES}
    if architectures & {"lightgbm", "lightgbm-stacked"}:
        used.add("ke2017lightgbm")
    if "extra-trees" in architectures:
        used.add("geurts2006extremely")
    if "kernel" in architectures:
        used.add("williams2000nystroem")
    if result.table.inputs.composition is not None or result.table.inputs.fractions:
        used.add("ward2016magpie")
    text = files(__package__ or "").joinpath("methods.bib").read_text(encoding="utf-8")
    entries = [entry.strip() for entry in text.split("\n\n") if entry.strip()]
    return tuple(entry for entry in entries if entry.split("{", 1)[1].split(",", 1)[0] in used)
