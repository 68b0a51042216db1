"""Names of output columns, what the card says, and the predict verb."""

from __future__ import annotations

import tomllib
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from miscible.bundle import Bundle, BundleParts, beside_inputs, name_columns
from miscible.cli._predict import predict_command
from miscible.errors import BundleError, InputError
from miscible.table import Kind, Property


def test_properties_keep_their_names_and_details_give_way() -> None:
    properties = [
        Property("a"),
        Property("a_low"),
        Property("in_domain", Kind.BINARY, classes=("0", "1")),
    ]
    columns = name_columns(properties)
    assert columns.values == ("a", "a_low", "in_domain")
    assert columns.details == (("a_low_2", "a_high"), ("a_low_low", "a_low_high"), ("in_domain_probability",))
    assert columns.in_domain == "in_domain_2"


def test_predictions_beside_measured_columns_of_the_same_name() -> None:
    frame = pd.DataFrame({"alloy": ["x", "y"], "a": [1.0, 2.0], "predicted a": [0, 0]}, index=[5, 5])
    joined = beside_inputs(frame, pd.DataFrame({"a": [3.0, 4.0], "b": [5, 6]}, index=[5, 5]))
    assert list(joined.columns) == ["alloy", "a", "predicted a", "predicted a_2", "b"]
    assert joined["predicted a_2"].tolist() == [3.0, 4.0] and joined.index.tolist() == [5, 5]


def test_card_says_what_a_reader_needs(folder: Path, bundle: Bundle, parts: BundleParts) -> None:
    text = (folder / "MODEL_CARD.md").read_text(encoding="utf-8")
    labels = int(np.isfinite(parts.tasks[0].observed).sum())
    for expected in (
        f"| strength | regression | MPa | {labels} |",
        "| strength | ridge | mean absolute error 0.25 MPa | UNDECIDED",
        "ridge was best.",
        "phase α\\|β",
        "in the 90% interval",
        f"{bundle.cards[0].width:.4g} MPa |",
        f"| glass | {bundle.cards[2].calibration_error:.1%} |",
        "| glass | ridge | 1 − average precision 0.25 |",
        "mean absolute error 0.25 log10 |",
        "Made up.",
        "synthetic.csv",
        "miscible predict BUNDLE",
        "load_bundle",
        f"numpy {np.__version__}",
        "seed = 0",
        "@misc{nobody}",
        "coverage is not promised",
        "`life/Zyklen_low`",
        "category `route`",
    ):
        assert expected in text, expected
    assert tomllib.loads((folder / "plan.toml").read_text(encoding="utf-8")) == {"seed": 0}


def test_cards_and_properties_come_back_whole(bundle: Bundle, parts: BundleParts) -> None:
    assert bundle.properties == tuple(task.property for task in parts.tasks)
    assert bundle.spec == parts.spec
    card = bundle.cards[2]
    assert (card.strategy, card.call, card.threshold, card.coverage) == ("ridge", "UNDECIDED", 0.35, {})
    assert 0 < card.n_groups < card.n_labels
    assert 0 < card.calibration_error < 0.2 and np.isnan(card.width)
    assert bundle.cards[0].width > 0 and np.isnan(bundle.cards[0].calibration_error)


def test_predict_verb_writes_the_rows_and_predictions(
    bundle: Bundle, folder: Path, new_rows: pd.DataFrame, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = new_rows.assign(strength=1.25, name=[f"n{k}" for k in range(len(new_rows))])
    given.to_csv(tmp_path / "new.csv", index=False)
    predict_command(folder, tmp_path / "new.csv", tmp_path / "out.csv", 0.8, False, None)
    assert capsys.readouterr().out == ""
    written = pd.read_csv(tmp_path / "out.csv")
    expected = bundle.predict(new_rows, interval=0.8)
    assert (written["strength"] == 1.25).all()
    np.testing.assert_allclose(written["predicted strength"], expected["strength"], rtol=1e-6)
    np.testing.assert_allclose(written["strength_low"], expected["strength_low"], rtol=1e-6)
    assert written["x1"].tolist() == pytest.approx(new_rows["x1"].tolist(), rel=1e-15)
    predict_command(folder, tmp_path / "new.csv", None, 0.8, False, None)
    assert capsys.readouterr().out == (tmp_path / "out.csv").read_text()


def test_predict_verb_leaves_nothing_when_it_fails(folder: Path, new_rows, tmp_path: Path) -> None:
    new_rows.rename(columns={"x1": "x_1"}).to_csv(tmp_path / "new.csv", index=False)
    with pytest.raises(InputError, match=r"new\.csv.*'x1'.*'x_1'"):
        predict_command(folder, tmp_path / "new.csv", tmp_path / "out.csv", 0.9, False, None)
    with pytest.raises(BundleError, match="no such bundle"):
        predict_command(tmp_path / "gone", tmp_path / "new.csv", tmp_path / "out.csv", 0.9, False, None)
    assert [p.name for p in tmp_path.iterdir()] == ["new.csv"]
