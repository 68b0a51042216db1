"""A rich made-up study for the tests of the report."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from miscible.advice import Call, Comparison, Deployment, PropertyVerdict, StrategyScore
from miscible.audit import audit
from miscible.evaluation import correlated_posterior
from miscible.report import (
    Band,
    Curve,
    Grouping,
    Influence,
    Intervals,
    JournalEntry,
    Predictions,
    RatioChange,
    RatioMatrix,
    Reliability,
    ReportData,
    RuleStory,
    StrategyCost,
)
from miscible.table import InputSpec, Kind, Property, Table

STRATEGIES = {
    "mean": ("baseline", 1.00),
    "nearest": ("baseline", 0.52),
    "ridge": ("baseline", 0.61),
    "lightgbm": ("baseline", 0.36),
    "extra-trees": ("baseline", 0.375),
    "independent": ("separate", 0.395),
    "independent+w64": ("separate", 0.401),
    "shared": ("joint", 0.388),
    "shared+balanced+inverse-count": ("joint", 0.379),
    "lightgbm-stacked": ("baseline", 0.362),
    "blend": ("baseline", 0.351),
}
# name, kind, unit, labels, error of the mean, relative effect of sharing, spread of it, call
PROPERTIES = (
    ("hardness", "regression", "HV", 530, 176.0, -0.031, 0.035, Call.UNDECIDED),
    ("yield strength", "regression", "MPa", 1067, 469.0, -0.004, 0.006, Call.EITHER),
    ("tensile strength", "regression", "MPa", 539, 545.0, -0.081, 0.030, Call.MIX),
    ("elongation", "regression", "%", 619, 19.1, -0.022, 0.05, Call.UNDECIDED),
    ("amorphous", "binary", "", 7070, 0.845, 0.58, 0.25, Call.SEPARATE),
)
CITATION = """@article{benavoli2017,
  title  = {Time for a change: a tutorial for comparing multiple classifiers},
  author = {Benavoli, Alessio and Corani, Giorgio and Demsar, Janez and Zaffalon, Marco},
  year   = {2017},
  url    = {https://jmlr.org/papers/v18/16-305.html}
}"""
PLAN = """goal = "characterise"
seed = 0

[inputs]
composition = "formula"

[split]
by = "composition"
folds = 5
repeats = 3
"""


def sample(properties=PROPERTIES, *, repeats: int = 3, seed: int = 0) -> ReportData:
    """A study with everything filled in."""
    rng = np.random.default_rng(seed)
    n_rows = 8465
    measured = np.zeros((n_rows, len(properties)), bool)
    for t, prop in enumerate(properties):
        if prop[1] == "regression":
            measured[rng.choice(1400, min(prop[3], 1400), replace=False), t] = True
        else:
            measured[n_rows - min(prop[3], n_rows) :, t] = True
    verdicts = tuple(_verdict(rng, p, [q[0] for q in properties], repeats) for p in properties)
    networks = [s for s, (side, _) in STRATEGIES.items() if side != "baseline"]
    folds = [[rng.multinomial(p[3], np.full(5, 0.2)) for p in properties] for _ in range(repeats)]
    return ReportData(
        title="Five properties of high-entropy alloys",
        created="22 November 2026",
        source="alloys.csv",
        verdicts=verdicts,
        goal="characterise",
        group="composition",
        n_rows=n_rows,
        n_groups=7338,
        n_folds=5,
        n_repeats=repeats,
        wall_seconds=172.4,
        measured=measured,
        fold_labels=np.array(folds).transpose(0, 2, 1),
        fold_warnings=("One group of composition holds 11 % of the rows: Al0.3CoCrFeNi.",),
        sides={s: side for s, (side, _) in STRATEGIES.items()},
        audit=_audit(rng, properties, measured),
        predictions=tuple(_predictions(rng, p) for p in properties),
        curves=tuple(_curve(rng, s, p[0], k) for p in properties for k, s in enumerate(networks)),
        reliability=tuple(_reliability(p[0]) for p in properties if p[1] == "binary"),
        intervals=tuple(
            Intervals(
                p[0],
                p[2],
                np.array([0.5, 0.8, 0.9, 0.95]),
                np.array([0.503, 0.807, 0.894, 0.941]),
                p[4] * np.array([0.5, 1.1, 1.6, 2.1]),
            )
            for p in properties
            if p[1] == "regression"
        ),
        costs=tuple(_cost(s, side) for s, (side, _) in STRATEGIES.items()),
        journal=(
            JournalEntry("fold 0", "extra-trees kept", "1.2 % behind the best on inner validation."),
            JournalEntry("repeat 0", "ridge dropped", "Behind lightgbm on every property in 5 of 5 folds."),
        ),
        command="miscible advise alloys.csv --plan run/plan.toml --out run/",
        plan=PLAN,
        machine={
            "miscible": "0.1.0",
            "python": "3.11.9",
            "torch": "2.13.0",
            "processor": "2 cores, x86-64",
            "data": "sha256 3f1a…9c20",
            "seed": "0",
        },
        limits=(
            "Verdicts hold for new compositions drawn like these, not for chemical systems absent from the table.",
            "Only hard sharing was tried; other ways to share may behave differently.",
            "Elongation is censored at 50 % in 65 rows, which were left out.",
        ),
        citations=(CITATION,),
        bundle="run/bundle",
    )


def with_remedies(data: ReportData, *, strategies: int = 1, seed: int = 3) -> ReportData:
    """The same study with rules, relation graphs and groups in this many strategies each."""
    rng = np.random.default_rng(seed)
    names = tuple(v.name for v in data.verdicts)
    rules, graphs, groups = [], [], []
    for k in range(strategies):
        kind = ("pcgrad", "gradnorm", "famo")[k % 3]
        rules.append(_rule(rng, f"shared+{kind}+w{2**k}", kind, names))
        shares = rng.dirichlet(np.full(len(names) + 1, 0.8), len(names))[:, :-1]
        np.fill_diagonal(shares, np.nan)
        graphs.append(Influence(f"relation+w{2**k}", names, shares, shares * rng.uniform(0.1, 0.5), 45))
        affinity = rng.random((len(names), len(names))) ** 2
        together = np.round(15 * (affinity + affinity.T) / 2) / 15
        np.fill_diagonal(together, np.nan)
        groups.append(Grouping(f"grouped+w{2**k}", names, together, 15))
    return replace(data, rules=tuple(rules), influences=tuple(graphs), groupings=tuple(groups))


def with_ratios(data: ReportData, *strategies: str, sources: float = 1.0, seed: int = 5) -> ReportData:
    """The same study with ratios that are large within two families of properties; some are no sources."""
    rng = np.random.default_rng(seed)
    n = len(data.verdicts)
    family = np.arange(n) % 2
    alike = family[:, None] == family
    labels = np.array([v.n_labels for v in data.verdicts])
    matrices = []
    for strategy in strategies or ("transfer",):
        mean = np.where(alike, 1.5, 0.6) * rng.lognormal(0.0, 0.15, (n, n))
        mean[np.eye(n, dtype=bool) | (rng.random((n, n)) > sources)] = np.nan
        there = np.isfinite(mean)
        known = np.where(there, 15, 0)
        correlation = np.clip(np.where(alike, 0.6, 0.0) + 0.2 * rng.normal(size=(n, n)), -1, 1)
        own = np.array([0.9 if v.kind == "regression" else 0.09 for v in data.verdicts])
        changes = [
            RatioChange(
                name,
                own,
                own / (1 + effect + 0.03 * rng.normal(size=n)),
                rng.integers(3, 13, n),
                known.max(axis=1),
            )
            for name, effect in (("shared", -0.01), ("independent", -0.06))
        ]
        kind = "correlated" if "correlated" in strategy else "fixed" if "equal" in strategy else "learned"
        matrices.append(
            RatioMatrix(
                strategy,
                kind,
                tuple(v.name for v in data.verdicts),
                labels,
                mean,
                np.where(there, 0.15, np.nan),
                np.where(there, 0.1, np.nan),
                known,
                np.where(there, rng.integers(8, 16, (n, n)), 0),
                np.full(n, 2.5),
                correlation,
                tuple(changes),
            )
        )
    return replace(data, ratios=tuple(matrices))


def minimal() -> ReportData:
    """One property, nothing compared, nothing measured beside it."""
    verdict = PropertyVerdict(
        "density", "regression", "g/cm³", "mae", 12, Call.UNDECIDED, "", (), None, None, (), None, ()
    )
    return ReportData("One property", "22 November 2026", "t.csv", (verdict,), "screen", "row", 12, 12, 5, 1)


def wide(n: int = 40) -> ReportData:
    """Many properties with long names."""
    properties = tuple(
        (f"{'a rather long property name ' if k % 7 == 0 else 'property '}{k}", *PROPERTIES[k % 5][1:])
        for k in range(n)
    )
    return sample(properties)


def renamed(name: str) -> ReportData:
    """The short sample with its first property renamed everywhere."""
    return sample(((name, *PROPERTIES[0][1:]), PROPERTIES[4]))


def short() -> ReportData:
    """One regression and one binary property."""
    return sample((PROPERTIES[0], PROPERTIES[4]))


def with_verdict(data: ReportData, **changes: object) -> ReportData:
    """The same study with its first verdict changed."""
    return replace(data, verdicts=(replace(data.verdicts[0], **changes), *data.verdicts[1:]))


def _verdict(rng, prop, names, repeats) -> PropertyVerdict:
    name, kind, unit, n_labels, base, effect, noise, call = prop
    metric = "mae" if kind == "regression" else "average_precision"
    scale = 1.0 if kind == "regression" else 0.13
    errors = {s: base * f * scale * (1 + 0.02 * rng.normal()) for s, (_, f) in STRATEGIES.items()}
    baseline = errors["independent"]
    draws = rng.normal(size=(repeats, 5)) * noise * baseline
    differences = draws - draws.mean() + effect * baseline
    posterior = correlated_posterior(differences, 0.25)
    rope = 0.02 * baseline
    better, same, worse = posterior.probabilities(rope)
    sharing = Comparison(
        baseline="best separate",
        candidate="best joint",
        baseline_error=baseline,
        candidate_error=baseline * (1 + effect),
        difference=float(differences.mean()),
        interval=posterior.interval(),
        rope=rope,
        p_better=better,
        p_equivalent=same,
        p_worse=worse,
        p_value=posterior.p_value(),
        p_holm=min(1.0, 5 * posterior.p_value()),
        smallest_detectable=posterior.smallest_detectable(rope),
        n_repeats=repeats,
        n_folds=5,
        fold_differences=tuple(tuple(r) for r in differences.tolist()),
    )
    best = "lightgbm"
    return PropertyVerdict(
        name=name,
        kind=kind,
        unit=unit,
        metric=metric,
        n_labels=n_labels,
        call=call,
        reason=f"Sharing changes the error by {100 * effect:+.1f} % of learning apart on 15 paired folds.",
        partners=tuple(n for n in names if n != name) if call in (Call.MIX, Call.EITHER) else (),
        sharing=sharing,
        deploy=Deployment(
            best,
            errors[best],
            best,
            errors[best],
            None,
            "lightgbm has the best inner validation score and nothing simpler comes within 2 %.",
        ),
        scores=tuple(_score(s, e, kind, k) for k, (s, e) in enumerate(errors.items())),
        noise_floor=0.36 * base if kind == "regression" else None,
        warnings=("2 networks diverged and were left out of every average.",) if name == "hardness" else (),
    )


def _score(strategy, error, kind, k) -> StrategyScore:
    if kind == "regression":
        metrics = {
            "mae": error,
            "rmse": 1.4 * error,
            "r2": 0.83 - 0.01 * k,
            "spearman": 0.9,
            "p95_ae": 3.1 * error,
        }
    else:
        metrics = {"average_precision": 1 - error, "f1": 0.9 - error, "recall": 0.88, "log_loss": np.nan}
    chosen = {"independent": 9, "independent+w64": 6, "shared": 4, "shared+balanced+inverse-count": 11}
    return StrategyScore(strategy, error, 0.97 * error, metrics, chosen.get(strategy, 0))


def _predictions(rng, prop) -> Predictions:
    name, kind, unit, n, base, *_ = prop
    elements = np.array(["Al", "Co", "Cr", "Cu", "Fe", "Ni", "Ti", "V", "Nb", "Mo"])
    rows = tuple("".join(elements[np.sort(rng.choice(10, 4, replace=False))]) for _ in range(n))
    if kind == "regression":
        observed = base * (2 + rng.gamma(4, 0.3, n))
        wrong = rng.standard_t(3, n) * base * 0.3
        arms = [observed + wrong * f for f in (0.9, 1.0, 1.08)]
    else:
        observed = (rng.random(n) < 0.16).astype(float)
        logits = np.where(observed == 1, 2.2, -3.2) + rng.normal(size=n) * 1.6
        arms = [1 / (1 + np.exp(-logits + f * rng.normal(size=n))) for f in (0.2, 1.6, 0.8)]
    return Predictions(name, kind, unit, "lightgbm", observed, arms[0], arms[1], arms[2], ("no", "yes"), rows)


def _curve(rng, strategy, name, k) -> Curve:
    epochs = np.arange(1, 121)
    train = 0.9 * np.exp(-epochs / 25) + 0.1 + 0.02 * k
    valid = train + 0.12 + 0.0009 * epochs + 0.01 * rng.normal(size=120)
    return Curve(
        strategy,
        name,
        epochs,
        Band(train, train * 0.95, train * 1.05),
        Band(valid, valid - 0.05, valid + 0.06),
    )


def _rule(rng, strategy, kind, names) -> RuleStory:
    epochs = np.arange(1, 81)
    goal = rng.lognormal(0.0, 0.5, len(names))
    goal *= len(names) / goal.sum()
    weights = []
    for final in goal.tolist():
        mean = 1 + (final - 1) * (1 - np.exp(-epochs / 20)) + 0.02 * rng.normal(size=80)
        weights.append(Band(mean, 0.85 * mean, 1.2 * mean))
    acted = np.clip(0.75 - 0.4 * epochs / 80 + 0.04 * rng.normal(size=80), 0, 1)
    conflicts = 0.6 * acted if kind == "pcgrad" else None
    return RuleStory(
        strategy,
        kind,
        names,
        epochs,
        tuple(weights),
        Band(acted, acted - 0.1, acted + 0.1),
        None if conflicts is None else Band(conflicts, conflicts - 0.05, conflicts + 0.05),
        45,
    )


def _reliability(name) -> Reliability:
    stated = np.linspace(0.05, 0.95, 10)
    observed = np.clip(stated + 0.03 * np.sin(6 * stated), 0, 1)
    count = np.array([4900, 700, 260, 160, 120, 110, 120, 150, 230, 320])
    before = np.clip(stated + 0.12 * np.sin(6 * stated), 0, 1)
    return Reliability(name, stated, observed, count, 0.041, 0.012, stated, before)


def _cost(strategy, side) -> StrategyCost:
    if side == "baseline":
        seconds = {"lightgbm": 21.0, "extra-trees": 14.2, "blend": 0.3}.get(strategy, 1.7)
        dropped = strategy in ("ridge", "mean")
        return StrategyCost(
            strategy,
            seconds=seconds,
            dropped="after repeat 1" if dropped else "",
            reason="Behind lightgbm by more than 20 % on inner validation for every property."
            if dropped
            else "",
        )
    return StrategyCost(strategy, 480, 96_000, 61.4, 40_579, 38.5, 2 if strategy == "shared" else 0)


def _audit(rng, properties, measured):
    """A real audit of made-up labels."""
    n_rows = len(measured)
    common = rng.normal(size=n_rows)
    labels = np.full(measured.shape, np.nan)
    for t, (_, kind, _, _, base, *_) in enumerate(properties):
        values = common + rng.normal(size=n_rows)
        labels[:, t] = base * np.exp(0.3 * values) if kind == "regression" else values > 1.4
    labels[~measured] = np.nan
    table = Table(
        frame=pd.DataFrame({"x": rng.integers(0, 5000, n_rows), "alloy": rng.integers(0, 4000, n_rows)}),
        inputs=InputSpec(numeric=("x",)),
        properties=tuple(
            Property(name, Kind(kind), unit, classes=() if kind == "regression" else ("no", "yes"))
            for name, kind, unit, *_ in properties
        ),
        labels=labels,
        censored=np.zeros(labels.shape),
        weights=np.ones(n_rows),
        source="alloys.csv",
    )
    return audit(table, "alloy")
