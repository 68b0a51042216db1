"""The Python face: fit on a frame, read verdicts, predict; and what a run leaves on disk."""

from __future__ import annotations

import gc
import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn import metrics
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

from miscible.advice import Call
from miscible.advisor import Advisor
from miscible.bundle import load_bundle
from miscible.errors import InputError, PlanError

STRATEGIES = ["mean", "ridge", "shared", "independent"]
SMALL: dict[str, Any] = {
    "targets": ["hardness:reg:unit=HV", "life:reg:transform=log10", "glass:cls", "phase:cls"],
    "inputs": ["x", "y", "route"],
    "group": "batch",
    "folds": 3,
    "repeats": 2,
    "strategies": STRATEGIES,
    "tuning": {"epochs": 2, "halving": [], "rates": [1e-3], "decays": [0.01]},
    "workers": 1,
}


def make_frame(n_rows: int = 72, seed: int = 0) -> pd.DataFrame:
    """Every kind of property, a third of the labels missing, named rows."""
    rng = np.random.default_rng(seed)
    x, y = rng.normal(size=(2, n_rows))
    frame = pd.DataFrame(
        {
            "x": x,
            "y": y,
            "route": rng.choice(["cast", "rolled"], n_rows),
            "hardness": 300.0 + 50.0 * x + 5.0 * rng.normal(size=n_rows),
            "life": 10.0 ** (3.0 + x - y + 0.1 * rng.normal(size=n_rows)),
            "glass": np.where(x + 0.5 * rng.normal(size=n_rows) > 0, "yes", "no"),
            "phase": np.array(["fcc", "bcc", "hcp"])[np.argmax([x, y, rng.normal(size=n_rows)], axis=0)],
            "batch": [f"b{k % 24}" for k in range(n_rows)],
        },
        index=[f"sample {k}" for k in range(n_rows)],
    )
    for t, name in enumerate(["hardness", "life", "glass", "phase"]):
        frame[name] = frame[name].astype(object).where(np.arange(n_rows) % 3 != t % 3, None)
    return frame


@pytest.fixture(scope="module")
def frame() -> pd.DataFrame:
    return make_frame()


@pytest.fixture(scope="module")
def advisor(frame: pd.DataFrame) -> Advisor:
    """Fitted once; tests read it only."""
    return Advisor(**SMALL).fit(frame)


@pytest.fixture(scope="module")
def predictions(advisor: Advisor) -> pd.DataFrame:
    return pd.read_csv(advisor.run_ / "predictions.csv")


def test_verdicts(advisor: Advisor) -> None:
    table = advisor.verdict_
    assert table.index.tolist() == ["hardness", "life", "glass", "phase"]
    assert [v.name for v in advisor.verdicts_] == table.index.tolist()
    assert set(table["verdict"]) == {str(Call.UNDECIDED)}  # 3 folds x 2 repeats are too few
    assert table["metric"].tolist() == ["mae", "mae", "average_precision", "log_loss"]
    assert (table["labels"] == 48).all()
    assert (table["low"] <= table["difference"]).all()
    assert (table["difference"] <= table["high"]).all()
    np.testing.assert_allclose(table[["p_better", "p_equivalent", "p_worse"]].sum(axis=1), 1.0)
    assert set(table["deploy"]) <= set(STRATEGIES)
    assert table["reason"].str.len().min() > 20


def test_the_bundle_predicts_with_the_index_kept(advisor: Advisor, frame: pd.DataFrame) -> None:
    new = make_frame(7, seed=5)[["route", "x", "y"]].set_axis([f"new {k}" for k in range(7)])
    predicted = advisor.bundle_.predict(new, interval=0.8)
    assert predicted.index.equals(new.index)
    assert np.isfinite(predicted["hardness"].to_numpy()).all()
    assert (predicted["life"] > 0).all()
    assert set(predicted["glass"]) <= {"yes", "no"}
    assert set(predicted["phase"]) <= {"fcc", "bcc", "hcp"}
    pd.testing.assert_frame_equal(advisor.predict(new, interval=0.8), predicted)
    pd.testing.assert_frame_equal(load_bundle(advisor.run_ / "bundle").predict(new, interval=0.8), predicted)


def test_the_audit_and_the_run(advisor: Advisor) -> None:
    assert advisor.audit_.names == ("hardness", "life", "glass", "phase")
    assert {p.name for p in advisor.run_.iterdir()} >= {
        "plan.toml", "manifest.json", "cells", "verdict.json", "metrics.csv", "predictions.csv", "report.html",
        "bundle",
    }  # fmt: skip
    page = (advisor.run_ / "report.html").read_text(encoding="utf-8")
    assert all(name in page for name in advisor.verdict_.index)


