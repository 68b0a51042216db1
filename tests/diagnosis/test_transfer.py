"""Transfer utility: a copy helps, noise does not, and a change that more steps explain is no transfer."""

import numpy as np
import pytest
import torch
from label_cases import TUNING, make_case, mixed_case
from scipy.stats import t as student

from miscible.diagnosis import exhibit_from_json, exhibit_to_json, find_transfer, transfer_exhibit
from miscible.diagnosis._transfer import transfer_cells
from miscible.errors import InputError


@pytest.fixture(autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def copy_and_noise(seed: int = 0, n_target: int = 150, **changes):
    """A scarce target, a twin with many labels, and the twin's labels in another order."""
    rng = np.random.default_rng(seed)
    inputs = rng.normal(size=(900, 6))
    signal = inputs[:, 0] * inputs[:, 1] + np.sin(2.0 * inputs[:, 2]) + inputs[:, 3]
    labels = np.column_stack([signal, signal, rng.permutation(signal)]) + 0.05 * rng.normal(size=(900, 3))
    labels[n_target:, 0] = np.nan
    return make_case(inputs, labels, folds=5, seed=seed, **changes)


def test_a_copy_helps_and_permuted_labels_do_not():
    finding = find_transfer(copy_and_noise(quick=False, repeats=3))
    at = {
        (int(s), int(t)): (i, j) for i, s in enumerate(finding.sources) for j, t in enumerate(finding.targets)
    }
    assert finding.calls[at[1, 0]] == "helps"
    assert finding.change[at[1, 0]] < -0.3
    assert finding.beyond[at[1, 0]] < -0.3
    assert finding.calls[at[2, 0]] != "helps"
    assert finding.change[at[2, 0]] > finding.change[at[1, 0]] + 0.3
    assert all(finding.calls[at[t, t]] == "" for t in range(3))
    text = " ".join(transfer_exhibit(finding).answer)
    assert "p1 first helps p0" in text and "p2 first helps p0" not in text


def test_the_same_run_is_diagnosed_alike():
    first, again = (find_transfer(copy_and_noise(tuning={**TUNING, "epochs": 3})) for _ in range(2))
    np.testing.assert_array_equal(first.change, again.change)


def test_cells_are_the_corrected_test_of_nadeau_and_bengio():
    rng = np.random.default_rng(0)
    scratch = 10.0 + rng.normal(size=(1, 10))
    warm = scratch - 2.0 + rng.normal(size=(2, 1, 10))
    own = scratch + 0.1 * rng.normal(size=(1, 10))
    found = transfer_cells(warm, scratch, own, np.zeros((2, 1), bool), 0.25)
    for s in range(2):
        d = warm[s, 0] - scratch[0]
        scale = np.sqrt(d.var(ddof=1) * (0.1 + 0.25))
        assert found["change"][s, 0] == pytest.approx(d.mean() / scratch.mean())
        assert found["p_value"][s, 0] == pytest.approx(2 * student.sf(abs(d.mean()) / scale, 9))
        assert found["low"][s, 0] == pytest.approx(
            (d.mean() - scale * student.ppf(0.975, 9)) / scratch.mean()
        )
    small, large = np.sort(found["p_value"][:, 0])
    assert np.sort(found["p_holm"][:, 0]) == pytest.approx([min(1, 2 * small), max(2 * small, large)])


@pytest.mark.parametrize(("shift", "call"), [(-2.0, "helps"), (2.0, "hurts")])
def test_what_more_steps_do_alone_is_not_called(shift: float, call: str):
    rng = np.random.default_rng(1)
    scratch = 10.0 + rng.normal(size=(1, 15))
    warm = (scratch + shift + 0.1 * rng.normal(size=(1, 15)))[None]
    same = np.zeros((1, 1), bool)
    assert transfer_cells(warm, scratch, scratch, same, 0.25)["calls"][0, 0] == call
    assert transfer_cells(warm, scratch, scratch + 2.0 * shift, same, 0.25)["calls"][0, 0] == "cannot tell"


def test_without_errors_nothing_is_called():
    nothing = np.full((1, 5), np.nan)
    found = transfer_cells(nothing[None], nothing, nothing, np.zeros((1, 1), bool), 0.25)
    assert found["calls"][0, 0] == "cannot tell" and np.isnan(found["p_holm"][0, 0])


def test_classes_a_rare_property_and_constant_inputs():
    finding = find_transfer(mixed_case())
    assert finding.sources_left_out == finding.targets_left_out == (3,)
    assert set(finding.calls.ravel()) <= {"", "helps", "hurts", "cannot tell"}
    exhibit = transfer_exhibit(finding)
    assert exhibit_from_json(exhibit_to_json(exhibit)) == exhibit
    assert any("rare" in sentence for sentence in exhibit.limits)


def test_one_property_has_nothing_to_start_from():
    rng = np.random.default_rng(0)
    with pytest.raises(InputError, match="two properties with at least 20 labels"):
        find_transfer(make_case(rng.normal(size=(60, 2)), rng.normal(size=(60, 1))))
