"""New properties of a finished run: whose folds and networks they start from, what is kept, what is refused."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from safetensors.numpy import load_file
from scipy.stats import t as student

from miscible.advisor import Advice, advise_table, extend_run, extension_plan, open_table
from miscible.advisor import _old_run as old_run
from miscible.bundle import load_bundle
from miscible.errors import InputError, MiscibleError, PlanError
from miscible.inputs import Features, featurize
from miscible.study import make_plan, read_plan

TUNING = {"epochs": 4, "halving": [], "rates": [1e-3, 4e-3], "decays": [0.01], "finalists": 2, "steps": 8}
STRATEGIES = ["mean", "ridge", "lightgbm", "independent", "shared+balanced", "shared"]
ARMS = ("mean", "ridge", "lightgbm", "independent", "extended", "extended+frozen", "blend")
FOLDS = 3


def rows(n: int, seed: int, first_batch: int = 0) -> pd.DataFrame:
    """Three properties of four inputs, and two that follow from them; batches of five rows."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, 4))
    hidden = np.column_stack([np.sin(x[:, 0]) + x[:, 1], x[:, 2] * x[:, 1], np.cos(x[:, 3])])
    frame = pd.DataFrame(x, columns=["w", "x", "y", "z"])
    frame["route"] = rng.choice(["cast", "rolled"], n)
    frame["batch"] = [f"b{first_batch + k // 5}" for k in range(n)]
    for name, weights in {"p": (1, 0, 0), "q": (1, 1, 0), "r": (0, 1, 1)}.items():
        frame[name] = hidden @ weights + 0.1 * rng.normal(size=n)
    frame["new"] = 40.0 + 10.0 * (hidden @ (1, 1, 1)) + rng.normal(size=n)
    frame["glass"] = np.where(hidden[:, 0] > 0, "yes", "no")
    frame.loc[rng.random(n) > 0.4, "new"] = np.nan
    frame.loc[rng.random(n) > 0.4, "glass"] = None
    return frame


def checksum(folder: Path) -> str:
    digest = hashlib.sha256()
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        digest.update(str(path.relative_to(folder)).encode() + path.read_bytes())
    return digest.hexdigest()


