"""Forms are recognised where they are known, and curves are told apart where they differ."""

import numpy as np
import pandas as pd
import pytest
from form_cases import known_case

from miscible.diagnosis import exhibit_from_json, exhibit_to_json, find_form, form_exhibit
from miscible.diagnosis._form_choice import choose_form, direction_strength, fold_losses, main_directions
from miscible.diagnosis._form_curves import common_grid, form_distances, shape_distance
from miscible.diagnosis._form_elements import plain_columns
from miscible.diagnosis._form_models import FORMS, fit_form, row_losses
from miscible.diagnosis._form_terms import FormSample
from miscible.inputs import featurize
from miscible.table import InputSpec, Kind, Property


def sample_of(x: np.ndarray, y: np.ndarray, kind: str = "regression", n_classes: int = 0) -> FormSample:
    x = x.reshape(len(y), -1)
    return FormSample(x, y, np.ones(len(y)), kind, n_classes, np.zeros(x.shape[1], bool))


def chosen(sample: FormSample, rng: np.random.Generator):
    fold = rng.permutation(np.arange(len(sample.labels)) % 5)
    losses, counts = [], []
    for f in range(5):
        rest = np.flatnonzero(fold != f)
        losses.append(fold_losses(sample.take(rest[::5]), sample.take(rest[1::2]), sample.take(fold == f)))
        counts.append((fold == f).sum())
    return choose_form(np.array(losses), np.array(counts))


@pytest.mark.parametrize(
    ("truth", "curve"),
    [
        ("constant", lambda x: 0.0 * x),
        ("linear", lambda x: 2.0 * x),
        ("polynomial", lambda x: x + 6.0 * x * (1.0 - x)),
        ("power", lambda x: 3.0 + 0.4 / x),
        ("spline", lambda x: np.sin(9.0 * x)),
    ],
)
@pytest.mark.parametrize("seed", [0, 1])
def test_a_known_form_is_recognised_through_noise(truth: str, curve, seed: int) -> None:
    rng = np.random.default_rng(seed)
    x = rng.uniform(0.05, 1.0, 400)
    y = curve(x)
    choice = chosen(sample_of(x, y + (0.4 * y.std() or 1.0) * rng.normal(size=400)), rng)
    assert (choice.best, choice.told) == (truth, True)
    assert choice.scores[0] == 0.0


def test_the_score_is_the_explained_share_of_the_spread() -> None:
    rng = np.random.default_rng(0)
    x = rng.uniform(size=4000)
    y = x + x.std() * rng.normal(size=4000)
    choice = chosen(sample_of(x, y), rng)
    assert choice.scores[FORMS.index("linear")] == pytest.approx(0.5, abs=0.03)


def test_forms_that_explain_equally_much_are_not_told_apart() -> None:
    losses = np.tile([1.0, 0.8, 0.401, 0.4, 0.402], (5, 1)) + 0.001 * np.arange(5)[:, None]
    choice = choose_form(losses, np.full(5, 20))
    assert (choice.best, choice.told) == ("polynomial", False)
    assert choice.alike == ("power", "polynomial", "spline")


def test_a_step_of_classes_needs_a_curve_and_a_slope_does_not() -> None:
    rng = np.random.default_rng(0)
    x = rng.uniform(size=600)
    inside = (np.abs(x - 0.5) < 0.2).astype(float)
    assert chosen(sample_of(x, inside, "binary", 2), rng).best == "spline"
    rising = (rng.uniform(size=600) < 1.0 / (1.0 + np.exp(4.0 - 8.0 * x))).astype(float)
    assert chosen(sample_of(x, rising, "binary", 2), rng).best == "linear"
    three = np.digitize(x + 0.1 * rng.normal(size=600), [0.3, 0.6]).astype(float)
    choice = chosen(sample_of(x, three, "multiclass", 3), rng)
    assert choice.scores[FORMS.index("linear")] > 0.4


def test_a_linear_fit_is_that_of_least_squares() -> None:
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(50, 2)), rng.normal(size=50)
    model = fit_form("linear", sample_of(x[:, :1], y))
    assert model is not None
    slope, offset = np.polyfit(x[:, 0], y, 1)
    inside = np.linspace(x[:, 0].min(), x[:, 0].max(), 7)
    assert np.allclose(model.predict(inside[:, None])[:, 0], slope * inside + offset, rtol=1e-4, atol=1e-4)


