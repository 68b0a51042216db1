"""What the networks of a study say about their remedies, gathered by strategy for the report."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from ..report import Band, Grouping, Influence, RuleStory
from ..study import CellRecord

__all__ = ["groupings", "influences", "rule_stories"]


def rule_stories(
    cells: Sequence[CellRecord], names: Sequence[str], band: Callable[[Sequence[np.ndarray]], Band]
) -> tuple[RuleStory, ...]:
    """Weights, share of steps acted in and share of pairs in conflict, over the networks of each strategy.

    Parameters
    ----------
    cells
        Of the study; networks without ``rule`` are left out.
    names
        Of the properties, in table order.
    band
        Mean and quartiles of curves of different lengths.
    """
    stories = []
    for strategy, found in _networks_with(cells, "rule").items():
        weights: dict[int, list[np.ndarray]] = defaultdict(list)
        rules = [network["rule"] for _, network in found]
        for cell, network in found:
            for task, line in zip(network["tasks"], network["rule"]["weights"], strict=True):
                story = np.array(line, dtype=float)
                if np.isfinite(story).any():
                    weights[cell.tasks[task]].append(story)
        if not weights:
            continue
        conflicts = [
            np.array(rule["conflicts"], dtype=float) for rule in rules if rule.get("conflicts") is not None
        ]
        bands = [band(lines) for _, lines in sorted(weights.items())]
        acted = band([np.array(rule["acted"], dtype=float) for rule in rules])
        length = max(len(b.mean) for b in (*bands, acted))
        stories.append(
            RuleStory(
                strategy,
                rules[0]["name"],
                tuple(names[t] for t in sorted(weights)),
                np.arange(1, length + 1),
                tuple(_padded(b, length) for b in bands),
                _padded(acted, length),
                _padded(band(conflicts), length) if conflicts else None,
                len(rules),
            )
        )
    return tuple(stories)


def influences(cells: Sequence[CellRecord], names: Sequence[str]) -> tuple[Influence, ...]:
    """Mean and standard deviation of the relation graphs over the networks of each strategy."""
    graphs = []
    for strategy, found in _networks_with(cells, "influence").items():
        shares = np.full((len(found), len(names), len(names)), np.nan)
        for share, (cell, network) in zip(shares, found, strict=True):
            own = np.array(network["influence"], dtype=float)
            # A graph spans what the network learned, or every task of its cell where some had no label.
            tasks = network["tasks"] if len(own) == len(network["tasks"]) else range(len(cell.tasks))
            at = [cell.tasks[t] for t in tasks]
            share[np.ix_(at, at)] = own
        shares[:, np.arange(len(names)), np.arange(len(names))] = np.nan
        shown = np.flatnonzero(np.isfinite(shares).any(axis=(0, 1)) | np.isfinite(shares).any(axis=(0, 2)))
        if shown.size:
            mean, spread = _moments(shares[:, shown[:, None], shown])
            graphs.append(
                Influence(strategy, tuple(names[t] for t in shown.tolist()), mean, spread, len(found))
            )
    return tuple(graphs)


def groupings(cells: Sequence[CellRecord], names: Sequence[str]) -> tuple[Grouping, ...]:
    """Share of the folds in which the network answering for a property had learned each other one.

    Several networks that answer for a property in one fold count in equal parts.
    """
    groups = []
    for strategy, found in _networks_with(cells, "served").items():
        folds: dict[tuple[int, int], list[tuple[list[int], list[int]]]] = defaultdict(list)
        for cell, network in found:
            learned = [cell.tasks[t] for t in network["tasks"]]
            folds[cell.repeat, network["fold"]].append(([cell.tasks[t] for t in network["served"]], learned))
        shares = np.stack([_together(networks, len(names)) for networks in folds.values()])
        groups.append(Grouping(strategy, tuple(names), _moments(shares)[0], len(folds)))
    return tuple(groups)


def _networks_with(
    cells: Sequence[CellRecord], key: str
) -> Mapping[str, list[tuple[CellRecord, dict[str, Any]]]]:
    """The kept networks that tell this, by strategy."""
    found: dict[str, list[tuple[CellRecord, dict[str, Any]]]] = defaultdict(list)
    for cell, network in _networks(cells):
        if network.get(key) is not None:
            found[cell.strategy].append((cell, network))
    return found


def _networks(cells: Sequence[CellRecord]) -> Iterator[tuple[CellRecord, dict[str, Any]]]:
    return ((cell, network) for cell in cells for network in cell.networks)


def _together(networks: Sequence[tuple[list[int], list[int]]], n_tasks: int) -> np.ndarray:
    """``(n_tasks, n_tasks)`` of one fold: row = answered for, column = learned by the same networks."""
    counts, answered = np.zeros((n_tasks, n_tasks)), np.zeros(n_tasks)
    for served, learned in networks:
        answered[served] += 1
        counts[np.ix_(served, learned)] += 1
    shares = np.full((n_tasks, n_tasks), np.nan)
    shares[answered > 0] = counts[answered > 0] / answered[answered > 0, None]
    np.fill_diagonal(shares, np.nan)
    return shares


def _moments(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and standard deviation over the first axis of what is finite there; NaN where nothing is."""
    known = np.isfinite(values)
    n = known.sum(axis=0)
    mean = np.where(n > 0, np.where(known, values, 0.0).sum(axis=0) / np.maximum(n, 1), np.nan)
    squares = np.where(known, (values - mean) ** 2, 0.0).sum(axis=0)
    return mean, np.where(n > 0, np.sqrt(squares / np.maximum(n, 1)), np.nan)


def _padded(band: Band, length: int) -> Band:
    return Band(
        *(
            np.append(line, np.full(length - len(line), np.nan))
            for line in (band.mean, band.lower, band.upper)
        )
    )
