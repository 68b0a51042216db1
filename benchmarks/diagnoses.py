"""How often each diagnosis points the right way on simulated tables whose truth is known.

Every scenario is a set of dials; every world of it gives one table, one small study and one set of diagnoses. A
diagnosis may be right, wrong, or say that it cannot tell. In the scenarios named "sharing" the verdict itself is judged
by the truth over 20 redraws.

    python benchmarks/diagnoses.py --worlds 4 --out run/diagnoses
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from miscible.advice import Call, advise
from miscible.datasets import Dials, World, make_world
from miscible.diagnosis import (
    Case,
    find_alignment,
    find_form,
    find_imbalance,
    find_independence,
    find_labels,
    find_relation,
    find_shift,
    find_signatures,
    find_transfer,
)
from miscible.experiments import sharing_truth
from miscible.study import StudyContext, make_plan, run_study
from miscible.table import read_table

TUNING = {"rates": [1e-3, 3e-3], "decays": [1e-2], "finalists": 1, "halving": []}
RIGHT, UNSURE, WRONG = "right", "cannot tell", "wrong"
FIND: dict[str, Callable[[Case], Any]] = {
    "alignment": find_alignment,
    "form": find_form,
    "imbalance": find_imbalance,
    "independence": find_independence,
    "labels": find_labels,
    "relation": find_relation,
    "shift": find_shift,
    "signatures": find_signatures,
    "transfer": find_transfer,
}


@dataclass(frozen=True)
class Check:
    """One question to one diagnosis; ``judge`` answers right, wrong, or cannot tell."""

    diagnosis: str
    asks: str
    judge: Callable[[Any, World, int], str]


def yes(value: bool | None) -> str:
    return UNSURE if value is None else RIGHT if value else WRONG


def aligned(wanted: bool) -> Callable[[Any, World, int], str]:
    """The first two properties: called aligned where they are; where not, neither aligned nor opposed."""

    def judge(found: Any, world: World, seed: int) -> str:
        call = found.calls[0, 1]
        if call in ("noise", "unclear", "no control"):
            return UNSURE
        return yes(call == ("aligned" if wanted else "neither"))

    return judge


def influenced(wanted: bool) -> Callable[[Any, World, int], str]:
    """What the second property takes from the first; a graph that misses even a copy cannot tell."""

    def judge(found: Any, world: World, seed: int) -> str:
        return yes(bool(found.above[1, 0]) == wanted) if found.control.visible else UNSURE

    return judge


def transferred(wanted: str) -> Callable[[Any, World, int], str]:
    """A start on the first property, for the second."""

    def judge(found: Any, world: World, seed: int) -> str:
        source, target = list(found.sources).index(0), list(found.targets).index(1)
        call = found.calls[source, target]
        return UNSURE if call == "cannot tell" else yes((call == "helps") == (wanted == "helps"))

    return judge


def related(*wanted: str) -> Callable[[Any, World, int], str]:
    """What the first property tells about the second."""

    def judge(found: Any, world: World, seed: int) -> str:
        call = found.pair("property_2", "property_1").relation
        return UNSURE if call == "cannot tell" else yes(call in wanted)

    return judge


def curves_differ(wanted: bool) -> Callable[[Any, World, int], str]:
    def judge(found: Any, world: World, seed: int) -> str:
        at = [list(found.compared).index(t) for t in (0, 1) if t in found.compared]
        if len(at) < 2 or not np.isfinite(found.distances.excess[at[0], at[1]]):
            return UNSURE
        return yes(bool(found.distances.differ[at[0], at[1]]) == wanted)

    return judge


def form_is(task: int, wanted: tuple[str, ...]) -> Callable[[Any, World, int], str]:
    def judge(found: Any, world: World, seed: int) -> str:
        choice = found.additive[task]
        return yes(choice.best in wanted) if choice.told else UNSURE

    return judge


def apart(wanted: bool) -> Callable[[Any, World, int], str]:
    """Whether rows of the first two properties are told apart."""

    def judge(found: Any, world: World, seed: int) -> str:
        low = found.low[0, 1]
        if not np.isfinite(low):
            return UNSURE
        return yes((low > 0.5 and found.area[0, 1] > 0.6) == wanted)

    return judge


def more_labels(found: Any, world: World, seed: int) -> str:
    """Twice as many labels of the scarcest property: is the error of a new table within the range read off?"""
    curves = [c for c in found.curves if c.learner == "lightgbm" and c.target == 1 and c.labels_of == 1]
    if not curves or not np.isfinite(curves[0].gains[-1].low):
        return UNSURE
    gain, here = curves[0].gains[-1], curves[0].error
    counts = list(world.dials.counts)
    counts[1] *= 2
    dials = replace(world.dials, counts=tuple(counts))
    with tempfile.TemporaryDirectory() as folder:
        case = make_case(make_world(dials, world.seed), seed + 1, Path(folder) / "run", ("lightgbm",))
        change = case.result.strategy_error("lightgbm", 1) - here
    return yes(gain.low <= change <= gain.high)


def no_loss(found: Any, world: World, seed: int) -> str:
    """The scarce properties gain by sharing, so that imbalance has nothing to explain."""
    calls = [sweep.call for sweep in found.sweeps]
    return UNSURE if not calls or "cannot tell" in calls else yes(set(calls) == {"no loss"})


def no_minority(found: Any, world: World, seed: int) -> str:
    """The signature of a degraded minority."""
    status = found["minority"].status
    return UNSURE if status == "cannot be judged" else yes(status == "absent")


SCARCE = (1200, 200, 200)
RELATED = Dials(counts=SCARCE, relatedness=1.0, noise=0.2)
STRANGERS = Dials(counts=SCARCE, clusters=3, noise=0.2)
FORMS = Dials(
    counts=(1200, 600, 600),
    form=("polynomial", "power", "threshold"),
    divergence=1.0,
    relatedness=1.0,
    noise=0.2,
)
VERDICT = ("lightgbm", "independent", "shared")
SCENARIOS: dict[str, tuple[Dials, tuple[Check, ...]]] = {
    "related": (
        RELATED,
        (
            Check("form", "curves of one mechanism do not differ", curves_differ(False)),
            Check("shift", "one population is seen as one", apart(False)),
            Check("independence", "a related property is informative", related("informative", "redundant")),
            Check("alignment", "gradients of related properties are aligned", aligned(True)),
            Check("relation", "influence of a related property above shuffled labels", influenced(True)),
        ),
    ),
    "strangers": (
        STRANGERS,
        (
            Check("form", "curves of other mechanisms differ", curves_differ(True)),
            Check("independence", "a stranger is independent", related("independent")),
            Check("alignment", "gradients of strangers are not aligned", aligned(False)),
            Check("relation", "no influence of a stranger", influenced(False)),
        ),
    ),
    "related, shared rows": (
        replace(RELATED, relatedness=0.9, overlap=0.9),
        (
            Check("independence", "a related property is informative", related("informative", "redundant")),
            Check("alignment", "gradients of related properties are aligned", aligned(True)),
        ),
    ),
    "derived": (
        replace(STRANGERS, derived=((1, 0),), overlap=0.9),
        (Check("independence", "a derived property is redundant", related("redundant")),),
    ),
    "other forms": (
        FORMS,
        (
            Check("form", "curves of other forms differ", curves_differ(True)),
            Check("form", "polynomial named", form_is(0, ("polynomial", "linear"))),
            Check("form", "power law named", form_is(1, ("power",))),
            Check("form", "threshold is a spline", form_is(2, ("spline",))),
        ),
    ),
    "other places": (
        replace(RELATED, shift=1.0),
        (Check("shift", "two populations are seen as two", apart(True)),),
    ),
    "sharing, related": (
        RELATED,
        (
            Check("transfer", "a related source helps", transferred("helps")),
            Check("labels", "error at twice the labels within the range", more_labels),
            Check("imbalance", "no loss of the scarce property that gains", no_loss),
            Check("signatures", "no minority degraded that gains", no_minority),
        ),
    ),
    "sharing, strangers": (
        STRANGERS,
        (Check("transfer", "a stranger as source does not help", transferred("not")),),
    ),
}  # fmt: skip
"""What is simulated, and what is asked; networks are studied only where the verdict is judged."""


def make_case(world: World, seed: int, path: Path, strategies: tuple[str, ...]) -> Case:
    """A small study of one draw; three repeats where a verdict is wanted."""
    draw = world.draw(seed)
    plan = make_plan(
        {
            "table": {"source": "simulated", "targets": world.targets, "inputs": world.inputs},
            "split": {"group": "composition", "folds": 5, "repeats": 3 if "shared" in strategies else 1},
            "strategies": strategies,
            "tuning": TUNING,
            "workers": 1,
            "seed": seed,
        }
    )
    table = read_table(draw.frame, world.targets, inputs=world.inputs)
    result, features = run_study(plan, table, path)
    verdicts = advise(result, {})
    context = StudyContext(result.plan, table, features, result.groups.codes, result.folds.outer, path)
    return Case(context, result, verdicts, quick=True)


def judge_verdict(call: Call, effect: float, error: float) -> str:
    """Against the sign of the true effect, which must be sure: more than two standard errors from 0."""
    if call in (Call.UNDECIDED, Call.EITHER):
        return UNSURE
    return yes((call is Call.MIX) == (effect < 0.0) and abs(effect) > error)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--worlds", type=int, default=4)
    parser.add_argument("--redraws", type=int, default=20)
    parser.add_argument("--scenarios", nargs="*", default=list(SCENARIOS))
    parser.add_argument("--out", type=Path, default=Path("run/diagnoses"))
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    tally: dict[tuple[str, str, str], dict[str, int]] = defaultdict(
        lambda: dict.fromkeys((RIGHT, UNSURE, WRONG), 0)
    )
    for scenario in args.scenarios:
        for seed in range(args.worlds):
            kept = args.out / f"{scenario.replace(' ', '-').replace(',', '')}-{seed}.json"
            if not kept.exists():
                kept.write_text(json.dumps(run_world(scenario, seed, args.redraws)), encoding="utf-8")
            for diagnosis, asks, answer in json.loads(kept.read_text(encoding="utf-8"))["answers"]:
                tally[scenario, diagnosis, asks][answer] += 1
    print(f"{'scenario':<26} {'diagnosis':<13} {'question':<56} right  cannot tell  wrong")
    for (scenario, diagnosis, asks), counts in tally.items():
        numbers = f"{counts[RIGHT]:>5}  {counts[UNSURE]:>11}  {counts[WRONG]:>5}"
        print(f"{scenario:<26} {diagnosis:<13} {asks:<56} {numbers}")
    print(json.dumps([{"scenario": s, "diagnosis": d, "asks": a, **n} for (s, d, a), n in tally.items()]))


def run_world(scenario: str, seed: int, n_redraws: int) -> dict[str, Any]:
    """Answers of one world, with the verdicts and the truth of sharing."""
    dials, checks = SCENARIOS[scenario]
    world = make_world(dials, seed)
    began = time.perf_counter()
    answers: list[tuple[str, str, str]] = []
    with tempfile.TemporaryDirectory() as folder:
        judged = scenario.startswith("sharing")
        case = make_case(world, seed, Path(folder) / "run", VERDICT if judged else ("lightgbm",))
        found: dict[str, Any] = {}
        for check in checks:
            if check.diagnosis not in found:
                found[check.diagnosis] = FIND[check.diagnosis](case)
            answers.append((check.diagnosis, check.asks, check.judge(found[check.diagnosis], world, seed)))
    told: dict[str, Any] = {"answers": answers, "seconds": round(time.perf_counter() - began, 1)}
    if not judged:
        return told
    truth = sharing_truth(world, (("independent", "shared"),), n_redraws=n_redraws, seed=seed)
    effect, error = truth.effect()
    for verdict, e, s in zip(case.verdicts, effect.tolist(), error.tolist(), strict=True):
        answers.append(
            ("verdict", "sign of the true effect of sharing", judge_verdict(verdict.call, e, 2.0 * s))
        )
    return told | {
        "verdicts": [str(v.call) for v in case.verdicts],
        "measured": [case.sharing_effect(t) for t in range(len(case.names))],
        "truth": truth.relative().tolist(),
        "effect": effect.tolist(),
        "standard_error": error.tolist(),
    }


if __name__ == "__main__":
    main()