def test_a_power_law_finds_its_exponent_beside_a_constant_and_needs_positive_inputs() -> None:
    x = np.linspace(0.1, 3.0, 80)
    for exponent in (-2.0, -0.5, 0.5, 3.0):
        model = fit_form("power", sample_of(x, 7.0 + 2.0 * x**exponent))
        assert model is not None and model.exponents[0] == exponent
    assert fit_form("power", sample_of(x, np.log(x))).exponents[0] == 0.0  # pyright: ignore
    assert fit_form("power", sample_of(x - 1.0, x)) is None
    with_zeros = np.append(x, 0.0)
    assert np.isfinite(
        fit_form("power", sample_of(with_zeros, with_zeros)).predict(with_zeros[:, None])
    ).all()  # pyright: ignore


def test_classes_that_training_rows_lack_get_little_and_finite_losses() -> None:
    x = np.linspace(0.0, 1.0, 40)
    for codes, n in (((x > 0.5) * 2.0, 3), (np.zeros(40), 2), ((x > 0.5) + 1.0, 4)):
        kind = "binary" if n == 2 else "multiclass"
        for form in FORMS:
            model = fit_form(form, sample_of(x, codes, kind, n))
            assert model is not None
            predicted = model.predict(x[:, None])
            assert predicted.shape == (40, n) and np.allclose(predicted.sum(axis=1), 1.0)
            assert np.isfinite(row_losses(kind, np.full(40, n - 1.0), predicted)).all()


def test_directions_are_found_though_they_rise_and_fall_and_copies_are_skipped() -> None:
    rng = np.random.default_rng(0)
    x = rng.uniform(-1.0, 1.0, (300, 4))
    x[:, 1] = x[:, 0] + 0.05 * rng.normal(size=300)
    sample = sample_of(x, 3.0 * x[:, 0] ** 2 + x[:, 2] + 0.2 * rng.normal(size=300))
    assert main_directions(sample, 5).tolist() in ([0, 2], [1, 2])
    assert np.allclose(direction_strength(sample_of(x, rng.normal(size=300))), 0.0, atol=0.08)
    assert main_directions(sample_of(np.ones(50), rng.normal(size=50)), 3).size == 0


def test_the_distance_of_shapes_knows_neither_sign_nor_size() -> None:
    grid = np.linspace(0.0, 1.0, 30)
    line, bow = grid - 0.5, (grid - 0.5) ** 2
    assert shape_distance([line, bow], [-3.0 * line + 1.0, -3.0 * bow]) == pytest.approx(0.0, abs=1e-9)
    assert shape_distance([line], [bow]) == pytest.approx(1.0, abs=1e-9)
    assert np.isnan(shape_distance([], [])) and np.isnan(shape_distance([line], [0.0 * line]))
    assert common_grid(grid, grid + 5.0).size == 0


def curved(rng: np.random.Generator, n: int, first, noise: float = 0.5) -> FormSample:
    x = rng.uniform(0.05, 1.0, (n, 2))
    y = first(x[:, 0])
    y = y / y.std() + 0.5 * x[:, 1]
    return sample_of(x, y + noise * rng.normal(size=n))


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_equal_curves_are_no_farther_apart_than_a_task_from_itself(seed: int) -> None:
    rng = np.random.default_rng(seed)
    samples = [
        curved(rng, 150, lambda x: (x - 0.5) ** 2),
        curved(rng, 400, lambda x: -7.0 * (x - 0.5) ** 2),
        curved(rng, 200, lambda x: np.sqrt(x)),
    ]
    found = form_distances(samples, [np.arange(len(s.labels)) for s in samples], rng, 4)
    assert abs(found.excess[0, 1]) < 0.1
    assert found.excess[0, 2] > 0.3 and found.excess[1, 2] > 0.3
    assert found.differ[[0, 0, 1], [1, 2, 2]].tolist() == [False, True, True]


def alloy_like(rng: np.random.Generator, n: int) -> pd.DataFrame:
    amounts = rng.dirichlet(np.full(4, 0.8), n).round(3)
    amounts[:, 0] += 1.0 - amounts.sum(axis=1)
    return pd.DataFrame(np.abs(amounts), columns=["Al", "Cu", "Fe", "Ni"])


