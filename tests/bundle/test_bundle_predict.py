"""Predictions: against the fold members by hand, in every kind of column, for every kind of row."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from miscible.baselines import FittedModel
from miscible.bundle import Bundle, BundleParts, load_bundle, write_bundle
from miscible.errors import InputError
from miscible.inputs import featurize
from miscible.learning import NetworkShape
from miscible.strategies import NetworkEnsemble, NetworkModel

COLUMNS = [
    "strength", "strength_low", "strength_high",
    "life/Zyklen", "life/Zyklen_low", "life/Zyklen_high",
    "glass", "glass_probability",
    "phase α|β", "phase α|β_probability_bcc", "phase α|β_probability_fcc", "phase α|β_probability_hcp",
    "in_domain", "domain_distance",
]  # fmt: skip


def members(parts: BundleParts, task: int, frame: pd.DataFrame) -> np.ndarray:
    features = featurize(frame, parts.spec)
    models = parts.tasks[task].models
    prepared = [p.transform(features) for p in parts.preparations]
    return np.stack([m.predict(x) for m, x in zip(models, prepared, strict=True)])


def test_columns_index_and_types(bundle: Bundle, new_rows: pd.DataFrame) -> None:
    found = bundle.predict(new_rows)
    assert list(found.columns) == COLUMNS
    assert found.index.equals(new_rows.index)
    assert found["in_domain"].dtype == bool
    assert set(found["glass"]) <= {"no", "yes"}
    assert set(found["phase α|β"]) <= {"bcc", "fcc", "hcp"}
    assert bundle.columns.values == ("strength", "life/Zyklen", "glass", "phase α|β")


def test_values_are_the_mean_of_the_fold_members(
    bundle: Bundle, parts: BundleParts, new_rows: pd.DataFrame
) -> None:
    found = bundle.predict(new_rows)
    np.testing.assert_allclose(found["strength"], members(parts, 0, new_rows).mean(axis=0)[:, 0], rtol=1e-9)
    life = 10 ** members(parts, 1, new_rows).mean(axis=0)[:, 0]
    np.testing.assert_allclose(found["life/Zyklen"], life, rtol=1e-9)


def test_binary_labels_follow_the_tuned_threshold_and_the_printed_probability(
    bundle: Bundle, parts: BundleParts, new_rows: pd.DataFrame
) -> None:
    found = bundle.predict(new_rows)
    raw = members(parts, 2, new_rows).mean(axis=0)[:, 0]
    assert ((raw > 0.35) & (raw < 0.5)).any()
    np.testing.assert_array_equal(found["glass"].to_numpy() == "yes", raw >= 0.35)
    rule = next(note for note in found.attrs["notes"] if note.startswith("glass is 'yes'"))
    printed = float(rule.removesuffix(".").rsplit(" ", 1)[1])
    np.testing.assert_array_equal(found["glass"] == "yes", found["glass_probability"] >= printed)
    order = np.argsort(raw)
    assert (np.diff(found["glass_probability"].to_numpy()[order]) >= 0).all()


def test_multiclass_probabilities_sum_to_one_and_name_the_likeliest(
    bundle: Bundle, new_rows: pd.DataFrame
) -> None:
    found = bundle.predict(new_rows)
    classes = ["bcc", "fcc", "hcp"]
    probability = found[[f"phase α|β_probability_{c}" for c in classes]].to_numpy()
    np.testing.assert_allclose(probability.sum(axis=1), 1.0)
    assert found["phase α|β"].tolist() == [classes[k] for k in probability.argmax(axis=1)]


def test_log_intervals_are_back_transformed_bounds(bundle: Bundle, parts: BundleParts, new_rows) -> None:
    found = bundle.predict(new_rows, interval=0.8)
    low, high = bundle.uncertainty[1].interval(members(parts, 1, new_rows)[:, :, 0], 0.8)
    np.testing.assert_allclose(found["life/Zyklen_low"], 10**low)
    np.testing.assert_allclose(found["life/Zyklen_high"], 10**high)
    assert (found["life/Zyklen_low"] > 0).all()
    assert (found["life/Zyklen_low"] < found["life/Zyklen"]).all()
    assert (found["life/Zyklen"] < found["life/Zyklen_high"]).all()


def test_wider_for_more_coverage_and_endless_beyond_the_groups(bundle: Bundle, new_rows) -> None:
    widths = []
    for level in (0.5, 0.9, 0.99):
        found = bundle.predict(new_rows, interval=level)
        widths.append((found["strength_high"] - found["strength_low"]).mean())
    assert widths[0] < widths[1] < widths[2]
    endless = bundle.predict(new_rows, interval=0.9999)
    assert np.isposinf(endless["strength_high"]).all() and np.isneginf(endless["strength_low"]).all()
    assert any("strength" in note and "endless" in note for note in endless.attrs["notes"])


def test_chunks_do_not_change_anything(bundle: Bundle, new_rows, monkeypatch: pytest.MonkeyPatch) -> None:
    whole, seen = bundle.predict(new_rows), []
    monkeypatch.setattr("miscible.bundle._bundle.CHUNK", 7)
    pd.testing.assert_frame_equal(bundle.predict(new_rows, progress=seen.append), whole, rtol=1e-6)
    assert seen == [*range(7, len(new_rows), 7), len(new_rows)]


def test_far_rows_are_out_of_domain_and_noted(bundle: Bundle, new_rows: pd.DataFrame) -> None:
    near = bundle.predict(new_rows)
    assert near["in_domain"].mean() > 0.8
    far = new_rows.copy()
    far.loc["sample 0", ["x1", "x2"]] = [40.0, -40.0]
    found = bundle.predict(far)
    assert not found.loc["sample 0", "in_domain"]
    assert found.loc["sample 0", "domain_distance"] > 2
    assert np.isfinite(found.loc["sample 0", "strength_low"])
    assert any("out of domain" in note for note in found.attrs["notes"])


def test_one_unanswered_member_is_left_out(parts: BundleParts, new_rows, tmp_path: Path) -> None:
    class Diverged:
        note = ""

        def predict(self, inputs: np.ndarray) -> np.ndarray:
            return np.full((len(inputs), 1), np.nan)

    write_bundle(dataclasses.replace(parts, tasks=parts.tasks[:1]), tmp_path / "b")
    bundle = load_bundle(tmp_path / "b")
    whole = bundle.models[0]
    bundle = dataclasses.replace(bundle, models=((Diverged(), *whole[1:]),))
    found = bundle.predict(new_rows)
    np.testing.assert_allclose(found["strength"], members(parts, 0, new_rows)[1:].mean(axis=0)[:, 0])
    assert np.isfinite(found["strength_high"]).all()


def test_missing_column_names_the_nearest(bundle: Bundle, new_rows: pd.DataFrame) -> None:
    with pytest.raises(InputError, match=r"'x3'.*nearest.*'X3 '"):
        bundle.predict(new_rows.rename(columns={"x3": "X3 "}))


def test_bad_rows_are_refused_or_left_empty(bundle: Bundle, new_rows: pd.DataFrame) -> None:
    bad = new_rows.astype({"x1": object})
    bad.iloc[3, 0] = "much"
    with pytest.raises(InputError, match="sample 3") as caught:
        bundle.predict(bad)
    assert caught.value.column == "x1"
    found = bundle.predict(bad, skip_bad_rows=True)
    assert found.index.equals(bad.index)
    assert found.loc["sample 3", COLUMNS[:-2]].isna().all()
    assert not found.loc["sample 3", "in_domain"]
    good = [label for label in bad.index if label != "sample 3"]
    whole = bundle.predict(new_rows)
    pd.testing.assert_frame_equal(found.loc[good], whole.loc[good])
    assert any("sample 3" in note for note in found.attrs["notes"])


@pytest.mark.parametrize("level", [0.0, 1.0, 90, float("nan")])
def test_interval_must_be_a_coverage(bundle: Bundle, new_rows: pd.DataFrame, level: float) -> None:
    with pytest.raises(InputError, match="coverage between 0 and 1"):
        bundle.predict(new_rows, interval=level)


def test_no_rows_give_an_empty_frame(bundle: Bundle, new_rows: pd.DataFrame) -> None:
    found = bundle.predict(new_rows.iloc[:0])
    assert list(found.columns) == COLUMNS and len(found) == 0


def test_repeated_index_labels_are_kept(bundle: Bundle, new_rows: pd.DataFrame) -> None:
    twice = pd.concat([new_rows.iloc[:2], new_rows.iloc[:2]])
    found = bundle.predict(twice)
    assert found.index.equals(twice.index)
    pd.testing.assert_frame_equal(found.iloc[:2], found.iloc[2:])


def test_a_process_that_never_saw_the_data_predicts_the_same(
    parts: BundleParts, new_rows: pd.DataFrame, tmp_path: Path
) -> None:
    """One member is a network, whose type is known to another room only; it diverged in training."""
    network = NetworkEnsemble(NetworkShape(5, (1,)), ("regression",), {}, np.zeros(1), np.ones(1))
    first = parts.tasks[0]
    first = dataclasses.replace(first, models=(NetworkModel(network, 0), *first.models[1:]))
    write_bundle(dataclasses.replace(parts, tasks=(first, *parts.tasks[1:])), tmp_path / "b")
    new_rows.to_csv(tmp_path / "new.csv", index=False)
    program = (
        "import sys, pandas as pd\n"
        "from miscible.bundle import load_bundle\n"
        "found = load_bundle(sys.argv[1]).predict(pd.read_csv(sys.argv[2]))\n"
        "found.to_csv(sys.argv[3], index=False)\n"
    )
    arguments = [str(tmp_path / name) for name in ("b", "new.csv", "out.csv")]
    subprocess.run([sys.executable, "-c", program, *arguments], check=True, cwd=tmp_path)
    other = pd.read_csv(tmp_path / "out.csv")
    here = load_bundle(tmp_path / "b").predict(new_rows).reset_index(drop=True)
    pd.testing.assert_frame_equal(other, here, check_dtype=False, rtol=1e-9)
    np.testing.assert_allclose(other["strength"], members(parts, 0, new_rows)[1:].mean(axis=0)[:, 0])


class Sure:
    """Six times the log odds of another model; saved as that model."""

    note = ""

    def __init__(self, model: FittedModel) -> None:
        self.model = model

    def predict(self, inputs: np.ndarray) -> np.ndarray:
        p = self.model.predict(inputs)
        return p**6 / (p**6 + (1 - p) ** 6)

    def save(self, folder: Path) -> None:
        self.model.save(folder)


def test_calibrated_probabilities_and_threshold_give_the_same_labels(
    parts: BundleParts, new_rows: pd.DataFrame, tmp_path: Path
) -> None:
    """Probabilities that are far too sure are calibrated, and the threshold with them."""
    glass = parts.tasks[2]
    odds = (glass.out_of_fold / (1 - glass.out_of_fold)) ** 6
    models = tuple(map(Sure, glass.models))
    sure = dataclasses.replace(glass, out_of_fold=odds / (1 + odds), models=models, threshold=0.2)
    write_bundle(dataclasses.replace(parts, tasks=(sure,)), tmp_path / "b")
    bundle = dataclasses.replace(load_bundle(tmp_path / "b"), models=(models,))
    found = bundle.predict(new_rows)
    raw = members(dataclasses.replace(parts, tasks=(sure,)), 0, new_rows).mean(axis=0)[:, 0]
    threshold = bundle.cards[0].threshold
    assert threshold > 0.25
    assert 0 < (raw >= 0.2).sum() < len(raw)
    np.testing.assert_array_equal(found["glass"] == "yes", raw >= 0.2)
    np.testing.assert_array_equal(found["glass"] == "yes", found["glass_probability"] >= threshold)
    card = (tmp_path / "b" / "MODEL_CARD.md").read_text(encoding="utf-8")
    assert f"yes from {threshold:.6g} |" in card


def test_what_no_fold_was_trained_on_is_out_of_domain(bundle: Bundle, new_rows: pd.DataFrame) -> None:
    before = bundle.predict(new_rows)
    strange = new_rows.copy()
    inside = before.index[before["in_domain"]][:2]
    strange.loc[inside[0], "route"] = "printed"
    found = bundle.predict(strange)
    assert not found.loc[inside[0], "in_domain"] and found.loc[inside[1], "in_domain"]
    n_far = int((~before["in_domain"]).sum())
    (note,) = (note for note in found.attrs["notes"] if "out of domain" in note)
    assert note.startswith(f"{n_far + 1} of {len(new_rows)} rows")
    assert "1 with an element, category or other value that no model was trained on" in note


def test_a_value_that_one_fold_saw_is_in_domain(bundle: Bundle, new_rows: pd.DataFrame) -> None:
    first = dataclasses.replace(bundle.preparations[0], seen={"route": ("cast",)})
    one_less = dataclasses.replace(bundle, preparations=(first, *bundle.preparations[1:]))
    assert (new_rows["route"] == "rolled").any()
    assert one_less.predict(new_rows)["in_domain"].equals(bundle.predict(new_rows)["in_domain"])


def test_every_distinct_part_is_asked_once(
    parts: BundleParts, new_rows: pd.DataFrame, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two properties of one shared ensemble, written and read back apart."""
    shape = NetworkShape(parts.preparations[0].n_inputs, (1, 1), trunk=(4,))
    network = NetworkEnsemble(shape, ("regression", "regression"), {}, np.zeros(2), np.ones(2))
    pair = tuple(
        dataclasses.replace(task, models=tuple(NetworkModel(network, t) for _ in parts.preparations))
        for t, task in enumerate(parts.tasks[:2])
    )
    write_bundle(dataclasses.replace(parts, tasks=pair), tmp_path / "b")
    bundle = load_bundle(tmp_path / "b")
    asked = []

    def answer(ensemble: NetworkEnsemble, inputs: np.ndarray) -> np.ndarray:
        asked.append(ensemble)
        return np.tile([3.0, 4.0], (len(inputs), 1))

    monkeypatch.setattr(NetworkEnsemble, "predict", answer)
    found = bundle.predict(new_rows)
    assert len(asked) == len(parts.preparations)
    assert (found["strength"] == 3.0).all() and (found["life/Zyklen"] == 10**4.0).all()
