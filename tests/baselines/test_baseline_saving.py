"""What is written is read back, exactly; what is damaged is refused."""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from baseline_folds import make_toy

from miscible.baselines import BASELINES, BlendModel, fit_baseline, load_model, register_model
from miscible.errors import BundleError


@pytest.fixture(scope="module")
def fold():
    return make_toy(n_rows=150)


@pytest.mark.parametrize("name", BASELINES)
@pytest.mark.parametrize("task", [0, 1, 2])
def test_round_trip(fold, name, task, tmp_path):
    model = fit_baseline(name, fold, task, seed=2)
    model.save(tmp_path / "deep" / "model")
    again = load_model(tmp_path / "deep" / "model")
    assert type(again) is type(model)
    assert again.note == model.note
    np.testing.assert_array_equal(again.predict(fold.inputs), model.predict(fold.inputs))
    kinds = {path.suffix for path in tmp_path.rglob("*") if path.is_file()}
    assert kinds <= {".json", ".safetensors", ".txt", ".skops"}


def test_notes_survive(fold, tmp_path):
    few = make_toy(n_rows=20)
    model = fit_baseline("lightgbm", few, 0, seed=0)
    model.save(tmp_path)
    assert "at least 20" in load_model(tmp_path).note


def test_blends_nest(fold, tmp_path):
    ridge, forest, mean = (fit_baseline(name, fold, 0, seed=0) for name in ("ridge", "extra-trees", "mean"))
    blend = BlendModel((0.25, 0.75), (BlendModel((0.5, 0.5), (ridge, forest)), mean))
    x = fold.inputs
    expected = 0.125 * ridge.predict(x) + 0.125 * forest.predict(x) + 0.75 * mean.predict(x)
    np.testing.assert_allclose(blend.predict(x), expected)
    blend.save(tmp_path)
    np.testing.assert_array_equal(load_model(tmp_path).predict(x), blend.predict(x))


def test_a_part_of_weight_zero_is_not_asked(fold):
    ridge = fit_baseline("ridge", fold, 0, seed=0)
    blend = BlendModel((1.0, 0.0), (ridge, None))
    np.testing.assert_array_equal(blend.predict(fold.inputs), ridge.predict(fold.inputs))


def test_others_may_register_types(tmp_path):
    @register_model("test-constant", version=3)
    @dataclass(frozen=True)
    class Constant:
        value: float
        note: str = ""

        def predict(self, inputs):
            return np.full((len(inputs), 1), self.value)

        def save(self, folder: Path) -> None:
            (folder / "value.json").write_text(json.dumps(self.value), encoding="utf-8")

        @classmethod
        def load(cls, folder: Path):
            return cls(json.loads((folder / "value.json").read_text(encoding="utf-8")))

    Constant(2.5).save(tmp_path / "model")
    assert load_model(tmp_path / "model").predict(np.zeros((2, 1))).tolist() == [[2.5], [2.5]]
    header = tmp_path / "model" / "model.json"
    assert json.loads(header.read_text(encoding="utf-8")) == {"type": "test-constant", "version": 3}
    header.write_text('{"type": "test-constant", "version": 4}', encoding="utf-8")
    with pytest.raises(BundleError, match=r"version 4 here.*reads version 3"):
        load_model(tmp_path / "model")


def test_two_types_cannot_share_a_name():
    with pytest.raises(ValueError, match="already registered"):

        @register_model("mean")
        class Impostor:
            def save(self, folder):
                """Write nothing."""


@pytest.mark.parametrize("name", BASELINES)
def test_damage_is_told_from_other_errors(fold, name, tmp_path):
    fit_baseline(name, fold, 0, seed=0).save(tmp_path)
    for path in sorted(p for p in tmp_path.rglob("*") if p.is_file()):
        whole = path.read_bytes()
        for content in (b"", whole[: len(whole) // 3], None):
            path.unlink()
            if content is not None:
                path.write_bytes(content)
            with pytest.raises(BundleError):
                load_model(tmp_path)
            path.write_bytes(whole)
    assert load_model(tmp_path).predict(fold.inputs[:1]).shape == (1, 1)


def test_unknown_types_are_named(tmp_path):
    (tmp_path / "model.json").write_text('{"type": "oracle", "version": 1}', encoding="utf-8")
    with pytest.raises(BundleError, match=r"'oracle'.*extra-trees.*model\.json|model\.json.*'oracle'"):
        load_model(tmp_path)


def test_foreign_objects_in_a_forest_are_refused(fold, tmp_path):
    import skops.io
    from sklearn.ensemble import ExtraTreesRegressor
    from sklearn.preprocessing import FunctionTransformer

    fit_baseline("extra-trees", fold, 0, seed=0).save(tmp_path)
    forest = ExtraTreesRegressor(2).fit(fold.inputs, fold.inputs[:, 0])
    forest.extra_ = FunctionTransformer(json.loads)
    skops.io.dump(forest, tmp_path / "forest.skops")
    with pytest.raises(BundleError):
        load_model(tmp_path)
