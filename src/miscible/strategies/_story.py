"""What the record of a cell says of a network that was kept."""

from __future__ import annotations

import numpy as np

from ..learning import Member, MemberFit

__all__ = ["tell_story"]


def tell_story(member: Member, fit: MemberFit) -> dict[str, object]:
    """Setting, epochs, steps, training curves, gradient norms and what the rule did, fit for JSON."""
    told = [h for h, task in enumerate(fit.tasks) if member.primary in (None, task)]
    story: dict[str, object] = {
        "rate": member.setting.rate,
        "decay": member.setting.decay,
        "options": dict(member.setting.options),
        "score": fit.best_score,
        "epochs": fit.epochs,
        "best_epoch": fit.best_epoch,
        "steps": fit.steps,
        "reason": fit.reason,
        "tasks": [fit.tasks[h] for h in told],
        "train": np.round(fit.train_curve.T[told], 5).tolist(),
        "valid": np.round(fit.valid_curve.T[told], 5).tolist(),
        "norms": {
            name: _finite(values) for name, values in zip(("mean", "largest"), fit.norm_curve.T, strict=True)
        },
    }
    if fit.rule is not None:
        rule: dict[str, object] = {
            "name": fit.rule.name,
            "weights": [_finite(line) for line in fit.rule.weights.T],
            "acted": _finite(fit.rule.acted),
        }
        if np.isfinite(fit.rule.conflicts).any():
            rule["conflicts"] = _finite(fit.rule.conflicts)
        story["rule"] = rule
    return story


def _finite(values: np.ndarray) -> list[float | None]:
    """Rounded, with ``None`` for what is not known."""
    return [round(float(v), 4) if np.isfinite(v) else None for v in values]