def test_a_table_of_alloys_tells_nordheim_from_mixtures() -> None:
    rng = np.random.default_rng(0)
    frame = alloy_like(rng, 400)
    x = frame.to_numpy()
    labels = np.column_stack([x @ [1.0, 4.0, 2.0, 9.0], 10.0 * (x * (1.0 - x)) @ [1.0, 3.0, 2.0, 4.0]])
    labels += 0.3 * labels.std(axis=0) * rng.normal(size=labels.shape)
    case = known_case(frame, labels, spec=InputSpec(fractions=tuple(frame.columns)), folds=3)
    found = find_form(case)
    mixture, alone, both, _ = found.element_scores.T
    assert mixture[0] > 0.85 and alone[0] < mixture[0] - 0.2
    assert both[1] > 0.85 and mixture[1] < both[1] - 0.2
    assert "Nordheim" in " ".join(form_exhibit(found).answer)


def test_columns_with_a_meaning_of_their_own_are_looked_at() -> None:
    frame = pd.DataFrame(
        {"Al": [0.0, 0.4], "Cu": [3.0, 40.0], "mean size": [0.1, 0.9], "formula": ["AlFe", "Fe3Al"]}
    )
    spec = InputSpec(numeric=("Al", "Cu", "mean size"))
    places, names, fractions = plain_columns(featurize(frame, spec), spec)
    assert (places.tolist(), names) == ([0, 1, 2], ("Al", "Cu", "mean size"))
    assert fractions.tolist() == [True, False, False]
    spec = InputSpec(composition="formula", numeric=("mean size",))
    features = featurize(frame, spec)
    places, names, fractions = plain_columns(features, spec)
    assert {"Al", "Fe", "mixing enthalpy", "mean size"} <= set(names) and not any(
        "deviation" in n for n in names
    )
    aluminium = features.numeric[:, places[fractions]][:, names.index("Al")]
    assert aluminium.tolist() == [0.5, 0.25]


def test_the_whole_diagnosis_finds_the_odd_one_and_is_repeatable() -> None:
    rng = np.random.default_rng(1)
    frame = pd.DataFrame(rng.uniform(0.05, 1.0, (600, 3)), columns=["a", "b", "c"])
    x = frame.to_numpy()
    bow = (x[:, 0] - 0.5) ** 2 * 8.0 + x[:, 1]
    labels = np.column_stack([bow, 50.0 - 20.0 * bow, 3.0 / x[:, 0] + x[:, 2]])
    labels += 0.3 * labels.std(axis=0) * rng.normal(size=labels.shape)
    labels[np.arange(600) % 3 != 0, 0] = np.nan
    labels[np.arange(600) % 3 != 1, 1] = np.nan
    progress: list[float] = []
    case = known_case(frame, labels)
    found = find_form(type(case)(case.context, case.result, case.verdicts, progress=progress.append))
    assert [choice.best for choice in found.additive] == ["polynomial", "polynomial", "power"]
    assert found.distances.differ[[0, 0, 1], [1, 2, 2]].tolist() == [False, True, True]
    assert found.same_form[0].tolist() == [1.0, 1.0, 0.0]
    assert progress == sorted(progress) and progress[-1] == 1.0
    exhibit = form_exhibit(found)
    assert "2 of 3 pairs" in exhibit.answer[0]
    assert exhibit_from_json(exhibit_to_json(exhibit)) == exhibit
    assert form_exhibit(find_form(case)) == exhibit


def test_poor_tables_are_answered_too() -> None:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"x": rng.normal(size=120), "flat": 1.0})
    noise = rng.normal(size=(120, 4))
    noise[3:, 1] = np.nan
    noise[:, 2] = frame["x"] > 0
    noise[:, 3] = rng.integers(0, 3, 120)
    properties = [
        Property("only"), Property("three"),
        Property("side", Kind.BINARY, classes=("no", "yes")),
        Property("phase", Kind.MULTICLASS, classes=("bcc", "fcc", "hcp")),
    ]  # fmt: skip
    found = find_form(known_case(frame, noise, properties, folds=3, quick=True))
    assert found.scarce == ("three",) and found.names == ("only", "side", "phase")
    assert found.additive[1].best in ("linear", "spline") and found.additive[0].best in ("", "constant")
    assert form_exhibit(found).answer
    alone = find_form(known_case(frame[["x"]], noise[:, :1], folds=3, quick=True))
    assert form_exhibit(alone).answer
    flat = find_form(known_case(frame[["flat"]], noise[:, :1], folds=3, quick=True))
    assert flat.directions == ((),) and "constant" in form_exhibit(flat).answer[0]
    few = find_form(known_case(frame, noise[:, [1]], folds=3, quick=True))
    assert few.names == () and "30 labels" in form_exhibit(few).answer[0]