def make_run(folder: Path, **changes) -> Path:
    """A finished run of the three properties."""
    folder.mkdir(parents=True, exist_ok=True)
    rows(150, 0)[["w", "x", "y", "z", "route", "batch", "p", "q", "r"]].to_csv(
        folder / "old.csv", index=False
    )
    plan = make_plan(
        {
            "table": {
                "source": str(folder / "old.csv"),
                "targets": ["p:reg", "q:reg", "r:reg"],
                "inputs": ["w", "x", "y", "z:number", "route"],
            },
            "split": {"group": "batch", "folds": FOLDS, "repeats": 1},
            "strategies": STRATEGIES,
            "tuning": TUNING,
            "workers": 1,
            **changes,
        }
    )
    table, _ = open_table(plan.table, plan.split.group)
    advise_table(plan, table, folder / "run")
    return folder / "run"


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Tests read it only; beside it lies wide.csv with two further columns."""
    folder = tmp_path_factory.mktemp("old")
    path = make_run(folder)
    rows(150, 0).to_csv(folder / "wide.csv", index=False)
    return path


def extend(
    run: Path,
    out: Path,
    source: str = "wide.csv",
    targets: tuple[str, ...] = ("new:reg", "glass:cls"),
    **more,
):
    options = {"repeats": 3, "strategies": ARMS, "workers": 1, **more}
    return extend_run(run, run.parent / source, targets, out=out, **options)


@pytest.fixture(scope="module")
def extended(run: Path, tmp_path_factory: pytest.TempPathFactory) -> Advice:
    return extend(run, tmp_path_factory.mktemp("extended") / "run2")


def folds_of(path: Path) -> dict[tuple[int, int], int]:
    """Fold by row and repeat, whatever the property."""
    found = pd.read_csv(path / "predictions.csv")[["row", "repeat", "fold"]].drop_duplicates()
    assert not found.duplicated(["row", "repeat"]).any()
    return {(row, repeat): fold for row, repeat, fold in found.to_numpy().tolist()}


def test_rows_are_tested_where_the_run_tested_them_in_every_repeat(run: Path, extended: Advice) -> None:
    before, now = folds_of(run), folds_of(extended.path)
    assert {repeat for _, repeat in now} == {0, 1, 2}
    assert all(before[row, 0] == fold for (row, _), fold in now.items())


def trunks(path: Path, cell: str, fold: int) -> np.ndarray:
    return load_file(path / "cells" / f"{cell}.safetensors")[f"{fold}/state/trunk.1.weight"]


def test_frozen_networks_hold_the_layers_that_the_run_learned_without_that_fold(
    run: Path, extended: Advice
) -> None:
    cell = next(c for c in extended.result.cells if c.strategy == "extended+frozen" and c.repeat == 0)
    for fold in range(FOLDS):
        names = {network["start"] for network in cell.networks if network["fold"] == fold}
        assert len(names) == 1 and names <= {"shared", "shared+balanced"}
        before = trunks(run, f"{names.pop()}-r0", fold)
        frozen = trunks(extended.path, "extended+frozen-r0", fold)
        tuned = trunks(extended.path, "extended-r0", fold)
        assert len(frozen) == 4  # two finalists for each of two properties
        assert all(any(np.array_equal(one, own) for own in before) for one in frozen)
        assert not any(np.array_equal(one, own) for one in tuned for own in before)


def test_the_start_is_the_strategy_best_on_inner_validation_of_that_fold(run: Path, extended: Advice) -> None:
    cell = next(c for c in extended.result.cells if c.strategy == "extended" and c.repeat == 0)
    assert "shared" in {
        network["start"] for network in cell.networks
    }  # not just the first that the plan names
    targets = pd.read_csv(run.parent / "old.csv")[["p", "q", "r"]].to_numpy()
    for fold in range(FOLDS):
        logs = {}
        for name in ("shared", "shared+balanced"):
            kept = load_file(run / "cells" / f"{name}-r0.safetensors")
            gap = np.abs(kept[f"{fold}/valid_predictions"] - targets[kept[f"{fold}/valid_rows"]])
            logs[name] = np.log(gap.mean(axis=0)).mean()
        assert {n["start"] for n in cell.networks if n["fold"] == fold} == {min(logs, key=lambda k: logs[k])}


def test_labels_of_a_fold_are_not_seen_by_what_predicts_it(
    run: Path, extended: Advice, tmp_path: Path
) -> None:
    frame = pd.read_csv(run.parent / "wide.csv")
    outer, before = extended.result.folds.outer[0], extended.result
    tested = extended.result.table.frame.index[outer == 0] - 2  # the index is the line of the file
    frame.loc[tested, "new"] = 3.0 * frame.loc[tested, "new"] + 500.0
    shutil.copytree(run.parent, tmp_path / "old")
    frame.to_csv(tmp_path / "old" / "wide.csv", index=False)
    now = extend(
        tmp_path / "old" / "run", tmp_path / "run2", strategies=("mean", "extended", "ridge"), repeats=1
    ).result
    for name in ("mean", "ridge", "extended"):
        a, b = (r.predictions(name, 0)[0] for r in (before, now))
        assert np.allclose(a[outer == 0], b[outer == 0], rtol=1e-4)
        assert not np.allclose(a[outer == 1], b[outer == 1], rtol=1e-2)


def test_inputs_are_prepared_as_in_the_run(run: Path, extended: Advice) -> None:
    old, new = load_bundle(run / "bundle"), load_bundle(extended.path / "bundle")
    frame = rows(20, 5)
    features = featurize(frame, old.spec)
    for before, now in zip(old.preparations, new.preparations, strict=True):
        assert np.array_equal(before.transform(features), now.transform(features))


def test_repeats_of_one_fold_count_once(extended: Advice) -> None:
    for verdict in extended.verdicts:
        sharing = verdict.sharing
        assert sharing is not None and (sharing.n_repeats, sharing.n_folds) == (3, FOLDS)
        each = np.array(sharing.fold_differences).mean(axis=0)
        scale = np.sqrt(each.var(ddof=1) * (1 / FOLDS + 1 / (FOLDS - 1)))
        reach = scale * student.ppf(0.975, FOLDS - 1)
        assert sharing.difference == pytest.approx(each.mean())
        assert sharing.interval == pytest.approx((each.mean() - reach, each.mean() + reach))


def test_the_verdict_compares_a_start_from_the_run_with_one_from_scratch(extended: Advice) -> None:
    assert [v.name for v in extended.verdicts] == ["new", "glass"]
    for verdict in extended.verdicts:
        assert {s.strategy for s in verdict.scores} == set(ARMS)
        assert verdict.sharing is not None and verdict.sharing.candidate == "best joint"
        assert verdict.partners in ((), ("p", "q", "r"))


def test_one_bundle_predicts_old_and_new(run: Path, extended: Advice) -> None:
    frame = rows(30, 9)
    old, new = load_bundle(run / "bundle"), extended.bundle()
    before, now = old.predict(frame), new.predict(frame)
    own = [c for c in before.columns if not c.startswith(("in_domain", "domain"))]
    pd.testing.assert_frame_equal(now[own], before[own])
    assert {"new", "new_low", "new_high", "glass", "glass_probability"} <= set(now.columns)
    assert [p.name for p in new.properties] == ["p", "q", "r", "new", "glass"]
    alone = new.predict(rows(150, 0)[["w", "x", "y", "z", "route"]])
    truth = rows(150, 0)["new"].to_numpy()
    assert np.nanmean(np.abs(alone["new"] - truth)) < 0.9 * np.nanmean(np.abs(truth - np.nanmean(truth)))


def test_the_model_card_tells_old_from_new(extended: Advice) -> None:
    card = (extended.path / "bundle" / "MODEL_CARD.md").read_text(encoding="utf-8")
    assert "Predicts `p`, `q`, `r`, `new`, `glass`" in card
    assert "150 rows of" in card and "old.csv; " in card
    assert "- Of new, glass: together means: started from the shared layers" in card
    assert "- Of p, q, r: " not in card  # nothing holds for the old ones alone


def test_the_run_is_only_read_and_the_extension_stands_alone(run: Path, tmp_path: Path) -> None:
    before = checksum(run)
    advice = extend(
        run, tmp_path / "run2", repeats=1, strategies=("mean", "ridge", "independent", "extended")
    )
    assert checksum(run) == before
    assert (advice.path / "report.html").exists()
    plan = read_plan(advice.path / "plan.toml")
    assert (
        plan.extends is not None
        and plan.extends.run == str(run)
        and plan.extends.properties == ("p", "q", "r")
    )
    assert plan.split.group == "batch" and plan.split.folds == FOLDS


def test_a_finished_extension_is_gone_on_with(run: Path, extended: Advice, tmp_path: Path) -> None:
    shutil.copytree(extended.path, tmp_path / "again")
    (tmp_path / "again" / "cells" / "extended-r1.safetensors").unlink()
    shutil.rmtree(tmp_path / "again" / "bundle")
    extend(run, tmp_path / "again", resume=True)
    first, second = (
        json.loads((p / "verdict.json").read_text()) for p in (extended.path, tmp_path / "again")
    )
    assert first == second
    assert (tmp_path / "again" / "bundle" / "bundle.json").exists()


def test_an_extension_of_another_run_is_not_gone_on_with(extended: Advice, tmp_path: Path) -> None:
    other = make_run(tmp_path / "other", seed=1)
    rows(150, 0).to_csv(other.parent / "wide.csv", index=False)
    shutil.copytree(extended.path, tmp_path / "again")
    with pytest.raises(PlanError, match="differs"):
        extend(other, tmp_path / "again", resume=True)


def test_rows_that_the_run_never_saw_give_repeats_of_their_own(run: Path, tmp_path: Path) -> None:
    other = rows(120, 4, first_batch=500)
    other.drop(columns=["p", "q", "r"]).to_csv(tmp_path / "other.csv", index=False)
    advice = extend(run, tmp_path / "run2", str(tmp_path / "other.csv"), ("new:reg",), repeats=2)
    folds = advice.result.folds
    assert not folds.fixed and not (folds.outer[0] == folds.outer[1]).all()
    assert any(note.startswith("0 of ") for note in advice.result.table.notes)
    inside = advice.bundle().predict(other[["w", "x", "y", "z", "route"]])["in_domain"]
    assert inside.mean() > 0.9


def test_an_extension_can_be_extended(run: Path, extended: Advice, tmp_path: Path) -> None:
    frame = rows(150, 0)
    frame["late"] = frame["p"] - frame["q"] + 0.1 * np.random.default_rng(1).normal(size=150)
    frame.loc[60:, "late"] = np.nan
    frame.to_csv(tmp_path / "late.csv", index=False)
    third = extend(extended.path, tmp_path / "run3", str(tmp_path / "late.csv"), ("late:reg",), repeats=1)
    assert [p.name for p in third.bundle().properties] == ["p", "q", "r", "new", "glass", "late"]
    before = folds_of(run)
    assert all(before[row, 0] == fold for (row, _), fold in folds_of(third.path).items())
    assert third.result.plan.extends is not None
    assert third.result.plan.extends.properties == ("p", "q", "r")


def test_data_frames_are_extended_with_the_frame_at_hand(tmp_path: Path) -> None:
    frame = rows(150, 0)
    plan = make_plan(
        {
            "table": {"source": "data frame", "targets": ["p:reg", "q:reg"], "inputs": ["w", "x", "y", "z"]},
            "split": {"group": "batch", "folds": FOLDS, "repeats": 1},
            "strategies": ["mean", "ridge", "shared"],
            "tuning": TUNING,
            "workers": 1,
        }
    )
    table, _ = open_table(plan.table, "batch", frame)
    advise_table(plan, table, tmp_path / "run")
    options = {"out": tmp_path / "run2", "strategies": ("mean", "independent", "extended")}
    with pytest.raises(PlanError, match="data frame"):
        extend_run(tmp_path / "run", frame, ["new:reg"], **options)
    assert not (tmp_path / "run2").exists()
    advice = extend_run(tmp_path / "run", frame, ["new:reg"], frames=[frame], **options)
    assert [p.name for p in advice.bundle().properties] == ["p", "q", "new"]


def test_filters_and_weights_are_the_runs_for_its_own_table_only(tmp_path: Path) -> None:
    run = make_run(
        tmp_path,
        table={
            "source": str(tmp_path / "old.csv"), "targets": ["p:reg", "q:reg", "r:reg"], "where": ["w < 1"],
            "inputs": ["w", "x", "y", "z", "route"],
        },
    )  # fmt: skip
    assert extension_plan(run, str(tmp_path / "old.csv"), ["new:reg"]).table.where == ("w < 1",)
    assert extension_plan(run, str(tmp_path / "else.csv"), ["new:reg"]).table.where == ()
    plan = extension_plan(run, str(tmp_path / "else.csv"), ["new:reg"], where=["x > 0"], seed=4)
    assert (plan.table.where, plan.seed) == (("x > 0",), 4)
    assert plan.table.inputs == ("w:number", "x:number", "y:number", "z:number", "route:category")


def drop_input(folder: Path) -> None:
    frame = pd.read_csv(folder / "wide.csv")
    frame.drop(columns=["z"]).to_csv(folder / "wide.csv", index=False)


def leave_few(folder: Path) -> None:
    frame = pd.read_csv(folder / "wide.csv")
    frame.loc[frame["new"].dropna().index[8:], "new"] = np.nan
    frame.to_csv(folder / "wide.csv", index=False)


def change_labels(folder: Path) -> None:
    frame = pd.read_csv(folder / "old.csv")
    frame["p"] = frame["p"] + 1.0
    frame.to_csv(folder / "old.csv", index=False)


def lose_table(folder: Path) -> None:
    (folder / "old.csv").unlink()


def lose_cell(folder: Path) -> None:
    (folder / "run" / "cells" / "shared-r0.safetensors").unlink()


def lose_bundle(folder: Path) -> None:
    shutil.rmtree(folder / "run" / "bundle")


def lose_run(folder: Path) -> None:
    shutil.rmtree(folder / "run")


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (drop_input, "'z'"),
        (leave_few, "column 'new': 8 labels in"),
        (change_labels, "has changed since the run studied it"),
        (lose_table, "cannot be read any more"),
        (lose_cell, "not finished; missing 1 cells: shared-r0"),
        (lose_bundle, "no whole bundle"),
        (lose_run, "holds no run"),
    ],
)
def test_what_cannot_be_extended_is_refused_before_anything_is_written(
    run: Path, tmp_path: Path, damage: Callable[[Path], None], words: str
) -> None:
    shutil.copytree(run.parent, tmp_path / "old")
    plan = (tmp_path / "old" / "run" / "plan.toml").read_text(encoding="utf-8")
    (tmp_path / "old" / "run" / "plan.toml").write_text(
        plan.replace(str(run.parent), str(tmp_path / "old")), encoding="utf-8"
    )
    damage(tmp_path / "old")
    with pytest.raises(MiscibleError, match=words):
        extend(tmp_path / "old" / "run", tmp_path / "run2", targets=("new:reg",))
    assert not (tmp_path / "run2").exists()


def test_a_property_that_the_run_has_is_refused(run: Path, tmp_path: Path) -> None:
    with pytest.raises(PlanError, match="column 'q': the run has this property already"):
        extend(run, tmp_path / "run2", targets=("new:reg", "q:reg"))


def test_a_run_without_networks_that_share_their_layers_is_refused(tmp_path: Path) -> None:
    run = make_run(tmp_path, strategies=["mean", "independent", "relation"])
    rows(150, 0).to_csv(tmp_path / "wide.csv", index=False)
    with pytest.raises(PlanError, match="no strategy of this run"):
        extend(run, tmp_path / "run2")


def test_another_way_of_describing_inputs_is_refused(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def renamed(frame: pd.DataFrame, spec: object) -> Features:
        found = featurize(frame, spec)  # pyright: ignore[reportArgumentType]
        return Features(found.numeric, tuple(f"new {name}" for name in found.names), found.categories)

    monkeypatch.setattr(old_run, "featurize", renamed)
    with pytest.raises(PlanError, match="in another way"):
        extend(run, tmp_path / "run2")


def test_an_extension_is_not_written_into_its_run(run: Path) -> None:
    before = checksum(run)
    for out in (run, run / "inside"):
        with pytest.raises(PlanError, match="run of its own"):
            extend(run, out, overwrite=True)
    assert checksum(run) == before


def test_left_out_elements_are_refused(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    plan = make_plan({"table": {"source": "x.csv", "targets": ["p"]}, "split": {"group": "element"}})
    from miscible.study import plan_text

    (tmp_path / "run" / "plan.toml").write_text(plan_text(plan), encoding="utf-8")
    with pytest.raises(PlanError, match="left elements out"):
        extension_plan(tmp_path / "run", "x.csv", ["new:reg"])


def test_labels_of_one_group_are_too_few(run: Path, tmp_path: Path) -> None:
    frame = rows(60, 8).assign(batch="same")
    frame.to_csv(tmp_path / "one.csv", index=False)
    with pytest.raises(InputError, match="labels in 1 groups are too few"):
        extend(run, tmp_path / "run2", str(tmp_path / "one.csv"), ("new:reg",))
    assert not (tmp_path / "run2").exists()