def test_verdict_json_is_json(advisor: Advisor) -> None:
    def refuse(name: str) -> None:
        raise AssertionError(f"{name} is no JSON")

    content = json.loads((advisor.run_ / "verdict.json").read_text(encoding="utf-8"), parse_constant=refuse)
    assert content["goal"] == "characterise"
    assert [p["name"] for p in content["properties"]] == advisor.verdict_.index.tolist()
    for stored, verdict in zip(content["properties"], advisor.verdicts_, strict=True):
        assert stored["call"] == str(verdict.call)
        assert verdict.sharing is not None
        assert stored["sharing"]["difference"] == verdict.sharing.difference
        assert {s["strategy"] for s in stored["scores"]} == set(STRATEGIES)


def test_tables_hold_every_strategy(advisor: Advisor, predictions: pd.DataFrame, frame: pd.DataFrame) -> None:
    scores = pd.read_csv(advisor.run_ / "metrics.csv")
    assert len(scores) == 4 * len(STRATEGIES)
    assert not scores.duplicated(["property", "strategy"]).any()
    assert set(STRATEGIES) <= set(predictions.columns)
    assert predictions[STRATEGIES].notna().all(axis=None)
    sizes = predictions.groupby(["property", "repeat"]).size().unstack(0)
    assert len(sizes) == 2
    assert (sizes[["hardness", "life", "glass"]] == 48).all(axis=None)
    assert (sizes["phase"] == 3 * 48).all()
    observed = predictions.query("property == 'hardness' and repeat == 0")
    expected = frame["hardness"].dropna().astype(float)
    assert observed["row"].tolist() == expected.index.tolist()
    np.testing.assert_allclose(observed["observed"], expected, rtol=1e-6)


def _pooled(part: pd.DataFrame, name: str, strategy: str) -> float:
    """Error of one strategy on one property, mean over repeats of the pooled value, by scikit-learn."""
    errors = []
    for _, repeat in part.groupby("repeat"):
        truth, predicted = repeat["observed"].to_numpy(), repeat[strategy].to_numpy()
        if name == "phase":
            wide = repeat.pivot(index="row", columns="class", values=strategy)
            codes = repeat.drop_duplicates("row").set_index("row").loc[wide.index, "observed"].astype(int)
            labels = np.array(["bcc", "fcc", "hcp"])[codes]
            whole = wide.div(wide.sum(axis=1), axis=0)  # seven digits do not quite sum to one
            errors.append(metrics.log_loss(labels, whole.to_numpy(), labels=["bcc", "fcc", "hcp"]))
        elif name == "glass":
            errors.append(1.0 - metrics.average_precision_score(truth, predicted))
        else:
            errors.append(metrics.mean_absolute_error(truth, predicted))
    return float(np.mean(errors))


def test_errors_are_those_of_the_stored_predictions(advisor: Advisor, predictions: pd.DataFrame) -> None:
    scores = pd.read_csv(advisor.run_ / "metrics.csv").set_index(["property", "strategy"])
    for verdict in advisor.verdicts_:
        part = predictions[predictions["property"] == verdict.name]
        pooled = {strategy: _pooled(part, verdict.name, strategy) for strategy in STRATEGIES}
        for strategy, error in pooled.items():
            assert scores.loc[(verdict.name, strategy), "error"] == pytest.approx(error, rel=1e-5, abs=2e-6)
        assert verdict.deploy is not None
        assert verdict.deploy.error == pytest.approx(pooled[verdict.deploy.strategy], rel=1e-5, abs=2e-6)
        assert verdict.sharing is not None  # one strategy a side: the nested choice is that strategy
        assert verdict.sharing.baseline_error == pytest.approx(pooled["independent"], rel=1e-5)
        assert verdict.sharing.candidate_error == pytest.approx(pooled["shared"], rel=1e-5)


def test_descriptive_metrics_are_scikit_learns(advisor: Advisor, predictions: pd.DataFrame) -> None:
    row = pd.read_csv(advisor.run_ / "metrics.csv").set_index(["property", "strategy"]).loc[("life", "ridge")]
    part = predictions[predictions["property"] == "life"]
    pairs = [(repeat["observed"], repeat["ridge"]) for _, repeat in part.groupby("repeat")]
    assert row["r2"] == pytest.approx(np.mean([metrics.r2_score(*pair) for pair in pairs]), rel=1e-4)
    rmse = np.mean([metrics.root_mean_squared_error(*pair) for pair in pairs])
    assert row["rmse"] == pytest.approx(rmse, rel=1e-4)
    assert row["rmse"] < 1.0  # decades: errors are in model space


def test_a_clone_learns_the_same(advisor: Advisor, frame: pd.DataFrame) -> None:
    other = clone(advisor)
    assert not hasattr(other, "verdict_")
    with pytest.raises(NotFittedError):
        other.predict(frame)
    assert other.get_params() == advisor.get_params()
    pd.testing.assert_frame_equal(other.fit(frame).verdict_, advisor.verdict_)
    assert other.run_ != advisor.run_


def test_the_temporary_folder_goes_with_the_object(frame: pd.DataFrame) -> None:
    advisor = Advisor(**{**SMALL, "targets": ["hardness:reg"], "strategies": ["mean", "ridge"]}).fit(frame)
    first = advisor.run_
    bundle = advisor.fit(frame).bundle_
    second = advisor.run_
    assert not first.exists()
    assert second.exists()
    del advisor
    gc.collect()
    assert not second.exists()
    assert np.isfinite(bundle.predict(frame)["hardness"]).all()  # what was loaded stays


