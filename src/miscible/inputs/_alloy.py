"""The six descriptors that decide about solid solutions in the alloy literature."""

from __future__ import annotations

import numpy as np
from scipy.constants import R
from scipy.special import xlogy

from ..chemistry import element_data, mixing_enthalpies

__all__ = ["ALLOY_DESCRIPTORS", "alloy_descriptors"]

ALLOY_DESCRIPTORS = (
    "mean_radius",
    "radius_mismatch",
    "electronegativity_mismatch",
    "mixing_entropy",
    "mixing_enthalpy",
    "valence_electron_concentration",
)


def alloy_descriptors(fractions: np.ndarray) -> np.ndarray:
    """Descriptors of each composition, in the order of `ALLOY_DESCRIPTORS`.

    With atomic fractions c, metallic radii r, Pauling electronegativities x and binary enthalpies H_ij:

    - mean radius: r_m = sum c r, in angstrom
    - radius mismatch: sqrt(sum c (1 - r / r_m)^2), dimensionless (times 100 for percent)
    - electronegativity mismatch: sqrt(sum c (x - x_m)^2)
    - mixing entropy: -R sum c ln c, in J/(mol K)
    - mixing enthalpy: 4 sum_{i<j} c_i c_j H_ij, in kJ/mol
    - valence electron concentration: sum c VEC

    after Zhang et al., Adv. Eng. Mater. 10, 534 (2008) and Guo and Liu, Prog. Nat. Sci. 21, 433 (2011).
    Elements without the fact are left out and the others normalised again; NaN where none is left, and
    for the enthalpy where a pair of tabulated elements has no value.

    Parameters
    ----------
    fractions
        ``(n, n_elements)`` atomic fractions that sum to 1.

    Returns
    -------
    ``(n, 6)`` float64.
    """
    data = element_data()
    radius, radius_share = _known(fractions, data.column("metallic_radius"))
    mean_radius = radius_share @ radius
    with np.errstate(invalid="ignore"):
        relative = 1 - radius / mean_radius[:, None]
    chi, chi_share = _known(fractions, data.column("electronegativity"))
    chi_deviation = chi - (chi_share @ chi)[:, None]
    vec, vec_share = _known(fractions, data.column("valence_electron_count"))
    return np.stack(
        [
            mean_radius,
            np.sqrt((radius_share * relative**2).sum(axis=1)),
            np.sqrt((chi_share * chi_deviation**2).sum(axis=1)),
            -R * xlogy(fractions, fractions).sum(axis=1),
            _mixing_enthalpy(fractions),
            vec_share @ vec,
        ],
        axis=1,
    )


def _known(fractions: np.ndarray, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Values with 0 for unknown ones, and the fractions of the known elements, normalised again."""
    known = np.isfinite(values)
    share = fractions * known
    total = share.sum(axis=1, keepdims=True)
    return np.where(known, values, 0.0), share / np.where(total > 0, total, np.nan)


def _mixing_enthalpy(fractions: np.ndarray) -> np.ndarray:
    pairs = mixing_enthalpies()
    _, share = _known(fractions, np.diagonal(pairs))
    unknown = np.isnan(pairs)
    total = 2 * ((share @ np.where(unknown, 0.0, pairs)) * share).sum(axis=1)
    lacking = ((share @ unknown) * share).sum(axis=1) > 0
    return np.where(lacking, np.nan, total)
