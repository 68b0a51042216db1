"""What difference matters to a practitioner."""

from __future__ import annotations

import math

__all__ = ["margin_of_equivalence", "noise_floor"]


def margin_of_equivalence(margin: float | None, baseline: float, floor: float | None) -> float:
    """Half width of the region in which two errors are the same to a practitioner.

    The user's own margin, else the larger of 2 % of the baseline's error and 5 % of what it has above the
    replicate noise floor.
    """
    if margin is not None:
        return margin
    excess = 0.0 if floor is None else max(baseline - floor, 0.0)
    return max(0.02 * baseline, 0.05 * excess)


def noise_floor(metric: str, std: float | None, variance: float) -> float | None:
    """Error of a perfect model against labels with Gaussian noise, in the error form of a metric.

    Parameters
    ----------
    metric
        Decision metric.
    std
        Standard deviation of replicates in model space; None or NaN without replicates.
    variance
        Of the whole table's labels, which R2 divides by.

    Returns
    -------
    float or None
        None without replicates, and for metrics where the noise of single labels gives no floor.
    """
    if std is None or not math.isfinite(std):
        return None
    floors = {"mae": std * math.sqrt(2.0 / math.pi), "rmse": std, "r2": std**2 / variance}
    return floors.get(metric)
