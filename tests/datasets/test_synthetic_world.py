"""What the dials of the simulator promise, measured on what it draws."""

import time
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import PolynomialFeatures, StandardScaler

from miscible.chemistry import ELEMENTS, chemical_systems, composition_keys, parse_formulas
from miscible.datasets import FORMS, Dials, _synthetic_world, kang_dials, make_world
from miscible.errors import InputError
from miscible.splits import group_keys
from miscible.table import Kind, read_table


def labelled(labels, *tasks):
    return np.isfinite(labels[:, list(tasks)]).all(axis=1)


def element_columns(world, frame):
    return frame[list(world.sampler.elements)].to_numpy()


def off_diagonal(matrix):
    return matrix[np.triu_indices(len(matrix), 1)]


def test_the_table_of_kang():
    start = time.process_time()
    world = make_world(kang_dials(), 0)
    draw = world.draw(0)
    assert time.process_time() - start < 10
    assert len(world.inputs) == 21
    assert np.isfinite(draw.labels).sum(axis=0).tolist() == [52_388, 800, 840]
    assert len(draw.frame) == 54_028
    assert set(draw.labels[labelled(draw.labels, 2), 2]) == {0.0, 1.0}
    assert draw.frame["composition"].is_unique


def test_a_frame_is_a_table_that_can_be_grouped():
    world = make_world(Dials(counts=(90, 30), kinds=("reg", "binary"), overlap=0.5, replicates=0.2), 1)
    draw = world.draw(5)
    table = read_table(draw.frame, world.targets, inputs=world.inputs)
    assert table.counts.tolist() == [90, 30]
    assert [prop.kind for prop in table.properties] == [Kind.REGRESSION, Kind.BINARY]
    assert len(table.inputs.numeric) == 21
    fractions = parse_formulas(draw.frame["composition"].to_numpy()).fractions
    for by, keys in (("composition", composition_keys(fractions)), ("system", chemical_systems(fractions))):
        _, expected = np.unique(keys, return_inverse=True)
        assert (group_keys(table, by).codes == expected).all()
    as_formula = read_table(draw.frame, world.targets, inputs=["composition:composition"])
    assert group_keys(as_formula, "composition").n_groups == group_keys(table, "composition").n_groups


def test_alloys_look_like_alloys():
    world = make_world(Dials(), 2)
    frame, _ = world.test(5_000, 0)
    fractions = element_columns(world, frame)
    assert np.abs(fractions.sum(axis=1) - 1).max() < 1e-12
    assert np.abs(fractions * 1000 - np.rint(fractions * 1000)).max() < 1e-9
    sizes = (fractions > 0).sum(axis=1)
    assert 2 <= sizes.min() <= 3
    assert 6 <= sizes.max() <= 8
    expected = parse_formulas(frame["composition"].to_numpy()).fractions
    columns = [ELEMENTS.index(symbol) for symbol in world.sampler.elements]
    assert np.allclose(expected[:, columns], fractions)
    shares = world.sampler.popularity
    assert shares.max() > 10 * np.median(shares)


def test_n_elements_and_descriptors():
    world = make_world(Dials(counts=(50,), n_elements=30, descriptors=False), 0)
    assert len(world.inputs) == 30
    assert list(world.draw(0).frame.columns[2:-1]) == list(world.sampler.elements)
    assert np.isfinite(make_world(Dials(counts=(50,), n_elements=30), 0).test(500, 0)[0].iloc[:, 2:]).all(
        axis=None
    )


@pytest.mark.parametrize("form", [*FORMS, FORMS])
def test_values_are_standard_and_correlated_as_dialled(form):
    world = make_world(Dials(counts=(10, 10, 10), relatedness=0.6, form=form), 3)
    _, truth = world.test(20_000, 1)
    assert np.abs(truth.mean(axis=0)).max() < 0.05
    assert np.abs(truth.std(axis=0) - 1).max() < 0.08
    assert np.abs(off_diagonal(np.corrcoef(truth.T)) - 0.6).max() < 0.04


@pytest.mark.parametrize("relatedness", [0.0, 0.5, 1.0])
def test_nothing_is_shared_across_clusters(relatedness):
    dials = Dials(counts=(10,) * 5, clusters=2, relatedness=relatedness, divergence=0.3, form="threshold")
    _, truth = make_world(dials, 4).test(20_000, 1)
    found = np.corrcoef(truth.T)
    for a in range(5):
        for b in range(a):
            if a % 2 != b % 2:
                assert abs(found[a, b]) < 0.04
            elif relatedness:
                assert found[a, b] > 0.4 * relatedness
    assert np.allclose(np.diag(make_world(dials, 4).correlation), 1)


