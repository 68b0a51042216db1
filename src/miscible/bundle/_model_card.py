"""The model card: what was built, from what, how good it is and where it must not be used."""

from __future__ import annotations

import math
from collections.abc import Sequence

from .. import __version__
from ..evaluation import get_metric
from ..table import InputSpec, Kind
from ._cards import LEVELS, WIDTH_LEVEL, TaskCard
from ._columns import name_columns
from ._parts import BundleParts

__all__ = ["error_text", "model_card"]

_CALLS = {
    "MIX": "learning it together with the other properties helped",
    "SEPARATE": "learning it together with the other properties hurt",
    "EITHER": "learning it together or apart made no practical difference",
    "UNDECIDED": "the table could not show whether learning it together helps",
}


def error_text(card: TaskCard) -> str:
    """Out-of-fold error with its name and unit; scores that grow are written as what is missing to 1."""
    metric = get_metric(card.metric)
    unit = card.property.model_unit if metric.has_unit else ""
    value = "not measured" if math.isnan(card.error) else f"{card.error:.4g} {unit}".strip()
    return f"{metric.error_label} {value}"


def model_card(parts: BundleParts, cards: Sequence[TaskCard]) -> str:
    """Markdown text."""
    sections = [
        _head(cards),
        _use(parts),
        _data(parts, cards),
        _models(parts, cards),
        _uncertainty(cards),
        _outputs(cards),
        _limits(parts),
        _loading(),
        _repeat(parts),
    ]
    if parts.citations:
        sections.append(["## Citations", "", "```bibtex", *parts.citations, "```"])
    return "\n\n".join("\n".join(lines) for lines in sections) + "\n"


def _head(cards: Sequence[TaskCard]) -> list[str]:
    names = ", ".join(f"`{c.property.name}`" for c in cards)
    return ["# Model card", "", f"Predicts {names}. Written by miscible {__version__}."]


def _use(parts: BundleParts) -> list[str]:
    return [
        "## Intended use",
        "",
        "Estimating these properties, with their uncertainty, for rows like those of the training table: "
        "ranking candidates, planning experiments, filling gaps. Not a substitute for measurement where a "
        "wrong value does harm.",
        "",
        f"Inputs: {_inputs(parts.spec)}.",
    ]


def _inputs(spec: InputSpec) -> str:
    parts = [f"composition `{spec.composition}`"] if spec.composition is not None else []
    alone = " (by descriptors, without hashed counts)" if spec.smiles_as == "descriptors" else ""
    parts += [f"SMILES `{spec.smiles}`{alone}"] if spec.smiles is not None else []
    if spec.fractions:
        parts.append(f"amounts in {spec.fraction_unit}.% " + ", ".join(f"`{c}`" for c in spec.fractions))
    parts += [f"number `{c}`" for c in spec.numeric] + [f"category `{c}`" for c in spec.categorical]
    return "; ".join(parts) or "none"


def _data(parts: BundleParts, cards: Sequence[TaskCard]) -> list[str]:
    groups = len(set(parts.codes.tolist()))
    lines = [
        "## Data",
        "",
        f"{len(parts.codes)} rows of {parts.source} in {groups} groups"
        + (f" by {parts.group}" if parts.group else "")
        + f"; {len(parts.preparations)} folds, no group in two of them. The rows are not in this bundle, "
        "only condensed inputs of some of them, without labels, in `domain.safetensors`.",
        "",
        *_table(["property", "kind", "unit", "labels", "groups"]),
    ]
    for c in cards:
        prop = c.property
        lines.append(_row([prop.name, str(prop.kind), prop.unit, str(c.n_labels), str(c.n_groups)]))
    return lines


def _models(parts: BundleParts, cards: Sequence[TaskCard]) -> list[str]:
    lines = [
        "## Models",
        "",
        f"Each property is answered by the {len(parts.preparations)} models of its winning strategy, one per "
        "fold, averaged. Errors are of single models on rows (and groups) they were not trained on"
        + (", in log10 units where the property is learned as its logarithm." if _any_log(cards) else "."),
        "",
        *_table(["property", "model", "out-of-fold error", "sharing"]),
    ]
    for c in cards:
        answer = f"{c.call}: {_CALLS[c.call]}" if c.call in _CALLS else c.call or "not asked"
        lines.append(_row([c.property.name, c.strategy, error_text(c), answer]))
    lines += ["", *(f"- **{c.property.name}**: {c.reason}" for c in cards if c.reason)]
    return lines + [f"- {c.property.name}, {note}" for c in cards for note in c.notes]


