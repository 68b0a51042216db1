"""The models to deploy: each task's winner as its fold members of the first repeat."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import numpy as np

from ..advice import PropertyVerdict
from ..baselines import BlendModel, FittedModel
from ..bundle import BundleParts, TaskPart
from ..strategies import NetworkModel, parse_strategy
from ..study import StudyContext, StudyResult, fit_baselines, fold_data, plan_text
from ..table import output_slices

__all__ = ["bundle_parts"]


def bundle_parts(
    result: StudyResult,
    context: StudyContext,
    verdicts: Sequence[PropertyVerdict],
    versions: dict[str, str],
    limits: Sequence[str],
    citations: Sequence[str],
    *,
    models: bool = True,
) -> BundleParts:
    """Collect networks from the cells and fit winning baselines once more, with the same seeds.

    Without ``models`` nothing is fitted: enough for a report, not for a bundle.
    """
    n_folds = result.plan.split.folds
    cache: dict[tuple[str, int], list[FittedModel]] = {}
    slices = output_slices(result.table.properties)
    targets = result.table.targets()
    parts = []
    for t, verdict in enumerate(verdicts):
        if verdict.deploy is None:
            continue
        name = verdict.deploy.strategy
        parts.append(
            TaskPart(
                property=result.table.properties[t],
                strategy=name,
                reason=verdict.deploy.reason + _made_of(result, name, t),
                error=verdict.deploy.error,
                metric=verdict.metric,
                call=str(verdict.call),
                models=tuple(
                    _model(result, context, cache, name, t, f) for f in range(n_folds if models else 0)
                ),
                out_of_fold=result.outer[name][0][:, slices[t]],
                observed=targets[:, t],
                threshold=float(np.nanmedian(result.thresholds[name][0, :, t])),
            )
        )
    return BundleParts(
        tasks=tuple(parts),
        spec=result.table.inputs,
        preparations=tuple(fold_data(context, 0, f).preparation for f in range(n_folds)),
        fold_of_row=result.folds.outer[0],
        codes=result.groups.codes,
        features=context.features,
        plan_toml=plan_text(result.plan),
        versions=versions,
        source=result.table.source,
        group=result.plan.split.group,
        limits=tuple(limits),
        citations=tuple(citations),
    )


def _made_of(result: StudyResult, name: str, task: int) -> str:
    """Mean shares of the parts of a mixture over the folds, the largest first; empty for others."""
    n_folds = result.plan.split.folds
    shares: defaultdict[str, float] = defaultdict(float)
    for fold in range(n_folds):
        for part, share in result.mixtures.get(name, {}).get((0, fold, task), ()):
            shares[part] += share / n_folds
    listed = sorted(shares.items(), key=lambda item: -item[1])
    parts = ", ".join(f"{share:.0%} {part}".replace("%", " %") for part, share in listed)
    return f" {name.capitalize()} of {parts}, on average over the folds." if parts else ""


def _model(
    result: StudyResult,
    context: StudyContext,
    cache: dict[tuple[str, int], list[FittedModel]],
    name: str,
    task: int,
    fold: int,
) -> FittedModel:
    strategy = parse_strategy(name)
    if strategy.is_mixture:
        names, shares = zip(*result.mixtures[name][0, fold, task], strict=True)
        return BlendModel(shares, tuple(_model(result, context, cache, n, task, fold) for n in names))
    if strategy.is_network:
        return NetworkModel(*result.ensembles[name, task, fold])
    key = name, fold
    if key not in cache:
        cache[key] = fit_baselines(name, fold_data(context, 0, fold), result.plan, 0, fold)
    return cache[key][task]