def test_divergence_takes_correlation_away_step_by_step():
    found = []
    for divergence in (0.0, 0.25, 0.5, 0.75, 1.0):
        world = make_world(Dials(relatedness=1.0, divergence=divergence, form=FORMS), 5)
        _, truth = world.test(4_000, 0)
        found.append(off_diagonal(np.corrcoef(truth.T)).mean())
    assert found[0] == pytest.approx(1, abs=1e-9)
    assert np.abs(np.array(found) - [1, 0.75, 0.5, 0.25, 0]).max() < 0.12
    assert (np.diff(found) < -0.1).all()


def quadratic_score(world, degree=2, task=0):
    frame, truth = world.test(4_000, 9)
    x = element_columns(world, frame)
    model = make_pipeline(PolynomialFeatures(degree), LinearRegression()).fit(x[:3_000], truth[:3_000, task])
    return model.score(x[3_000:], truth[3_000:, task])


@pytest.mark.parametrize("seed", [0, 1])
def test_forms_differ_as_functions(seed):
    worlds = {form: make_world(Dials(form=form, relatedness=0.5), seed) for form in FORMS}
    assert quadratic_score(worlds["polynomial"]) > 0.999
    assert quadratic_score(worlds["polynomial"], degree=1) < 0.9
    assert 0.9 < quadratic_score(worlds["power"]) < 0.995
    assert quadratic_score(worlds["threshold"]) < 0.92


def test_a_power_law_is_linear_in_logarithms():
    world = make_world(Dials(counts=(10, 10), form="power", relatedness=1.0), 6)
    law = world.mechanism.atoms[0]
    frame, truth = world.test(2_000, 0)
    x = element_columns(world, frame)
    logs = np.log(x @ np.exp(law.charges).T)
    values = truth[:, 0] / world.mechanism.weights[0, 0] + world.mechanism.centre[0]
    assert values.min() > 0
    assert LinearRegression().fit(logs, np.log(values)).score(logs, np.log(values)) > 1 - 1e-9
    assert LinearRegression().fit(logs, values).score(logs, values) < 0.95


def test_every_task_has_its_own_form_only_where_dialled():
    apart = make_world(
        Dials(form=("polynomial", "threshold"), counts=(9, 9), relatedness=1.0, divergence=1.0), 0
    )
    assert quadratic_score(apart, task=0) > 0.999
    assert quadratic_score(apart, task=1) < 0.95
    together = make_world(Dials(form=("polynomial", "threshold"), counts=(9, 9), relatedness=1.0), 0)
    assert quadratic_score(together, task=1) > 0.999


@pytest.mark.parametrize("overlap", [0.0, 0.37, 1.0])
@pytest.mark.parametrize("counts", [(400, 90, 31), (31, 90, 400), (80, 80, 80, 80)])
def test_counts_and_shared_rows_are_exact(counts, overlap):
    draw = make_world(Dials(counts=counts, overlap=overlap), 0).draw(1)
    assert np.isfinite(draw.labels).sum(axis=0).tolist() == list(counts)
    for a in range(len(counts)):
        for b in range(a):
            assert labelled(draw.labels, a, b).sum() == round(overlap * min(counts[a], counts[b]))
    assert np.isfinite(draw.labels).any(axis=1).all()
    assert draw.frame["composition"].is_unique


def test_noise_is_in_units_of_the_signal():
    draw = make_world(Dials(counts=(4_000, 4_000), noise=0.5), 1).draw(0)
    for task in range(2):
        rows = labelled(draw.labels, task)
        residual = draw.labels[rows, task] - draw.truth[rows, task]
        assert residual.std() == pytest.approx(0.5, rel=0.05)
        assert abs(residual.mean()) < 0.03
        assert abs(np.corrcoef(residual, draw.truth[rows, task])[0, 1]) < 0.05
    exact = make_world(Dials(counts=(50,), noise=0), 1).draw(0)
    assert (exact.labels == exact.truth).all()