def _uncertainty(cards: Sequence[TaskCard]) -> list[str]:
    regressions = [c for c in cards if c.property.kind is Kind.REGRESSION]
    classes = [c for c in cards if c.property.kind is not Kind.REGRESSION]
    lines = ["## Uncertainty", ""]
    if regressions:
        lines += [
            "Intervals are conformal (CV+) from out-of-fold residuals, every group counting once. Coverage is the "
            "share of labels inside, each fold judged by residuals of the others; so is the mean width.",
            "",
            *_table(
                [
                    "property",
                    *(f"in the {level:.0%} interval" for level in LEVELS),
                    f"width at {WIDTH_LEVEL:.0%}",
                ]
            ),
            *(_row([c.property.name, *map(_share, c.coverage.values()), _width(c)]) for c in regressions),
            "",
        ]
    if classes:
        lines += [
            "Class probabilities are calibrated on out-of-fold predictions where that lowers the log loss of folds "
            "it was not fitted to. Calibration error is the mean gap between stated and observed frequency.",
            "",
            "A row reads as the second of two classes where the printed probability is at least the threshold, "
            "which was tuned on inner validation rows; with more classes it reads as the likeliest.",
            "",
            *_table(["property", "calibration error", "threshold"]),
            *(_row([c.property.name, _share(c.calibration_error), _threshold(c)]) for c in classes),
            "",
        ]
    return [
        *lines,
        "`in_domain` is false for rows farther from training rows than 95 % of these are from each other, and "
        "for rows with a value that every fold's training rows lacked, so that it leaves no trace in the "
        "prediction: an element, a category, another value of a column that was constant: "
        "**coverage is not promised for them**, nor wherever new rows are chosen to be unlike the training "
        "rows. The interval is printed, but holds only for rows drawn like the training rows.",
    ]


def _outputs(cards: Sequence[TaskCard]) -> list[str]:
    columns = name_columns([c.property for c in cards])
    lines = ["## Output columns", ""]
    for card, value, details in zip(cards, columns.values, columns.details, strict=True):
        unit = f" ({card.property.unit})" if card.property.unit else ""
        lines.append(f"- `{value}`{unit}, " + ", ".join(f"`{d}`" for d in details))
    return [*lines, f"- `{columns.in_domain}`, `{columns.distance}` (1 = border of the domain)"]


def _limits(parts: BundleParts) -> list[str]:
    limits = parts.limits or ("None were recorded beyond those above.",)
    return ["## Limits", "", *(f"- {limit}" for limit in limits)]


def _loading() -> list[str]:
    return [
        "## How to use it",
        "",
        "```",
        "miscible predict BUNDLE new.csv --out predicted.csv --interval 0.9",
        "```",
        "",
        "```python",
        "from miscible.bundle import load_bundle",
        "",
        'predicted = load_bundle("BUNDLE").predict(frame, interval=0.9)',
        "```",
    ]


def _repeat(parts: BundleParts) -> list[str]:
    versions = ", ".join(f"{name} {version}" for name, version in sorted(parts.versions.items()))
    return [
        "## How it was made",
        "",
        f"miscible {__version__}" + (f" with {versions}" if versions else "") + ". Plan:",
        "",
        "```toml",
        parts.plan_toml.strip(),
        "```",
    ]


def _any_log(cards: Sequence[TaskCard]) -> bool:
    return any(c.property.transform != "none" for c in cards)


def _table(heads: Sequence[str]) -> list[str]:
    return [_row(heads), "|---" * len(heads) + "|"]


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(text.replace("|", "\\|") for text in cells) + " |"


def _width(card: TaskCard) -> str:
    return f"{card.width:.4g} {card.property.model_unit}".strip() if math.isfinite(card.width) else "endless"


def _threshold(card: TaskCard) -> str:
    if card.property.kind is not Kind.BINARY:
        return ""
    return f"{card.property.classes[1]} from {card.threshold:.6g}"


def _share(value: float) -> str:
    return "not measured" if math.isnan(value) else f"{value:.1%}"