def test_a_named_folder_stays_and_is_resumed(frame: pd.DataFrame, tmp_path: Path) -> None:
    options = {
        **SMALL,
        "targets": ["hardness:reg"],
        "strategies": ["mean", "shared"],
        "out": tmp_path / "run",
    }
    first = Advisor(**options).fit(frame)
    assert first.run_ == tmp_path / "run"
    cells = {p: p.stat().st_mtime_ns for p in (tmp_path / "run" / "cells").iterdir()}
    gone = sorted(cells)[0]
    gone.unlink()
    second = Advisor(**options).fit(frame)
    pd.testing.assert_frame_equal(second.verdict_, first.verdict_)
    after = {p: p.stat().st_mtime_ns for p in (tmp_path / "run" / "cells").iterdir()}
    assert [p for p in cells if after[p] != cells[p]] == [gone]
    with pytest.raises(PlanError, match="differs"):
        Advisor(**{**options, "seed": 1}).fit(frame)
    with pytest.raises(PlanError, match="table has changed"):
        Advisor(**options).fit(frame.assign(x=frame["x"] + 1.0))


def test_the_frame_is_not_changed(frame: pd.DataFrame, advisor: Advisor) -> None:
    pd.testing.assert_frame_equal(frame, make_frame())


def test_fit_returns_self_and_learned_names_end_in_an_underscore(advisor: Advisor) -> None:
    learned = {
        name for name in vars(advisor) if name not in advisor.get_params() and not name.startswith("_")
    }
    assert learned == {"verdict_", "verdicts_", "bundle_", "audit_", "run_", "ladder_"}


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"targets": ["hardnes:reg"]}, InputError, ["'hardnes'", "'hardness'"]),
        ({"targets": "hardness:reg"}, InputError, ["targets must be a list", "['hardness:reg']"]),
        ({"targets": []}, PlanError, ["targets"]),
        ({"targets": ["phase:reg"]}, InputError, ["column 'phase'", "not numbers", "sample 1"]),
        ({"inputs": ["x", "z"]}, InputError, ["'z'"]),
        ({"inputs": None, "group": "none"}, InputError, ["no input column recognised"]),
        ({"group": "bach"}, InputError, ["'bach'", "'batch'"]),
        ({"group": "composition"}, InputError, ["'composition'", "needs a composition input"]),
        ({"where": ["x > 99"]}, InputError, ["x > 99"]),
        ({"weight": "life"}, InputError, ["column 'life'"]),
        ({"strategies": ["ridg"]}, PlanError, ["'ridg'", "ridge"]),
        ({"tuning": {"epoch": 3}}, PlanError, ["tuning.epoch"]),
        ({"goal": "win"}, PlanError, ["goal", "'win'"]),
        ({"device": "cuda:99"}, PlanError, ["'cuda:99'", "cpu"]),
        ({"folds": 60}, PlanError, ["folds"]),
        ({"folds": 30}, PlanError, ["24 groups", "30 folds"]),
    ],
)
def test_errors_name_what_is_wrong(
    frame: pd.DataFrame, tmp_path: Path, options: dict[str, Any], error: type[Exception], words: list[str]
) -> None:
    with pytest.raises(error) as caught:
        Advisor(**{**SMALL, **options, "out": tmp_path / "run"}).fit(frame)
    assert all(word in str(caught.value) for word in words), str(caught.value)
    assert not (tmp_path / "run").exists()


def test_a_frame_is_expected(frame: pd.DataFrame) -> None:
    with pytest.raises(InputError, match="a DataFrame was expected, not dict"):
        Advisor(**SMALL).fit(frame.to_dict())  # pyright: ignore[reportArgumentType]


def test_rows_are_chosen_and_weighed(frame: pd.DataFrame, tmp_path: Path) -> None:
    bad = frame.assign(alloy="Fe50Ni50", trust=2.0)
    bad["alloy"] = [f"Fe{k + 1}Ni" for k in range(len(bad))]
    bad.loc["sample 3", "alloy"] = "Qq9"
    options = {
        **SMALL, "targets": ["hardness:reg"], "inputs": ["alloy:composition", "x"], "where": ["x <= 1"],
        "weight": "trust", "skip_bad_rows": True, "strategies": ["mean", "ridge"], "goal": "screen",
        "screen_budget": 0.3, "budget": 600.0, "seed": 5, "out": tmp_path / "run",
    }  # fmt: skip
    advisor = Advisor(**options).fit(bad)
    rows = set(pd.read_csv(tmp_path / "run" / "predictions.csv")["row"])
    expected = bad.index[(bad["x"] <= 1) & bad["hardness"].notna() & (bad.index != "sample 3")]
    assert rows == set(expected)
    assert advisor.verdict_.loc["hardness", "metric"] == "recall@budget"