def test_replicates_repeat_alloys_of_the_same_property_with_fresh_noise():
    dials = Dials(counts=(3_000, 1_000), replicates=0.4, noise=0.2, overlap=0.5)
    draw = make_world(dials, 2).draw(0)
    repeats = len(draw.frame) - draw.frame["composition"].nunique()
    assert repeats == round(0.4 * 3_500)
    for task in range(2):
        rows = labelled(draw.labels, task)
        groups = draw.frame.loc[rows, "composition"]
        values = draw.frame.loc[rows].groupby(groups)[f"property_{task + 1}"]
        several = values.count() > 1
        assert several.sum() > 100
        pooled = (values.var() * (values.count() - 1))[several].sum() / (values.count() - 1)[several].sum()
        assert np.sqrt(pooled) == pytest.approx(0.2, rel=0.1)


def test_missing_raises_what_is_measured():
    means = []
    for missing in (0.0, 0.5, 1.0):
        draw = make_world(Dials(counts=(2_000, 500), missing=missing), 3).draw(0)
        means.append([np.nanmean(draw.labels[:, task]) for task in range(2)])
    assert np.abs(means[0]).max() < 0.15
    assert (np.diff(means, axis=0) > 0.1).all()
    assert min(means[2]) > 0.5
    _, truth = make_world(Dials(counts=(2_000, 500), missing=1.0), 3).test(5_000, 0)
    assert np.abs(truth.mean(axis=0)).max() < 0.08


@pytest.mark.parametrize(
    ("shift", "lowest", "highest"), [(0.0, 0.42, 0.58), (0.5, 0.65, 0.9), (1.0, 0.95, 1.0)]
)
def test_shift_separates_the_domains(shift, lowest, highest):
    world = make_world(Dials(counts=(1_500, 1_500), shift=shift), 4)
    draw = world.draw(0)
    x, y = element_columns(world, draw.frame), labelled(draw.labels, 1)
    half = len(x) // 2
    model = make_pipeline(StandardScaler(), LogisticRegression(C=10)).fit(x[:half], y[:half])
    assert lowest <= roc_auc_score(y[half:], model.predict_proba(x[half:])[:, 1]) <= highest


def test_test_rows_of_one_task_follow_its_shift():
    world = make_world(Dials(counts=(500, 500), shift=1.0), 4)
    own, _ = world.test(2_000, 0, task=0)
    draw = world.draw(0)
    systems = [set(draw.frame.loc[labelled(draw.labels, task), "system"]) for task in range(2)]
    seen = [own["system"].isin(list(known)).mean() for known in systems]
    assert seen[0] > 0.5 > 3 * seen[1]


def test_a_derived_property_falls_with_the_measured_value_of_its_source():
    dials = Dials(counts=(2_000, 2_000, 2_000), overlap=1.0, noise=0.4, derived=((2, 0),), clusters=3)
    draw = make_world(dials, 5).draw(0)
    order = np.argsort(draw.truth[:, 0])
    assert (np.diff(draw.truth[order, 2]) <= 0).all()
    residuals = draw.labels - draw.truth
    assert np.corrcoef(residuals[:, 0], residuals[:, 2])[0, 1] < -0.7
    assert abs(np.corrcoef(residuals[:, 0], residuals[:, 1])[0, 1]) < 0.08
    assert abs(residuals[:, 2].mean()) < 0.04
    high = draw.truth[:, 2] > 1
    assert abs(residuals[high, 2].mean()) < 0.1


def test_binary_labels_follow_their_probability():
    dials = Dials(counts=(100, 6_000), kinds=("reg", "binary"), noise=0.6)
    world = make_world(dials, 6)
    draw = world.draw(0)
    rows = labelled(draw.labels, 1)
    probability, label = draw.truth[rows, 1], draw.labels[rows, 1]
    assert ((probability > 0) & (probability < 1)).all()
    assert probability.mean() == pytest.approx(0.3, abs=0.03)
    for low, high in ((0, 0.2), (0.2, 0.5), (0.5, 0.8), (0.8, 1)):
        inside = (probability >= low) & (probability <= high)
        assert label[inside].mean() == pytest.approx(probability[inside].mean(), abs=0.06)
    sharper = make_world(replace(dials, noise=0.1), 6).test(4_000, 0)[1][:, 1]
    assert np.std(sharper) > np.std(world.test(4_000, 0)[1][:, 1]) + 0.02


def test_the_same_seeds_give_the_same_and_others_something_else():
    dials = Dials(
        counts=(60, 40), overlap=0.3, replicates=0.2, missing=0.5, shift=0.5, kinds=("reg", "binary")
    )
    first, second = make_world(dials, 7), make_world(dials, 7)
    assert first.draw(3).frame.equals(second.draw(3).frame)
    assert (first.draw(3).truth == second.draw(3).truth).all()
    assert not first.draw(3).frame.equals(first.draw(4).frame)
    other = make_world(dials, 8)
    values = [world.test(200, 0)[1] for world in (first, second, other)]
    assert (values[0] == values[1]).all()
    assert np.abs(values[0] - values[2]).max() > 0.1


