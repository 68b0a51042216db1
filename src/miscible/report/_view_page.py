"""The page from top to bottom: which sections there are and what each shows."""

from __future__ import annotations

import numpy as np

from ._data import ReportData
from ._numbers import count, duration
from ._panels import FEW, Section
from ._view_audit import audit_view
from ._view_exhibits import exhibit_views
from ._view_figures import curve_panels, interval_view, prediction_panels, reliability_panels, tail_views
from ._view_ratios import ratio_views
from ._view_regions import THIN, region_views
from ._view_remedies import remedy_view
from ._view_scores import score_matrix, score_tables
from ._view_table import coverage_panels, fold_rows, pattern_view
from ._view_verdicts import call_counts, cards, difference_panel
from ._words import answer, deploy_answer

__all__ = ["header", "sections"]


def header(data: ReportData) -> dict[str, object]:
    """Answer, facts and counts at the top of the page."""
    labels = sum(v.n_labels for v in data.verdicts)
    facts = [
        ("rows", count(data.n_rows)),
        ("groups", count(data.n_groups)),
        ("properties", count(len(data.verdicts))),
        ("labels", count(labels)),
        ("folds × repeats", f"{data.n_folds} × {data.n_repeats}"),
    ]
    if data.wall_seconds is not None:
        facts.append(("computed in", duration(data.wall_seconds)))
    return {
        "answer": answer(data.verdicts),
        "deploy": deploy_answer(data.verdicts),
        "facts": facts,
        "calls": call_counts(data.verdicts) if any(v.sharing for v in data.verdicts) else (),
    }


def sections(data: ReportData) -> tuple[Section, ...]:
    """Every section that has something to show, in reading order."""
    many = len(data.verdicts) > FEW
    styles, curves = curve_panels(data)
    tables = score_tables(data)
    built = (
        Section("verdicts", "Verdict for each property", "Verdicts", "verdicts.html", {"cards": cards(data)}),
        _one(
            "differences",
            "Paired differences",
            "Differences",
            {"panel": difference_panel(data.verdicts)},
            "panel",
        ),
        _one(
            "scores",
            "Every strategy's score",
            "Scores",
            {"matrix": score_matrix(data), "tables": tables, "is_open": len(data.verdicts) == 1},
            "tables",
        ),
        _one(
            "predictions",
            "Predictions out of fold",
            "Predictions",
            {"panels": prediction_panels(data), "many": many},
            "panels",
        ),
        _one("tails", "Error tails", "Error tails", {"tails": tail_views(data), "many": many}, "tails"),
        _regions_section(data, many),
        _one(
            "exhibits",
            "Why sharing helps or hurts",
            "Why",
            {"exhibits": exhibit_views(data)},
            "exhibits",
        ),
        _one("ratios", "Who helps whom", "Who helps whom", {"ratios": ratio_views(data)}, "ratios"),
        _table_section(data),
        _folds_section(data),
        _one(
            "curves",
            "Training curves",
            "Training",
            {"panels": curves, "styles": styles, "many": many},
            "panels",
        ),
        _one("remedies", "What the remedies did", "Remedies", {"parts": remedy_view(data)}, "parts"),
        _calibration_section(data, many),
        _costs_section(data),
        _one("limits", "Limits", "Limits", {"limits": data.limits}, "limits"),
        _repeat_section(data),
        _one("citations", "Citations", "Citations", {"citations": data.citations}, "citations"),
    )
    return tuple(section for section in built if section is not None)


def _one(key: str, title: str, short: str, view: dict[str, object], needs: str) -> Section | None:
    """A section, unless what it is about is empty."""
    return Section(key, title, short, f"{key}.html", view) if view[needs] else None


def _regions_section(data: ReportData, many: bool) -> Section | None:
    views = region_views(data)
    any_thin = any(row[3] for view in views for row in view.rows)
    view = {"regions": views, "many": many, "any_thin": any_thin, "thin": THIN}
    return _one("regions", "Error by label region", "Label regions", view, "regions")


def _table_section(data: ReportData) -> Section | None:
    panels, audit = coverage_panels(data), audit_view(data.audit)
    if not panels and audit is None:
        return None
    view = {"panels": panels, "patterns": pattern_view(data), "audit": audit}
    return Section("table", "What the table holds", "The table", "table.html", view)


def _folds_section(data: ReportData) -> Section | None:
    rows = fold_rows(data)
    if not rows or data.fold_labels is None:
        return None
    n_repeats, n_folds, _ = data.fold_labels.shape
    view = {
        "rows": rows,
        "warnings": data.fold_warnings,
        "group": data.group,
        "n_repeats": n_repeats,
        "n_folds": n_folds,
        "any_thin": any(thin for row in rows for _, thin in row.cells),
    }
    return Section("folds", "Folds", "Folds", "folds.html", view)


def _calibration_section(data: ReportData, many: bool) -> Section | None:
    view = {"reliability": reliability_panels(data), "intervals": interval_view(data), "many": many}
    if not view["reliability"] and view["intervals"] is None:
        return None
    return Section("calibration", "Calibration and intervals", "Calibration", "calibration.html", view)


def _costs_section(data: ReportData) -> Section | None:
    if not data.costs and not data.journal:
        return None
    known = [c.seconds for c in data.costs if c.seconds is not None]
    most = max(known, default=0.0) or 1.0
    shares = [0.0 if c.seconds is None else 100 * c.seconds / most for c in data.costs]
    rows = [(c, data.sides.get(c.strategy, ""), f"{s:.1f}%") for c, s in zip(data.costs, shares, strict=True)]
    view = {
        "costs": rows,
        "journal": data.journal,
        "dropped": [c for c in data.costs if c.dropped],
        "total": duration(float(np.sum(known))) if known else "",
    }
    return Section("costs", "Costs, and what was dropped", "Costs", "costs.html", view)


def _repeat_section(data: ReportData) -> Section | None:
    if not (data.command or data.plan or data.machine):
        return None
    view = {
        "command": data.command,
        "plan": data.plan,
        "machine": dict(data.machine),
        "bundle": data.bundle,
        "is_long": data.plan.count("\n") > 30,
    }
    return Section("repeat", "How to repeat it", "Repeat it", "repeat.html", view)