def test_draws_of_one_world_share_its_functions():
    world = make_world(Dials(counts=(3_000, 20), noise=0.0), 8)
    one, other = world.draw(0).frame, world.draw(1).frame
    x, y = element_columns(world, one), one["property_1"].to_numpy()
    rows, new = np.isfinite(y), np.isfinite(other["property_1"].to_numpy())
    model = make_pipeline(PolynomialFeatures(2), LinearRegression()).fit(x[rows], y[rows])
    assert model.score(element_columns(world, other)[new], other.loc[new, "property_1"]) > 0.999
    strange = make_world(world.dials, 9).draw(0).frame
    strange = strange[np.isfinite(strange["property_1"])]
    assert model.score(element_columns(world, strange), strange["property_1"]) < 0.5


def test_worlds_of_one_seed_mix_the_same_functions():
    related, apart = (make_world(Dials(relatedness=r), 9) for r in (1.0, 0.0))
    between = make_world(Dials(relatedness=0.36), 9)
    frames, truths = zip(*(world.test(300, 0) for world in (related, apart, between)), strict=True)
    assert frames[0].equals(frames[1])
    assert np.allclose(truths[2], 0.6 * truths[0] + 0.8 * truths[1], atol=1e-6)


def test_more_functions_or_alloys_than_there_are(monkeypatch):
    with pytest.raises(InputError, match=r"independent functions.*n_elements"):
        make_world(Dials(counts=(9,) * 40, n_elements=5, relatedness=0.0), 0)
    assert make_world(Dials(counts=(9,) * 40, n_elements=5, relatedness=1.0), 0).draw(0).labels.shape[1] == 40
    world = make_world(Dials(counts=(20_000, 9)), 0)
    monkeypatch.setattr(_synthetic_world, "MOST_TRIES", 0)
    with pytest.raises(InputError, match="different alloys for the rows of property_1"):
        world.draw(0)


@st.composite
def dials(draw):
    n = draw(st.integers(1, 5))
    share = st.floats(0, 1)
    kinds = tuple(draw(st.sampled_from(["reg", "binary"])) for _ in range(n))
    numeric = [task for task in range(n) if kinds[task] == "reg"]
    derived = ((numeric[1], numeric[0]),) if len(numeric) > 1 and draw(st.booleans()) else ()
    return Dials(
        counts=tuple(draw(st.integers(1, 60)) for _ in range(n)),
        kinds=kinds,
        relatedness=draw(share),
        clusters=draw(st.integers(1, n)),
        overlap=draw(share),
        noise=draw(st.floats(0, 10)),
        replicates=draw(st.floats(0, 0.9)),
        form=draw(st.one_of(st.sampled_from(FORMS), st.tuples(*[st.sampled_from(FORMS)] * n))),
        divergence=draw(share),
        derived=derived,
        missing=draw(share),
        shift=draw(share),
        n_elements=draw(st.integers(8, 30)),
        descriptors=draw(st.booleans()),
    )


@settings(max_examples=12, deadline=None)
@given(dials=dials(), seed=st.integers(0, 2**32 - 1))
def test_any_dials_give_exact_counts_and_finite_values(dials, seed):
    world = make_world(dials, seed)
    draw = world.draw(seed)
    counts, labels = dials.counts, draw.labels
    assert np.isfinite(labels).sum(axis=0).tolist() == list(counts)
    for a in range(len(counts)):
        for b in range(a):
            assert labelled(labels, a, b).sum() == round(dials.overlap * min(counts[a], counts[b]))
    assert np.isfinite(draw.truth).all()
    assert np.isfinite(draw.frame.iloc[:, 2 : -len(counts)].to_numpy()).all()
    assert np.allclose(draw.frame[list(world.names)].to_numpy(), labels, equal_nan=True)
    assert draw.frame.shape[1] == 2 + len(world.inputs) + len(counts)
    blocks = len(np.unique(np.isfinite(labels), axis=0))
    repeats = len(labels) - draw.frame["composition"].nunique()
    wanted = round(dials.replicates * len(labels))
    assert wanted - blocks - len(counts) <= repeats <= wanted
